// SPDX-License-Identifier: GPL-2.0-or-later
/* Forwarded readv and writev: whole, empty, overlong, impossible and partly inaccessible vectors; transfers in parts. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "test/unit/sysplan_drive.h"
#include "test/unit/unit.h"

#define LARGE ((size_t)5 << 19) /* 2.5 MiB: three parts */

/* A file without a name that holds @len bytes of a pattern */
static int file_of(size_t len)
{
	int fd = memfd_create("test", 0);
	uint8_t *at;

	ck_assert_int_ge(fd, 0);
	if (!len)
		return fd;
	ck_assert_int_eq(ftruncate(fd, (off_t)len), 0);
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(i * 7 + i / 251);
	munmap(at, len);
	return fd;
}

/* Memory that holds the same */
static uint8_t *pattern(size_t len)
{
	int fd = file_of(len);
	uint8_t *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	ck_assert_ptr_ne(at, MAP_FAILED);
	close(fd);
	return at;
}

static void same_files(int a, int b)
{
	off_t len = lseek(a, 0, SEEK_END);
	void *x, *y;

	ck_assert_int_eq(lseek(b, 0, SEEK_END), len);
	if (!len)
		return;
	x = mmap(NULL, (size_t)len, PROT_READ, MAP_SHARED, a, 0);
	y = mmap(NULL, (size_t)len, PROT_READ, MAP_SHARED, b, 0);
	ck_assert_int_eq(memcmp(x, y, (size_t)len), 0);
	munmap(x, (size_t)len);
	munmap(y, (size_t)len);
}

/* Write a vector to two files and read it from two, natively and forwarded: results and bytes must be the same */
static void both_ways(const struct iovec *vec, uint64_t nr, uint8_t *memory, size_t memory_len)
{
	int a = file_of(0), b = file_of(0), from = file_of(100000);
	uint8_t *first = malloc(memory_len), *before = malloc(memory_len);
	int64_t n;

	ck_assert_int_eq(FORWARD(SYS_writev, a, vec, nr), NATIVE(SYS_writev, b, vec, nr));
	same_files(a, b);
	ck_assert_int_eq(FORWARD(SYS_pwritev, a, vec, nr, 10), NATIVE(SYS_pwritev, b, vec, nr, 10));
	same_files(a, b);
	memcpy(before, memory, memory_len);
	n = NATIVE(SYS_preadv, from, vec, nr, 5);
	memcpy(first, memory, memory_len);
	memcpy(memory, before, memory_len);
	ck_assert_int_eq(FORWARD(SYS_preadv, from, vec, nr, 5), n);
	ck_assert_int_eq(memcmp(memory, first, memory_len), 0);
	free(first);
	free(before);
	close(a);
	close(b);
	close(from);
}

START_TEST(vector_shapes)
{
	uint8_t *at = island(4);
	struct iovec vec[5] = { { at, 10 }, { at + 100, 0 }, { at + 200, 5000 }, { at + 9000, 1 }, { at + 9001, 4 } };

	home_begin();
	memset(at, 'x', 4 * PAGE);
	for (uint64_t nr = 0; nr <= 5; nr++)
		both_ways(vec, nr, at, 4 * PAGE);
	vec[1].iov_base = NULL; /* with no length: allowed */
	both_ways(vec, 5, at, 4 * PAGE);
	vec[1].iov_base = (void *)16;
	both_ways(vec, 5, at, 4 * PAGE);
}
END_TEST

START_TEST(vector_counts)
{
	static struct iovec vec[1100];
	uint8_t *at = island(4);

	home_begin();
	for (size_t i = 0; i < 1100; i++)
		vec[i] = (struct iovec){ at + i * 13, i % 14 };
	both_ways(vec, 1023, at, 4 * PAGE);
	both_ways(vec, 1024, at, 4 * PAGE);
	both_ways(vec, 1025, at, 4 * PAGE);
	both_ways(vec, INT_MAX, at, 4 * PAGE);
	both_ways(vec, UINT32_MAX, at, 4 * PAGE);
	both_ways(vec, UINT64_MAX, at, 4 * PAGE);
	both_ways(vec, 1ull << 60, at, 4 * PAGE);
}
END_TEST

