/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What om-remote does for an honest deputy, and with one that is not. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "test/unit/rig.h"
#include "test/unit/unit.h"

/* An int for the kernel's address check, and registers in BODY */
#define NOT_CANONICAL 0x800000000000ull

START_TEST(remote_runs_an_image)
{
	struct wire_call call;
	struct rig rig;

	rig_start(&rig, NULL);
	rig_check_alive(&rig);
	/* The number is free again, for a new program of the same process */
	rig_check_alive(&rig);
	rig_program(&rig, rig_writes, 0);
	call = rig_call(&rig, SYS_write);
	ck_assert_uint_eq(call.tid, RIG_PID);
	ck_assert_uint_eq(call.arg[0], 1);
	ck_assert_uint_eq(call.arg[2], 4);
	ck_assert_uint_eq(rig.tail_len, 8);
	ck_assert_mem_eq(rig.tail + 4, "text", 4);
	rig_result(&rig, call.call, 4, NULL, 0);
	ck_assert_uint_eq(rig_call(&rig, SYS_exit_group).arg[0], 4);
	rig_end(&rig);
}
END_TEST

START_TEST(remote_refuses_what_its_cpu_lacks)
{
	struct wire_hello hello = rig_hello();
	struct rig rig;

	memset(hello.cpu, 0xff, 44); /* all sets of features */
	rig_start(&rig, &hello);
	ck_assert(rig_wait(&rig, WIRE_REFUSE));
	ck_assert_uint_eq(rig.msg.refuse.code, WIRE_REFUSE_CPU);
	ck_assert_msg(strstr((char *)rig.tail, "waitpkg"), "%s", (char *)rig.tail);
	rig_end(&rig);
}
END_TEST

START_TEST(remote_leaves_nothing_when_the_connection_ends)
{
	struct rig rig;

	for (int stage = 0; stage < 4; stage++) {
		rig_start(&rig, NULL);
		if (stage == 1)
			rig_body(&rig);
		if (stage == 2)
			rig_program(&rig, rig_spins, 0);
		if (stage == 3) {
			rig_program(&rig, rig_exits, 0);
			rig_call(&rig, 110);
		}
		rig_end(&rig);
	}
}
END_TEST

/* Changes of an ordinary BODY that no deputy makes: the session has to end */
static void body_pid(struct rig *rig)
{
	rig->body.pid = rig->body.tid = 1;
}

static void body_tid(struct rig *rig)
{
	rig->body.tid++;
}

static void body_arena(struct rig *rig)
{
	rig->body.arena_addr += 1;
}

static void body_arena_end(struct rig *rig)
{
	rig->body.arena_size = UINT64_MAX;
}

static void body_overlap(struct rig *rig)
{
	rig->vmas[1].start = rig->vmas[0].start;
}

static void body_order(struct rig *rig)
{
	struct wire_vma first = rig->vmas[0];

	rig->vmas[0] = rig->vmas[1];
	rig->vmas[1] = first;
}

static void body_over_arena(struct rig *rig)
{
	rig->vmas[1].start = RIG_ARENA + RIG_PAGE;
}

static void body_kernel(struct rig *rig)
{
	rig->vmas[1].end = UINT64_MAX & ~4095ull;
}

static void body_object(struct rig *rig)
{
	rig->vmas[0].object = 99;
}

static void (*const body_lies[])(struct rig *) = {
	body_pid,   body_tid,	     body_arena,  body_arena_end, body_overlap,
	body_order, body_over_arena, body_kernel, body_object,
};

START_TEST(remote_ends_a_session_for_a_body_that_cannot_be)
{
	struct rig rig;

	rig_start(&rig, NULL);
	body_lies[_i](&rig);
	rig_body(&rig);
	rig_wait_end(&rig);
	rig_end(&rig);
}
END_TEST

/* Single messages that end a session */
static void lie_result(struct rig *rig)
{
	rig_program(rig, rig_exits, 0);
	rig_result(rig, rig_call(rig, 110).call, 0, "more", 4);
}

static void lie_object_twice(struct rig *rig)
{
	struct wire_object msg = { .object = 5, .size = 10 };

	rig_send(rig, WIRE_OBJECT, &msg, NULL, 0);
	rig_send(rig, WIRE_OBJECT, &msg, NULL, 0);
}

static void lie_object_size(struct rig *rig)
{
	struct wire_object msg = { .object = 5, .size = UINT64_MAX };

	rig_send(rig, WIRE_OBJECT, &msg, NULL, 0);
}

