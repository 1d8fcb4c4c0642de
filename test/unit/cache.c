/* SPDX-License-Identifier: GPL-2.0-or-later */
/* omd's cache of contents: what it keeps, what it gives, and what it does with requests that are none. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/cache.h"
#include "fdpass.h"
#include "test/unit/unit.h"

#define MIB 1048576u

static uv_loop_t loop;
static struct cache cache;

static void begin(uint64_t bytes_max)
{
	ck_assert_int_ge(sodium_init(), 0);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ck_assert_int_eq(cache_init(&cache, &loop, bytes_max), 0);
}

/* Let it do what there is to do */
static void settle(void)
{
	do
		uv_run(&loop, cache.jobs ? UV_RUN_ONCE : UV_RUN_NOWAIT);
	while (cache.jobs);
}

static void end(void)
{
	cache_close(&cache);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

/* A content of @size bytes of @fill, sealed with @seals */
static int content(char fill, size_t size, int seals)
{
	int fd = memfd_create("content", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char piece[4096];

	ck_assert_int_ge(fd, 0);
	memset(piece, fill, sizeof(piece));
	for (size_t at = 0; at < size; at += sizeof(piece))
		ck_assert_int_eq(pwrite(fd, piece, sizeof(piece), (off_t)at), sizeof(piece));
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void hash_of(char fill, size_t size, uint8_t hash[static CACHE_HASH_LEN])
{
	crypto_generichash_state state;
	char piece[4096];

	memset(piece, fill, sizeof(piece));
	crypto_generichash_init(&state, NULL, 0, CACHE_HASH_LEN);
	for (size_t at = 0; at < size; at += sizeof(piece))
		crypto_generichash_update(&state, (uint8_t *)piece, sizeof(piece));
	crypto_generichash_final(&state, hash, CACHE_HASH_LEN);
}

static void keep(int fd)
{
	struct cache_request request = { .op = CACHE_KEEP };

	ck_assert_int_eq(fdpass_send(cache.remote_fd, &request, sizeof(request), fd, MSG_DONTWAIT), 0);
	close(fd);
	settle();
}

/* Is the content of @size bytes of @fill there, and right? */
static bool has(char fill, size_t size)
{
	struct cache_request request = { .op = CACHE_GET };
	uint8_t found = 9;
	int pair[2], fd;
	char byte;

	hash_of(fill, size, request.hash);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(fdpass_send(cache.remote_fd, &request, sizeof(request), pair[1], MSG_DONTWAIT), 0);
	close(pair[1]);
	settle();
	ck_assert_int_eq(fdpass_receive(pair[0], &found, sizeof(found), &fd, MSG_DONTWAIT), 0);
	close(pair[0]);
	ck_assert_int_eq(found, fd >= 0);
	if (fd < 0)
		return false;
	ck_assert_int_eq(pread(fd, &byte, 1, (off_t)size - 1), 1);
	ck_assert_int_eq(byte, fill);
	ck_assert_int_lt(pwrite(fd, "x", 1, 0), 0);
	close(fd);
	return true;
}

START_TEST(cache_gives_what_it_was_given)
{
	struct wire_status status = { 0 };

	begin(16 * MIB);
	ck_assert(!has('a', MIB));
	keep(content('a', MIB, CACHE_SEALS));
	keep(content('b', 2 * MIB, CACHE_SEALS));
	keep(content('a', MIB, CACHE_SEALS));
	ck_assert(has('a', MIB));
	ck_assert(has('b', 2 * MIB));
	ck_assert(!has('b', MIB));
	ck_assert_uint_eq(cache.nr, 2);
	ck_assert_uint_eq(cache.bytes, 3 * MIB);
	ck_assert_uint_eq(cache.hits, 2);
	ck_assert_uint_eq(cache.misses, 2);
	cache_tell(&cache, &status);
	ck_assert_uint_eq(status.cache_contents, 2);
	ck_assert_uint_eq(status.cache_bytes, 3 * MIB);
	ck_assert_uint_eq(status.cache_bytes_max, cache.bytes_max);
	ck_assert_uint_eq(status.cache_hits, 2);
	ck_assert_uint_eq(status.cache_misses, 2);
	end();
}
END_TEST

START_TEST(cache_keeps_what_was_used_last)
{
	begin(8 * MIB);
	for (const char *c = "abcd"; *c; c++)
		keep(content(*c, 2 * MIB, CACHE_SEALS));
	ck_assert(has('a', 2 * MIB));
	keep(content('e', 2 * MIB, CACHE_SEALS));
	ck_assert(has('a', 2 * MIB));
	ck_assert(!has('b', 2 * MIB));
	ck_assert(has('e', 2 * MIB));
	ck_assert_uint_le(cache.bytes, 8 * MIB);
	for (int i = 0; i < 2 * CACHE_ENTRIES_MAX; i++)
		keep(content((char)i, 4096 * (size_t)(1 + i / 256), CACHE_SEALS));
	ck_assert_uint_le(cache.nr, CACHE_ENTRIES_MAX);
	end();
}
END_TEST

START_TEST(cache_takes_nothing_that_can_change)
{
	const int seals[] = { 0, F_SEAL_WRITE, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, CACHE_SEALS & ~F_SEAL_SEAL };
	int pipes[2];

	begin(16 * MIB);
	for (size_t i = 0; i < sizeof(seals) / sizeof(*seals); i++)
		keep(content('a', 4096, seals[i]));
	ck_assert_int_eq(pipe(pipes), 0);
	keep(pipes[0]);
	close(pipes[1]);
	keep(open("/etc/passwd", O_RDONLY));
	ck_assert_uint_eq(cache.nr, 0);
	keep(content('a', 5 * MIB, CACHE_SEALS)); /* more than its share */
	ck_assert_uint_eq(cache.nr, 0);
	end();
}
END_TEST

START_TEST(cache_passes_over_nonsense)
{
	struct cache_request request = { .op = 77 };
	int fd;

	begin(16 * MIB);
	ck_assert_int_eq(fdpass_send(cache.remote_fd, &request, sizeof(request), -1, MSG_DONTWAIT), 0);
	ck_assert_int_eq(fdpass_send(cache.remote_fd, &request, 3, -1, MSG_DONTWAIT), 0);
	ck_assert_int_eq(fdpass_send(cache.remote_fd, "", 0, -1, MSG_DONTWAIT), 0);
	fd = open("/dev/null", O_RDWR);
	ck_assert_int_eq(fdpass_send(cache.remote_fd, &request, sizeof(request), fd, MSG_DONTWAIT), 0);
	ck_assert_int_eq(fdpass_send(cache.remote_fd, &request, 5, fd, MSG_DONTWAIT), 0);
	request.op = CACHE_GET; /* no place for an answer, and one that takes none */
	ck_assert_int_eq(fdpass_send(cache.remote_fd, &request, sizeof(request), -1, MSG_DONTWAIT), 0);
	ck_assert_int_eq(fdpass_send(cache.remote_fd, &request, sizeof(request), fd, MSG_DONTWAIT), 0);
	close(fd);
	settle();
	keep(content('a', 4096, CACHE_SEALS));
	ck_assert(has('a', 4096));
	ck_assert_int_lt(fcntl(fd + 20, F_GETFD), 0);
	end();
}
END_TEST

START_TEST(cache_ends_while_it_computes)
{
	struct cache_request request = { .op = CACHE_KEEP };
	int fd;

	begin(64 * MIB);
	fd = content('a', 8 * MIB, CACHE_SEALS);
	ck_assert_int_eq(fdpass_send(cache.remote_fd, &request, sizeof(request), fd, MSG_DONTWAIT), 0);
	close(fd);
	uv_run(&loop, UV_RUN_NOWAIT);
	end();
	begin(0);
	ck_assert_int_eq(cache.remote_fd, -1);
	end();
}
END_TEST

UNIT(cache)
{
	tcase_add_test(tc, cache_gives_what_it_was_given);
	tcase_add_test(tc, cache_keeps_what_was_used_last);
	tcase_add_test(tc, cache_takes_nothing_that_can_change);
	tcase_add_test(tc, cache_passes_over_nonsense);
	tcase_add_test(tc, cache_ends_while_it_computes);
}
