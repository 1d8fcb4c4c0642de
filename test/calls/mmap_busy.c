/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that processes change by memory all the time, and that is meanwhile mapped again, has its times changed, and is
 * written to elsewhere: no change is lost. So are POSIX semaphores, which children open by name.
 */
#include <semaphore.h>
#include <stddef.h>

#include "show.h"

#define CHILDREN 3
#define ROUNDS	 300
#define BYTES	 8192

/* What the file has */
struct shared {
	unsigned long count;	       /* by all, atomically */
	unsigned char own[CHILDREN];   /* by one each: bytes side by side */
	unsigned long each[CHILDREN];
	char text[64];		       /* by write(2) */
};

static struct shared *map(int fd)
{
	struct shared *shared = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return shared == MAP_FAILED ? NULL : shared;
}

/* Count, with calls that go home between */
static void worker(int nr)
{
	int fd = MUST(open("busy", O_RDWR));
	struct shared *shared = map(fd);

	for (int i = 0; i < ROUNDS; i++) {
		__atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST);
		shared->own[nr]++;
		shared->each[nr]++;
		getppid();
	}
	_exit(0);
}

/* Touch the file, map it again, write to it */
static void meddler(void)
{
	char text[64];

	for (int i = 0; i < ROUNDS; i++) {
		int fd = MUST(open("busy", O_RDWR));
		struct shared *shared;

		MUST(fchmod(fd, i % 2 ? 0600 : 0644));
		shared = map(fd);
		memset(text, 'a' + i % 26, sizeof(text));
		MUST(pwrite(fd, text, sizeof(text), offsetof(struct shared, text)));
		if (memcmp(shared->text, text, sizeof(text)))
			printf("round %d: what was written is not there\n", i);
		__atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST);
		munmap(shared, BYTES);
		close(fd);
	}
	fflush(stdout);
	_exit(0);
}

static void counted(void)
{
	int fd = MUST(open("busy", O_RDWR | O_CREAT | O_TRUNC, 0644));
	struct shared *shared, copy;

	TITLE("counted by memory");
	MUST(ftruncate(fd, BYTES));
	shared = map(fd);
	fflush(stdout);
	for (int i = 0; i <= CHILDREN; i++) {
		if (!MUST(fork()))
			(i < CHILDREN ? worker(i) : meddler());
	}
	while (wait(NULL) > 0)
		;
	SHOW_NUM(shared->count);
	MUST(pread(fd, &copy, sizeof(copy), 0));
	SHOW_NUM(copy.count);
	for (int i = 0; i < CHILDREN; i++)
		printf("%u %lu, by read %u %lu\n", shared->own[i], shared->each[i], copy.own[i], copy.each[i]);
	close(fd);
}

static void semaphores(void)
{
	char name[32];
	sem_t *ping, *pong;

	TITLE("semaphores opened by name");
	fflush(stdout);
	for (int round = 0; round < 30; round++) {
		snprintf(name, sizeof(name), "/busy-ping-%d", getpid());
		ping = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
		sem_unlink(name);
		snprintf(name, sizeof(name), "/busy-%d", getpid());
		pong = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
		if (!MUST(fork())) {
			sem_t *again = sem_open(name, 0);

			for (int i = 0; i < 20; i++) {
				sem_post(again);
				sem_wait(ping);
				if (i % 4 == 0)
					getppid();
			}
			_exit(0);
		}
		for (int i = 0; i < 20; i++) {
			sem_wait(pong);
			sem_post(ping);
			if (i % 3 == 0)
				getppid();
		}
		wait(NULL);
		sem_unlink(name);
		sem_close(ping);
		sem_close(pong);
	}
	printf("all done\n");
}

int main(void)
{
	counted();
	semaphores();
	return 0;
}
