// SPDX-License-Identifier: GPL-2.0-or-later
/* What a channel does for an honest pair of owners. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/sim.h"
#include "test/unit/unit.h"

#define RECORD ((size_t)CHANNEL_RECORD_MAX)

static const uint32_t ciphers[] = { SESSION_CHACHA20_POLY1305, SESSION_AES_256_GCM };

/**
 * have() - Does this CPU have a cipher?
 * @cipher:	Cipher
 */
static bool have(uint32_t cipher)
{
	return cipher != SESSION_AES_256_GCM || (sodium_init() >= 0 && crypto_aead_aes256gcm_is_available());
}

/**
 * echo_size() - Send an ECHO with a tail of this length from home and see it arrive
 * @sim:	The pair
 * @len:	Length of the tail
 */
static void echo_size(struct sim *sim, size_t len)
{
	unsigned int before = sim->worker.messages;
	struct wire_echo msg = { .reply_size = len };
	uint8_t *tail = malloc(len + 1);

	ck_assert_ptr_nonnull(tail);
	sim_pattern(tail, len, len);
	ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &msg, tail, len), 0);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, before + 1);
	ck_assert_uint_eq(sim->worker.last.echo.reply_size, len);
	ck_assert_uint_eq(sim->worker.tail_len, len);
	ck_assert_int_eq(memcmp(sim->worker.tail, tail, len), 0);
	free(tail);
}

START_TEST(channel_carries_every_length_around_a_record)
{
	static const size_t near[] = { RECORD, 2 * RECORD, 5 * RECORD };

	for (size_t c = 0; c < 2; c++) {
		struct sim *sim;

		if (!have(ciphers[c]))
			continue;
		sim = sim_new(ciphers[c], 0);
		for (size_t len = 0; len < 40; len++)
			echo_size(sim, len);
		for (size_t i = 0; i < 3; i++)
			for (size_t len = near[i] - 10; len < near[i] + 4; len++)
				echo_size(sim, len);
		echo_size(sim, WIRE_DATA_MAX);
		sim_free(sim);
	}
}
END_TEST

START_TEST(channel_carries_messages_in_pieces_of_one_byte)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->worker.read_max = 1;
	for (size_t len = 0; len < 100; len++)
		echo_size(sim, len);
	echo_size(sim, CHANNEL_RECORD_MAX + 17);
	sim->home.room = 1;
	echo_size(sim, 5000);
	ck_assert_uint_gt(sim->home.drained, 0);
	sim_free(sim);
}
END_TEST

START_TEST(channel_gathers_a_tail_from_pieces)
{
	static const size_t cut[] = { 0, 1, 0, 3, 65530, 65536, 7, 0, 131072, 40000, 1, 0 };
	struct wire_echo msg = { .reply_size = 5 };
	struct iovec iov[sizeof(cut) / sizeof(cut[0])];
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	int nr = sizeof(cut) / sizeof(cut[0]);
	uint8_t *tail = malloc(WIRE_DATA_MAX);
	size_t len = 0;

	sim_pattern(tail, WIRE_DATA_MAX, 3);
	for (int i = 0; i < nr; i++) {
		iov[i].iov_base = cut[i] ? tail + len : NULL;
		iov[i].iov_len = cut[i];
		len += cut[i];
	}
	for (int first = 0; first < nr; first++) {
		size_t skip = 0;

		for (int i = 0; i < first; i++)
			skip += cut[i];
		ck_assert_int_eq(channel_send(&sim->home.ch, WIRE_ECHO, &msg, iov + first, nr - first), 0);
		sim_run(sim);
		ck_assert_uint_eq(sim->worker.tail_len, len - skip);
		ck_assert_int_eq(memcmp(sim->worker.tail, tail + skip, len - skip), 0);
	}
	free(tail);
	sim_free(sim);
}
END_TEST

