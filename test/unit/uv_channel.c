// SPDX-License-Identifier: GPL-2.0-or-later
/* Channels over real sockets and a real event loop. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "channel.h"
#include "test/unit/sim.h"
#include "test/unit/unit.h"

/**
 * struct end - One end over a socket
 * @ch:		Channel; NULL when it was closed
 * @messages:	Messages that came
 * @bytes:	Bytes of their tails
 * @drained:	Number of drained() calls
 * @closed:	Number of closed() calls
 * @error:	Of the last
 * @answer:	Send each message back
 * @detach_at:	Detach in the so many-th message
 */
struct end {
	struct channel *ch;
	unsigned int messages;
	uint64_t bytes;
	unsigned int drained, closed;
	int error;
	bool answer;
	unsigned int detach_at;
};

static uv_loop_t loop;
static struct end home, worker;
static struct session_keys keys_home, keys_worker;
static uint8_t tail[WIRE_DATA_MAX];

static int detached_fd = -1;
static struct session_keys detached_keys;
static uint8_t leftover[65536];
static size_t leftover_len;

static int send_echo(struct end *end, size_t len)
{
	struct iovec iov = { .iov_base = tail, .iov_len = len };
	struct wire_echo echo = { 1 };

	return channel_send(end->ch, WIRE_ECHO, &echo, &iov, 1);
}

static void on_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *bytes, size_t len)
{
	struct end *end = ctx;

	(void)msg;
	ck_assert_int_eq(type, WIRE_ECHO);
	ck_assert_int_eq(memcmp(bytes, tail, len), 0);
	end->messages++;
	end->bytes += len;
	if (end->answer)
		ck_assert_int_eq(send_echo(end, len), 0);
	if (end->messages == end->detach_at) {
		ck_assert_int_eq(channel_detach(end->ch, &detached_fd, &detached_keys, leftover, sizeof(leftover),
						&leftover_len),
				 0);
		end->ch = NULL;
	}
}

static void on_closed(void *ctx, int error, const char *why)
{
	struct end *end = ctx;

	ck_assert_ptr_nonnull(why);
	end->closed++;
	end->error = error;
	channel_close(end->ch);
	end->ch = NULL;
}

static void on_drained(void *ctx)
{
	struct end *end = ctx;

	end->drained++;
}

static const struct channel_ops ops = { on_message, on_closed, on_drained };

/**
 * tcp_pair() - Two connected TCP sockets
 * @fd:		Sockets
 */
static void tcp_pair(int fd[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(sin);

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&sin, &len), 0);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd[0], (struct sockaddr *)&sin, sizeof(sin)), 0);
	fd[1] = accept(listener, NULL, NULL);
	ck_assert_int_ge(fd[1], 0);
	close(listener);
}

/**
 * open_end() - Open a channel
 * @end:	End
 * @fd:		Socket
 * @keys:	Keys
 * @self:	Side
 */
static void open_end(struct end *end, int fd, const struct session_keys *keys, enum wire_sender self)
{
	memset(end, 0, sizeof(*end));
	end->ch = channel_open(&loop, fd, keys, self, &ops, end);
	ck_assert_ptr_nonnull(end->ch);
	channel_phase_set(end->ch, PH_ECHO);
}

/**
 * setup() - Two channels over TCP in one loop
 */
static void setup(void)
{
	int fd[2];

	ck_assert_int_ge(sodium_init(), 0);
	memset(&keys_home, 0, sizeof(keys_home));
	keys_home.version = HANDSHAKE_VERSION;
	keys_home.cipher = SESSION_CHACHA20_POLY1305;
	sim_pattern(keys_home.tx_key, KEY_LEN, 1);
	sim_pattern(keys_home.rx_key, KEY_LEN, 2);
	keys_worker = keys_home;
	memcpy(keys_worker.tx_key, keys_home.rx_key, KEY_LEN);
	memcpy(keys_worker.rx_key, keys_home.tx_key, KEY_LEN);
	sim_pattern(tail, sizeof(tail), 3);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	tcp_pair(fd);
	open_end(&home, fd[0], &keys_home, WIRE_HOME);
	open_end(&worker, fd[1], &keys_worker, WIRE_WORKER);
}