START_TEST(vector_impossible)
{
	uint8_t *at = island(1);
	struct iovec vec[3] = { { at, 10 }, { at + 100, SIZE_MAX }, { at + 200, 5 } };

	home_begin();
	both_ways(vec, 3, at, PAGE);
	vec[1].iov_len = (size_t)SSIZE_MAX + 1;
	both_ways(vec, 3, at, PAGE);
	vec[1].iov_len = SSIZE_MAX;
	both_ways(vec, 3, at, PAGE);
	vec[1] = (struct iovec){ (void *)(1ul << 63), 5 };
	both_ways(vec, 3, at, PAGE);
	vec[1] = (struct iovec){ (void *)UINT64_MAX, 0 };
	both_ways(vec, 3, at, PAGE);
	vec[1] = (struct iovec){ (void *)0x7ffffffff000, 1 };
	both_ways(vec, 3, at, PAGE);
	/* The vector itself */
	both_ways(NULL, 3, at, PAGE);
	both_ways(NULL, 0, at, PAGE);
	both_ways((void *)16, 1, at, PAGE);
	both_ways((void *)UINT64_MAX, 1, at, PAGE);
	memcpy(at + PAGE - sizeof(vec[0]), vec, sizeof(vec[0]));
	both_ways((void *)(at + PAGE - sizeof(vec[0])), 1, at, PAGE - 100);
	both_ways((void *)(at + PAGE - sizeof(vec[0])), 2, at, PAGE - 100);
}
END_TEST

/* A segment that runs into memory that is not there: the kernel does what comes before */
START_TEST(vector_partly_there)
{
	uint8_t *at = island(2);
	struct iovec vec[3] = { { at, 10 }, { at + 2 * PAGE - 5, 10 }, { at + 200, 5 } };

	home_begin();
	memset(at, 'y', 2 * PAGE);
	both_ways(vec, 3, at, 2 * PAGE);
	vec[1] = (struct iovec){ at + 2 * PAGE, 10 };
	both_ways(vec, 3, at, 2 * PAGE);
	vec[1] = (struct iovec){ NULL, 10 };
	both_ways(vec, 3, at, 2 * PAGE);
	vec[0] = (struct iovec){ at + 2 * PAGE, 10 };
	both_ways(vec, 3, at, 2 * PAGE);
	vec[0] = (struct iovec){ at + 100, 2 * PAGE };
	both_ways(vec, 3, at, 2 * PAGE);
}
END_TEST

START_TEST(split_one_buffer)
{
	uint8_t *out = calloc(1, LARGE + 100), *data = pattern(LARGE);
	int from = file_of(LARGE), to = file_of(0);

	home_begin();
	ck_assert_int_eq(FORWARD(SYS_write, to, data, LARGE), LARGE);
	ck_assert_int_eq(home_calls, 3);
	same_files(from, to);
	/* A descriptor that is not regular: one part, then it is the program's turn */
	ck_assert_int_eq(FORWARD(SYS_pread64, to, out, LARGE, 0), SYSPLAN_PART_MAX);
	ck_assert_int_eq(home_calls, 4);
	home_regular = true;
	ck_assert_int_eq(FORWARD(SYS_pread64, to, out, LARGE, 0), LARGE);
	ck_assert_int_eq(home_calls, 7);
	ck_assert_int_eq(memcmp(out, data, LARGE), 0);
	/* To the end of the file, and not further */
	memset(out, 0, LARGE + 100);
	ck_assert_int_eq(FORWARD(SYS_pread64, to, out, LARGE + 100, 7), LARGE - 7);
	ck_assert_int_eq(memcmp(out, data + 7, LARGE - 7), 0);
	ck_assert_int_eq(out[LARGE - 7], 0);
	/* The file's own position */
	ck_assert_int_eq(FORWARD(SYS_lseek, to, 1, SEEK_SET), 1);
	ck_assert_int_eq(FORWARD(SYS_read, to, out, LARGE), LARGE - 1);
	ck_assert_int_eq(memcmp(out, data + 1, LARGE - 1), 0);
	ck_assert_int_eq(FORWARD(SYS_pwrite64, from, data, LARGE, 1), LARGE);
	ck_assert_int_eq(pread(from, out, LARGE, 1), LARGE);
	ck_assert_int_eq(memcmp(out, data, LARGE), 0);
	SAME(SYS_pread64, to, out, LARGE, -1);
	close(from);
	close(to);
	free(out);
}
END_TEST

START_TEST(split_exactly)
{
	static const size_t around[] = { SYSPLAN_PART_MAX - 1, SYSPLAN_PART_MAX, SYSPLAN_PART_MAX + 1,
					 (size_t)2 * SYSPLAN_PART_MAX };
	uint8_t *data = pattern(LARGE), *out = malloc(LARGE);

	home_begin();
	home_regular = true;
	for (int i = 0; i < 4; i++) {
		int to = file_of(0);

		ck_assert_int_eq(FORWARD(SYS_write, to, data, around[i]), around[i]);
		ck_assert_int_eq(FORWARD(SYS_pread64, to, out, around[i], 0), around[i]);
		ck_assert_int_eq(memcmp(out, data, around[i]), 0);
		close(to);
	}
	ck_assert_int_eq(home_calls, 12);
	free(out);
}
END_TEST

