/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paged objects: what the remote and its pager fetch, and what they make of a deputy that answers what is not true. Where
 * the system has no FUSE for us, there are none, and that is all that is tested.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "test/unit/rig.h"
#include "test/unit/unit.h"

#define SIZE	   (32u << 20)
#define MMAP_PAGED "\1\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\3\0\0\0"

/* Offer an object; false when it is not paged */
static bool paged_offer(struct rig *rig)
{
	struct wire_object object = { .object = 1, .size = SIZE, .flags = WIRE_OBJECT_LIVE };
	struct wire_offer offer = { .object = 1, .bytes = SIZE, .paged = 1 };

	rig_send(rig, WIRE_OBJECT, &object, NULL, 0);
	rig_send(rig, WIRE_OFFER, &offer, NULL, 0);
	ck_assert(rig_wait(rig, WIRE_WANT));
	ck_assert_uint_eq(rig->msg.want.object, 1);
	ck_assert_uint_ne(rig->msg.want.wanted, WIRE_WANTED_NOT);
	return rig->msg.want.wanted == WIRE_WANTED_PAGES;
}

/* Start a guest that maps the object and reads its first byte; true when the read has come as a FETCH */
static bool fetch_await(struct rig *rig)
{
	rig_start(rig, NULL);
	if (!paged_offer(rig))
		return false;
	rig_join(rig);
	rig_program(rig, rig_maps, 0);
	rig_result(rig, rig_call(rig, SYS_mmap).call, 0, MMAP_PAGED, 20);
	ck_assert(rig_wait(rig, WIRE_FETCH));
	ck_assert_uint_eq(rig->msg.fetch.object, 1);
	ck_assert_uint_eq(rig->msg.fetch.offset, 0);
	ck_assert_uint_ge(rig->msg.fetch.len, RIG_PAGE);
	ck_assert_uint_le(rig->msg.fetch.len, WIRE_FETCH_MAX);
	return true;
}

START_TEST(paged_content_is_fetched)
{
	struct rig rig;

	if (fetch_await(&rig)) {
		rig_fetched(&rig, rig.msg.fetch.fetch, 0, "*", 1);
		ck_assert_uint_eq(rig_call(&rig, SYS_exit_group).arg[0], '*');
		rig_drop(&rig);
		rig_check_alive(&rig);
	}
	rig_end(&rig);
}
END_TEST

START_TEST(paged_content_that_cannot_be_read_is_a_bus_error)
{
	siginfo_t info;
	struct rig rig;

	if (fetch_await(&rig)) {
		/* The kernel asks more than once, at last for the page alone */
		while (rig.type == WIRE_FETCH) {
			rig_fetched(&rig, rig.msg.fetch.fetch, -EIO, NULL, 0);
			ck_assert(rig_wait(&rig, WIRE_NONE));
		}
		ck_assert_uint_eq(rig.type, WIRE_DEFAULT);
		memcpy(&info, rig.msg.default_.info, sizeof(info));
		ck_assert_int_eq(info.si_signo, SIGBUS);
	}
	rig_end(&rig);
}
END_TEST

START_TEST(paged_object_may_come_as_a_whole_after_all)
{
	struct wire_offer again = { .object = 1, .bytes = SIZE };
	struct wire_object_data data = { 1, 0 };
	struct rig rig;

	rig_start(&rig, NULL);
	if (paged_offer(&rig)) {
		rig_send(&rig, WIRE_OFFER, &again, NULL, 0);
		ck_assert(rig_wait(&rig, WIRE_WANT));
		ck_assert_uint_eq(rig.msg.want.wanted, WIRE_WANTED_ALL);
	}
	rig_send(&rig, WIRE_OBJECT_DATA, &data, "+", 1);
	rig_program(&rig, rig_maps, 0);
	rig_result(&rig, rig_call(&rig, SYS_mmap).call, 0, MMAP_PAGED, 20);
	ck_assert_uint_eq(rig_call(&rig, SYS_exit_group).arg[0], '+');
	rig_end(&rig);
}
END_TEST