START_TEST(channel_refuses_to_send_what_the_row_does_not_allow)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	static struct iovec many[CHANNEL_TAIL_PIECES_MAX + 1];
	struct iovec huge[2] = { { NULL, SIZE_MAX }, { NULL, SIZE_MAX } };
	struct wire_ping ping = { 1 };
	struct wire_echo echo = { 1 };

	ck_assert_int_eq(sim_send(&sim->home, WIRE_PING, &ping, "x", 1), -EMSGSIZE);
	ck_assert_int_eq(sim_send(&sim->home, WIRE_NONE, &ping, NULL, 0), -EINVAL);
	ck_assert_int_eq(sim_send(&sim->home, WIRE_TYPES, &ping, NULL, 0), -EINVAL);
	ck_assert_int_eq(channel_send(&sim->home.ch, WIRE_ECHO, &echo, many, CHANNEL_TAIL_PIECES_MAX + 1), -EINVAL);
	ck_assert_int_eq(channel_send(&sim->home.ch, WIRE_ECHO, &echo, many, -1), -EINVAL);
	ck_assert_int_eq(channel_send(&sim->home.ch, WIRE_ECHO, &echo, huge, 2), -EMSGSIZE);
	ck_assert_int_eq(channel_send(&sim->home.ch, WIRE_ECHO, &echo, many, CHANNEL_TAIL_PIECES_MAX), 0);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, 1);
	ck_assert_uint_eq(sim->worker.closed, 0);
	sim_free(sim);
}
END_TEST

START_TEST(channel_small_message_costs_one_write_and_one_read)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct wire_call call = { .call = 1, .nr = 39 };
	uint8_t tail[100] = { 0 };

	for (unsigned int i = 1; i <= 20; i++) {
		ck_assert_int_eq(sim_send(&sim->worker, WIRE_CALL, &call, tail, sizeof(tail)), 0);
		ck_assert_uint_eq(sim->worker.writes, i);
		ck_assert_int_eq(channel_poll(&sim->home.ch), 1);
		ck_assert_uint_eq(sim->home.reads, i);
		/* not even to learn that there is nothing more */
		ck_assert_uint_eq(sim->home.calls, i);
	}
	ck_assert_int_eq(channel_poll(&sim->home.ch), 0);
	sim_free(sim);
}
END_TEST

START_TEST(channel_cork_gathers_small_messages)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct wire_echo echo = { 1 };

	channel_cork(&sim->home.ch);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, "0123456789", 10), 0);
	ck_assert_uint_eq(sim->home.writes, 0);
	channel_uncork(&sim->home.ch);
	ck_assert_uint_eq(sim->home.writes, 1);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, 50);

	/* forgotten: leaves with the next turn of the loop */
	channel_cork(&sim->home.ch);
	ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, NULL, 0), 0);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, 51);
	sim_free(sim);
}
END_TEST

START_TEST(channel_queue_waits_for_company)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct wire_echo echo = { 1 };

	ck_assert_int_eq(channel_queue(&sim->home.ch, WIRE_ECHO, &echo, NULL, 0), 0);
	ck_assert_int_eq(channel_queue(&sim->home.ch, WIRE_ECHO, &echo, NULL, 0), 0);
	ck_assert_uint_eq(sim->home.writes, 0);
	ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, NULL, 0), 0);
	ck_assert_uint_eq(sim->home.writes, 1);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, 3);
	ck_assert_int_eq(channel_queue(&sim->home.ch, WIRE_ECHO, &echo, NULL, 0), 0);
	channel_uncork(&sim->home.ch);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, 4);
	sim_free(sim);
}
END_TEST

START_TEST(channel_queues_what_the_socket_does_not_take)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct wire_echo echo = { 1 };
	uint8_t *tail = calloc(1, 300000);

	sim->home.room = 1000;
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, tail, i % 2 ? 300000 : 50), 0);
	ck_assert_uint_gt(channel_backlog(&sim->home.ch), 5 * 300000 - 1000);
	ck_assert(sim->home.want_write);
	ck_assert_uint_eq(sim->home.drained, 0);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, 10);
	ck_assert_uint_eq(channel_backlog(&sim->home.ch), 0);
	ck_assert_uint_eq(sim->home.drained, 1);
	ck_assert(!sim->home.want_write);
	free(tail);
	sim_free(sim);
}
END_TEST

