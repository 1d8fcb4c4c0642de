// SPDX-License-Identifier: GPL-2.0-or-later
/* What a connection is for, once it has proved the key: HELLO, and the answer to it. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cluster/cache.h"
#include "cluster/conn.h"
#include "cluster/nodestat.h"
#include "log.h"

/**
 * conn_refuse() - Refuse what the other side wants, then end
 * @conn:	The connection
 * @code:	enum wire_refuse
 * @text:	What the code does not say, or ""
 */
static void conn_refuse(struct conn *conn, uint32_t code, const char *text)
{
	struct wire_refuse msg = { .code = code };
	struct iovec tail = { .iov_base = (void *)text, .iov_len = strlen(text) };

	conn_complain(conn, wire_refuse_text(code));
	conn->answered = true;
	channel_send(conn->ch, WIRE_REFUSE, &msg, &tail, 1);
	channel_finish(conn->ch);
}

/**
 * conn_answer_status() - Tell how the node is, then end
 * @conn:	The connection
 */
static void conn_answer_status(struct conn *conn)
{
	const struct remotes *remotes = conn->intake->remotes;
	struct wire_status status;

	nodestat_read(conn->intake->name, remotes->guests, REMOTES_MAX, &status);
	if (remotes->cache)
		cache_tell(remotes->cache, &status);
	conn->answered = true;
	channel_send(conn->ch, WIRE_STATUS, &status, NULL, 0);
	channel_finish(conn->ch);
}

/**
 * put_field() - Append a peer's words to a label, printable only
 * @label:	The label
 * @before:	What to put between
 * @field:	Field of a message, perhaps not terminated
 * @size:	Its size
 */
static void put_field(char label[static REMOTE_LABEL_SIZE], const char *before, const uint8_t *field, size_t size)
{
	size_t at = strlen(label);

	at += (size_t)snprintf(label + at, REMOTE_LABEL_SIZE - at, "%s", before);
	for (size_t i = 0; i < size && field[i] && at < REMOTE_LABEL_SIZE - 1; i++)
		label[at++] = (char)(isascii(field[i]) && isprint(field[i]) ? field[i] : '?');
	label[at < REMOTE_LABEL_SIZE ? at : REMOTE_LABEL_SIZE - 1] = '\0';
}

/**
 * make_label() - What a remote is for, in words
 * @label:	The words
 * @hello:	HELLO
 */
static void make_label(char label[static REMOTE_LABEL_SIZE], const struct wire_hello *hello)
{
	label[0] = '\0';
	put_field(label, "", hello->command, sizeof(hello->command));
	put_field(label, " of ", hello->user, sizeof(hello->user));
	put_field(label, "@", hello->node, sizeof(hello->node));
}

static const struct channel_ops conn_ops;

/**
 * conn_hand_over() - Give a connection to an om-remote of its own
 * @conn:	The connection, gone afterwards unless it is refused
 * @hello:	HELLO
 *
 * The channel is taken apart before we know that a process can be had; if not, it is put together again for the
 * refusal.
 */
static void conn_hand_over(struct conn *conn, const struct wire_hello *hello)
{
	struct intake *intake = conn->intake;
	struct arrival arrival = { .guest = hello->purpose == WIRE_PURPOSE_ARRIVAL };
	int ret, len;

	make_label(arrival.label, hello);
	len = wire_encode(WIRE_HELLO, hello, arrival.block.hello, sizeof(arrival.block.hello));
	ret = len < 0 ? len
		      : channel_detach(conn->ch, &conn->fd, &arrival.block.keys, arrival.block.leftover,
				       sizeof(arrival.block.leftover), &arrival.block.leftover_len);
	if (ret < 0) {
		conn_refuse(conn, WIRE_REFUSE_INTERNAL, strerror(-ret));
		return;
	}
	conn->ch = NULL;
	arrival.block.hello_len = (size_t)len;
	arrival.block.sent_ns = conn->sent_ns;
	arrival.socket_fd = conn->fd;
	ret = remotes_start(intake->remotes, &arrival);
	if (ret == 0) {
		log_at(arrival.guest ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "%s arrives from %s", arrival.label,
		       conn->peer);
		conn_drop(conn);
	} else {
		conn->ch = channel_open(intake->loop, conn->fd, &arrival.block.keys, WIRE_WORKER, &conn_ops, conn);
		conn->fd = -1;
		if (conn->ch)
			conn_refuse(conn, ret == -EAGAIN ? WIRE_REFUSE_BUSY : WIRE_REFUSE_INTERNAL,
				    ret == -EAGAIN ? "" : strerror(-ret));
		else
			conn_drop(conn);
	}
	session_keys_wipe(&arrival.block.keys);
}

