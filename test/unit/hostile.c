// SPDX-License-Identifier: GPL-2.0-or-later
/* What a channel does when the other side, or somebody on the way, is not honest, and when the connection breaks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/sim.h"
#include "test/unit/unit.h"

#define SCRIPT_LEN 12
#define STREAM_MAX (1u << 20)

/**
 * struct script - What home says to the worker in an honest session, as bytes
 * @bytes:	The records
 * @len:	Their length
 * @end:	Where each message ends
 */
struct script {
	uint8_t *bytes;
	size_t len;
	size_t end[SCRIPT_LEN];
};

/**
 * record_script() - Let home speak, and keep what it says
 * @sim:	The pair; the worker hears nothing
 * @script:	The bytes
 */
static void record_script(struct sim *sim, struct script *script)
{
	static const size_t tail_len[SCRIPT_LEN] = { 0, 1, 2, 50, 0, 70000, 3, 0, 131100, 10, 0, 20 };
	uint8_t *tail = malloc(200000);
	struct wire_echo echo = { 0 };

	sim_pattern(tail, 200000, 4);
	for (int i = 0; i < SCRIPT_LEN; i++) {
		echo.reply_size = i;
		ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, tail, tail_len[i]), 0);
		script->end[i] = sim->worker.in_len;
	}
	free(tail);
	script->len = sim->worker.in_len;
	script->bytes = malloc(script->len);
	memcpy(script->bytes, sim->worker.in, script->len);
	sim->worker.in_len = 0;
}

/**
 * hear() - A worker hears bytes, then the connection's end
 * @bytes:	Bytes
 * @len:	Their number
 * @piece:	Bytes of a read
 * @messages:	Messages that it must have got
 * @error:	Reason that it must have been told
 */
static void hear(const uint8_t *bytes, size_t len, size_t piece, unsigned int messages, int error)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

	sim->worker.read_max = piece;
	sim_inject(&sim->worker, bytes, len);
	sim->worker.in_eof = true;
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, messages);
	ck_assert_uint_eq(sim->worker.closed, 1);
	ck_assert_int_eq(sim->worker.error, error);
	sim_free(sim);
}

START_TEST(hostile_cut_at_every_message_boundary)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct script script;

	record_script(sim, &script);
	hear(script.bytes, 0, SIZE_MAX, 0, 0);
	for (int i = 0; i < SCRIPT_LEN; i++) {
		hear(script.bytes, script.end[i], SIZE_MAX, i + 1, 0);
		hear(script.bytes, script.end[i], 1000, i + 1, 0);
		hear(script.bytes, script.end[i] - 1, SIZE_MAX, i, -ECONNRESET);
		if (i + 1 < SCRIPT_LEN)
			hear(script.bytes, script.end[i] + 1, SIZE_MAX, i + 1, -ECONNRESET);
	}
	/* between the records of one message */
	hear(script.bytes, script.end[4] + CHANNEL_RECORD_MAX + RECORD_OVERHEAD, SIZE_MAX, 5, -ECONNRESET);
	free(script.bytes);
	sim_free(sim);
}
END_TEST

START_TEST(hostile_cut_at_every_byte)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct script script;

	record_script(sim, &script);
	for (size_t len = 0; len <= script.end[4]; len++) {
		unsigned int whole = 0;
		bool boundary = len == 0;

		for (int i = 0; i <= 4; i++) {
			whole += script.end[i] <= len;
			boundary |= script.end[i] == len;
		}
		hear(script.bytes, len, 1 + len % 7, whole, boundary ? 0 : -ECONNRESET);
	}
	free(script.bytes);
	sim_free(sim);
}
END_TEST

START_TEST(hostile_every_bit_of_a_record_counts)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct script script;
	size_t from, to;

	record_script(sim, &script);
	from = script.end[1];
	to = script.end[2];
	for (size_t bit = from * 8; bit < to * 8; bit++) {
		struct sim *ear = sim_new(SESSION_CHACHA20_POLY1305, 0);

		script.bytes[bit / 8] ^= 1u << (bit % 8);
		sim_inject(&ear->worker, script.bytes, script.end[5]);
		sim_run(ear);
		ck_assert_uint_eq(ear->worker.messages, 2);
		ck_assert_uint_eq(ear->worker.closed, 1);
		ck_assert(ear->worker.error == -EBADMSG || ear->worker.error == -EPROTO);
		/* nothing is said to who sends such things */
		ck_assert_uint_eq(ear->worker.writes, 0);
		script.bytes[bit / 8] ^= 1u << (bit % 8);
		sim_free(ear);
	}
	free(script.bytes);
	sim_free(sim);
}
END_TEST

