/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LIMIT: 120
 *
 * Memory shared by a family: anonymous, memfd, POSIX and SysV; semaphores, mutexes and futexes in it; written through
 * descriptors too.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "show.h"

#define ROUNDS 2000

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	pthread_barrier_t barrier;
	sem_t sem;
	volatile long counter;
	atomic_long atomic;
	volatile int turn;
	char text[64];
};

static void init(struct shared *s)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_barrierattr_t ba;

	memset(s, 0, sizeof(*s));
	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&s->mutex, &ma);
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&s->cond, &ca);
	pthread_barrierattr_init(&ba);
	pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&s->barrier, &ba, 5);
	sem_init(&s->sem, 1, 0);
}

static void work(struct shared *s, int me)
{
	pthread_barrier_wait(&s->barrier);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&s->mutex);
		s->counter++;
		pthread_mutex_unlock(&s->mutex);
		s->atomic++;
	}
	for (int i = 0; i < 50; i++) {
		pthread_mutex_lock(&s->mutex);
		while (s->turn % 4 != me)
			pthread_cond_wait(&s->cond, &s->mutex);
		s->turn++;
		pthread_cond_broadcast(&s->cond);
		pthread_mutex_unlock(&s->mutex);
	}
	sem_post(&s->sem);
}

static void family(const char *what, struct shared *s)
{
	int status, bad = 0;
	pid_t pid;

	TITLE(what);
	init(s);
	for (int i = 0; i < 4; i++) {
		if (!MUST(fork())) {
			work(s, i);
			if (i == 0)
				strcpy(s->text, "written by the first child");
			_exit(0);
		}
	}
	pthread_barrier_wait(&s->barrier);
	for (int i = 0; i < 4; i++)
		sem_wait(&s->sem);
	while (wait(&status) > 0)
		bad |= status;
	printf("counter %ld atomic %ld turn %d status %d text %s\n", s->counter, (long)s->atomic, s->turn, bad,
	       s->text);
	/* The owner of a lock dies */
	pid = MUST(fork());
	if (!pid) {
		pthread_mutex_lock(&s->mutex);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	SHOW_STR(show_errno(pthread_mutex_lock(&s->mutex)));
	SHOW_NUM(pthread_mutex_consistent(&s->mutex));
	pthread_mutex_unlock(&s->mutex);
}

static void anonymous(void)
{
	family("anonymous", mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

static void by_memfd(void)
{
	int fd = SYS(memfd_create, "shared", 0);
	struct shared *s;
	char text[64] = "";

	MUST(ftruncate(fd, 65536));
	s = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	family("memfd", s);
	SHOW(pread(fd, text, 26, (char *)s->text - (char *)s));
	SHOW_STR(text);
	SHOW(pwrite(fd, "by the descriptor", 18, (char *)s->text - (char *)s));
	SHOW_STR(s->text);
	if (!MUST(fork())) {
		struct shared *again = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		strcpy(again->text, "through a map of its own");
		_exit(0);
	}
	wait(NULL);
	SHOW_STR(s->text);
	close(fd);
}

static void by_name(void)
{
	struct shared *s;
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "/om-test-%d", getpid());
	fd = SHOW(shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600));
	MUST(ftruncate(fd, 65536));
	s = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	family("POSIX shared memory", s);
	if (!MUST(fork())) {
		fd = shm_open(name, O_RDWR, 0);
		struct shared *again = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		strcpy(again->text, "opened by name");
		_exit(0);
	}
	wait(NULL);
	SHOW_STR(s->text);
	SHOW(shm_unlink(name));
}

static void by_segment(void)
{
	struct shmid_ds ds;
	struct shared *s;
	int id = MUST(shmget(IPC_PRIVATE, 65536, 0600));

	s = shmat(id, NULL, 0);
	if (s == (void *)-1) {
		printf("shmat: %s\n", show_errno(errno));
		shmctl(id, IPC_RMID, NULL);
		return;
	}
	family("SysV shared memory", s);
	if (!MUST(fork())) {
		struct shared *again = shmat(id, NULL, 0);

		SHOW(shmctl(id, IPC_STAT, &ds));
		SHOW_NUM(ds.shm_nattch);
		strcpy(again->text, "attached again");
		_exit(0);
	}
	wait(NULL);
	SHOW_STR(s->text);
	SHOW(shmctl(id, IPC_STAT, &ds));
	SHOW_NUM(ds.shm_nattch);
	SHOW(shmctl(id, IPC_RMID, NULL));
	SHOW(shmdt(s));
	SHOW(shmctl(id, IPC_STAT, &ds));
}

/* A file that several map and write */
static void by_file(void)
{
	int fd = MUST(open("mapped", O_CREAT | O_RDWR | O_TRUNC, 0600));
	struct shared *s;

	MUST(ftruncate(fd, 65536));
	s = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s == MAP_FAILED) {
		printf("mmap: %s\n", show_errno(errno));
		return;
	}
	family("a file", s);
	memset(s, 0, sizeof(*s));
	strcpy(s->text, "in the file");
	SHOW(msync(s, 65536, MS_SYNC));
	show_file("mapped");
	munmap(s, 65536);
	close(fd);
}

/* Private memory stays private, written before or after */
static void private(void)
{
	char *p = pages(8192);
	int status;

	TITLE("private");
	p[0] = 1;
	if (!MUST(fork())) {
		p[0] = 2;
		p[4096] = 3;
		_exit(p[0] + p[4096]);
	}
	wait(&status);
	SHOW_NUM(WEXITSTATUS(status));
	SHOW_NUM(p[0] + p[4096]);
	SHOW(madvise(p, 4096, MADV_WIPEONFORK));
	SHOW(madvise(p + 4096, 4096, MADV_DONTFORK));
	if (!MUST(fork())) {
		SHOW_NUM(p[0]);
		SHOW(access(p + 4096, F_OK));
		_exit(0);
	}
	wait(NULL);
	SHOW_NUM(p[0]);
}

/* A program that a linker has written into a mapping: it can be run when the linker has ended, and not before */
static void linked(void)
{
	int from = MUST(open("/bin/true", O_RDONLY)), fd, status, done[2];
	off_t size = MUST(lseek(from, 0, SEEK_END));
	char *p, byte;
	pid_t linker;

	TITLE("linked");
	MUST(pipe(done));
	linker = MUST(fork());
	if (!linker) {
		fd = MUST(open("linked", O_RDWR | O_CREAT | O_TRUNC, 0755));
		MUST(ftruncate(fd, size));
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		MUST(pread(from, p, size, 0));
		close(fd);
		MUST(write(done[1], "x", 1));
		pause();
	}
	MUST(read(done[0], &byte, 1));
	for (int i = 0; i < 2; i++) {
		pid_t pid = MUST(fork());

		if (!pid) {
			execl("linked", "true", NULL);
			printf("%s\n", show_errno(errno));
			exit(1);
		}
		waitpid(pid, &status, 0);
		SHOW_NUM(WEXITSTATUS(status));
		kill(linker, SIGKILL);
		waitpid(linker, NULL, 0);
	}
	SHOW(unlink("linked"));
}

int main(void)
{
	anonymous();
	by_memfd();
	by_name();
	by_segment();
	by_file();
	private();
	linked();
	return 0;
}