/**
 * conn_join() - Give a connection to the om-remote whose ticket the other side has
 * @conn:	The connection, gone afterwards unless it is refused
 * @join:	JOIN
 */
static void conn_join(struct conn *conn, const struct wire_join *join)
{
	struct intake *intake = conn->intake;
	struct remote_entry *entry = remotes_find(intake->remotes, join->ticket);
	struct handover block = { 0 };
	int ret;

	if (!entry) {
		conn_refuse(conn, WIRE_REFUSE_TICKET, "");
		return;
	}
	ret = channel_detach(conn->ch, &conn->fd, &block.keys, block.leftover, sizeof(block.leftover),
			     &block.leftover_len);
	if (ret < 0) {
		conn_refuse(conn, WIRE_REFUSE_INTERNAL, strerror(-ret));
		return;
	}
	conn->ch = NULL;
	ret = remotes_join(entry, &block, conn->fd);
	if (ret < 0)
		log_warn("%s: cannot be joined to its session: %s", conn_peer(conn), strerror(-ret));
	conn_drop(conn);
	session_keys_wipe(&block.keys);
}

/**
 * on_message() - The other side says what it wants
 * @ctx:	The connection
 * @type:	HELLO or JOIN: in this phase there is no other
 * @msg:	It
 * @tail:	None
 * @tail_len:	0
 */
static void on_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct conn *conn = ctx;

	(void)tail;
	(void)tail_len;
	if (conn->answered)
		return;
	if (type == WIRE_JOIN)
		conn_join(conn, &msg->join);
	if (type != WIRE_HELLO)
		return;
	switch (msg->hello.purpose) {
	case WIRE_PURPOSE_ARRIVAL:
	case WIRE_PURPOSE_ECHO:
		conn_hand_over(conn, &msg->hello);
		break;
	case WIRE_PURPOSE_STATUS:
		conn_answer_status(conn);
		break;
	default:
		conn_refuse(conn, WIRE_REFUSE_PURPOSE, "");
		break;
	}
}

/**
 * on_closed() - The session has ended
 * @ctx:	The connection
 * @error:	0 or negative errno
 * @why:	One line
 */
static void on_closed(void *ctx, int error, const char *why)
{
	struct conn *conn = ctx;

	if (!conn->answered)
		conn_complain(conn, error ? why : "closed before it said what it wants");
	conn_drop(conn);
}

static const struct channel_ops conn_ops = { .message = on_message, .closed = on_closed };

/**
 * conn_trust() - The other side has the key: go on with a channel
 * @conn:	The connection
 */
void conn_trust(struct conn *conn)
{
	struct intake *intake = conn->intake;
	struct session_keys keys = *handshake_keys(conn->hs);

	conn_peer(conn);
	conn_handshake_end(conn);
	conn->ch = channel_open(intake->loop, conn->fd, &keys, WIRE_WORKER, &conn_ops, conn);
	session_keys_wipe(&keys);
	conn->fd = -1;
	if (!conn->ch) {
		log_error("%s: channel: %s", conn->peer, strerror(errno));
		conn_drop(conn);
		return;
	}
	/* The table's time is enough; there is nothing to keep alive */
	channel_heartbeat_set(conn->ch, 0, 0);
	halfopen_trust(&intake->table, &conn->entry, uv_now(intake->loop));
}
