/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The deputy's end of the connection for pages (deputy/pages.c): what it answers to a worker's FETCHes, honest and
 * hostile ones. A child process makes the node's half of the handshake and hands the connection over; from then on the
 * test is the worker.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/object.h"
#include "deputy/pages.h"
#include "fdpass.h"
#include "test/unit/sim.h"
#include "test/unit/unit.h"

#define SIZE	    100000u /* of the file that is paged */
#define PAGED	    1u	    /* its object's number */
#define SENT	    2u	    /* one of whose content the worker has not been told to fetch anything */
#define NONE	    99u
#define PATIENCE_MS 20000
#define FLOOD	    4000u

static struct deputy *d;
static struct deputy_options options;
static struct object objects[2];
static uint8_t content[SIZE];
static int listener;
static struct session_keys keys; /* the worker's */
static int wire_fd;		 /* its end, as long as it has no channel */
static struct channel *worker;
static uv_timer_t timer;
static enum wire_type came; /* the last message that has come to the worker */
static struct wire_fetched fetched;
static uint8_t fetched_tail[WIRE_FETCH_MAX];
static size_t fetched_len;
static unsigned int answers;
static bool worker_lost;

static void on_home_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail, size_t len)
{
	(void)ctx, (void)type, (void)msg, (void)tail, (void)len;
}

static void on_home_closed(void *ctx, int error, const char *why)
{
	(void)ctx, (void)error, (void)why;
}

static const struct channel_ops home_ops = { on_home_message, on_home_closed, NULL };

static void on_worker_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail,
			      size_t len)
{
	(void)ctx;
	came = type;
	if (type == WIRE_FETCHED) {
		fetched = msg->fetched;
		fetched_len = len;
		memcpy(fetched_tail, tail, len);
		answers++;
	}
}

static void on_worker_closed(void *ctx, int error, const char *why)
{
	(void)ctx, (void)error, (void)why;
	worker_lost = true;
}

static const struct channel_ops worker_ops = { on_worker_message, on_worker_closed, NULL };

static void on_timeout(uv_timer_t *handle)
{
	(void)handle;
	ck_abort_msg("nothing happens");
}

/* A connection to the listener */
static int dial(void)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&sin, &len), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

/* In a child: be the node for the next connection until its keys are agreed on, and hand it over to @sock */
static void node_run(int sock)
{
	int fd = accept(listener, NULL, NULL), ret = 0;
	struct handshake hs;
	uint8_t byte;

	handshake_init(&hs, HANDSHAKE_WORKER, options.key);
	handshake_start(&hs);
	while (!ret && read(fd, &byte, 1) == 1) {
		const uint8_t *out;
		size_t len;

		ret = handshake_feed(&hs, &byte, 1);
		out = handshake_output(&hs, &len);
		if (len && write(fd, out, len) == (ssize_t)len)
			handshake_sent(&hs, len);
	}
	_exit(ret == HANDSHAKE_DONE ? fdpass_send(sock, handshake_keys(&hs), sizeof(keys), fd, 0) : 1);
}

/* A file of one byte over and over, as an object */
static void object_set(struct object *o, uint64_t id, enum object_offer offer, char byte)
{
	*o = (struct object){ .id = id, .live = true, .offer = offer, .fd = memfd_create("file", MFD_CLOEXEC) };
	memset(content, byte, SIZE);
	ck_assert_int_eq(pwrite(o->fd, content, SIZE, 0), SIZE);
}

static void setup(void)
{
	struct session_keys any = { .version = HANDSHAKE_VERSION, .cipher = SESSION_CHACHA20_POLY1305 };
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int pair[2], other;
	pid_t pid;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(listen(listener, 2), 0);
	d = calloc(1, sizeof(*d));
	d->options = &options;
	d->piece = malloc(PIECE_MAX);
	memset(d->ticket, 7, sizeof(d->ticket));
	ck_assert_int_eq(uv_loop_init(&d->loop), 0);
	uv_timer_init(&d->loop, &d->held_timer);
	uv_timer_init(&d->loop, &timer);
	d->channel = channel_open(&d->loop, dial(), &any, WIRE_HOME, &home_ops, d);
	other = accept(listener, NULL, NULL);
	object_set(&objects[1], SENT, OFFER_DECLINED, 's');
	object_set(&objects[0], PAGED, OFFER_PAGED, 'p');
	objects[0].next = &objects[1];
	d->objects = &objects[0];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	if (!pid)
		node_run(pair[1]);
	pages_join(d);
	ck_assert_int_eq(fdpass_receive(pair[0], &keys, sizeof(keys), &wire_fd, 0), 0);
	waitpid(pid, NULL, 0);
	close(pair[0]);
	close(pair[1]);
	close(other);
	uv_timer_start(&timer, on_timeout, PATIENCE_MS, 0);
}