static void lie_object_data(struct rig *rig)
{
	struct wire_object msg = { .object = 5, .size = 10 };
	struct wire_object_data data = { 5, 8 };

	rig_send(rig, WIRE_OBJECT, &msg, NULL, 0);
	rig_send(rig, WIRE_OBJECT_DATA, &data, "abc", 3);
}

static void lie_object_none(struct rig *rig)
{
	struct wire_object_data data = { 6, 0 };

	rig_send(rig, WIRE_OBJECT_DATA, &data, "abc", 3);
}

static void lie_offer_none(struct rig *rig)
{
	struct wire_offer msg = { .object = 6 };

	rig_send(rig, WIRE_OFFER, &msg, NULL, 0);
}

static void lie_offer_live(struct rig *rig)
{
	struct wire_object object = { .object = 5, .size = 10, .flags = WIRE_OBJECT_LIVE };
	struct wire_offer msg = { .object = 5, .named = 1 };

	rig_send(rig, WIRE_OBJECT, &object, NULL, 0);
	rig_send(rig, WIRE_OFFER, &msg, NULL, 0);
}

static void lie_keep_live(struct rig *rig)
{
	struct wire_object object = { .object = 5, .size = 10, .flags = WIRE_OBJECT_LIVE };
	struct wire_keep msg = { 5 };

	rig_send(rig, WIRE_OBJECT, &object, NULL, 0);
	rig_send(rig, WIRE_KEEP, &msg, NULL, 0);
}

static void lie_keep_none(struct rig *rig)
{
	struct wire_keep msg = { 6 };

	rig_send(rig, WIRE_KEEP, &msg, NULL, 0);
}

static void lie_data_after_keep(struct rig *rig)
{
	struct wire_object object = { .object = 5, .size = 10 };
	struct wire_object_data data = { 5, 0 };
	struct wire_keep msg = { 5 };

	rig_send(rig, WIRE_OBJECT, &object, NULL, 0);
	rig_send(rig, WIRE_KEEP, &msg, NULL, 0);
	rig_send(rig, WIRE_OBJECT_DATA, &data, "abc", 3);
}

static void lie_zero_beyond(struct rig *rig)
{
	struct wire_object object = { .object = 5, .size = 10, .flags = WIRE_OBJECT_LIVE };
	struct wire_object_zero msg = { 5, 8, UINT64_MAX - 4 };

	rig_send(rig, WIRE_OBJECT, &object, NULL, 0);
	rig_send(rig, WIRE_OBJECT_ZERO, &msg, NULL, 0);
}

static void lie_zero_file(struct rig *rig)
{
	struct wire_object object = { .object = 5, .size = 10 };
	struct wire_object_zero msg = { 5, 0, 5 };

	rig_send(rig, WIRE_OBJECT, &object, NULL, 0);
	rig_send(rig, WIRE_OBJECT_ZERO, &msg, NULL, 0);
}

static void lie_stale_none(struct rig *rig)
{
	struct wire_object_stale msg = { 5, 0, 1 };

	rig_send(rig, WIRE_OBJECT_STALE, &msg, NULL, 0);
}

static void lie_stale_whole(struct rig *rig)
{
	struct wire_object object = { .object = 5, .size = 10, .flags = WIRE_OBJECT_LIVE };
	struct wire_object_stale msg = { 5, 0, 1 };

	rig_send(rig, WIRE_OBJECT, &object, NULL, 0);
	rig_send(rig, WIRE_OBJECT_STALE, &msg, NULL, 0);
}