/**
 * teardown() - Nothing must be left in the loop
 */
static void teardown(void)
{
	if (home.ch)
		channel_close(home.ch);
	if (worker.ch)
		channel_close(worker.ch);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

/**
 * run_until() - Turn the loop until a counter has a value
 * @counter:	Counter
 * @value:	Value
 */
static void run_until(const unsigned int *counter, unsigned int value)
{
	while (*counter < value)
		uv_run(&loop, UV_RUN_ONCE);
}

START_TEST(uv_channel_carries_messages_both_ways)
{
	setup();
	worker.answer = true;
	for (size_t len = 0; len < sizeof(tail); len = len * 3 + 1) {
		ck_assert_int_eq(send_echo(&home, len), 0);
		run_until(&home.messages, worker.messages + 1);
	}
	ck_assert_uint_eq(home.bytes, worker.bytes);
	ck_assert_str_eq(channel_cipher(home.ch), "ChaCha20-Poly1305");
	ck_assert_int_ge(channel_fd(home.ch), 0);
	teardown();
}
END_TEST

START_TEST(uv_channel_queues_and_drains)
{
	setup();
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(send_echo(&home, sizeof(tail)), 0);
	ck_assert_uint_gt(channel_backlog(home.ch), 0);
	run_until(&worker.messages, 20);
	run_until(&home.drained, 1);
	ck_assert_uint_eq(channel_backlog(home.ch), 0);
	ck_assert_uint_eq(worker.bytes, 20 * sizeof(tail));
	teardown();
}
END_TEST

START_TEST(uv_channel_can_be_polled_without_the_loop)
{
	setup();
	worker.answer = true;
	for (unsigned int i = 1; i <= 100; i++) {
		ck_assert_int_eq(send_echo(&home, i), 0);
		while (worker.messages < i)
			ck_assert_int_ge(channel_poll(worker.ch), 0);
		while (home.messages < i)
			ck_assert_int_ge(channel_poll(home.ch), 0);
	}
	/* large ones need both to be polled: the sockets fill */
	ck_assert_int_eq(send_echo(&home, sizeof(tail)), 0);
	while (home.messages < 101) {
		ck_assert_int_ge(channel_poll(worker.ch), 0);
		ck_assert_int_ge(channel_poll(home.ch), 0);
	}
	teardown();
}
END_TEST

START_TEST(uv_channel_closed_by_the_other_side)
{
	setup();
	ck_assert_int_eq(send_echo(&home, 10), 0);
	channel_close(home.ch);
	home.ch = NULL;
	run_until(&worker.closed, 1);
	ck_assert_uint_eq(worker.messages, 1);
	ck_assert_int_eq(worker.error, 0);
	ck_assert_uint_eq(home.closed, 0);
	teardown();
}
END_TEST

START_TEST(uv_channel_reset_by_the_other_side)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setup();
	ck_assert_int_eq(setsockopt(channel_fd(home.ch), SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	ck_assert_int_eq(send_echo(&home, 10), 0);
	channel_close(home.ch);
	home.ch = NULL;
	run_until(&worker.closed, 1);
	ck_assert_uint_eq(worker.messages, 1);
	ck_assert_int_eq(worker.error, -ECONNRESET);
	teardown();
}
END_TEST

START_TEST(uv_channel_reset_is_noticed_by_who_writes)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setup();
	ck_assert_int_eq(setsockopt(channel_fd(home.ch), SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	ck_assert_int_eq(send_echo(&home, 10), 0);
	channel_close(home.ch);
	home.ch = NULL;
	/* the error goes to the write, what came before it is still there to be read */
	while (send_echo(&worker, 10) == 0)
		;
	ck_assert_uint_eq(worker.closed, 0);
	run_until(&worker.closed, 1);
	ck_assert_uint_eq(worker.messages, 1);
	ck_assert_int_lt(worker.error, 0);
	teardown();
}
END_TEST

START_TEST(uv_channel_garbage_on_the_socket)
{
	int fd[2];

	setup();
	tcp_pair(fd);
	channel_close(worker.ch);
	open_end(&worker, fd[1], &keys_worker, WIRE_WORKER);
	ck_assert_int_eq(write(fd[0], "GET / HTTP/1.0\r\n\r\n", 18), 18);
	run_until(&worker.closed, 1);
	ck_assert_int_eq(worker.error, -EPROTO);
	close(fd[0]);
	teardown();
}
END_TEST

START_TEST(uv_channel_notices_a_silent_peer)
{
	int fd[2];

	setup();
	tcp_pair(fd);
	channel_close(worker.ch);
	open_end(&worker, fd[1], &keys_worker, WIRE_WORKER);
	channel_heartbeat_set(worker.ch, 30, 90);
	run_until(&worker.closed, 1);
	ck_assert_int_eq(worker.error, -ETIMEDOUT);
	close(fd[0]);
	teardown();
}
END_TEST

START_TEST(uv_channel_heartbeat_keeps_a_session)
{
	struct channel_stats stats;

	setup();
	channel_heartbeat_set(home.ch, 10, 10000);
	do {
		uv_run(&loop, UV_RUN_ONCE);
		channel_stats_get(home.ch, &stats);
	} while (stats.tx_messages < 3 || stats.rx_messages < 3);
	ck_assert_uint_gt(stats.rtt_us, 0);
	ck_assert_uint_eq(home.messages + worker.messages + home.closed, 0);
	teardown();
}
END_TEST

START_TEST(uv_channel_finish_delivers)
{
	setup();
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(send_echo(&home, sizeof(tail)), 0);
	channel_finish(home.ch);
	run_until(&home.closed, 1);
	ck_assert_uint_eq(worker.messages, 10);
	ck_assert_int_eq(home.error, 0);
	ck_assert_int_eq(worker.error, 0);
	teardown();
}
END_TEST

START_TEST(uv_channel_moves_to_another_process)
{
	setup();
	worker.detach_at = 3;
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(send_echo(&home, (size_t)100 * i), 0);
	run_until(&worker.messages, 3);
	ck_assert_int_ge(detached_fd, 0);
	ck_assert_uint_gt(leftover_len, 0);
	uv_run(&loop, UV_RUN_NOWAIT);

	open_end(&worker, detached_fd, &detached_keys, WIRE_WORKER);
	worker.answer = true;
	ck_assert_int_eq(channel_feed(worker.ch, leftover, leftover_len), 0);
	run_until(&worker.messages, 7);
	run_until(&home.messages, 7);
	teardown();
}
END_TEST

START_TEST(uv_channel_refuses_what_is_no_socket)
{
	const struct channel_ops none = { 0 };
	struct session_keys keys;

	setup();
	errno = 0;
	ck_assert_ptr_null(channel_open(&loop, 1000, &keys_home, WIRE_HOME, &none, NULL));
	ck_assert_int_eq(errno, EBADF);
	keys = keys_home;
	keys.cipher = 77;
	ck_assert_ptr_null(channel_open(&loop, dup(channel_fd(home.ch)), &keys, WIRE_HOME, &none, NULL));
	ck_assert_int_eq(errno, ENOTSUP);
	teardown();
}
END_TEST

UNIT(uv_channel)
{
	tcase_add_test(tc, uv_channel_carries_messages_both_ways);
	tcase_add_test(tc, uv_channel_queues_and_drains);
	tcase_add_test(tc, uv_channel_can_be_polled_without_the_loop);
	tcase_add_test(tc, uv_channel_closed_by_the_other_side);
	tcase_add_test(tc, uv_channel_reset_by_the_other_side);
	tcase_add_test(tc, uv_channel_reset_is_noticed_by_who_writes);
	tcase_add_test(tc, uv_channel_garbage_on_the_socket);
	tcase_add_test(tc, uv_channel_notices_a_silent_peer);
	tcase_add_test(tc, uv_channel_heartbeat_keeps_a_session);
	tcase_add_test(tc, uv_channel_finish_delivers);
	tcase_add_test(tc, uv_channel_moves_to_another_process);
	tcase_add_test(tc, uv_channel_refuses_what_is_no_socket);
}
