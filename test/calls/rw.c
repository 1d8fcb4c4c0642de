/* SPDX-License-Identifier: GPL-2.0-or-later */
/* read, write, pread64, pwrite64, lseek: every boundary size, offsets, errors, buffers that end in a fault. */
#include "show.h"

static const size_t sizes[] = {0,     1,     2,	      511,	     4095,	4096,	 4097,	       65535,
			       65536, 65537, 1 << 20, (1 << 20) + 1, (1441792), 1441793, (3 << 20) + 1};

static char *big, *back;

static void by_size(void)
{
	TITLE("write and read back by size");
	for (size_t i = 0; i < NELEM(sizes); i++) {
		size_t n = sizes[i];
		int fd = MUST(open("sized", O_RDWR | O_CREAT | O_TRUNC, 0644));

		fill(big, n, i + 1);
		printf("size %zu\n", n);
		SHOW(SYS(write, fd, big, n));
		SHOW(SYS(lseek, fd, 0, SEEK_CUR));
		SHOW(SYS(pwrite64, fd, big, n, 77));
		SHOW(SYS(lseek, fd, 0, SEEK_SET));
		memset(back, 0x55, n + 100);
		SHOW(SYS(read, fd, back, n + 100));
		show_bytes("back", back, n + 100);
		memset(back, 0x55, n + 100);
		SHOW(SYS(pread64, fd, back, n, 13));
		show_bytes("back", back, n + 100);
		SHOW(SYS(read, fd, back, n));
		close(fd);
	}
}

static void zero_sources(void)
{
	int zero = MUST(open("/dev/zero", O_RDWR)), null = MUST(open("/dev/null", O_RDWR));
	int full = MUST(open("/dev/full", O_RDWR));

	TITLE("devices");
	memset(back, 1, 3 << 20);
	SHOW(read(zero, back, (3 << 20) + 1));
	show_bytes("zero", back, (3 << 20) + 1);
	SHOW(read(null, back, 100));
	SHOW(write(null, big, (3 << 20) + 1));
	SHOW(write(full, big, 0));
	SHOW(write(full, big, 1));
	SHOW(write(full, big, 3 << 20));
	SHOW(read(full, back, 10));
	SHOW(lseek(null, 100, SEEK_SET));
	SHOW(pread(zero, back, 5, 1000));
	close(zero);
	close(null);
	close(full);
}

static void offsets(void)
{
	struct stat st;
	int fd = MUST(open("sparse", O_RDWR | O_CREAT | O_TRUNC, 0644));

	TITLE("offsets");
	SHOW(SYS(pwrite64, fd, "end", 3, 1 << 20));
	SHOW(SYS(lseek, fd, 0, SEEK_END));
	SHOW(SYS(lseek, fd, -1, SEEK_SET));
	SHOW(SYS(lseek, fd, -10, SEEK_END));
	SHOW(SYS(lseek, fd, 5, SEEK_CUR));
	SHOW(SYS(lseek, fd, -1048579, SEEK_CUR));
	SHOW(SYS(lseek, fd, 0, 99));
	SHOW(SYS(lseek, fd, 0x7fffffffffffffff, SEEK_SET));
	SHOW(SYS(lseek, fd, 1ull << 40, SEEK_SET));
	SHOW(SYS(read, fd, back, 10));
	SHOW(SYS(lseek, fd, 0, SEEK_DATA));
	SHOW(SYS(lseek, fd, 0, SEEK_HOLE));
	SHOW(SYS(lseek, fd, 1 << 20, SEEK_HOLE));
	SHOW(SYS(lseek, fd, 2 << 20, SEEK_DATA));
	SHOW(SYS(lseek, fd, -1, SEEK_DATA));
	SHOW(SYS(lseek, BADFD, 0, SEEK_SET));
	SHOW(SYS(pread64, fd, back, 10, (1 << 20) - 5));
	show_bytes("over the hole", back, 8);
	SHOW(SYS(pread64, fd, back, 10, -1));
	SHOW(SYS(pwrite64, fd, back, 10, -1));
	SHOW(SYS(pread64, fd, back, 10, 0x7fffffffffffffff));
	SHOW(SYS(pread64, BADFD, back, 10, 0));
	SHOW(SYS(pwrite64, BADFD, back, 10, 0));
	SHOW(fstat(fd, &st));
	SHOW_NUM(st.st_size);
	TITLE("O_APPEND");
	SHOW(fcntl(fd, F_SETFL, O_APPEND));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(write(fd, "tail", 4));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(SYS(pwrite64, fd, "head", 4, 0));
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(lseek(fd, 0, SEEK_CUR));
	close(fd);
}