START_TEST(split_vector)
{
	uint8_t *data = pattern(LARGE), *out = calloc(1, LARGE);
	struct iovec vec[4] = { { data, 5 }, { data + 5, 0 }, { data + 5, LARGE - 1000 }, { data + LARGE - 995, 995 } };
	struct iovec back[3] = { { out, 3000 }, { out + 3000, 2000000 }, { out + 2003000, LARGE - 2003000 } };
	int to = file_of(0), like = file_of(LARGE);

	home_begin();
	home_regular = true;
	ck_assert_int_eq(FORWARD(SYS_writev, to, vec, 4), LARGE);
	same_files(to, like);
	ck_assert_int_eq(FORWARD(SYS_preadv, to, back, 3, 0), LARGE);
	ck_assert_int_eq(memcmp(out, data, LARGE), 0);
	ck_assert_int_eq(home_calls, 6);
	/* -1: the file's own position, which does not move with the parts by our doing */
	memset(out, 0, LARGE);
	ck_assert_int_eq(lseek(to, 0, SEEK_SET), 0);
	ck_assert_int_eq(FORWARD(SYS_preadv2, to, back, 3, -1, -1, 0), LARGE);
	ck_assert_int_eq(memcmp(out, data, LARGE), 0);
	ck_assert_int_eq(FORWARD(SYS_pwritev2, like, vec, 4, 17, 0, 0), LARGE);
	ck_assert_int_eq(pread(like, out, LARGE, 17), LARGE);
	ck_assert_int_eq(memcmp(out, data, LARGE), 0);
	close(to);
	close(like);
	free(out);
}
END_TEST

/* A transfer whose memory ends in a later part */
START_TEST(split_runs_out)
{
	unsigned int pages = SYSPLAN_PART_MAX / PAGE + 3;
	uint8_t *at = island(pages);
	size_t len = pages * PAGE;
	int a = file_of(0), b = file_of(0), from = file_of(2 * len);
	struct iovec vec[2] = { { at, len + 10 }, { at, 10 } };

	home_begin();
	home_regular = true;
	ck_assert_int_eq(FORWARD(SYS_write, a, at, len + 10), NATIVE(SYS_write, b, at, len + 10));
	same_files(a, b);
	ck_assert_int_eq(FORWARD(SYS_writev, a, vec, 2), NATIVE(SYS_writev, b, vec, 2));
	same_files(a, b);
	SAME(SYS_pread64, from, at, len + 10, 0);
	SAME(SYS_preadv, from, vec, 2, 0);
	/* More than memory has room for, as a number */
	SAME(SYS_write, a, at, 1ul << 46);
	SAME(SYS_write, a, at, SIZE_MAX);
	SAME(SYS_write, a, at, (size_t)SSIZE_MAX);
	SAME(SYS_read, a, at, SIZE_MAX);
	SAME(SYS_write, -1, at, SIZE_MAX);
	SAME(SYS_pread64, from, UINT64_MAX, 10, 0);
	SAME(SYS_pread64, from, UINT64_MAX, 10, 1ul << 40);
	close(a);
	close(b);
	close(from);
}
END_TEST

/* A stream takes what it can and the rest is not sent; a part that was taken is not lost */
START_TEST(split_stream)
{
	uint8_t *data = pattern(LARGE);
	int64_t n, total = 0;
	int fd[2], size = 600000;
	uint8_t *in = malloc(LARGE);

	home_begin();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	n = FORWARD(SYS_write, fd[0], data, LARGE);
	ck_assert_int_gt(n, 0);
	ck_assert_int_lt(n, LARGE);
	ck_assert_int_eq(FORWARD(SYS_write, fd[0], data, LARGE), -EAGAIN);
	for (;;) {
		int64_t got = FORWARD(SYS_recvfrom, fd[1], in + total, LARGE - total, 0, 0, 0);

		if (got < 0)
			break;
		total += got;
	}
	ck_assert_int_eq(total, n);
	ck_assert_int_eq(memcmp(in, data, (size_t)n), 0);
	free(in);
}
END_TEST

UNIT(sysplan_vectors)
{
	tcase_add_test(tc, vector_shapes);
	tcase_add_test(tc, vector_counts);
	tcase_add_test(tc, vector_impossible);
	tcase_add_test(tc, vector_partly_there);
	tcase_add_test(tc, split_one_buffer);
	tcase_add_test(tc, split_exactly);
	tcase_add_test(tc, split_vector);
	tcase_add_test(tc, split_runs_out);
	tcase_add_test(tc, split_stream);
}
