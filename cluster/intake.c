// SPDX-License-Identifier: GPL-2.0-or-later
/* From an accepted connection to what it is for; see cluster/intake.h for the theory of operation. */
#include <errno.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster/conn.h"
#include "cluster/listener.h"
#include "log.h"

/* Log lines about strangers: so many in so long */
#define COMPLAINTS_MAX	     10
#define COMPLAINTS_WINDOW_MS 1000

/**
 * conn_of() - The connection of a place in the table
 * @entry:	The place, or NULL
 */
static struct conn *conn_of(struct halfopen *entry)
{
	return entry ? (struct conn *)((char *)entry - offsetof(struct conn, entry)) : NULL;
}

/**
 * conn_peer() - The address of the other side in words
 * @conn:	The connection
 *
 * Kept, since after the end of a session nobody knows it any more.
 */
const char *conn_peer(struct conn *conn)
{
	union listener_addr at = { 0 };
	socklen_t len = sizeof(at);
	char host[INET6_ADDRSTRLEN] = "";

	if (conn->peer[0])
		return conn->peer;
	if (getpeername(conn->fd, &at.common, &len) < 0)
		return "a peer that has gone";
	if (at.common.sa_family == AF_INET)
		inet_ntop(AF_INET, &at.in.sin_addr, host, sizeof(host));
	else if (IN6_IS_ADDR_V4MAPPED(&at.in6.sin6_addr))
		inet_ntop(AF_INET, &at.in6.sin6_addr.s6_addr[12], host, sizeof(host));
	else
		inet_ntop(AF_INET6, &at.in6.sin6_addr, host, sizeof(host));
	snprintf(conn->peer, sizeof(conn->peer), strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, ntohs(at.in.sin_port));
	return conn->peer;
}

/**
 * conn_complain() - Log that a connection ended badly
 * @conn:	The connection
 * @why:	How
 */
void conn_complain(struct conn *conn, const char *why)
{
	unsigned int left_out;

	if (!loglimit_allow(&conn->intake->complaints, uv_now(conn->intake->loop), &left_out))
		return;
	if (left_out)
		log_warn("%u more connections ended badly", left_out);
	log_warn("%s: %s", conn_peer(conn), why);
}

/**
 * free_handle() - A handle is closed
 * @handle:	Allocated handle
 */
static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

/**
 * conn_handshake_end() - Let go of what only the handshake needs
 * @conn:	The connection
 */
void conn_handshake_end(struct conn *conn)
{
	if (conn->poll)
		uv_close((uv_handle_t *)conn->poll, free_handle);
	conn->poll = NULL;
	if (conn->hs)
		handshake_wipe(conn->hs);
	free(conn->hs);
	conn->hs = NULL;
}

/**
 * conn_drop() - End a connection
 * @conn:	The connection, gone afterwards
 */
void conn_drop(struct conn *conn)
{
	halfopen_remove(&conn->intake->table, &conn->entry);
	conn_handshake_end(conn);
	if (conn->ch)
		channel_close(conn->ch);
	if (conn->fd >= 0)
		close(conn->fd);
	free(conn);
}

static void on_ready(uv_poll_t *poll, int status, int events);

/**
 * conn_flush() - Send what the handshake has to send
 * @conn:	The connection
 *
 * It is less than a new socket takes, unless the other side is up to something; then the rest waits for room.
 *
 * Return: 0 or negative errno.
 */
static int conn_flush(struct conn *conn)
{
	const uint8_t *out;
	size_t len;

	while (out = handshake_output(conn->hs, &len), len > 0) {
		ssize_t n = send(conn->fd, out, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n < 0)
			break;
		handshake_sent(conn->hs, (size_t)n);
		conn->sent_ns = uv_hrtime();
	}
	return uv_poll_start(conn->poll, len > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE, on_ready);
}

/**
 * conn_drain() - Read what the other side has sent before a connection is closed for an error
 * @conn:	The connection
 *
 * Closed with bytes unread, TCP would send a reset, and that could overtake our version block, which is what tells an
 * honest peer of another version what is wrong. Who sends more than this is none.
 */
static void conn_drain(const struct conn *conn)
{
	uint8_t sink[4096];

	if (recv(conn->fd, sink, sizeof(sink), 0) > 0)
		shutdown(conn->fd, SHUT_WR);
}

/**
 * conn_begin() - The first byte has come: start the handshake
 * @conn:	The connection
 *
 * Return: 0 or negative errno.
 */
static int conn_begin(struct conn *conn)
{
	int ret;

	conn->hs = malloc(sizeof(*conn->hs));
	if (!conn->hs)
		return -ENOMEM;
	ret = handshake_init(conn->hs, HANDSHAKE_WORKER, conn->intake->key);
	if (ret == 0)
		handshake_start(conn->hs);
	return ret;
}

/**
 * conn_receive() - Take what has come for the handshake
 * @conn:	The connection
 *
 * Return: 0 (nothing more has come), HANDSHAKE_DONE, or negative errno.
 */