static void teardown(void)
{
	if (worker)
		channel_close(worker);
	worker = NULL;
	if (d->channel)
		channel_close(d->channel);
	pages_close(d);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_close((uv_handle_t *)&d->held_timer, NULL);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&d->loop), 0);
	close(objects[0].fd);
	close(objects[1].fd);
	close(listener);
	free(d->piece);
	free(d);
}

/* Be a worker that takes the ticket */
static void accept_ticket(void)
{
	struct wire_accept msg = { 0 };

	worker = channel_open(&d->loop, wire_fd, &keys, WIRE_WORKER, &worker_ops, NULL);
	ck_assert_ptr_nonnull(worker);
	while (came != WIRE_JOIN)
		uv_run(&d->loop, UV_RUN_ONCE);
	ck_assert_int_eq(channel_send(worker, WIRE_ACCEPT, &msg, NULL, 0), 0);
	channel_phase_set(worker, PH_PAGES);
}

/* Send a FETCH; and wait for the answer to it, or for the end of the session (false) */
static bool fetch(uint64_t object, uint64_t offset, uint32_t len)
{
	struct wire_fetch msg = { 5, object, offset, len };
	unsigned int before = answers;

	ck_assert_int_eq(channel_send(worker, WIRE_FETCH, &msg, NULL, 0), 0);
	while (answers == before && !worker_lost)
		uv_run(&d->loop, UV_RUN_ONCE);
	if (!worker_lost)
		ck_assert_uint_eq(fetched.fetch, 5);
	return !worker_lost;
}

START_TEST(pages_of_the_object_are_had)
{
	accept_ticket();
	ck_assert(fetch(PAGED, 0, 4096));
	ck_assert_int_eq(fetched.error, 0);
	ck_assert_uint_eq(fetched_len, 4096);
	ck_assert_mem_eq(fetched_tail, content, 4096);
}
END_TEST

START_TEST(pages_beyond_the_end_are_empty)
{
	static const uint64_t beyond[] = { SIZE, SIZE + 1, 1ull << 40, INT64_MAX - WIRE_FETCH_MAX };

	accept_ticket();
	ck_assert(fetch(PAGED, SIZE - 10, WIRE_FETCH_MAX));
	ck_assert_int_eq(fetched.error, 0);
	ck_assert_uint_eq(fetched_len, 10);
	for (size_t i = 0; i < sizeof(beyond) / sizeof(*beyond); i++) {
		ck_assert(fetch(PAGED, beyond[i], WIRE_FETCH_MAX));
		ck_assert(fetched.error == 0 || fetched.error == -EINVAL);
		ck_assert_uint_eq(fetched_len, 0);
	}
	ck_assert_ptr_nonnull(d->channel);
}
END_TEST

START_TEST(pages_of_others_are_not_had)
{
	static const uint64_t others[] = { SENT, NONE, 0, UINT64_MAX };

	accept_ticket();
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		ck_assert(fetch(others[i], 0, 4096));
		ck_assert_int_eq(fetched.error, -ESTALE);
		ck_assert_uint_eq(fetched_len, 0);
	}
	/* Not even the one that it has been fetching, when that is none of those any more */
	objects[0].offer = OFFER_DECLINED;
	ck_assert(fetch(PAGED, 0, 4096));
	ck_assert_int_eq(fetched.error, -ESTALE);
	ck_assert_ptr_nonnull(d->channel);
}
END_TEST

static const struct wire_fetch forbidden[] = {
	{ 1, PAGED, 0, 0 },	    { 1, PAGED, 0, WIRE_FETCH_MAX + 1 },      { 1, PAGED, 0, UINT32_MAX },
	{ 1, PAGED, INT64_MAX, 1 }, { 1, PAGED, UINT64_MAX, WIRE_FETCH_MAX },
};

