// SPDX-License-Identifier: GPL-2.0-or-later
/* The owner calls the channel from within its callbacks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/sim.h"
#include "test/unit/unit.h"

/**
 * send_some() - Send messages from home that the worker gets with one read
 * @sim:	The pair
 * @nr:		How many
 */
static void send_some(struct sim *sim, int nr)
{
	struct wire_echo echo = { 1 };

	for (int i = 0; i < nr; i++)
		ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, "0123456789", 10), 0);
}

static void send_back(struct sim_end *end)
{
	struct wire_echo echo = end->last.echo;
	struct iovec iov = { .iov_base = end->tail, .iov_len = end->tail_len };

	ck_assert_int_eq(channel_send(&end->ch, WIRE_ECHO, &echo, &iov, 1), 0);
}

START_TEST(reentry_send_in_message)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->worker.on_message = send_back;
	send_some(sim, 50);
	sim_run(sim);
	ck_assert_uint_eq(sim->home.messages, 50);
	sim_free(sim);
}
END_TEST

static void close_it(struct sim_end *end)
{
	channel_close(&end->ch);
	ck_assert(!end->freed);
}

START_TEST(reentry_close_in_message)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->worker.on_message = close_it;
	send_some(sim, 5);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, 1);
	ck_assert_uint_eq(sim->worker.closed, 0);
	ck_assert(sim->worker.freed);
	sim_free(sim);
}
END_TEST

START_TEST(reentry_close_in_message_of_a_poll)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->worker.on_message = close_it;
	send_some(sim, 5);
	ck_assert_int_eq(channel_poll(&sim->worker.ch), 1);
	ck_assert(sim->worker.freed);
	sim_free(sim);
}
END_TEST

START_TEST(reentry_close_in_closed)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->worker.on_closed = close_it;
	sim->worker.in_eof = true;
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.closed, 1);
	ck_assert(sim->worker.freed);
	sim_free(sim);
}
END_TEST

static void send_much(struct sim_end *end)
{
	static uint8_t tail[WIRE_DATA_MAX];
	struct iovec iov = { .iov_base = tail, .iov_len = sizeof(tail) };
	struct wire_echo echo = { 1 };
	int err;

	do {
		err = channel_send(&end->ch, WIRE_ECHO, &echo, &iov, 1);
	} while (!err);
	ck_assert_int_eq(err, -ENOBUFS);
	ck_assert_uint_eq(end->closed, 0);
}

START_TEST(reentry_overflow_in_message)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	channel_backlog_max_set(&sim->worker.ch, 4u << 20);
	sim->worker.room = 100;
	sim->worker.on_message = send_much;
	sim->worker.on_closed = close_it;
	send_some(sim, 5);
	channel_readable(&sim->worker.ch);
	ck_assert_uint_eq(sim->worker.messages, 1);
	ck_assert_uint_eq(sim->worker.closed, 1);
	ck_assert_int_eq(sim->worker.error, -ENOBUFS);
	sim_free(sim);
}
END_TEST

START_TEST(reentry_close_in_drained)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->home.on_drained = close_it;
	sim->home.room = 0;
	send_some(sim, 1);
	sim->home.room = 1000;
	channel_writable(&sim->home.ch);
	ck_assert_uint_eq(sim->home.drained, 1);
	ck_assert(sim->home.freed);
	sim_free(sim);
}
END_TEST

static void refill(struct sim_end *end)
{
	if (end->drained <= 5)
		send_some(end->sim, 3);
}

START_TEST(reentry_send_in_drained)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->home.on_drained = refill;
	sim->home.room = 100;
	send_some(sim, 10);
	sim_run(sim);
	ck_assert_uint_eq(sim->home.drained, 6);
	ck_assert_uint_eq(sim->worker.messages, 25);
	sim_free(sim);
}
END_TEST

static void poll_again(struct sim_end *end)
{
	ck_assert_int_eq(channel_poll(&end->ch), -EBUSY);
}

START_TEST(reentry_poll_in_message)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->worker.on_message = poll_again;
	send_some(sim, 3);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, 3);
	sim_free(sim);
}
END_TEST

static void finish(struct sim_end *end)
{
	channel_finish(&end->ch);
}

START_TEST(reentry_finish_in_message)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->worker.on_message = finish;
	send_some(sim, 5);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, 1);
	ck_assert_uint_eq(sim->worker.closed, 1);
	ck_assert_int_eq(sim->worker.error, 0);
	ck_assert_uint_eq(sim->home.closed, 1);
	sim_free(sim);
}
END_TEST

static void change_phase(struct sim_end *end)
{
	channel_phase_set(&end->ch, end->messages == 1 ? PH_ECHO : PH_RUN);
}

START_TEST(reentry_phase_counts_from_the_next_message_on)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->worker.on_message = change_phase;
	send_some(sim, 3);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, 2);
	ck_assert_int_eq(sim->worker.error, -EPROTO);
	sim_free(sim);
}
END_TEST

UNIT(reentry)
{
	tcase_add_test(tc, reentry_send_in_message);
	tcase_add_test(tc, reentry_close_in_message);
	tcase_add_test(tc, reentry_close_in_message_of_a_poll);
	tcase_add_test(tc, reentry_close_in_closed);
	tcase_add_test(tc, reentry_overflow_in_message);
	tcase_add_test(tc, reentry_close_in_drained);
	tcase_add_test(tc, reentry_send_in_drained);
	tcase_add_test(tc, reentry_poll_in_message);
	tcase_add_test(tc, reentry_finish_in_message);
	tcase_add_test(tc, reentry_phase_counts_from_the_next_message_on);
}
