/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the remote makes of promised files and RETRACT (remote/promises.h), also of such as no home tells. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "remote/promises.h"
#include "test/unit/unit.h"

#define PROMISE(era, at) ((uint64_t)(era) << 32 | (at))

static struct promise_table table;

/* A string with all its bytes, and how many they are without the end that C gives it */
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static bool take(uint64_t promise, uint64_t base, bool whole, const uint8_t *tail, size_t len)
{
	struct wire_ahead told = { .promise = promise, .whole = whole };
	size_t path_len = 0;
	bool took = promise_take(&table, &told, base, tail, len, &path_len);

	if (took)
		ck_assert_uint_le(path_len, len);
	return took;
}

static ssize_t look(uint64_t promise, uint64_t pos, uint64_t count, const char *expected)
{
	const uint8_t *data = NULL;
	ssize_t n = promised_data(&table, promise, pos, count, &data);

	if (n > 0) {
		ck_assert_ptr_nonnull(expected);
		ck_assert_mem_eq(data, expected, (size_t)n);
	}
	return n;
}

START_TEST(promise_has_the_data_that_were_told)
{
	uint64_t f = PROMISE(1, 7);

	ck_assert(!promise_holds(&table, f));
	ck_assert_int_eq(look(f, 0, 1, NULL), -1);
	ck_assert(take(f, 0, false, BYTES("/a\0abcdef")));
	ck_assert(promise_holds(&table, f));
	ck_assert(!promise_holds(&table, PROMISE(1, 8)));
	ck_assert(!promise_holds(&table, 0));
	ck_assert_int_eq(look(f, 0, 6, "abcdef"), 6);
	ck_assert_int_eq(look(f, 2, 3, "cde"), 3);
	ck_assert_int_eq(look(f, 2, 5, NULL), -1); /* who knows what comes behind them */
	ck_assert_int_eq(look(f, 6, 1, NULL), -1);
	ck_assert(take(f, 32768, true, BYTES("\0uvw")));
	ck_assert_int_eq(look(f, 32769, 100, "vw"), 2);
	ck_assert_int_eq(look(f, 32771, 100, NULL), 0); /* the end */
	ck_assert_int_eq(look(f, 32772, 100, NULL), -1);
	ck_assert_int_eq(look(f, UINT64_MAX, UINT64_MAX, NULL), -1);
	ck_assert_int_eq(look(f, 0, UINT64_MAX, NULL), -1);
	promises_clear(&table, 2);
	ck_assert(!promise_holds(&table, f));
	ck_assert_int_eq(look(f, 0, 6, NULL), -1);
}
END_TEST

START_TEST(promise_that_was_retracted_before_it_came_is_void)
{
	promises_clear(&table, 3);
	ck_assert(take(PROMISE(2, 0), 0, true, BYTES("/a\0x")));
	ck_assert(!promise_holds(&table, PROMISE(2, 0)));
	ck_assert_uint_eq(table.paths, 0);
	ck_assert_uint_eq(table.bytes, 0);
	ck_assert(take(PROMISE(3, 0), 0, true, BYTES("/a\0x")));
	ck_assert_int_eq(look(PROMISE(3, 0), 0, 9, "x"), 1);
	promises_clear(&table, 0);
}
END_TEST

START_TEST(promise_of_an_empty_file)
{
	ck_assert(take(PROMISE(1, 0), 0, true, BYTES("/a\0")));
	ck_assert_int_eq(look(PROMISE(1, 0), 0, 5, NULL), 0);
	ck_assert_int_eq(look(PROMISE(1, 0), 1, 5, NULL), -1);
	promises_clear(&table, 0);
}
END_TEST

/* Tails that are none: without the path's end, a relative path, one that is too long, a file that there cannot be */
START_TEST(promise_that_is_broken_is_refused)
{
	uint8_t tail[WIRE_LISTING_PATH_MAX + 3] = "/";

	memset(tail + 1, 'a', sizeof(tail) - 2);
	ck_assert(!take(PROMISE(1, 0), 0, true, BYTES("")));
	ck_assert(!take(PROMISE(1, 0), 0, true, BYTES("/a")));
	ck_assert(!take(PROMISE(1, 0), 0, true, BYTES("a\0x")));
	ck_assert(!take(PROMISE(1, 0), 0, true, tail, sizeof(tail)));
	ck_assert(!take(PROMISE(1, PROMISES_MAX), 0, true, BYTES("/a\0x")));
	ck_assert(!take(PROMISE(1, UINT32_MAX), 0, true, BYTES("/a\0x")));
	ck_assert_uint_eq(table.paths, 0);
	tail[WIRE_LISTING_PATH_MAX] = '\0';
	ck_assert(take(PROMISE(1, 0), 0, true, tail, WIRE_LISTING_PATH_MAX + 1));
	ck_assert_uint_eq(table.paths, 1);
	promises_clear(&table, 0);
}
END_TEST

START_TEST(promise_flood_is_bounded)
{
	static uint8_t tail[40000];
	size_t most = 0;
	int len;

	for (unsigned int i = 0; i < 5000; i++) {
		len = snprintf((char *)tail, sizeof(tail), "/%u", i);
		ck_assert(take(PROMISE(1, i % PROMISES_MAX), (uint64_t)i << 20, false, tail, sizeof(tail)));
		most = table.bytes > most ? table.bytes : most;
		tail[len] = 'x';
	}
	ck_assert_uint_le(table.paths, 1024);
	ck_assert_uint_le(most, 16u << 20);
	promises_clear(&table, 0);
	ck_assert_uint_eq(table.bytes, 0);
}
END_TEST

/* Only its name is promised: it can be asked for, not opened, until its open is told */
START_TEST(promise_of_a_name)
{
	struct wire_ahead told = { .promise = PROMISE(1, 0), .traits = WIRE_AHEAD_NAMED, .kind = X_OK };
	size_t path_len;

	ck_assert(promise_take(&table, &told, UINT64_MAX, BYTES("/a\0"), &path_len));
	ck_assert(!promise_find(&table, "/a")->opened);
	ck_assert_uint_eq(promise_find(&table, "/a")->mode, X_OK);
	ck_assert(!promise_holds(&table, PROMISE(1, 0)));
	ck_assert(take(PROMISE(1, 0), 0, true, BYTES("/a\0x")));
	ck_assert(promise_find(&table, "/a")->opened);
	ck_assert_uint_eq(promise_find(&table, "/a")->mode, X_OK | R_OK);
	ck_assert_uint_eq(table.paths, 1);
	promises_clear(&table, 2);
	ck_assert_ptr_null(promise_find(&table, "/a"));
}
END_TEST

UNIT(promises)
{
	tcase_add_test(tc, promise_of_a_name);
	tcase_add_test(tc, promise_has_the_data_that_were_told);
	tcase_add_test(tc, promise_that_was_retracted_before_it_came_is_void);
	tcase_add_test(tc, promise_of_an_empty_file);
	tcase_add_test(tc, promise_that_is_broken_is_refused);
	tcase_add_test(tc, promise_flood_is_bounded);
}
