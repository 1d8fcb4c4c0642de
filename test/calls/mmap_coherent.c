/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings of a file that changes after it was mapped: by write, by truncation, by growth. */

#include "try.h"

#define PAGE 4096ul
#define RW   (PROT_READ | PROT_WRITE)

static void written(void)
{
	int fd = MUST(open("data", O_RDWR));
	char *shared = mmap(NULL, 40960, PROT_READ, MAP_SHARED, fd, 0);
	char *private = mmap(NULL, 40960, RW, MAP_PRIVATE, fd, 0);

	TITLE("written after the mapping");
	show_bytes("shared", shared, 40960);
	SHOW(pwrite(fd, "changed", 7, 100));
	SHOW(pwrite(fd, "changed", 7, 20000));
	show_bytes("shared", shared + 100, 7);
	show_bytes("shared", shared + 20000, 7);
	munmap(shared, 40960);
	shared = mmap(NULL, 40960, PROT_READ, MAP_SHARED, fd, 0);
	show_bytes("mapped again", shared, 40960);
	close(fd);
	/* As a compiler or linker does: write a file, map it, write it again, map it again */
	for (int i = 0; i < 5; i++) {
		make_file("again", 5000, i);
		fd = MUST(open("again", O_RDONLY));
		private = mmap(NULL, 5000, PROT_READ, MAP_PRIVATE, fd, 0);
		show_bytes("again", private, 5000);
		munmap(private, 5000);
		close(fd);
	}
}

static void resized(void)
{
	int fd = MUST(open("short", O_RDWR | O_CREAT | O_TRUNC, 0644));
	volatile char *p;

	TITLE("resized after the mapping");
	MUST(ftruncate(fd, 100));
	p = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	TRY((void)p[PAGE]);
	SHOW(ftruncate(fd, PAGE + 10));
	SHOW(pwrite(fd, "grown", 5, PAGE));
	TRY((void)p[PAGE]);
	SHOW_NUM(p[PAGE]);
	SHOW(ftruncate(fd, 0));
	TRY((void)p[2]);
	TRY((void)p[PAGE]);
	SHOW(ftruncate(fd, 4 * PAGE));
	TRY((void)p[3 * PAGE]);
	SHOW_NUM(p[0]);
	close(fd);
}

int main(void)
{
	handle_info(SIGBUS, on_fault, 0);
	make_file("data", 40960, 3);
	written();
	resized();
	return 0;
}
