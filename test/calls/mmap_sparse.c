/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings of a file that is much larger than any memory, and almost all of it holes. */
#include "show.h"

#define GIB  (1ul << 30)
#define SIZE (2000 * GIB)
#define PAGE 4096ul

static char *map(int fd, int prot, int flags, size_t len, off_t at)
{
	char *p = mmap(NULL, len, prot, flags | MAP_NORESERVE, fd, at);

	if (p == MAP_FAILED)
		show_die("mmap", __LINE__);
	return p;
}

static void private(int fd)
{
	char *p = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE, SIZE, 0);

	TITLE("private");
	show_bytes("in the middle", p + 1000 * GIB, 5);
	show_bytes("at the end", p + SIZE - 100, 100);
	show_bytes("in a hole", p + 500 * GIB, 100);
	p[700 * GIB] = '!';
	SHOW(pwrite(fd, "WRITTEN", 7, 700 * GIB));
	SHOW(pwrite(fd, "WRITTEN", 7, 800 * GIB));
	show_bytes("copied", p + 700 * GIB, 7);
	show_bytes("not copied", p + 800 * GIB, 7);
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100 * GIB, 1800 * GIB));
	show_bytes("punched", p + 800 * GIB, 7);
	show_bytes("punched", p + 1000 * GIB, 5);
	show_bytes("at the end", p + SIZE - 100, 100);
	MUST(pwrite(fd, "again", 5, 1000 * GIB));
	munmap(p, SIZE);
}

static void shared(int fd)
{
	char *r = map(fd, PROT_READ, MAP_SHARED, SIZE, 0), *w, *part, bytes[8] = "";

	TITLE("shared");
	show_bytes("in the middle", r + 1000 * GIB, 5);
	w = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, SIZE, 0);
	part = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, PAGE, 1500 * GIB);
	memcpy(w + 300 * GIB, "memory", 6);
	memcpy(part + 10, "part", 4);
	SHOW(pread(fd, bytes, 7, 300 * GIB));
	show_bytes("read", bytes, 7);
	SHOW(pread(fd, bytes, 7, 1500 * GIB + 10));
	show_bytes("read", bytes, 7);
	show_bytes("the other mapping", r + 1500 * GIB + 10, 4);
	SHOW(pwrite(fd, "file", 4, 600 * GIB));
	show_bytes("written", w + 600 * GIB, 4);
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, GIB, 1400 * GIB));
	show_bytes("punched", w + 300 * GIB, 6);
	show_bytes("punched", r + 1000 * GIB, 5);
	show_bytes("behind", r + 1500 * GIB + 10, 4);
	SHOW(ftruncate(fd, PAGE));
	SHOW(ftruncate(fd, SIZE));
	show_bytes("cut and grown", r + SIZE - 100, 100);
	munmap(r, SIZE);
	munmap(w, SIZE);
	munmap(part, PAGE);
}

int main(void)
{
	int fd = MUST(open("sparse", O_RDWR | O_CREAT | O_TRUNC, 0644));

	MUST(ftruncate(fd, SIZE));
	MUST(pwrite(fd, "hello", 5, 1000 * GIB));
	MUST(pwrite(fd, "end", 3, SIZE - 50));
	private(fd);
	shared(fd);
	unlink("sparse");
	return 0;
}