START_TEST(hostile_records_repeated_moved_and_dropped)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	uint8_t *forged = malloc(STREAM_MAX);
	struct script script;
	size_t first, second, third;

	record_script(sim, &script);
	first = script.end[0];
	second = script.end[1] - script.end[0];
	third = script.end[2] - script.end[1];

	/* the first again */
	memcpy(forged, script.bytes, first);
	memcpy(forged + first, script.bytes, first);
	hear(forged, 2 * first, SIZE_MAX, 1, -EBADMSG);
	/* the third before the second */
	memcpy(forged + first, script.bytes + script.end[1], third);
	memcpy(forged + first + third, script.bytes + script.end[0], second);
	hear(forged, first + second + third, SIZE_MAX, 1, -EBADMSG);
	/* without the second */
	hear(forged, first + third, SIZE_MAX, 1, -EBADMSG);
	/* the whole session from its second message on */
	hear(script.bytes + first, script.len - first, SIZE_MAX, 0, -EBADMSG);
	free(forged);
	free(script.bytes);
	sim_free(sim);
}
END_TEST

START_TEST(hostile_own_words_sent_back)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct script script;

	record_script(sim, &script);
	sim_inject(&sim->home, script.bytes, script.len);
	sim_run(sim);
	ck_assert_uint_eq(sim->home.messages, 0);
	ck_assert_int_eq(sim->home.error, -EBADMSG);
	free(script.bytes);
	sim_free(sim);
}
END_TEST

START_TEST(hostile_wrong_key)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct wire_echo echo = { 1 };

	sim->worker.ch.rx.cipher.key[5] ^= 1;
	ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, NULL, 0), 0);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, 0);
	ck_assert_int_eq(sim->worker.error, -EBADMSG);
	ck_assert_str_eq(sim->worker.why, "a record is not authentic");
	sim_free(sim);
}
END_TEST

START_TEST(hostile_impossible_record_heads)
{
	static const uint32_t head[] = { 0, 1, WIRE_MESSAGE_MAX + 1, 0x7fffffff, 0x80000000, 0xffffffff };

	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++) {
		struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);

		/* refused as soon as the head is there, whatever follows or does not */
		sim_inject(&sim->worker, &head[i], sizeof(head[i]));
		sim_run(sim);
		ck_assert_uint_eq(sim->worker.closed, 1);
		ck_assert_int_eq(sim->worker.error, -EPROTO);
		ck_assert_uint_eq(sim->worker.ch.rx.message_cap, 0);
		sim_free(sim);
	}
}
END_TEST

START_TEST(hostile_peer_sends_short_records)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	uint8_t message[100] = { 0 }, out[200];
	struct record_cipher rc;
	size_t len;

	/* a message of 100 bytes in two authentic records, the first of 50 */
	ck_assert_int_eq(record_init(&rc, SESSION_CHACHA20_POLY1305, sim->keys_home.tx_key, 0), 0);
	record_seal(&rc, 100, message, 50, out);
	len = 50 + RECORD_OVERHEAD;
	record_seal(&rc, 50, message + 50, 50, out + len);
	sim_inject(&sim->worker, out, 2 * len);
	sim_run(sim);
	ck_assert_uint_eq(sim->worker.messages, 0);
	ck_assert_int_eq(sim->worker.error, -EBADMSG);
	sim_free(sim);
}
END_TEST

START_TEST(hostile_peer_changes_its_mind_about_the_length)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	size_t total = (size_t)3 * CHANNEL_RECORD_MAX, len = CHANNEL_RECORD_MAX + RECORD_OVERHEAD;
	uint8_t *message = calloc(1, CHANNEL_RECORD_MAX), *out = malloc(2 * len);
	struct record_cipher rc;

	ck_assert_int_eq(record_init(&rc, SESSION_CHACHA20_POLY1305, sim->keys_home.tx_key, 0), 0);
	record_seal(&rc, total, message, CHANNEL_RECORD_MAX, out);
	record_seal(&rc, total, message, CHANNEL_RECORD_MAX, out + len);
	sim_inject(&sim->worker, out, 2 * len);
	sim_run(sim);
	ck_assert_int_eq(sim->worker.error, -EPROTO);
	free(message);
	free(out);
	sim_free(sim);
}
END_TEST