static void lie_mapping(struct rig *rig)
{
	rig_program(rig, rig_maps, 0);
	rig_result(rig, rig_call(rig, SYS_mmap).call, 0, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0", 20);
}

static void lie_mapping_kind(struct rig *rig)
{
	rig_program(rig, rig_maps, 0);
	rig_result(rig, rig_call(rig, SYS_mmap).call, 0, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\xff\xff\xff\xff", 20);
}

static void lie_mapping_short(struct rig *rig)
{
	rig_program(rig, rig_maps, 0);
	rig_result(rig, rig_call(rig, SYS_mmap).call, 0, NULL, 0);
}

static void lie_signal_none(struct rig *rig)
{
	struct wire_signal msg = { .pid = RIG_PID };

	rig_program(rig, rig_spins, 0);
	rig_send(rig, WIRE_SIGNAL, &msg, NULL, 0);
}

static void lie_signal_many(struct rig *rig)
{
	struct wire_signal msg = { .pid = RIG_PID, .info = { 65 } };

	rig_send(rig, WIRE_SIGNAL, &msg, NULL, 0);
}

static void lie_xstate(struct rig *rig)
{
	struct wire_xstate msg = { RIG_PID };

	rig_body(rig);
	rig_send(rig, WIRE_XSTATE, &msg, "short", 5);
}

static void lie_second_body(struct rig *rig)
{
	rig_body(rig);
	rig_body(rig);
}

/* STOCK 2 with @text, and a RESULT of @ret for call @nr that refers to @stock at @offset */
static void stocked(struct rig *rig, uint32_t nr, const char *text, int64_t ret, uint32_t stock, uint32_t offset)
{
	struct wire_result result = { .ret = ret, .flags = WIRE_RESULT_STOCK };
	struct wire_stocked place = { stock, offset };
	struct wire_stock msg = { 2 };

	rig_send(rig, WIRE_STOCK, &msg, text, strlen(text));
	result.call = rig_call(rig, nr).call;
	rig_send(rig, WIRE_RESULT, &result, &place, sizeof(place));
}

static void lie_stock_number(struct rig *rig)
{
	struct wire_stock msg = { WIRE_STOCKS_MAX };

	rig_send(rig, WIRE_STOCK, &msg, "abc", 3);
}

static void lie_stock_other(struct rig *rig)
{
	rig_program(rig, rig_reads, 0);
	stocked(rig, SYS_read, "abc", 3, WIRE_STOCKS_MAX, 0);
}

static void lie_stock_none(struct rig *rig)
{
	rig_program(rig, rig_reads, 0);
	stocked(rig, SYS_read, "abc", 3, 1, 0);
}

static void lie_stock_beyond(struct rig *rig)
{
	rig_program(rig, rig_reads, 0);
	stocked(rig, SYS_read, "abc", 3, 2, 1);
}

static void lie_stock_offset(struct rig *rig)
{
	rig_program(rig, rig_reads, 0);
	stocked(rig, SYS_read, "abc", 3, 2, UINT32_MAX);
}

static void lie_stock_much(struct rig *rig)
{
	rig_program(rig, rig_reads, 0);
	stocked(rig, SYS_read, "abcdef", 4, 2, 0);
}

static void lie_stock_failed(struct rig *rig)
{
	rig_program(rig, rig_reads, 0);
	stocked(rig, SYS_read, "abc", -EIO, 2, 0);
}

static void lie_stock_no_data(struct rig *rig)
{
	rig_program(rig, rig_exits, 0);
	stocked(rig, SYS_getppid, "abc", 3, 2, 0);
}

static void lie_stock_gone(struct rig *rig)
{
	struct wire_stock nothing = { 2 };

	rig_program(rig, rig_reads, 0);
	rig_send(rig, WIRE_STOCK, &nothing, "abc", 3);
	stocked(rig, SYS_read, "", 3, 2, 0);
}

static void lie_listing_broken(struct rig *rig)
{
	struct wire_listing msg = { 2 };

	rig_send(rig, WIRE_LISTING, &msg, "/a\0\10name", 8);
}

static void lie_listing_beyond(struct rig *rig)
{
	struct wire_listing msg = { UINT32_MAX };

	rig_send(rig, WIRE_LISTING, &msg, "/a", 3);
}

static void lie_stale_path(struct rig *rig)
{
	struct wire_stale msg = { UINT32_MAX };

	rig_send(rig, WIRE_STALE, &msg, "/a", 2);
}

static void (*const lies[])(struct rig *) = {
	lie_result,	    lie_object_twice,	 lie_object_size,   lie_object_data,  lie_object_none,
	lie_mapping,	    lie_mapping_kind,	 lie_mapping_short, lie_signal_none,  lie_signal_many,
	lie_xstate,	    lie_second_body,	 lie_offer_none,    lie_offer_live,   lie_keep_live,
	lie_keep_none,	    lie_data_after_keep, lie_zero_beyond,   lie_zero_file,    lie_stock_number,
	lie_stock_other,    lie_stock_none,	 lie_stock_beyond,  lie_stock_offset, lie_stock_much,
	lie_stock_failed,   lie_stock_no_data,	 lie_stock_gone,    lie_stale_none,   lie_stale_whole,
	lie_listing_broken, lie_listing_beyond,	 lie_stale_path,
};

START_TEST(remote_ends_a_session_for_a_lie)
{
	struct rig rig;

	rig_start(&rig, NULL);
	lies[_i](&rig);
	rig_wait_end(&rig);
	rig_end(&rig);
}
END_TEST

START_TEST(remote_takes_data_from_what_was_sent_before)
{
	static const struct {
		uint32_t offset;
		int64_t ret;
		uint64_t got;
	} cases[] = { { 0, 3, 'b' }, { 2, 3, 'd' }, { 3, 3, 'e' }, { 4, 2, 'f' } };
	struct rig rig;

	rig_start(&rig, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		rig_program(&rig, rig_reads, 0);
		stocked(&rig, SYS_read, "abcdef", cases[i].ret, 2, cases[i].offset);
		ck_assert_uint_eq(rig_call(&rig, SYS_exit_group).arg[0], cases[i].got);
		rig_drop(&rig);
	}
	rig_end(&rig);
}
END_TEST

START_TEST(remote_passes_over_what_concerns_nobody)
{
	struct wire_start start = { .pid = 77 };
	struct wire_stop stop = { 77 };
	struct wire_cont cont = { 77 };
	struct wire_drop drop = { 77 };
	struct wire_limits limits = { .pid = 77 };
	struct wire_pages pages = { 77, 0 };
	struct wire_signal signal = { .pid = 77, .info = { SIGTERM } };
	struct rig rig;

	rig_start(&rig, NULL);
	rig_send(&rig, WIRE_START, &start, NULL, 0);
	rig_send(&rig, WIRE_STOP, &stop, NULL, 0);
	rig_send(&rig, WIRE_CONT, &cont, NULL, 0);
	rig_send(&rig, WIRE_DROP, &drop, NULL, 0);
	rig_send(&rig, WIRE_LIMITS, &limits, NULL, 0);
	rig_send(&rig, WIRE_PAGES, &pages, "x", 1);
	rig_send(&rig, WIRE_SIGNAL, &signal, NULL, 0);
	rig_result(&rig, 0, 0, NULL, 0);
	rig_result(&rig, 12345678, 0, "x", 1);
	rig_check_alive(&rig);
	rig_end(&rig);
}
END_TEST

START_TEST(remote_says_which_image_cannot_be)
{
	struct user_regs_struct regs;
	struct wire_pages pages = { RIG_PID, RIG_CODE + 100 * RIG_PAGE };
	struct rig rig;

	rig_start(&rig, NULL);
	/* Content where nothing is mapped */
	rig_body(&rig);
	rig_send(&rig, WIRE_PAGES, &pages, "x", 1);
	ck_assert(rig_wait(&rig, WIRE_STARTED));
	ck_assert_int_eq(rig.msg.started.error, -EFAULT);
	rig_drop(&rig);
	rig_check_alive(&rig);
	/* Registers that the kernel does not take */
	memcpy(&regs, rig.body.regs, sizeof(regs));
	regs.fs_base = NOT_CANONICAL;
	memcpy(rig.body.regs, &regs, sizeof(regs));
	rig_program(&rig, rig_spins, -EIO);
	rig_drop(&rig);
	rig_check_alive(&rig);
	/* Addresses that no image has */
	memset(rig.body.mm, 0xff, 8);
	rig_program(&rig, rig_spins, -EINVAL);
	rig_drop(&rig);
	rig_check_alive(&rig);
	rig_end(&rig);
}
END_TEST

START_TEST(remote_maps_what_home_sends)
{
	struct wire_object object = { .object = 1, .size = 3, .name = "a file" };
	struct wire_object_data data = { 1, 0 };
	struct rig rig;

	rig_start(&rig, NULL);
	rig_program(&rig, rig_maps, 0);
	rig_call(&rig, SYS_mmap);
	rig_send(&rig, WIRE_OBJECT, &object, NULL, 0);
	rig_send(&rig, WIRE_OBJECT_DATA, &data, "\x2a\x2b\x2c", 3);
	rig_result(&rig, rig.msg.call.call, 0, "\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0", 20);
	ck_assert_uint_eq(rig_call(&rig, SYS_exit_group).arg[0], 0x2a);
	/* Sealed now: what home says of it later is a lie */
	rig_send(&rig, WIRE_OBJECT_DATA, &data, "x", 1);
	rig_wait_end(&rig);
	rig_end(&rig);
}
END_TEST

START_TEST(remote_says_what_it_wants)
{
	struct wire_object object = { .object = 1, .size = 1ull << 50 };
	struct wire_offer offer = { .object = 1, .bytes = 4096 };
	struct wire_keep msg = { 1 };
	struct rig rig;

	rig_start(&rig, NULL);
	rig_send(&rig, WIRE_OBJECT, &object, NULL, 0);
	rig_send(&rig, WIRE_OFFER, &offer, NULL, 0);
	ck_assert(rig_wait(&rig, WIRE_WANT));
	ck_assert_uint_eq(rig.msg.want.object, 1);
	ck_assert_uint_eq(rig.msg.want.wanted, 1);
	/* It has no cache to find it in */
	offer.named = 1;
	rig_send(&rig, WIRE_OFFER, &offer, NULL, 0);
	ck_assert(rig_wait(&rig, WIRE_WANT));
	ck_assert_uint_eq(rig.msg.want.wanted, 1);
	/* Too much: it is not wanted, and its mapping fails */
	offer.bytes = 1ull << 50;
	rig_send(&rig, WIRE_OFFER, &offer, NULL, 0);
	ck_assert(rig_wait(&rig, WIRE_WANT));
	ck_assert_uint_eq(rig.msg.want.wanted, 0);
	rig_send(&rig, WIRE_KEEP, &msg, NULL, 0);
	rig_program(&rig, rig_maps, 0);
	rig_result(&rig, rig_call(&rig, SYS_mmap).call, 0, "\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0", 20);
	ck_assert(rig_wait(&rig, WIRE_DEFAULT)); /* it reads where nothing is mapped */
	rig_end(&rig);
}
END_TEST

START_TEST(remote_ends_what_no_guest_maps)
{
	struct wire_object object = { .size = 3 };
	uint64_t ids[] = { 1, 2, 3, 77 }, ended[2];
	struct wire_trim msg = { 4 };
	struct rig rig;

	rig_start(&rig, NULL);
	rig_program(&rig, rig_holds, 0);
	rig_call(&rig, SYS_mmap);
	for (object.object = 1; object.object <= 3; object.object++)
		rig_send(&rig, WIRE_OBJECT, &object, NULL, 0);
	rig_result(&rig, rig.msg.call.call, 0, "\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0", 20);
	rig_call(&rig, SYS_getppid);
	rig_send(&rig, WIRE_TRIM, &msg, ids, sizeof(ids));
	ck_assert(rig_wait(&rig, WIRE_TRIMMED));
	ck_assert_uint_eq(rig.msg.trimmed.nr, 2);
	ck_assert_uint_eq(rig.tail_len, sizeof(ended));
	memcpy(ended, rig.tail, sizeof(ended));
	ck_assert_uint_eq(ended[0], 1);
	ck_assert_uint_eq(ended[1], 3);
	rig_drop(&rig);
	rig_check_alive(&rig);
	rig_send(&rig, WIRE_TRIM, &msg, ids, sizeof(ids));
	ck_assert(rig_wait(&rig, WIRE_TRIMMED));
	ck_assert_uint_eq(rig.msg.trimmed.nr, 1);
	msg.nr = 5; /* a lie */
	rig_send(&rig, WIRE_TRIM, &msg, ids, sizeof(ids));
	rig_wait_end(&rig);
	rig_end(&rig);
}
END_TEST

START_TEST(remote_sends_default_actions_home)
{
	struct wire_signal signal = { .pid = RIG_PID, .info = { SIGTERM } };
	struct wire_stop stop = { RIG_PID };
	struct wire_cont cont = { RIG_PID };
	struct rig rig;

	rig_start(&rig, NULL);
	/* A fault: stopped until home has dealt with it */
	rig_program(&rig, rig_faults, 0);
	ck_assert(rig_wait(&rig, WIRE_DEFAULT));
	ck_assert_uint_eq(rig.msg.default_.pid, RIG_PID);
	ck_assert_uint_eq(rig.msg.default_.info[0], SIGSEGV);
	rig_send(&rig, WIRE_CONT, &cont, NULL, 0);
	ck_assert(rig_wait(&rig, WIRE_DEFAULT));
	rig_drop(&rig);
	/* From home, while it computes, waits here, waits for home, and is stopped */
	rig_program(&rig, rig_spins, 0);
	rig_send(&rig, WIRE_SIGNAL, &signal, NULL, 0);
	ck_assert(rig_wait(&rig, WIRE_DEFAULT));
	rig_send(&rig, WIRE_STOP, &stop, NULL, 0);
	rig_send(&rig, WIRE_SIGNAL, &signal, NULL, 0);
	ck_assert(rig_wait(&rig, WIRE_DEFAULT));
	rig_drop(&rig);
	rig_program(&rig, rig_sleeps, 0);
	rig_send(&rig, WIRE_SIGNAL, &signal, NULL, 0);
	ck_assert(rig_wait(&rig, WIRE_DEFAULT));
	ck_assert_uint_eq(rig.msg.default_.info[0], SIGTERM);
	rig_drop(&rig);
	rig_program(&rig, rig_exits, 0);
	signal.call = rig_call(&rig, 110).call;
	rig_send(&rig, WIRE_SIGNAL, &signal, NULL, 0);
	ck_assert(rig_wait(&rig, WIRE_DEFAULT));
	rig_drop(&rig);
	rig_check_alive(&rig);
	rig_end(&rig);
}
END_TEST

START_TEST(remote_passes_ignored_signals)
{
	struct wire_signal signal = { .pid = RIG_PID, .from = RIG_PID, .info = { SIGWINCH } };
	struct rig rig;
	uint64_t call;

	rig_start(&rig, NULL);
	rig_program(&rig, rig_exits, 0);
	signal.call = call = rig_call(&rig, 110).call;
	rig_send(&rig, WIRE_SIGNAL, &signal, NULL, 0);
	ck_assert(rig_wait(&rig, WIRE_PASS));
	ck_assert_uint_eq(rig.msg.pass.call, call);
	ck_assert_uint_eq(rig.msg.pass.signo, SIGWINCH);
	rig_result(&rig, call, 9, NULL, 0);
	ck_assert_uint_eq(rig_call(&rig, SYS_exit_group).arg[0], 9);
	rig_end(&rig);
}
END_TEST

START_TEST(remote_forks_to_the_number_that_home_says)
{
	struct rig rig;
	uint64_t call;
	bool parent = false, child = false;

	rig_start(&rig, NULL);
	rig_program(&rig, rig_forks, 0);
	call = rig_call(&rig, SYS_clone).call;
	rig_result(&rig, call, 31000, NULL, 0);
	for (int i = 0; i < 2; i++) {
		struct wire_call end = rig_call(&rig, SYS_exit_group);

		parent |= end.tid == RIG_PID && end.arg[0] == 31000;
		child |= end.tid == 31000 && !end.arg[0];
	}
	ck_assert(parent && child);
	rig_drop(&rig);
	rig_check_alive(&rig);
	/* Home cannot: the call returns that; a restart code makes it again */
	rig_program(&rig, rig_forks, 0);
	rig_result(&rig, rig_call(&rig, SYS_clone).call, -513, NULL, 0);
	rig_result(&rig, rig_call(&rig, SYS_clone).call, -EAGAIN, NULL, 0);
	ck_assert_int_eq((int)rig_call(&rig, SYS_exit_group).arg[0], -EAGAIN);
	rig_end(&rig);
}
END_TEST

UNIT(remote)
{
	tcase_add_test(tc, remote_runs_an_image);
	tcase_add_test(tc, remote_refuses_what_its_cpu_lacks);
	tcase_add_test(tc, remote_leaves_nothing_when_the_connection_ends);
	tcase_add_loop_test(tc, remote_ends_a_session_for_a_body_that_cannot_be, 0,
			    sizeof(body_lies) / sizeof(*body_lies));
	tcase_add_loop_test(tc, remote_ends_a_session_for_a_lie, 0, sizeof(lies) / sizeof(*lies));
	tcase_add_test(tc, remote_takes_data_from_what_was_sent_before);
	tcase_add_test(tc, remote_passes_over_what_concerns_nobody);
	tcase_add_test(tc, remote_says_which_image_cannot_be);
	tcase_add_test(tc, remote_maps_what_home_sends);
	tcase_add_test(tc, remote_says_what_it_wants);
	tcase_add_test(tc, remote_ends_what_no_guest_maps);
	tcase_add_test(tc, remote_sends_default_actions_home);
	tcase_add_test(tc, remote_passes_ignored_signals);
	tcase_add_test(tc, remote_forks_to_the_number_that_home_says);
}