static void errors(void)
{
	int fd = MUST(open("sized", O_RDWR | O_CREAT | O_TRUNC, 0644));
	int ro = MUST(open("sized", O_RDONLY)), wo = MUST(open("sized", O_WRONLY)), dir = MUST(open(".", O_RDONLY));
	char *last = edge(10), *first = ledge(10);

	TITLE("errors");
	fill(big, 100, 9);
	SHOW(write(fd, big, 100));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(SYS(read, BADFD, back, 1));
	SHOW(SYS(read, -1, back, 0));
	SHOW(SYS(read, fd, BAD, 0));
	SHOW(SYS(read, fd, BAD, 1));
	SHOW(SYS(read, fd, NULL, 10));
	SHOW(SYS(read, fd, KERNEL_BAD, 10));
	SHOW(SYS(read, fd, KERNEL_BAD, 0));
	SHOW(SYS(read, fd, back, -1));
	SHOW(SYS(write, fd, big, -1));
	SHOW(SYS(write, fd, BAD, 1));
	SHOW(SYS(write, fd, BAD, 0));
	SHOW(SYS(write, fd, KERNEL_BAD, 5));
	SHOW(SYS(write, ro, big, 1));
	SHOW(SYS(read, wo, back, 1));
	SHOW(SYS(read, dir, back, 1));
	SHOW(SYS(write, dir, big, 1));
	SHOW(SYS(write, BADFD, BAD, 1));
	SHOW(SYS(lseek, fd, 0, SEEK_CUR));

	TITLE("buffers that end in a fault");
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(SYS(read, fd, last, 10));
	show_bytes("last", last, 10);
	memset(last, 0, 10);
	SHOW(SYS(read, fd, last, 11));
	SHOW(SYS(lseek, fd, 0, SEEK_CUR));
	show_bytes("last", last, 10);
	SHOW(SYS(read, fd, last, 2000000));
	SHOW(SYS(lseek, fd, 0, SEEK_CUR));
	memcpy(last, "0123456789", 10);
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(SYS(write, fd, last, 11));
	SHOW(SYS(lseek, fd, 0, SEEK_CUR));
	SHOW(SYS(write, fd, last, 10));
	SHOW(SYS(pwrite64, fd, last, 4096, 50));
	SHOW(SYS(pread64, fd, last, 4096, 20));
	SHOW(SYS(read, fd, first - 1, 10));
	SHOW(SYS(write, fd, first - 1, 10));
	show_file("sized");
	close(fd);
	close(ro);
	close(wo);
	close(dir);
}

/* A file larger than any slot, of which most is readable */
static void long_fault(void)
{
	size_t n = 3 << 20;
	char *last = edge(n);
	int fd = MUST(open("long", O_RDWR | O_CREAT | O_TRUNC, 0644));

	TITLE("a long buffer that ends in a fault");
	fill(last, n, 4);
	SHOW(SYS(write, fd, last, n));
	SHOW(SYS(lseek, fd, 0, SEEK_SET));
	memset(last, 0, n);
	SHOW(SYS(read, fd, last, n));
	show_bytes("last", last, n);
	SHOW(SYS(pread64, fd, last + n - 5000, 5000, 3));
	show_bytes("last", last, n);
	close(fd);
}

int main(void)
{
	big = pages(4 << 20);
	back = pages(4 << 20);
	by_size();
	zero_sources();
	offsets();
	errors();
	long_fault();
	return 0;
}