/**
 * say() - A peer who knows the keys sends any message to an end
 * @self:	The end that gets it
 * @phase:	Its phase
 * @message:	The message
 * @len:	Its length
 * @messages:	Messages that it must have got
 * @why:	What it must have said; NULL when the session goes on
 */
static void say(enum wire_sender self, unsigned int phase, const uint8_t *message, size_t len, unsigned int messages,
		const char *why)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct sim_end *end = self == WIRE_HOME ? &sim->home : &sim->worker;
	uint8_t *out = malloc((size_t)2 * WIRE_MESSAGE_MAX);
	struct record_cipher rc;
	size_t out_len;

	ck_assert_int_eq(record_init(&rc, SESSION_CHACHA20_POLY1305, end->other->ch.tx.cipher.key, 0), 0);
	out_len = sim_forge(&rc, message, len, out);
	channel_phase_set(&end->ch, phase);
	sim_inject(end, out, out_len);
	sim_run(sim);
	ck_assert_uint_eq(end->messages, messages);
	if (why) {
		ck_assert_uint_eq(end->closed, 1);
		ck_assert_int_eq(end->error, -EPROTO);
		ck_assert_str_eq(end->why, why);
	} else {
		ck_assert_uint_eq(end->closed, 0);
	}
	free(out);
	sim_free(sim);
}

START_TEST(hostile_peer_who_knows_the_keys)
{
	static uint8_t message[WIRE_MESSAGE_MAX];
	struct wire_call call = { .call = 1 };
	struct wire_echo echo = { 1 };
	size_t len;

	len = wire_encode(WIRE_CALL, &call, message, sizeof(message));
	say(WIRE_HOME, PH_RUN, message, len, 1, NULL);
	say(WIRE_HOME, PH_RUN, message, len + 5, 1, NULL);
	say(WIRE_HOME, PH_RUN, message, len + WIRE_DATA_MAX, 1, NULL);
	say(WIRE_HOME, PH_RUN, message, len + WIRE_DATA_MAX + 1, 0, "protocol violated: CALL of a wrong length");
	say(WIRE_HOME, PH_RUN, message, len - 1, 0, "protocol violated: CALL of a wrong length");
	say(WIRE_HOME, PH_RUN, message, 2, 0, "protocol violated: CALL of a wrong length");
	say(WIRE_HOME, PH_OPEN, message, len, 0, "protocol violated: CALL in the wrong phase");
	say(WIRE_WORKER, PH_RUN, message, len, 0, "protocol violated: CALL from the wrong side");
	message[0] = 0xff;
	message[1] = 0xff;
	say(WIRE_HOME, PH_RUN, message, len, 0, "protocol violated: message 65535 does not exist");
	message[0] = message[1] = 0;
	say(WIRE_HOME, PH_RUN, message, len, 0, "protocol violated: message 0 does not exist");
	len = wire_encode(WIRE_ECHO, &echo, message, sizeof(message));
	say(WIRE_WORKER, PH_ECHO, message, len, 1, NULL);
	say(WIRE_WORKER, PH_RUN, message, len, 0, "protocol violated: ECHO in the wrong phase");
	say(WIRE_WORKER, PH_ECHO, message, WIRE_MESSAGE_MAX, 0, "protocol violated: ECHO of a wrong length");
}
END_TEST

START_TEST(hostile_nothing_after_a_violation_is_heard)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct wire_echo echo = { 1 };

	for (int i = 0; i < 3; i++) {
		if (i == 1)
			channel_phase_set(&sim->worker.ch, PH_RUN);
		ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, NULL, 0), 0);
		if (i == 0)
			ck_assert_int_eq(channel_poll(&sim->worker.ch), 1);
	}
	ck_assert_int_eq(channel_poll(&sim->worker.ch), 0);
	ck_assert_uint_eq(sim->worker.messages, 1);
	ck_assert_uint_eq(sim->worker.closed, 1);
	ck_assert_int_eq(channel_poll(&sim->worker.ch), -EPIPE);
	sim_free(sim);
}
END_TEST

START_TEST(hostile_ping_flood_is_bounded)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct wire_ping ping = { 1 };

	channel_backlog_max_set(&sim->worker.ch, 0);
	sim->worker.room = 0;
	for (int i = 0; i < 200000 && sim->worker.closed == 0; i++) {
		ck_assert_int_eq(sim_send(&sim->home, WIRE_PING, &ping, NULL, 0), 0);
		channel_readable(&sim->worker.ch);
	}
	ck_assert_int_eq(sim->worker.error, -ENOBUFS);
	sim_free(sim);
}
END_TEST

