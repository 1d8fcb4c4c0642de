/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmap, munmap, mprotect, mremap, madvise, msync, mincore, mlock, brk: anonymous memory. */
#include <linux/mman.h>
#include <sys/resource.h>

#include "show.h"

#define PAGE 4096ul
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW   (PROT_READ | PROT_WRITE)

/* An mmap whose address does not matter */
#define SHOW_MAP(expr)                                                                                                 \
	({                                                                                                             \
		errno = 0;                                                                                             \
		void *map_ = (void *)(expr);                                                                           \
		show_ok(#expr, map_ == MAP_FAILED ? -1 : 0);                                                           \
		map_;                                                                                                  \
	})

static char *at(void *p)
{
	return p;
}

static void placing(void)
{
	char *p, *q;

	TITLE("mmap");
	p = SHOW_MAP(SYS(mmap, NULL, 10 * PAGE, RW, ANON, -1, 0));
	SHOW_TRUE(((uintptr_t)p & (PAGE - 1)) == 0);
	SHOW_NUM(p[0] + p[10 * PAGE - 1]);
	memset(p, 7, 10 * PAGE);
	q = SHOW_MAP(SYS(mmap, p + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0));
	SHOW_TRUE(q == p + 2 * PAGE);
	SHOW_NUM(q[0] + q[-1] + q[PAGE]);
	SHOW_MAP(SYS(mmap, p + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	SHOW(SYS(munmap, p + 3 * PAGE, 2 * PAGE));
	q = SHOW_MAP(SYS(mmap, p + 3 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	SHOW_TRUE(q == p + 3 * PAGE);
	q = SHOW_MAP(SYS(mmap, p + 4 * PAGE, PAGE, RW, ANON, -1, 0));
	SHOW_TRUE(q == p + 4 * PAGE);
	SHOW_MAP(SYS(mmap, p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0));
	SHOW_MAP(SYS(mmap, NULL, 0, RW, ANON, -1, 0));
	SHOW_MAP(SYS(mmap, NULL, -1, RW, ANON, -1, 0));
	SHOW_MAP(SYS(mmap, NULL, 1ull << 46, PROT_NONE, ANON | MAP_NORESERVE, -1, 0));
	SHOW_MAP(SYS(mmap, NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0));
	SHOW_MAP(SYS(mmap, NULL, PAGE, RW, MAP_PRIVATE | MAP_SHARED | MAP_ANONYMOUS, -1, 1));
	SHOW_MAP(SYS(mmap, 0x7ffffffff000, PAGE, RW, ANON | MAP_FIXED, -1, 0));
	SHOW_MAP(SYS(mmap, NULL, PAGE, 0xff, ANON, -1, 0));
	p = SHOW_MAP(SYS(mmap, NULL, PAGE, PROT_NONE, ANON, -1, 0));
	SHOW(SYS(write, 1, p, 1));
	p = SHOW_MAP(SYS(mmap, NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	SHOW_NUM(p[PAGE]);
	p[PAGE] = 9;
	SHOW_NUM(p[PAGE]);
	p = SHOW_MAP(SYS(mmap, NULL, PAGE, RW, ANON | MAP_32BIT, -1, 0));
	SHOW_TRUE((uintptr_t)p < 1ull << 32);
	p = SHOW_MAP(SYS(mmap, NULL, 20 * PAGE, RW, ANON | MAP_GROWSDOWN | MAP_STACK, -1, 0));
	p[0] = 1;
	p = SHOW_MAP(SYS(mmap, NULL, 100 * PAGE, RW, ANON | MAP_POPULATE, -1, 0));
	SHOW_NUM(p[99 * PAGE]);
	p = SHOW_MAP(SYS(mmap, NULL, 300ul << 20, RW, ANON | MAP_NORESERVE, -1, 0));
	for (size_t i = 0; i < 300ul << 20; i += 7 << 20)
		p[i] = i >> 20;
	SHOW_NUM(p[70 << 20]);
	SHOW(SYS(munmap, p, 300ul << 20));
	SHOW(SYS(munmap, p, 300ul << 20));
	SHOW(SYS(munmap, p + 1, PAGE));
	SHOW(SYS(munmap, p, 0));
	SHOW(SYS(munmap, p, -1));
	SHOW(SYS(munmap, KERNEL_BAD, PAGE));
}

static void protecting(void)
{
	char *p = pages(4 * PAGE);
	static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};

	TITLE("mprotect");
	SHOW(SYS(mprotect, p + PAGE, PAGE, PROT_READ));
	SHOW(SYS(read, 0, p + PAGE, 1));
	SHOW(SYS(mprotect, p + PAGE, PAGE, PROT_NONE));
	SHOW(SYS(access, p + PAGE, F_OK));
	SHOW(SYS(mprotect, p, 4 * PAGE, RW));
	p[PAGE] = 1;
	SHOW(SYS(mprotect, p + 1, PAGE, RW));
	SHOW(SYS(mprotect, p, 0, RW));
	SHOW(SYS(mprotect, p, PAGE, 0xff));
	SHOW(SYS(mprotect, p, PAGE, PROT_GROWSDOWN | PROT_GROWSUP));
	SHOW(SYS(munmap, p + 2 * PAGE, PAGE));
	SHOW(SYS(mprotect, p, 4 * PAGE, PROT_READ));
	SHOW(SYS(mprotect, KERNEL_BAD, PAGE, RW));
	memcpy(p + 3 * PAGE, code, sizeof(code));
	SHOW(SYS(mprotect, p + 3 * PAGE, PAGE, PROT_READ | PROT_EXEC));
	SHOW_NUM(((int (*)(void))(p + 3 * PAGE))());
	SHOW(SYS(pkey_mprotect, p, PAGE, RW, -1));
	SHOW(SYS(pkey_mprotect, p, PAGE, RW, 99));
	SHOW(SYS(pkey_free, 99));
	SHOW(SYS(pkey_alloc, 1, 0));
}

static void moving(void)
{
	char *p = pages(8 * PAGE), *q, *hole = pages(16 * PAGE);

	TITLE("mremap");
	fill(p, 8 * PAGE, 3);
	q = SHOW_MAP(SYS(mremap, p, 8 * PAGE, 4 * PAGE, 0));
	SHOW_TRUE(q == p);
	MUST(munmap(hole, 16 * PAGE));
	q = SHOW_MAP(SYS(mremap, p, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE));
	show_bytes("moved", q, 6 * PAGE);
	hole = pages(16 * PAGE);
	p = SHOW_MAP(SYS(mremap, q, 6 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, hole + PAGE));
	SHOW_TRUE(p == hole + PAGE);
	show_bytes("moved", p, 8 * PAGE);
	SHOW(SYS(access, q, F_OK));
	q = SHOW_MAP(SYS(mremap, p, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
	SHOW_TRUE(q != p);
	SHOW_NUM(p[0] + p[8 * PAGE - 1]);
	show_bytes("moved", q, 8 * PAGE);
	SHOW_MAP(SYS(mremap, q, 8 * PAGE, 1ull << 46, MREMAP_MAYMOVE));
	SHOW_MAP(SYS(mremap, q + 1, PAGE, PAGE, 0));
	SHOW_MAP(SYS(mremap, q, PAGE, 0, 0));
	SHOW_MAP(SYS(mremap, 16 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	SHOW_MAP(SYS(mremap, q, PAGE, PAGE, 99));
	SHOW_MAP(SYS(mremap, q, 8 * PAGE, 8 * PAGE, MREMAP_FIXED, hole));
	SHOW_MAP(SYS(mremap, q, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q + PAGE));
	/* A private mapping cannot be mirrored by old_len 0, a shared one can */
	SHOW_MAP(SYS(mremap, q, 0, PAGE, MREMAP_MAYMOVE));
	p = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	p[5] = 55;
	q = SHOW_MAP(SYS(mremap, p, 0, PAGE, MREMAP_MAYMOVE));
	SHOW_NUM(q[5]);
	q[6] = 66;
	SHOW_NUM(p[6]);
}

static void advising(void)
{
	static const struct {
		const char *name;
		int advice;
	} row[] = {
		{"NORMAL", MADV_NORMAL},
		{"RANDOM", MADV_RANDOM},
		{"SEQUENTIAL", MADV_SEQUENTIAL},
		{"WILLNEED", MADV_WILLNEED},
		{"FREE", MADV_FREE},
		{"DONTNEED", MADV_DONTNEED},
		{"REMOVE", MADV_REMOVE},
		{"DONTFORK", MADV_DONTFORK},
		{"DOFORK", MADV_DOFORK},
		{"HUGEPAGE", MADV_HUGEPAGE},
		{"NOHUGEPAGE", MADV_NOHUGEPAGE},
		{"DONTDUMP", MADV_DONTDUMP},
		{"DODUMP", MADV_DODUMP},
		{"WIPEONFORK", MADV_WIPEONFORK},
		{"KEEPONFORK", MADV_KEEPONFORK},
		{"COLD", MADV_COLD},
		{"PAGEOUT", MADV_PAGEOUT},
		{"POPULATE_READ", 22},
		{"POPULATE_WRITE", 23},
		{"HWPOISON", 9999},
	};
	char *p = pages(4 * PAGE);
	unsigned char vec[8];

	TITLE("madvise");
	for (size_t i = 0; i < NELEM(row); i++) {
		errno = 0;
		printf("%s: %ld", row[i].name, SYS(madvise, p, 4 * PAGE, row[i].advice));
		printf(" %s\n", errno ? show_errno(errno) : "");
	}
	memset(p, 5, 4 * PAGE);
	SHOW(SYS(madvise, p + PAGE, PAGE, MADV_DONTNEED));
	SHOW_NUM(p[0] + p[PAGE] + p[2 * PAGE]);
	SHOW(SYS(madvise, p + 1, PAGE, MADV_DONTNEED));
	SHOW(SYS(madvise, p, 0, MADV_DONTNEED));
	SHOW(SYS(madvise, p, -1, MADV_DONTNEED));
	SHOW(SYS(madvise, 16 * PAGE, PAGE, MADV_DONTNEED));
	TITLE("mincore, mlock, msync");
	p[0] = p[PAGE] = 1;
	SHOW(SYS(mincore, p, 2 * PAGE, vec));
	SHOW_NUM(vec[0] & 1);
	SHOW(SYS(mincore, p + 1, PAGE, vec));
	SHOW(SYS(mincore, p, PAGE, BAD));
	SHOW(SYS(mincore, 16 * PAGE, PAGE, vec));
	SHOW(SYS(mlock, p, 2 * PAGE));
	SHOW(SYS(mlock2, p, 2 * PAGE, MLOCK_ONFAULT));
	SHOW(SYS(mlock2, p, 2 * PAGE, 99));
	SHOW(SYS(mlock, 16 * PAGE, PAGE));
	SHOW(SYS(munlock, p, 2 * PAGE));
	SHOW(SYS(munlock, 16 * PAGE, PAGE));
	SHOW(SYS(mlockall, 0));
	SHOW(SYS(mlockall, 99));
	SHOW(SYS(munlockall));
	SHOW(SYS(msync, p, PAGE, MS_SYNC));
	SHOW(SYS(msync, p, PAGE, MS_ASYNC | MS_SYNC));
	SHOW(SYS(msync, p + 1, PAGE, MS_SYNC));
	SHOW(SYS(msync, 16 * PAGE, PAGE, MS_SYNC));
	SHOW(SYS(msync, p, PAGE, 99));
}

static void breaking(void)
{
	struct rlimit limit;
	char *start = at((void *)SYS(brk, 0)), *p;

	TITLE("brk");
	SHOW_TRUE(start != NULL);
	p = at((void *)SYS(brk, start + 100000));
	SHOW_TRUE(p == start + 100000);
	start[99999] = 3;
	SHOW_NUM(start[0] + start[99999]);
	p = at((void *)SYS(brk, start));
	SHOW_TRUE(p == start);
	p = at((void *)SYS(brk, start + PAGE * 30));
	SHOW_NUM(start[99999]);
	SHOW_TRUE((char *)SYS(brk, 1) == p);
	SHOW_TRUE((char *)SYS(brk, KERNEL_BAD) == p);
	SHOW_TRUE(sbrk(0) == start);
	getrlimit(RLIMIT_DATA, &limit);
	limit.rlim_cur = 1 << 20;
	SHOW(setrlimit(RLIMIT_DATA, &limit));
	SHOW_TRUE((char *)SYS(brk, start + (8 << 20)) == p);
	SHOW_MAP(SYS(mmap, NULL, 8 << 20, RW, ANON, -1, 0));
	limit.rlim_cur = RLIM_INFINITY;
	SHOW(setrlimit(RLIMIT_DATA, &limit));
	SHOW_TRUE((char *)SYS(brk, start + (8 << 20)) == start + (8 << 20));
	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = 64 << 20;
	SHOW(setrlimit(RLIMIT_AS, &limit));
	SHOW_MAP(SYS(mmap, NULL, 200 << 20, RW, ANON, -1, 0));
}

int main(void)
{
	placing();
	protecting();
	moving();
	advising();
	breaking();
	return 0;
}