static int conn_receive(struct conn *conn)
{
	uint8_t in[HANDSHAKE_BUF_MAX];
	size_t want;
	ssize_t n;
	int ret = 0;

	while (ret == 0) {
		want = handshake_want(conn->hs);
		n = recv(conn->fd, in, want < sizeof(in) ? want : sizeof(in), 0);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (n == 0)
			return handshake_eof(conn->hs);
		ret = handshake_feed(conn->hs, in, (size_t)n);
		/* Also after an error: the version block lets the other side say what is wrong */
		if (conn_flush(conn) < 0 && ret == 0)
			return -ECONNRESET;
	}
	return ret;
}

/**
 * on_ready() - The socket of a stranger can be read, or written
 * @poll:	Its handle
 * @status:	0 or an error of the poll, which shows at the socket too
 * @events:	UV_READABLE, UV_WRITABLE
 */
static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct conn *conn = poll->data;
	const char *why;
	char byte;
	int ret = 0;

	(void)status;
	if (!conn->hs) {
		/* Who closes, or resets, without a word (a port scan, a health check) is not worth a line */
		ssize_t n = recv(conn->fd, &byte, 1, MSG_PEEK);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			conn_drop(conn);
			return;
		}
		ret = conn_begin(conn);
	} else if (events & UV_WRITABLE) {
		ret = conn_flush(conn);
	}
	if (ret == 0)
		ret = conn_receive(conn);
	if (ret == 0)
		return;
	if (ret == HANDSHAKE_DONE) {
		conn_trust(conn);
		return;
	}
	why = conn->hs ? handshake_why(conn->hs) : "";
	conn_complain(conn, why[0] ? why : strerror(-ret));
	conn_drain(conn);
	conn_drop(conn);
}

/**
 * on_timer() - Somebody's time may be up
 * @timer:	The timer
 */
static void on_timer(uv_timer_t *timer)
{
	struct intake *intake = timer->data;
	struct conn *conn;
	int64_t wait_ms;

	while ((conn = conn_of(halfopen_expired(&intake->table, uv_now(intake->loop))))) {
		if (!conn->answered)
			conn_complain(conn, conn->ch ? "has not said what it wants in time" : "no handshake in time");
		conn_drop(conn);
	}
	wait_ms = halfopen_wait_ms(&intake->table, uv_now(intake->loop));
	if (wait_ms >= 0)
		uv_timer_start(timer, on_timer, (uint64_t)wait_ms, 0);
}

void intake_init(struct intake *intake, uv_loop_t *loop, const char *name, const uint8_t key[static KEY_LEN],
		 unsigned int count_max, struct remotes *remotes)
{
	*intake = (struct intake){ .loop = loop, .name = name, .remotes = remotes };
	intake->complaints = (struct loglimit){ .lines_max = COMPLAINTS_MAX, .window_ms = COMPLAINTS_WINDOW_MS };
	halfopen_init(&intake->table, count_max, INTAKE_TIMEOUT_MS);
	uv_timer_init(loop, &intake->timer);
	intake->timer.data = intake;
	intake_key_set(intake, key);
}

void intake_key_set(struct intake *intake, const uint8_t key[static KEY_LEN])
{
	memcpy(intake->key, key, KEY_LEN);
}

void intake_take(struct intake *intake, int fd)
{
	struct conn *conn = calloc(1, sizeof(*conn));
	struct conn *victim;

	if (!conn)
		goto close_fd;
	conn->intake = intake;
	conn->fd = fd;
	conn->poll = malloc(sizeof(*conn->poll));
	if (!conn->poll || uv_poll_init(intake->loop, conn->poll, fd) < 0)
		goto free_conn;
	conn->poll->data = conn;
	uv_poll_start(conn->poll, UV_READABLE, on_ready);
	victim = conn_of(halfopen_add(&intake->table, &conn->entry, uv_now(intake->loop)));
	if (victim) {
		conn_complain(victim, "pushed out, too many connections wait");
		conn_drop(victim);
	}
	if (!uv_is_active((uv_handle_t *)&intake->timer))
		uv_timer_start(&intake->timer, on_timer, INTAKE_TIMEOUT_MS, 0);
	return;

free_conn:
	free(conn->poll);
	free(conn);
close_fd:
	close(fd);
}

bool intake_spare(struct intake *intake)
{
	struct conn *victim = conn_of(halfopen_victim(&intake->table));

	if (!victim)
		return false;
	conn_complain(victim, "pushed out, no descriptors are left");
	conn_drop(victim);
	return true;
}

void intake_close(struct intake *intake)
{
	struct conn *conn;

	while ((conn = conn_of(halfopen_victim(&intake->table))))
		conn_drop(conn);
	uv_close((uv_handle_t *)&intake->timer, NULL);
	sodium_memzero(intake->key, sizeof(intake->key));
}