START_TEST(channel_ends_with_a_peer_that_does_not_read)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct wire_echo echo = { 1 };
	uint8_t *tail = calloc(1, WIRE_DATA_MAX);
	int err;

	channel_backlog_max_set(&sim->home.ch, 3u * WIRE_DATA_MAX + 4096);
	sim->home.room = 0;
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, tail, WIRE_DATA_MAX), 0);
	err = sim_send(&sim->home, WIRE_ECHO, &echo, tail, WIRE_DATA_MAX);
	ck_assert_int_eq(err, -ENOBUFS);
	/* told later, not from within channel_send() */
	ck_assert_uint_eq(sim->home.closed, 0);
	ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, NULL, 0), -EPIPE);
	sim_run(sim);
	ck_assert_uint_eq(sim->home.closed, 1);
	ck_assert_int_eq(sim->home.error, -ENOBUFS);
	ck_assert_int_eq(channel_fd(&sim->home.ch), -1);
	free(tail);
	sim_free(sim);
}
END_TEST

START_TEST(channel_changes_its_key_in_step)
{
	for (size_t c = 0; c < 2; c++) {
		struct sim *sim;

		if (!have(ciphers[c]))
			continue;
		sim = sim_new(ciphers[c], RECORD_REKEY_COUNT - 5);
		for (size_t len = 0; len < 10; len++)
			echo_size(sim, len);
		ck_assert_int_ne(memcmp(sim->home.ch.tx.cipher.key, sim->keys_home.tx_key, KEY_LEN), 0);
		ck_assert_int_eq(memcmp(sim->home.ch.tx.cipher.key, sim->worker.ch.rx.cipher.key, KEY_LEN), 0);
		ck_assert_int_eq(memcmp(sim->home.ch.rx.cipher.key, sim->keys_home.rx_key, KEY_LEN), 0);
		sim_free(sim);
	}
}
END_TEST

START_TEST(channel_asks_for_a_sign_of_life_and_gets_it)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct channel_stats stats;

	sim_pass(sim, CHANNEL_IDLE_MS - 100);
	ck_assert_uint_eq(sim->home.writes + sim->worker.writes, 0);
	sim_pass(sim, 120000);
	ck_assert_uint_eq(sim->home.closed + sim->worker.closed, 0);
	ck_assert_uint_eq(sim->home.messages + sim->worker.messages, 0);
	/* either one's PING is a sign of life of the other: no more than one pair of messages in each idle time */
	ck_assert_uint_ge(sim->home.writes, 20);
	ck_assert_uint_le(sim->home.writes, 50);
	channel_stats_get(&sim->home.ch, &stats);
	ck_assert_uint_eq(stats.tx_messages, sim->home.writes);
	sim_free(sim);
}
END_TEST

START_TEST(channel_notices_a_dead_peer_in_time)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	/* the worker's machine is gone: nothing comes, nothing is refused */
	sim->worker.gone = true;
	sim_pass(sim, CHANNEL_DEAD_MS - 100);
	ck_assert_uint_eq(sim->home.writes, 1);
	ck_assert_uint_eq(sim->home.closed, 0);
	sim_pass(sim, 200);
	ck_assert_uint_eq(sim->home.closed, 1);
	ck_assert_int_eq(sim->home.error, -ETIMEDOUT);
	ck_assert_str_eq(sim->home.why, "nothing heard from the other side for 15 s");
	sim_free(sim);
}
END_TEST

START_TEST(channel_measures_silence_from_the_last_word)
{
	struct wire_echo echo = { 1 };

	/* the worker says its last word at any time after the first PING was answered */
	for (unsigned int ms = 1; ms < 2 * CHANNEL_DEAD_MS; ms += 997) {
		struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

		sim_pass(sim, CHANNEL_IDLE_MS + ms);
		ck_assert_int_eq(sim_send(&sim->worker, WIRE_ECHO, &echo, NULL, 0), 0);
		sim_run(sim);
		sim->worker.gone = true;
		sim_pass(sim, CHANNEL_DEAD_MS - 10);
		ck_assert_uint_eq(sim->home.closed, 0);
		sim_pass(sim, 20);
		ck_assert_uint_eq(sim->home.closed, 1);
		sim_free(sim);
	}
}
END_TEST

START_TEST(channel_heartbeat_can_be_set)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->worker.gone = true;
	channel_heartbeat_set(&sim->home.ch, 0, 0);
	sim_pass(sim, 60000);
	ck_assert_uint_eq(sim->home.writes, 0);
	channel_heartbeat_set(&sim->home.ch, 100, 300);
	/* silence is measured from the last word, but who asks waits for the answer */
	sim_pass(sim, 250);
	ck_assert_uint_eq(sim->home.writes, 1);
	ck_assert_uint_eq(sim->home.closed, 0);
	sim_pass(sim, 100);
	ck_assert_uint_eq(sim->home.closed, 1);
	sim_free(sim);
}
END_TEST

