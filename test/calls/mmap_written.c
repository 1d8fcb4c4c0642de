/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is written by memory to files that are not small: by several processes, next to what calls write, in mappings that
 * are undone, by processes that end or are killed, in a file that changes its size; and to one of more than 64 MiB.
 */
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>

#include "try.h"

#define PAGE 4096ul
#define MIB  (1ul << 20)
#define SIZE (2 * MIB)
#define RW   (PROT_READ | PROT_WRITE)

static char *map(int fd, int prot, int flags, size_t len)
{
	char *p = mmap(NULL, len, prot, flags, fd, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static void show_at(int fd, const char *what, off_t at, size_t len)
{
	char bytes[64];

	MUST(pread(fd, bytes, len, at));
	show_bytes(what, bytes, len);
}

static void written(void)
{
	int fd = MUST(open("data", O_RDWR));
	char *p = map(fd, RW, MAP_SHARED, SIZE), *private = map(fd, PROT_READ, MAP_PRIVATE, SIZE);
	int other = MUST(open("data", O_RDONLY));
	char *q = map(other, PROT_READ, MAP_SHARED, SIZE);

	TITLE("written");
	show_bytes("all", p, SIZE);
	for (size_t at = 0; at < SIZE; at += 61 * PAGE)
		memcpy(p + at + 7, "by memory", 9);
	show_at(fd, "by read", 61 * PAGE, 20);
	show_bytes("mapped once more", q + 61 * PAGE, 20);
	show_bytes("mapped privately", private + 61 * PAGE, 20);
	/* The same pages, other bytes */
	for (size_t at = 0; at < SIZE; at += 61 * PAGE) {
		p[at + 1] = 'm';
		MUST(pwrite(fd, "c", 1, (off_t)at + 3));
		p[at + 5] = 'M';
	}
	show_bytes("both", p + 122 * PAGE, 20);
	show_at(fd, "both by read", 122 * PAGE, 20);
	show_bytes("all", q, SIZE);
	SHOW(msync(p, SIZE, MS_SYNC));
	munmap(private, SIZE);
	munmap(q, SIZE);
	/* Written, and undone before any call */
	memcpy(p + 100 * PAGE, "last words", 10);
	munmap(p, SIZE);
	show_at(fd, "after munmap", 100 * PAGE, 16);
	p = map(fd, RW, MAP_SHARED, SIZE);
	show_bytes("all", p, SIZE);
	munmap(p, SIZE);
	close(other);
	close(fd);
}

static void processes(void)
{
	int fd = MUST(open("data", O_RDWR)), status;
	char *p = map(fd, RW, MAP_SHARED, SIZE);
	_Atomic unsigned int *turn = (_Atomic unsigned int *)(p + MIB);
	pid_t child;

	TITLE("processes");
	*turn = 0;
	child = MUST(fork());
	if (!child) {
		for (unsigned int i = 0; i < 2000; i++) {
			while (*turn % 2 == 0)
				SYS(futex, turn, FUTEX_WAIT, 2 * i, NULL);
			p[i * 17 * PAGE % SIZE + 8] = (char)i;
			if (i % 100 == 0)
				MUST(pwrite(fd, &i, sizeof(i), 300 * PAGE));
			++*turn;
			SYS(futex, turn, FUTEX_WAKE, 1);
		}
		_exit(0);
	}
	for (unsigned int i = 0; i < 2000; i++) {
		++*turn;
		SYS(futex, turn, FUTEX_WAKE, 1);
		while (*turn % 2)
			SYS(futex, turn, FUTEX_WAIT, 2 * i + 1, NULL);
		if (p[i * 17 * PAGE % SIZE + 8] != (char)i)
			printf("round %u: old\n", i);
		if (i % 100 == 0)
			show_bytes("by call", p + 300 * PAGE, 4);
	}
	MUST(waitpid(child, &status, 0));
	SHOW_NUM(status);
	*turn = 0;
	child = MUST(fork());
	if (!child) {
		memcpy(p + 200 * PAGE, "killed", 6);
		*turn = 1;
		for (;;)
			;
	}
	while (!*turn)
		sched_yield();
	kill(child, SIGKILL);
	MUST(waitpid(child, &status, 0));
	SHOW_NUM(status);
	show_at(fd, "killed", 200 * PAGE, 16);
	child = MUST(fork());
	if (!child) {
		memcpy(p + 201 * PAGE, "executed", 8);
		execlp("cmp", "cmp", "-n", "8", "-i", "823296:0", "data", "words", NULL);
		_exit(1);
	}
	MUST(waitpid(child, &status, 0));
	SHOW_NUM(status);
	munmap(p, SIZE);
	close(fd);
}

static void resized(void)
{
	int fd = MUST(open("data", O_RDWR));
	volatile char *p = map(fd, RW, MAP_SHARED, 2 * SIZE);

	TITLE("resized");
	TRY(p[SIZE] = 1);
	p[10 * PAGE + 1000] = 'k';
	p[10 * PAGE + 2000] = 'c';
	p[11 * PAGE] = 'c';
	SHOW(ftruncate(fd, 10 * PAGE + 1500));
	TRY((void)p[10 * PAGE + 2000]);
	TRY((void)p[11 * PAGE]);
	SHOW(ftruncate(fd, SIZE + PAGE));
	TRY((void)p[11 * PAGE]);
	SHOW_NUM(p[10 * PAGE + 1000]);
	SHOW_NUM(p[10 * PAGE + 2000]);
	TRY(p[SIZE] = 'n');
	show_at(fd, "new", SIZE, 4);
	p[12 * PAGE] = 'w';
	SHOW(SYS(fallocate, fd, 3, 12 * PAGE, PAGE)); /* PUNCH_HOLE | KEEP_SIZE */
	SHOW_NUM(p[12 * PAGE]);
	p[12 * PAGE + 1] = 'x';
	SHOW(SYS(fallocate, fd, 0, SIZE, 4 * PAGE));
	SHOW_NUM(p[SIZE + 3 * PAGE]);
	show_at(fd, "hole", 12 * PAGE, 4);
	munmap((void *)p, 2 * SIZE);
	close(fd);
}

static void removed(void)
{
	int fd = MUST(SYS(memfd_create, "memory", 0));
	char *p;

	TITLE("removed");
	MUST(ftruncate(fd, SIZE));
	p = map(fd, RW, MAP_SHARED, SIZE);
	memset(p, 'x', SIZE);
	SHOW(madvise(p + 20 * PAGE, 4 * PAGE, MADV_REMOVE));
	show_bytes("gone", p + 20 * PAGE, 4);
	show_at(fd, "gone", 22 * PAGE, 4);
	show_at(fd, "behind", 24 * PAGE, 4);
	p[21 * PAGE] = 'y';
	SHOW(madvise(p, SIZE, MADV_DONTNEED));
	show_bytes("all", p, SIZE);
	show_at(fd, "new", 21 * PAGE, 4);
	munmap(p, SIZE);
	close(fd);
}

static void large(void)
{
	const size_t len = 80 * MIB;
	int fd = MUST(open("large", O_RDWR)), status;
	char *p = map(fd, RW, MAP_SHARED, len);
	pid_t child;

	TITLE("large");
	show_bytes("all", p, len);
	for (size_t at = 0; at < len; at += 500 * PAGE)
		p[at] = 'L';
	show_at(fd, "by read", 500 * PAGE, 4);
	child = MUST(fork());
	if (!child) {
		p[79 * MIB] = 'C';
		MUST(pwrite(fd, "call", 4, 78 * MIB));
		_exit(0);
	}
	MUST(waitpid(child, &status, 0));
	SHOW_NUM(status);
	show_bytes("by memory", p + 79 * MIB, 4);
	show_bytes("by call", p + 78 * MIB, 4);
	show_at(fd, "by memory", 79 * MIB, 4);
	munmap(p, len);
	close(fd);
	show_file("large");
	unlink("large");
}

int main(void)
{
	int words;

	handle_info(SIGBUS, on_fault, 0);
	make_file("data", SIZE, 3);
	make_file("large", 80 * MIB, 4);
	words = MUST(open("words", O_WRONLY | O_CREAT | O_TRUNC, 0644));
	MUST(write(words, "executed", 8));
	close(words);
	written();
	processes();
	resized();
	removed();
	large();
	return 0;
}
