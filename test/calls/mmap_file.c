/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings of files: private, shared and read-only, at offsets, of devices; what stays after close and unlink. */
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

static void private(void)
{
	int fd = MUST(open("data", O_RDWR));
	char *p, *q;

	TITLE("private");
	p = SHOW_MAP(SYS(mmap, NULL, 100000, RW, MAP_PRIVATE, fd, 0));
	show_bytes("whole", p, 100000);
	show_bytes("after the end", p + 100000, 25 * PAGE - 100000);
	memset(p, 'w', 5000);
	show_bytes("changed", p, 100000);
	SHOW(pread(fd, p + 50000, 100, 0));
	show_bytes("file's start", p + 50000, 20);
	q = SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 5 * PAGE));
	show_bytes("at an offset", q, PAGE);
	SHOW(munmap(q, PAGE));
	SHOW(close(fd));
	show_bytes("after close", p, 100000);
	SHOW(SYS(madvise, p, 5000, MADV_DONTNEED));
	show_bytes("dropped", p, 5000);
	SHOW(SYS(mprotect, p, PAGE, PROT_READ));
	SHOW(SYS(msync, p, PAGE, MS_SYNC));
	SHOW(munmap(p, 100000));
}

static void read_only(void)
{
	int fd = MUST(open("data", O_RDONLY));
	char *p, *q;

	TITLE("shared, read-only");
	p = SHOW_MAP(SYS(mmap, NULL, 100000, PROT_READ, MAP_SHARED, fd, 0));
	show_bytes("whole", p, 100000);
	SHOW(SYS(mprotect, p, PAGE, RW));
	SHOW_MAP(SYS(mmap, NULL, PAGE, RW, MAP_SHARED, fd, 0));
	q = SHOW_MAP(SYS(mmap, NULL, PAGE, RW, MAP_PRIVATE, fd, 0));
	q[0] = p[0] + 1;
	SHOW_TRUE(q[0] != p[0]);
	SHOW(SYS(write, 1, p, 0));
	show_bytes("some", p + 99990, 10);
	SHOW(unlink("data"));
	close(fd);
	show_bytes("after unlink", p, 100000);
	q = SHOW_MAP(SYS(mremap, p, 25 * PAGE, 10 * PAGE, 0));
	show_bytes("shrunk", q, 10 * PAGE);
	SHOW(munmap(q, 10 * PAGE));
	make_file("data", 100000, 6);
}

static void errors(void)
{
	int fd = MUST(open("data", O_RDONLY)), wo = MUST(open("data", O_WRONLY)), dir = MUST(open(".", O_RDONLY));
	int path = MUST(open("data", O_PATH)), p[2];

	TITLE("errors");
	MUST(pipe(p));
	SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, BADFD, 0));
	SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0));
	SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0));
	SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0));
	SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, path, 0));
	SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, p[0], 0));
	SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 1));
	SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, -PAGE));
	SHOW_MAP(SYS(mmap, NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0));
	SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, 0, fd, 0));
	SHOW_MAP(SYS(mmap, 0x10000000, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE | 0x8000000, fd, 0));
	SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_HUGETLB, fd, 0));
	SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 1 << 30));
	close(fd);
	close(wo);
	close(dir);
}

static void devices(void)
{
	int zero = MUST(open("/dev/zero", O_RDWR)), null = MUST(open("/dev/null", O_RDWR));
	char *p;

	TITLE("devices");
	p = SHOW_MAP(SYS(mmap, NULL, 3 * PAGE, RW, MAP_PRIVATE, zero, 0));
	SHOW_NUM(p[2 * PAGE]);
	p[2 * PAGE] = 3;
	SHOW_NUM(p[2 * PAGE]);
	p = SHOW_MAP(SYS(mmap, NULL, PAGE, RW, MAP_SHARED, zero, 0));
	p[0] = 4;
	SHOW_NUM(p[0]);
	SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, null, 0));
	close(zero);
	close(null);
}

/* The kernel's own executable, and fixed placements as a loader makes them */
static void loader(void)
{
	int fd = MUST(open("/proc/self/exe", O_RDONLY));
	char *room = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p;

	TITLE("as a loader");
	p = SHOW_MAP(SYS(mmap, room + 2 * PAGE, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0));
	SHOW_TRUE(p == room + 2 * PAGE);
	show_bytes("header", p, 4);
	p = SHOW_MAP(SYS(mmap, room + 4 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_FIXED | MAP_DENYWRITE, fd, PAGE));
	SHOW_MAP(SYS(mmap, room + 5 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0));
	p[PAGE - 1] = 1;
	p[PAGE] = 2;
	SHOW_NUM(p[PAGE - 1] + p[PAGE]);
	close(fd);
}

/* Many small maps of one file, page by page */
static void many(void)
{
	int fd = MUST(open("data", O_RDONLY));
	uint32_t hash = 0;
	char *p[200];

	TITLE("many");
	for (int i = 0; i < 200; i++) {
		p[i] = mmap(NULL, PAGE, PROT_READ | (i % 3 ? 0 : PROT_WRITE), MAP_PRIVATE, fd, i * 7 % 24 * PAGE);
		hash = hash * 31 + show_hash(p[i], PAGE);
	}
	printf("hash %08x\n", hash);
	for (int i = 0; i < 200; i++)
		munmap(p[i], PAGE);
	close(fd);
}

/* A large file whose pages are touched here and there */
static void large(void)
{
	size_t size = 64 << 20;
	int fd = MUST(open("large", O_RDWR | O_CREAT | O_TRUNC, 0644));
	char *p, *part = malloc(PAGE);
	long sum = 0;

	TITLE("large");
	MUST(ftruncate(fd, size));
	for (size_t i = 0; i < size; i += 3 << 20) {
		fill(part, PAGE, i >> 20);
		MUST(pwrite(fd, part, PAGE, i));
	}
	p = SHOW_MAP(SYS(mmap, NULL, size, PROT_READ, MAP_PRIVATE, fd, 0));
	for (size_t i = 0; i < size; i += 1 << 20)
		sum += show_hash(p + i, PAGE) & 0xffff;
	SHOW_NUM(sum);
	munmap(p, size);
	close(fd);
	unlink("large");
}

int main(void)
{
	make_file("data", 100000, 6);
	private();
	read_only();
	errors();
	devices();
	loader();
	many();
	large();
	return 0;
}