static void answer(struct sim_end *end)
{
	struct wire_echo echo = { 2 };
	static const uint8_t tail[5000];
	struct iovec iov = { .iov_base = (void *)tail, .iov_len = sizeof(tail) };

	if (end->last.echo.reply_size > 0)
		channel_send(&end->ch, WIRE_ECHO, &echo, &iov, 1);
}

START_TEST(hostile_every_read_and_write_can_fail)
{
	static const int errors[] = { -ECONNRESET, -EPIPE, -EHOSTUNREACH };
	unsigned int nr;

	for (nr = 1;; nr++) {
		struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
		int error = errors[nr % 3], sent = 0;
		bool failed;

		sim->worker.on_message = answer;
		sim->worker.room = sim->home.room = 3000;
		sim->worker.fail_at = nr;
		sim->worker.fail_error = error;
		for (int i = 0; i < 4; i++) {
			struct wire_echo echo = { 2 };

			sent += sim_send(&sim->home, WIRE_ECHO, &echo, "x", 1) == 0;
			sim_run(sim);
		}
		failed = sim->worker.calls >= nr;
		ck_assert_uint_eq(sim->worker.closed, failed);
		if (failed)
			ck_assert_int_eq(sim->worker.error, error);
		else
			ck_assert_uint_eq(sim->worker.messages, 4);
		ck_assert_int_ge(sent, 1);
		sim_free(sim);
		if (!failed)
			break;
	}
	ck_assert_uint_gt(nr, 8);
}
END_TEST

START_TEST(hostile_interrupted_calls_are_repeated)
{
	for (unsigned int nr = 1; nr < 8; nr++) {
		struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
		struct wire_echo echo = { 2 };

		sim->worker.on_message = answer;
		sim->worker.fail_at = nr;
		sim->worker.fail_error = -EINTR;
		for (int i = 0; i < 4; i++) {
			ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, "x", 1), 0);
			sim_run(sim);
		}
		ck_assert_uint_eq(sim->home.messages, 4);
		ck_assert_uint_eq(sim->worker.closed, 0);
		sim_free(sim);
	}
}
END_TEST

START_TEST(hostile_last_words_are_heard_when_writing_fails)
{
	struct sim *sim = sim_new(SESSION_CHACHA20_POLY1305, 0);
	struct wire_refuse refuse = { .code = WIRE_REFUSE_BUSY };
	struct wire_echo echo = { 1 };

	/* the worker refuses and closes; home learns of the closing first, from its own write */
	ck_assert_int_eq(sim_send(&sim->worker, WIRE_REFUSE, &refuse, "no", 2), 0);
	sim->home.fail_at = 1;
	sim->home.fail_error = -EPIPE;
	ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, NULL, 0), 0);
	ck_assert_int_eq(sim_send(&sim->home, WIRE_ECHO, &echo, NULL, 0), -EPIPE);
	ck_assert_uint_eq(sim->home.closed, 0);
	ck_assert(sim->home.woken);
	channel_kick(&sim->home.ch);
	ck_assert_uint_eq(sim->home.messages, 1);
	ck_assert_uint_eq(sim->home.last.refuse.code, WIRE_REFUSE_BUSY);
	ck_assert_uint_eq(sim->home.closed, 1);
	ck_assert_int_eq(sim->home.error, -EPIPE);
	sim_free(sim);
}
END_TEST

UNIT(hostile)
{
	tcase_add_test(tc, hostile_cut_at_every_message_boundary);
	tcase_add_test(tc, hostile_cut_at_every_byte);
	tcase_add_test(tc, hostile_every_bit_of_a_record_counts);
	tcase_add_test(tc, hostile_records_repeated_moved_and_dropped);
	tcase_add_test(tc, hostile_own_words_sent_back);
	tcase_add_test(tc, hostile_wrong_key);
	tcase_add_test(tc, hostile_impossible_record_heads);
	tcase_add_test(tc, hostile_peer_sends_short_records);
	tcase_add_test(tc, hostile_peer_changes_its_mind_about_the_length);
	tcase_add_test(tc, hostile_peer_who_knows_the_keys);
	tcase_add_test(tc, hostile_nothing_after_a_violation_is_heard);
	tcase_add_test(tc, hostile_ping_flood_is_bounded);
	tcase_add_test(tc, hostile_every_read_and_write_can_fail);
	tcase_add_test(tc, hostile_interrupted_calls_are_repeated);
	tcase_add_test(tc, hostile_last_words_are_heard_when_writing_fails);
}