START_TEST(pages_session_ends_for_a_forbidden_fetch)
{
	accept_ticket();
	ck_assert(!fetch(forbidden[_i].object, forbidden[_i].offset, forbidden[_i].len));
	ck_assert_ptr_null(d->channel);
	ck_assert_ptr_null(d->pages);
	ck_assert_str_eq(d->lost, "the worker fetched what it may not");
	ck_assert_uint_eq(answers, 0);
}
END_TEST

START_TEST(pages_are_not_had_before_the_ticket_is_taken)
{
	struct wire_fetch msg = { 1, PAGED, 0, 4096 };

	worker = channel_open(&d->loop, wire_fd, &keys, WIRE_WORKER, &worker_ops, NULL);
	channel_phase_set(worker, PH_PAGES | PH_OPEN);
	ck_assert_int_eq(channel_send(worker, WIRE_FETCH, &msg, NULL, 0), 0);
	while (!worker_lost)
		uv_run(&d->loop, UV_RUN_ONCE);
	/* The session goes on without that connection */
	ck_assert_uint_eq(answers, 0);
	ck_assert_ptr_nonnull(d->channel);
	ck_assert(!pages_possible(d));
}
END_TEST

START_TEST(pages_are_all_had_by_who_reads_them)
{
	struct wire_fetch msg = { 0, PAGED, 0, 4096 };

	accept_ticket();
	while (msg.fetch < FLOOD) {
		for (unsigned int i = 0; i < WIRE_FETCHES_MAX && msg.fetch < FLOOD; i++, msg.fetch++)
			ck_assert_int_eq(channel_send(worker, WIRE_FETCH, &msg, NULL, 0), 0);
		while (answers < msg.fetch && !worker_lost)
			uv_run(&d->loop, UV_RUN_ONCE);
		ck_assert(!worker_lost);
	}
	ck_assert_uint_eq(fetched.fetch, FLOOD - 1);
}
END_TEST

/* Put a message on the wire without ever looking at what comes back; false when the socket takes no more */
static bool shout(struct record_cipher *cipher, enum wire_type type, const void *msg)
{
	uint8_t message[WIRE_FIXED_MAX], out[WIRE_FIXED_MAX + RECORD_OVERHEAD];
	int len = wire_encode(type, msg, message, sizeof(message));
	size_t out_len = sim_forge(cipher, message, (size_t)len, out);

	return send(wire_fd, out, out_len, MSG_NOSIGNAL) == (ssize_t)out_len;
}

START_TEST(pages_flood_of_one_who_does_not_read_ends_the_session)
{
	struct wire_fetch msg = { 0, PAGED, 0, SIZE };
	struct wire_accept accepted = { 0 };
	struct record_cipher cipher;

	ck_assert_int_eq(record_init(&cipher, (enum session_cipher)keys.cipher, keys.tx_key, keys.tx_count), 0);
	ck_assert(shout(&cipher, WIRE_ACCEPT, &accepted));
	while (d->pages && msg.fetch < FLOOD) {
		msg.fetch++;
		shout(&cipher, WIRE_FETCH, &msg);
		uv_run(&d->loop, UV_RUN_NOWAIT);
	}
	ck_assert_ptr_null(d->channel);
	ck_assert_str_eq(d->lost, "the worker fetched what it may not");
	/* What the sockets hold, 4 MiB of answers, and the fetches that wait behind them */
	ck_assert_uint_lt(msg.fetch, FLOOD);
	close(wire_fd);
}
END_TEST

UNIT(pages)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, pages_of_the_object_are_had);
	tcase_add_test(tc, pages_beyond_the_end_are_empty);
	tcase_add_test(tc, pages_of_others_are_not_had);
	tcase_add_loop_test(tc, pages_session_ends_for_a_forbidden_fetch, 0, sizeof(forbidden) / sizeof(*forbidden));
	tcase_add_test(tc, pages_are_not_had_before_the_ticket_is_taken);
	tcase_add_test(tc, pages_are_all_had_by_who_reads_them);
	tcase_add_test(tc, pages_flood_of_one_who_does_not_read_ends_the_session);
}
