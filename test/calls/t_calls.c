/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LIMIT: 120
 *
 * Threads that make calls at the same time: descriptors are shared, files are written together, one that blocks holds up
 * no other, a descriptor is closed under a reader, memory is mapped and unmapped by all.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "show.h"

#define THREADS 8

static int shared_fd, p[2];
static atomic_int errors, done;

static void run(void *(*fn)(void *), int threads)
{
	pthread_t t[64];

	for (long i = 0; i < threads; i++)
		MUST(-!!pthread_create(&t[i], NULL, fn, (void *)i));
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
}

static void *append(void *arg)
{
	char line[16];

	for (int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "%02ld %04d\n", (long)arg, i);
		if (write(shared_fd, line, 8) != 8)
			errors++;
	}
	return NULL;
}

static int by_line(const void *a, const void *b)
{
	return memcmp(a, b, 8);
}

static void together(void)
{
	static char data[THREADS * 200 * 8];

	TITLE("writing together");
	shared_fd = MUST(open("log", O_CREAT | O_RDWR | O_APPEND, 0600));
	run(append, THREADS);
	SHOW(pread(shared_fd, data, sizeof(data), 0));
	qsort(data, THREADS * 200, 8, by_line);
	show_bytes("sorted", data, sizeof(data));
	/* The order is that of the run; the file is compared */
	SHOW(ftruncate(shared_fd, 0));
	close(shared_fd);
}

static void *own_file(void *arg)
{
	char name[16], data[5000], back[5000];

	for (int i = 0; i < 30; i++) {
		int fd;

		snprintf(name, sizeof(name), "own%ld", (long)arg);
		fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0600);
		fill(data, sizeof(data), (long)arg * 100 + i);
		if (write(fd, data, sizeof(data)) != sizeof(data) || pread(fd, back, sizeof(back), 0) != sizeof(back) ||
		    memcmp(data, back, sizeof(data)) || close(fd))
			errors++;
	}
	return NULL;
}

static void *blocked(void *arg)
{
	char c;

	if (read(p[0], &c, 1) == 1)
		done++;
	(void)arg;
	return NULL;
}

static void not_held_up(void)
{
	pthread_t t[20];
	int64_t start;

	TITLE("a blocked thread holds up no other");
	MUST(pipe(p));
	for (int i = 0; i < 20; i++)
		pthread_create(&t[i], NULL, blocked, NULL);
	start = now_us(CLOCK_MONOTONIC);
	for (int i = 0; i < 300; i++)
		access(".", F_OK);
	SHOW_TRUE(now_us(CLOCK_MONOTONIC) - start < 3000000);
	SHOW_NUM(done);
	for (int i = 0; i < 20; i++)
		write(p[1], "x", 1);
	for (int i = 0; i < 20; i++)
		pthread_join(t[i], NULL);
	SHOW_NUM(done);
}

/* A ring of pipes: the token passes every thread */
static int ring[THREADS][2];

static void *pass(void *arg)
{
	long me = (long)arg;
	int token;

	for (int i = 0; i < 100; i++) {
		if (read(ring[me][0], &token, 4) != 4)
			errors++;
		token++;
		write(ring[(me + 1) % THREADS][1], &token, 4);
	}
	return NULL;
}

static void rings(void)
{
	int token = 0;

	TITLE("a ring of pipes");
	for (int i = 0; i < THREADS; i++)
		MUST(pipe(ring[i]));
	write(ring[0][1], &token, 4);
	run(pass, THREADS);
	SHOW(read(ring[0][0], &token, 4));
	SHOW_NUM(token);
}

static void *maps(void *arg)
{
	unsigned int seed = (long)arg;

	for (int i = 0; i < 200; i++) {
		size_t size = (rand_r(&seed) % 50 + 1) * 4096;
		char *m = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (m == MAP_FAILED || m[0] || m[size - 1])
			errors++;
		memset(m, i, size);
		if (i % 2)
			mprotect(m, 4096, PROT_READ);
		if (munmap(m, size))
			errors++;
		if (i % 10 == 0) {
			int fd = open("/proc/self/exe", O_RDONLY);

			m = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
			if (m == MAP_FAILED || memcmp(m, "\177ELF", 4))
				errors++;
			munmap(m, 4096);
			close(fd);
		}
	}
	return NULL;
}

static void *allocate(void *arg)
{
	void *block[100] = {0};
	unsigned int seed = (long)arg;

	for (int i = 0; i < 5000; i++) {
		int k = rand_r(&seed) % 100;

		free(block[k]);
		block[k] = malloc(rand_r(&seed) % 100000);
		if (!block[k])
			errors++;
	}
	for (int k = 0; k < 100; k++)
		free(block[k]);
	return NULL;
}

static void *descriptors(void *arg)
{
	for (int i = 0; i < 100; i++) {
		int fd = open("/dev/null", O_RDWR), copy = dup(fd), s[2];

		if (fd < 0 || copy < 0 || fd == copy || socketpair(AF_UNIX, SOCK_STREAM, 0, s) || close(fd) ||
		    close(copy) || close(s[0]) || close(s[1]))
			errors++;
	}
	(void)arg;
	return NULL;
}

static void *shutter(void *arg)
{
	usleep(30000);
	shutdown(*(int *)arg, SHUT_RDWR);
	return NULL;
}

static void closing(void)
{
	int s[2], e = MUST(eventfd(0, 0));
	char c;
	pthread_t t;
	uint64_t one = 1;

	TITLE("woken by another thread");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	pthread_create(&t, NULL, shutter, &s[0]);
	SHOW(read(s[0], &c, 1));
	pthread_join(t, NULL);
	MUST(write(e, &one, 8));
	SHOW(poll(&(struct pollfd){e, POLLIN, 0}, 1, -1));
}

int main(void)
{
	together();
	TITLE("files of their own");
	run(own_file, THREADS);
	not_held_up();
	rings();
	TITLE("maps, allocations, descriptors");
	run(maps, THREADS);
	run(allocate, THREADS);
	run(descriptors, THREADS);
	closing();
	SHOW_NUM(errors);
	return 0;
}
