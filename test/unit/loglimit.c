// SPDX-License-Identifier: GPL-2.0-or-later
/* The bound on log lines that strangers can cause, in virtual time. */
#include "cluster/loglimit.h"
#include "test/unit/unit.h"

START_TEST(loglimit_lets_so_many_through_in_a_window)
{
	struct loglimit limit = { .lines_max = 3, .window_ms = 1000 };
	unsigned int left_out;

	for (int i = 0; i < 3; i++) {
		ck_assert(loglimit_allow(&limit, 10, &left_out));
		ck_assert_uint_eq(left_out, 0);
	}
	for (int i = 0; i < 100; i++)
		ck_assert(!loglimit_allow(&limit, 500, &left_out));
	ck_assert(!loglimit_allow(&limit, 999, &left_out));
	ck_assert(loglimit_allow(&limit, 1000, &left_out));
	ck_assert_uint_eq(left_out, 101);
	ck_assert(loglimit_allow(&limit, 1001, &left_out));
	ck_assert_uint_eq(left_out, 0);
}
END_TEST

START_TEST(loglimit_a_quiet_time_begins_a_new_window)
{
	struct loglimit limit = { .lines_max = 1, .window_ms = 1000 };
	unsigned int left_out;

	ck_assert(loglimit_allow(&limit, 5000, &left_out));
	ck_assert(!loglimit_allow(&limit, 5999, &left_out));
	ck_assert(loglimit_allow(&limit, 90000, &left_out));
	ck_assert_uint_eq(left_out, 1);
	ck_assert(!loglimit_allow(&limit, 90999, &left_out));
}
END_TEST

UNIT(loglimit)
{
	tcase_add_test(tc, loglimit_lets_so_many_through_in_a_window);
	tcase_add_test(tc, loglimit_a_quiet_time_begins_a_new_window);
}
