// SPDX-License-Identifier: GPL-2.0-or-later
/* omd's table of connections that have not yet said what they want, in virtual time. */
#include <stdbool.h>
#include <stdlib.h>

#include "cluster/halfopen.h"
#include "test/unit/unit.h"

#define TIMEOUT_MS 10000

START_TEST(halfopen_empty_table_waits_for_nobody)
{
	struct halfopen_table table;

	halfopen_init(&table, 4, TIMEOUT_MS);
	ck_assert_ptr_null(halfopen_victim(&table));
	ck_assert_ptr_null(halfopen_expired(&table, 1u << 30));
	ck_assert_int_eq(halfopen_wait_ms(&table, 5), -1);
}
END_TEST

START_TEST(halfopen_first_in_expires_first)
{
	struct halfopen_table table;
	struct halfopen entry[3];

	halfopen_init(&table, 4, TIMEOUT_MS);
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_null(halfopen_add(&table, &entry[i], 100 + 10 * i));
	ck_assert_int_eq(halfopen_wait_ms(&table, 100), TIMEOUT_MS);
	ck_assert_ptr_null(halfopen_expired(&table, 100 + TIMEOUT_MS - 1));
	for (int i = 0; i < 3; i++) {
		uint64_t due = 100 + 10 * i + TIMEOUT_MS;

		ck_assert_int_eq(halfopen_wait_ms(&table, due - 3), 3);
		ck_assert_int_eq(halfopen_wait_ms(&table, due + 3), 0);
		ck_assert_ptr_eq(halfopen_expired(&table, due), &entry[i]);
		halfopen_remove(&table, &entry[i]);
		ck_assert_ptr_null(halfopen_expired(&table, due));
	}
	ck_assert_uint_eq(table.count, 0);
}
END_TEST

START_TEST(halfopen_newcomer_pushes_out_the_oldest_stranger)
{
	struct halfopen_table table;
	struct halfopen entry[5];

	halfopen_init(&table, 3, TIMEOUT_MS);
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_null(halfopen_add(&table, &entry[i], i));
	halfopen_trust(&table, &entry[0], 3);
	/* The oldest of all has proved the key; the oldest stranger goes */
	ck_assert_ptr_eq(halfopen_add(&table, &entry[3], 4), &entry[1]);
	halfopen_remove(&table, &entry[1]);
	ck_assert_ptr_eq(halfopen_add(&table, &entry[4], 5), &entry[2]);
	halfopen_remove(&table, &entry[2]);
	ck_assert_uint_eq(table.count, 3);
}
END_TEST

START_TEST(halfopen_among_the_trusted_the_oldest_goes)
{
	struct halfopen_table table;
	struct halfopen entry[3];

	halfopen_init(&table, 2, TIMEOUT_MS);
	for (int i = 0; i < 2; i++) {
		halfopen_add(&table, &entry[i], i);
		halfopen_trust(&table, &entry[i], i);
	}
	ck_assert_ptr_eq(halfopen_add(&table, &entry[2], 2), &entry[0]);
	halfopen_remove(&table, &entry[0]);
	/* Now there is a stranger again */
	ck_assert_ptr_eq(halfopen_victim(&table), &entry[2]);
}
END_TEST

START_TEST(halfopen_trust_starts_the_time_again)
{
	struct halfopen_table table;
	struct halfopen entry;

	halfopen_init(&table, 2, TIMEOUT_MS);
	halfopen_add(&table, &entry, 0);
	halfopen_trust(&table, &entry, 9000);
	ck_assert_ptr_null(halfopen_expired(&table, TIMEOUT_MS));
	ck_assert_int_eq(halfopen_wait_ms(&table, TIMEOUT_MS), 9000);
	ck_assert_ptr_eq(halfopen_expired(&table, 9000 + TIMEOUT_MS), &entry);
}
END_TEST

/* The length of a list that is whole: linked both ways, in the order of entry, every member in its state; else -1 */
static int list_length(const struct halfopen_table *table, enum halfopen_state state)
{
	const struct halfopen *before = NULL;
	int nr = 0;

	for (const struct halfopen *at = table->first[state]; at; at = at->next) {
		if (at->prev != before || at->state != state || (before && before->since_ms > at->since_ms))
			return -1;
		before = at;
		nr++;
	}
	return table->last[state] == before ? nr : -1;
}

START_TEST(halfopen_stays_whole_whatever_comes)
{
	enum { ENTRIES = 64, MAX = 40, STEPS_MS = 1000000 };
	static struct halfopen entry[ENTRIES];
	static bool in[ENTRIES];
	struct halfopen_table table;
	struct halfopen *gone;
	int strangers, trusted;

	srandom(1);
	halfopen_init(&table, MAX, TIMEOUT_MS);
	for (uint64_t now = 0; now < STEPS_MS; now += 50) {
		int i = (int)(random() % ENTRIES);

		if (!in[i]) {
			in[i] = true;
			gone = halfopen_add(&table, &entry[i], now);
			if (gone) {
				in[gone - entry] = false;
				halfopen_remove(&table, gone);
			}
		} else if (entry[i].state == HALFOPEN_STRANGER && random() % 2) {
			halfopen_trust(&table, &entry[i], now);
		} else {
			in[i] = false;
			halfopen_remove(&table, &entry[i]);
		}
		while ((gone = halfopen_expired(&table, now))) {
			in[gone - entry] = false;
			halfopen_remove(&table, gone);
		}
		strangers = list_length(&table, HALFOPEN_STRANGER);
		trusted = list_length(&table, HALFOPEN_TRUSTED);
		ck_assert(table.count <= MAX && strangers >= 0 && trusted >= 0);
		ck_assert_uint_eq((unsigned int)(strangers + trusted), table.count);
	}
}
END_TEST

UNIT(halfopen)
{
	tcase_add_test(tc, halfopen_empty_table_waits_for_nobody);
	tcase_add_test(tc, halfopen_first_in_expires_first);
	tcase_add_test(tc, halfopen_newcomer_pushes_out_the_oldest_stranger);
	tcase_add_test(tc, halfopen_among_the_trusted_the_oldest_goes);
	tcase_add_test(tc, halfopen_trust_starts_the_time_again);
	tcase_add_test(tc, halfopen_stays_whole_whatever_comes);
}
