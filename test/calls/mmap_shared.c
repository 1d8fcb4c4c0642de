/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writable shared mappings of files and memfds, as seen by read and write of the same process. */
#include <linux/memfd.h>

#include "show.h"

#define PAGE 4096ul
#define RW   (PROT_READ | PROT_WRITE)
#define SHOW_MAP(expr)                                                                                                 \
	({                                                                                                             \
		errno = 0;                                                                                             \
		void *map_ = (void *)(expr);                                                                           \
		show_ok(#expr, map_ == MAP_FAILED ? -1 : 0);                                                           \
		map_;                                                                                                  \
	})

static void file(void)
{
	int fd = MUST(open("data", O_RDWR));
	char *p, *q, buf[32] = "";

	TITLE("a file");
	p = SHOW_MAP(SYS(mmap, NULL, 5 * PAGE, RW, MAP_SHARED, fd, 0));
	if (p == MAP_FAILED)
		return;
	show_bytes("mapped", p, 20000);
	memcpy(p + 100, "through the map", 15);
	SHOW(SYS(msync, p, 5 * PAGE, MS_SYNC));
	SHOW(pread(fd, buf, 15, 100));
	SHOW_STR(buf);
	SHOW(pwrite(fd, "through the file", 16, 4200));
	show_bytes("map", p + 4200, 16);
	q = SHOW_MAP(SYS(mmap, NULL, 5 * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	p[8000] = 'S';
	SHOW_NUM(q[8000]);
	SHOW(SYS(msync, p, PAGE, MS_ASYNC));
	SHOW(SYS(msync, p, PAGE, MS_INVALIDATE));
	SHOW(munmap(p, 5 * PAGE));
	SHOW(munmap(q, 5 * PAGE));
	close(fd);
	show_file("data");
}

static void memory(void)
{
	int fd;
	char *p, *q, buf[16] = "";

	TITLE("memfd");
	fd = SHOW(SYS(memfd_create, "name", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	SHOW(ftruncate(fd, 3 * PAGE));
	p = SHOW_MAP(SYS(mmap, NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0));
	if (p == MAP_FAILED)
		return;
	strcpy(p + PAGE, "shared");
	SHOW(pread(fd, buf, 7, PAGE));
	SHOW_STR(buf);
	SHOW(pwrite(fd, "written", 8, 0));
	SHOW_STR(p);
	q = SHOW_MAP(SYS(mmap, NULL, PAGE, RW, MAP_PRIVATE, fd, 0));
	q[0] = 'W';
	SHOW_STR(q);
	SHOW_STR(p);
	SHOW(munmap(p, 3 * PAGE));
	SHOW(SYS(fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE));
	SHOW_MAP(SYS(mmap, NULL, PAGE, RW, MAP_SHARED, fd, 0));
	p = SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	close(fd);
}

int main(void)
{
	make_file("data", 20000, 2);
	file();
	memory();
	return 0;
}