START_TEST(channel_that_was_stopped_itself_asks_before_it_gives_up)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->now_us += 3600 * 1000000ull;
	channel_tick(&sim->home.ch);
	ck_assert_uint_eq(sim->home.closed, 0);
	sim_run(sim);
	sim_pass(sim, 60000);
	ck_assert_uint_eq(sim->home.closed, 0);
	sim_free(sim);
}
END_TEST

START_TEST(channel_reads_before_it_gives_up)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct wire_echo echo = { 1 };

	channel_heartbeat_set(&sim->home.ch, 100, 300);
	sim->now_us += 100000;
	channel_tick(&sim->home.ch);
	ck_assert_uint_eq(sim->home.writes, 1);
	sim->now_us += 500000;
	ck_assert_int_eq(sim_send(&sim->worker, WIRE_ECHO, &echo, NULL, 0), 0);
	channel_tick(&sim->home.ch);
	ck_assert_uint_eq(sim->home.messages, 1);
	ck_assert_uint_eq(sim->home.closed, 0);
	sim_free(sim);
}
END_TEST

START_TEST(channel_frees_bulk_buffers_when_it_is_silent)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	echo_size(sim, WIRE_DATA_MAX);
	ck_assert_uint_ge(sim->worker.ch.rx.message_cap, WIRE_DATA_MAX);
	ck_assert_uint_eq(sim->worker.ch.rx.raw_cap, CHANNEL_BULK_BUF);
	sim_pass(sim, 3 * CHANNEL_IDLE_MS);
	ck_assert_uint_le(sim->worker.ch.rx.message_cap, CHANNEL_SMALL_BUF);
	ck_assert_uint_le(sim->worker.ch.rx.raw_cap, CHANNEL_SMALL_BUF);
	ck_assert_uint_le(sim->home.ch.tx.head->cap, CHANNEL_SMALL_BUF);
	echo_size(sim, WIRE_DATA_MAX);
	sim_free(sim);
}
END_TEST

START_TEST(channel_finish_sends_what_is_queued)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct wire_echo echo = { 1 };
	uint8_t *tail = calloc(1, WIRE_DATA_MAX);

	sim->home.room = 1000;
	ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, tail, WIRE_DATA_MAX), 0);
	ck_assert_int_eq(sim_send(&sim->worker, WIRE_ECHO, &echo, tail, 100), 0);
	channel_finish(&sim->home.ch);
	ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, NULL, 0), -EPIPE);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, 1);
	ck_assert_uint_eq(sim->worker.closed, 1);
	ck_assert_int_eq(sim->worker.error, 0);
	/* who has finished does not listen */
	ck_assert_uint_eq(sim->home.messages, 0);
	ck_assert_uint_eq(sim->home.closed, 1);
	ck_assert_int_eq(sim->home.error, 0);
	ck_assert_uint_eq(sim->home.drained, 0);
	free(tail);
	sim_free(sim);
}
END_TEST

START_TEST(channel_finish_does_not_wait_for_ever)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->worker.gone = true;
	channel_finish(&sim->home.ch);
	channel_finish(&sim->home.ch);
	sim_pass(sim, CHANNEL_DEAD_MS - 100);
	ck_assert_uint_eq(sim->home.closed, 0);
	sim_pass(sim, 200);
	ck_assert_uint_eq(sim->home.closed, 1);
	ck_assert_int_eq(sim->home.error, -ETIMEDOUT);
	sim_free(sim);
}
END_TEST

static uint8_t leftover[10000];
static size_t leftover_len;
static struct session_keys detached;

static void detach(struct sim_end *end)
{
	int fd;

	ck_assert_int_eq(channel_detach(&end->ch, &fd, &detached, leftover, 1, &leftover_len), -EMSGSIZE);
	ck_assert_int_eq(channel_detach(&end->ch, &fd, &detached, leftover, sizeof(leftover), &leftover_len), 0);
	ck_assert_int_eq(fd, 77);
}