START_TEST(paged_content_is_fetched_again_when_it_is_stale)
{
	struct wire_object larger = { .object = 1, .size = SIZE + 5, .flags = WIRE_OBJECT_LIVE };
	struct wire_object_stale stale = { 1, 0, SIZE };
	struct rig rig;

	if (fetch_await(&rig)) {
		rig_fetched(&rig, rig.msg.fetch.fetch, 0, "1", 1);
		ck_assert_uint_eq(rig_call(&rig, SYS_exit_group).arg[0], '1');
		rig_drop(&rig);
		/* The kernel has it: nothing is fetched */
		rig_program(&rig, rig_maps, 0);
		rig_result(&rig, rig_call(&rig, SYS_mmap).call, 0, MMAP_PAGED, 20);
		ck_assert_uint_eq(rig_call(&rig, SYS_exit_group).arg[0], '1');
		rig_drop(&rig);
		rig_send(&rig, WIRE_OBJECT, &larger, NULL, 0);
		rig_send(&rig, WIRE_OBJECT_STALE, &stale, NULL, 0);
		rig_program(&rig, rig_maps, 0);
		rig_result(&rig, rig_call(&rig, SYS_mmap).call, 0, MMAP_PAGED, 20);
		ck_assert(rig_wait(&rig, WIRE_FETCH));
		rig_fetched(&rig, rig.msg.fetch.fetch, 0, "2", 1);
		ck_assert_uint_eq(rig_call(&rig, SYS_exit_group).arg[0], '2');
	}
	rig_end(&rig);
}
END_TEST

/* Answers that no deputy gives, and messages that a paged object does not have: the session has to end */
static void lie_unasked(struct rig *rig)
{
	rig_fetched(rig, rig->msg.fetch.fetch + 1, 0, "x", 1);
}

static void lie_too_much(struct rig *rig)
{
	static const uint8_t much[WIRE_FETCH_MAX];

	rig_fetched(rig, rig->msg.fetch.fetch, 0, much, sizeof(much));
}

static void lie_accept(struct rig *rig)
{
	struct wire_accept accept = { 0 };

	if (rig->pages)
		channel_send(rig->pages, WIRE_ACCEPT, &accept, NULL, 0);
}

static void lie_closed(struct rig *rig)
{
	channel_close(rig->pages);
	rig->pages = NULL;
}

static void lie_data(struct rig *rig)
{
	struct wire_object_data data = { 1, 0 };

	rig_send(rig, WIRE_OBJECT_DATA, &data, "x", 1);
}

static void lie_zero(struct rig *rig)
{
	struct wire_object_zero zero = { 1, 0, 1 };

	rig_send(rig, WIRE_OBJECT_ZERO, &zero, NULL, 0);
}

static void lie_stale_beyond(struct rig *rig)
{
	struct wire_object_stale stale = { 1, SIZE, 1 };

	rig_send(rig, WIRE_OBJECT_STALE, &stale, NULL, 0);
}

static void lie_offer_again(struct rig *rig)
{
	struct wire_offer offer = { .object = 1, .bytes = SIZE };

	rig_send(rig, WIRE_OFFER, &offer, NULL, 0);
}

static void (*const lies[])(struct rig *) = {
	lie_unasked, lie_too_much, lie_accept, lie_closed, lie_data, lie_zero, lie_stale_beyond, lie_offer_again,
};

/* While the guest waits for its page, which never comes */
START_TEST(paged_session_ends_for_a_lie)
{
	struct rig rig;

	if (fetch_await(&rig)) {
		lies[_i](&rig);
		rig_wait_end(&rig);
	}
	rig_end(&rig);
}
END_TEST

/* Likewise; the deputy dies */
START_TEST(paged_session_leaves_nothing)
{
	struct rig rig;

	fetch_await(&rig);
	rig_end(&rig);
}
END_TEST

UNIT(paged)
{
	tcase_add_test(tc, paged_content_is_fetched);
	tcase_add_test(tc, paged_content_that_cannot_be_read_is_a_bus_error);
	tcase_add_test(tc, paged_object_may_come_as_a_whole_after_all);
	tcase_add_test(tc, paged_content_is_fetched_again_when_it_is_stale);
	tcase_add_loop_test(tc, paged_session_ends_for_a_lie, 0, sizeof(lies) / sizeof(*lies));
	tcase_add_test(tc, paged_session_leaves_nothing);
}
