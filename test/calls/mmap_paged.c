/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LIMIT: 120
 *
 * Mappings of files so large that their pages come as they are touched: what is read at random and in order, by user
 * code and by calls, by threads, children and new programs; what is written, cut off and grown meanwhile.
 */
#include <linux/futex.h>
#include <pthread.h>

#include "try.h"

#define PAGE  4096ul
#define MIB   (1ul << 20)
#define SIZE  (20 * MIB)
#define PAGES (SIZE / PAGE)

static const unsigned char *shared_by_threads;

static unsigned char *map(const char *path, int open_flags, int prot, int flags, size_t len)
{
	int fd = MUST(open(path, open_flags));
	unsigned char *p = mmap(NULL, len, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		show_die("mmap", __LINE__);
	close(fd);
	return p;
}

/* Read @nr pages in an order that jumps about */
static uint32_t jump(const unsigned char *p, unsigned int nr, uint32_t seed)
{
	uint32_t sum = 0, x = seed;

	for (unsigned int i = 0; i < nr; i++) {
		x = x * 1664525u + 1013904223u;
		for (size_t j = 0; j < PAGE; j += 64)
			sum = sum * 31 + p[x % PAGES * PAGE + j];
	}
	return sum;
}

static void show_sum(const char *what, uint32_t sum)
{
	printf("%s: %08x\n", what, sum);
}

static void reading(void)
{
	const unsigned char *p = map("large", O_RDONLY, PROT_READ, MAP_PRIVATE, SIZE), *q;

	TITLE("reading");
	for (uint32_t seed = 0; seed < 5; seed++)
		show_sum("at random", jump(p, 50, seed));
	show_bytes("in order", p, SIZE);
	munmap((void *)p, SIZE);
	p = map("large", O_RDONLY, PROT_READ, MAP_SHARED, SIZE);
	q = map("large", O_RDONLY, PROT_READ, MAP_PRIVATE | MAP_POPULATE, SIZE);
	show_sum("backwards", ({
			 uint32_t sum = 0;

			 for (size_t at = SIZE; at; at -= PAGE)
				 sum = sum * 31 + p[at - PAGE];
			 sum;
		 }));
	SHOW(memcmp(p, q, SIZE));
	munmap((void *)p, SIZE);
	munmap((void *)q, SIZE);
}

/* Calls that are made here and at home, with arguments in pages that nobody has touched */
static void calling(void)
{
	unsigned char *p = map("fresh", O_RDONLY, PROT_READ | PROT_WRITE, MAP_PRIVATE, SIZE);
	char bytes[8] = "";
	int fds[2];

	TITLE("calling");
	MUST(pipe(fds));
	SHOW(write(fds[1], p + 5 * MIB + 10, 5));
	SHOW(read(fds[0], bytes, 5));
	show_bytes("through the pipe", bytes, 5);
	SHOW(write(fds[1], "ten bytes!", 10));
	SHOW(read(fds[0], p + 6 * MIB + PAGE - 5, 10));
	show_bytes("across pages", p + 6 * MIB + PAGE - 10, 20);
	SHOW(SYS(futex, p + 7 * MIB, FUTEX_WAIT, *(volatile int *)(p + 8 * MIB), NULL));
	SHOW(open((char *)p + 9 * MIB, O_RDONLY));
	SHOW(madvise(p + 10 * MIB, MIB, MADV_WILLNEED));
	SHOW(madvise(p + 10 * MIB, MIB, MADV_DONTNEED));
	SHOW(mlock(p + 11 * MIB, PAGE));
	show_bytes("and back", p + 10 * MIB, MIB);
	SHOW(mprotect(p + 12 * MIB, PAGE, PROT_READ));
	munmap(p, SIZE);
	close(fds[0]);
	close(fds[1]);
}

static void writing(void)
{
	unsigned char *p = map("fresh", O_RDONLY, PROT_READ | PROT_WRITE, MAP_PRIVATE, SIZE);
	unsigned char *r = map("fresh", O_RDONLY, PROT_READ, MAP_SHARED, SIZE);
	int fd = MUST(open("fresh", O_WRONLY));
	char *much = malloc(3 * MIB);

	TITLE("writing");
	show_bytes("touched", p + MIB, 8);
	p[2 * MIB] = '!';
	SHOW(pwrite(fd, "TOUCHED", 7, MIB));
	SHOW(pwrite(fd, "COPIED", 6, 2 * MIB));
	SHOW(pwrite(fd, "NEW", 3, 3 * MIB));
	SHOW(pwrite(fd, "ACROSS", 6, 4 * MIB - 3));
	show_bytes("touched", p + MIB, 8);
	show_bytes("copied", p + 2 * MIB, 8);
	show_bytes("new", p + 3 * MIB, 8);
	show_bytes("across", p + 4 * MIB - 5, 10);
	show_bytes("shared", r + 2 * MIB, 8);
	/* What is read ahead must not be old */
	show_bytes("in order", r + 8 * MIB, 4 * MIB);
	fill(much, 3 * MIB, 77);
	SHOW(pwrite(fd, much, 3 * MIB, 11 * MIB));
	show_bytes("in order", r + 12 * MIB, 4 * MIB);
	for (int i = 0; i < 20; i++) {
		MUST(pwrite(fd, &i, sizeof(i), 16 * MIB));
		MUST(lseek(fd, 17 * MIB + i * PAGE, SEEK_SET));
		MUST(write(fd, &i, sizeof(i)));
		if (r[16 * MIB] != i || p[17 * MIB + i * PAGE] != i)
			printf("round %d: old\n", i);
	}
	munmap(p, SIZE);
	munmap(r, SIZE);
	close(fd);
	free(much);
}

static void resizing(void)
{
	int fd = MUST(open("fresh", O_WRONLY));
	volatile unsigned char *p = map("fresh", O_RDONLY, PROT_READ | PROT_WRITE, MAP_PRIVATE, SIZE + MIB);

	TITLE("resizing");
	TRY((void)p[SIZE - 1]);
	TRY((void)p[SIZE]);
	p[15 * MIB] = '!';
	SHOW(ftruncate(fd, 10 * MIB + 100));
	TRY((void)p[10 * MIB + 99]);
	show_bytes("the last page", (void *)(p + 10 * MIB + 90), 20);
	TRY((void)p[10 * MIB + PAGE]);
	TRY((void)p[15 * MIB]);
	SHOW(pwrite(fd, "grown", 5, 10 * MIB + 200));
	show_bytes("the last page", (void *)(p + 10 * MIB + 190), 20);
	SHOW(ftruncate(fd, SIZE + PAGE));
	TRY((void)p[SIZE]);
	TRY((void)p[SIZE + PAGE]);
	show_bytes("grown", (void *)(p + 15 * MIB), 8);
	SHOW(pwrite(fd, "written", 7, 15 * MIB));
	show_bytes("grown", (void *)(p + 15 * MIB), 8);
	SHOW(ftruncate(fd, 0));
	TRY((void)p[0]);
	close(fd);
	munmap((void *)p, SIZE + MIB);
}

static void *thread_main(void *arg)
{
	return (void *)(uintptr_t)jump(shared_by_threads, 200, (uint32_t)(uintptr_t)arg);
}

static void sharing(char *self)
{
	unsigned char *p = map("large", O_RDONLY, PROT_READ | PROT_WRITE, MAP_PRIVATE, SIZE);
	pthread_t thread[8];
	int status, fd;
	void *sum;
	pid_t pid;

	TITLE("sharing");
	shared_by_threads = map("large", O_RDONLY, PROT_READ, MAP_SHARED, SIZE);
	for (uintptr_t i = 0; i < 8; i++)
		pthread_create(&thread[i], NULL, thread_main, (void *)i);
	for (int i = 0; i < 8; i++) {
		pthread_join(thread[i], &sum);
		show_sum("a thread", (uint32_t)(uintptr_t)sum);
	}
	p[MIB] = '!';
	fflush(stdout);
	pid = MUST(fork());
	if (!pid) {
		show_sum("a child", jump(p, 50, 9));
		p[MIB + 1] = '?';
		show_bytes("the child's copy", p + MIB, 2);
		fd = MUST(open("large", O_WRONLY));
		MUST(pwrite(fd, "by the child", 12, 13 * MIB));
		_exit(0);
	}
	MUST(waitpid(pid, &status, 0));
	show_bytes("the parent's copy", p + MIB, 2);
	show_bytes("written", p + 13 * MIB, 12);
	pid = MUST(fork());
	if (!pid) {
		execl(self, self, "sum", NULL);
		_exit(127);
	}
	MUST(waitpid(pid, &status, 0));
	SHOW_NUM(WEXITSTATUS(status));
	/* Killed while it waits for pages */
	pid = MUST(fork());
	if (!pid)
		for (uint32_t seed = 0;; seed++)
			jump(p, 100, seed);
	usleep(50000);
	SHOW(kill(pid, SIGKILL));
	MUST(waitpid(pid, &status, 0));
	SHOW_NUM(WTERMSIG(status));
	munmap(p, SIZE);
}

/* The same file, now for writing by memory */
static void changing(void)
{
	unsigned char *p = map("large", O_RDONLY, PROT_READ, MAP_PRIVATE, SIZE), *w;
	char bytes[16] = "";
	int fd;

	TITLE("changing");
	show_bytes("before", p + 3 * MIB, 8);
	w = map("large", O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED, SIZE);
	memcpy(w + 3 * MIB, "by memory", 9);
	fd = MUST(open("large", O_RDWR));
	SHOW(pread(fd, bytes, 9, 3 * MIB));
	show_bytes("read", bytes, 9);
	show_bytes("the old mapping", p + 3 * MIB, 9);
	SHOW(pwrite(fd, "by a call", 9, 4 * MIB));
	show_bytes("the old mapping", p + 4 * MIB, 9);
	show_bytes("the new mapping", w + 4 * MIB, 9);
	SHOW(unlink("large"));
	close(fd);
	show_sum("without a name", jump(p, 50, 11));
	munmap(p, SIZE);
	munmap(w, SIZE);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "sum")) {
		show_sum("a program", jump(map("large", O_RDONLY, PROT_READ, MAP_PRIVATE, SIZE), 50, 10));
		return 7;
	}
	handle_info(SIGBUS, on_fault, 0);
	make_file("large", SIZE, 3);
	make_file("fresh", SIZE, 4);
	reading();
	calling();
	writing();
	resizing();
	sharing(argv[0]);
	changing();
	show_file("fresh");
	unlink("fresh"); /* large files are not left behind */
	return 0;
}