START_TEST(channel_can_be_handed_over_in_mid_session)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, RECORD_REKEY_COUNT - 1);
	struct wire_echo echo = { 1 };
	uint8_t tail[3000], late[500];
	struct sim_end next = { .other = &sim->home };

	sim_pattern(tail, sizeof(tail), 9);
	sim->worker.on_message = detach;
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, tail, (size_t)i * 1000), 0);
	/* the last of them has not come completely yet */
	sim->worker.in_len -= sizeof(late);
	memcpy(late, sim->worker.in + sim->worker.in_len, sizeof(late));
	channel_readable(&sim->worker.ch);
	ck_assert_uint_eq(sim->worker.messages, 1);
	ck_assert_uint_eq(sim->worker.closed, 0);
	ck_assert(sim->worker.freed);

	sim_open(sim, &next, &detached, WIRE_WORKER);
	ck_assert_int_eq(channel_feed(&next.ch, leftover, leftover_len), 0);
	ck_assert_uint_eq(next.messages, 0);
	channel_kick(&next.ch);
	ck_assert_uint_eq(next.messages, 1);
	sim_inject(&next, late, sizeof(late));
	ck_assert_int_eq(channel_poll(&next.ch), 1);
	ck_assert_uint_eq(next.tail_len, 2000);
	ck_assert_int_eq(memcmp(next.tail, tail, 2000), 0);

	/* and back */
	sim->worker.in_len = 0;
	ck_assert_int_eq(sim_send(&next, WIRE_ECHO, &echo, tail, 10), 0);
	channel_readable(&sim->home.ch);
	ck_assert_uint_eq(sim->home.messages, 1);
	channel_close(&next.ch);
	free(next.in);
	free(next.tail);
	sim_free(sim);
}
END_TEST

START_TEST(channel_is_not_handed_over_with_a_queue)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct wire_echo echo = { 1 };
	int fd;

	sim->home.room = 0;
	ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, NULL, 0), 0);
	ck_assert_int_eq(channel_detach(&sim->home.ch, &fd, &detached, leftover, sizeof(leftover), &leftover_len),
			 -EBUSY);
	sim->home.room = SIZE_MAX;
	sim_run(sim);
	channel_finish(&sim->home.ch);
	ck_assert_int_eq(channel_detach(&sim->home.ch, &fd, &detached, leftover, sizeof(leftover), &leftover_len),
			 -EPIPE);
	ck_assert_int_eq(channel_feed(&sim->worker.ch, leftover, CHANNEL_FEED_MAX + 1), -EMSGSIZE);
	sim_free(sim);
}
END_TEST

UNIT(channel)
{
	tcase_add_test(tc, channel_carries_every_length_around_a_record);
	tcase_add_test(tc, channel_carries_messages_in_pieces_of_one_byte);
	tcase_add_test(tc, channel_gathers_a_tail_from_pieces);
	tcase_add_test(tc, channel_refuses_to_send_what_the_row_does_not_allow);
	tcase_add_test(tc, channel_small_message_costs_one_write_and_one_read);
	tcase_add_test(tc, channel_cork_gathers_small_messages);
	tcase_add_test(tc, channel_queue_waits_for_company);
	tcase_add_test(tc, channel_queues_what_the_socket_does_not_take);
	tcase_add_test(tc, channel_ends_with_a_peer_that_does_not_read);
	tcase_add_test(tc, channel_changes_its_key_in_step);
	tcase_add_test(tc, channel_asks_for_a_sign_of_life_and_gets_it);
	tcase_add_test(tc, channel_notices_a_dead_peer_in_time);
	tcase_add_test(tc, channel_measures_silence_from_the_last_word);
	tcase_add_test(tc, channel_heartbeat_can_be_set);
	tcase_add_test(tc, channel_that_was_stopped_itself_asks_before_it_gives_up);
	tcase_add_test(tc, channel_reads_before_it_gives_up);
	tcase_add_test(tc, channel_frees_bulk_buffers_when_it_is_silent);
	tcase_add_test(tc, channel_finish_sends_what_is_queued);
	tcase_add_test(tc, channel_finish_does_not_wait_for_ever);
	tcase_add_test(tc, channel_can_be_handed_over_in_mid_session);
	tcase_add_test(tc, channel_is_not_handed_over_with_a_queue);
}
