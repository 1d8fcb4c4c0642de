/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Paged objects: large files whose content the worker fetches when guests touch it, instead of being sent all of it. It
 * does that over a connection of its own, for on the worker another process asks (remote/pager.h), while the remote may
 * itself wait for a page. The deputy opens that connection, to the node that it talks to already, when the first such
 * object is mapped, and shows the ticket that came with ACCEPT; so it gets to its own session's remote. If it cannot be
 * had, all objects are sent as a whole. Once it is there, its loss is the loss of the session.
 *
 * A FETCH is answered at once, from the object's file, unless so much waits to be sent that it has to wait too. What the
 * worker can read in this way are the objects that it was told to fetch, which its guests map, and nothing else.
 *
 * Connecting waits for the worker; it has a few round trips once in the life of a session.
 */
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/lost.h"
#include "deputy/object.h"
#include "deputy/pages.h"
#include "usermem.h"

#define CONNECT_MS  3000
#define BACKLOG_MAX (4u << 20) /* bytes queued in the channel above which fetches wait */

static_assert(WIRE_FETCH_MAX <= PIECE_MAX, "a piece is read into the deputy's buffer");

enum pages_state { PAGES_JOINING, PAGES_JOINED, PAGES_FAILED };

/**
 * struct pages - The connection for pages
 * @channel:	It, NULL when it has failed
 * @state:	How far it is
 * @waiting:	Fetches that wait, a ring
 * @first:	The oldest of them
 * @nr:		Their number
 */
struct pages {
	struct channel *channel;
	enum pages_state state;
	struct wire_fetch waiting[WIRE_FETCHES_MAX];
	unsigned int first, nr;
};

bool pages_possible(const struct deputy *d)
{
	static const uint8_t none[WIRE_TICKET_LEN];

	return d->pages ? d->pages->state != PAGES_FAILED : memcmp(d->ticket, none, sizeof(none)) != 0;
}

/* The worker broke the rules, or has gone: so has the session */
static void pages_lost(struct deputy *d, const char *why)
{
	lost_end(d, why);
	deputy_end_if_done(d);
}

/* Length of what is there, without the zeros at its end */
static size_t length_needed(const uint8_t *data, size_t len)
{
	static const uint8_t none[PAGE_BYTES];

	while (len >= PAGE_BYTES && !memcmp(data + len - PAGE_BYTES, none, PAGE_BYTES))
		len -= PAGE_BYTES;
	return len;
}

/* Answer one FETCH; what a file that has shrunk has not any more is zeros */
static void fetch_serve(struct deputy *d, const struct wire_fetch *msg)
{
	struct wire_fetched answer = { .fetch = msg->fetch };
	const struct object *o = d->objects;
	struct iovec piece = { d->piece, 0 };
	size_t len = 0;
	ssize_t n = 1;

	while (o && o->id != msg->object)
		o = o->next;
	if (!o || o->offer != OFFER_PAGED)
		answer.error = -ESTALE; /* trimmed meanwhile */
	while (!answer.error && n && len < msg->len) {
		n = pread(o->fd, d->piece + len, msg->len - len, (off_t)(msg->offset + len));
		if (n > 0)
			len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			answer.error = -errno;
	}
	if (!answer.error)
		piece.iov_len = length_needed(d->piece, len);
	d->stats.contents += piece.iov_len;
	channel_send(d->pages->channel, WIRE_FETCHED, &answer, &piece, 1);
}

/* Serve what waits, as long as there is room */
static void fetches_serve(struct deputy *d)
{
	struct pages *pages = d->pages;

	while (pages->nr && channel_backlog(pages->channel) < BACKLOG_MAX) {
		const struct wire_fetch msg = pages->waiting[pages->first];

		pages->first = (pages->first + 1) % WIRE_FETCHES_MAX;
		pages->nr--;
		fetch_serve(d, &msg);
	}
}

/* FETCH has come */
static void fetch_take(struct deputy *d, const struct wire_fetch *msg)
{
	struct pages *pages = d->pages;

	if (pages->nr == WIRE_FETCHES_MAX || !msg->len || msg->len > WIRE_FETCH_MAX ||
	    msg->offset > INT64_MAX - WIRE_FETCH_MAX) {
		pages_lost(d, "the worker fetched what it may not");
		return;
	}
	pages->waiting[(pages->first + pages->nr++) % WIRE_FETCHES_MAX] = *msg;
	fetches_serve(d);
}

/* Give the connection up before it was joined */
static void join_fail(struct deputy *d)
{
	if (d->pages->channel)
		channel_close(d->pages->channel);
	d->pages->channel = NULL;
	d->pages->state = PAGES_FAILED;
	objects_joined(d);
}

/* A message has come */
static void pages_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail,
			  size_t tail_len)
{
	struct deputy *d = ctx;

	(void)tail;
	(void)tail_len;
	if (type == WIRE_FETCH) {
		fetch_take(d, &msg->fetch);
	} else if (type == WIRE_ACCEPT) {
		channel_phase_set(d->pages->channel, PH_PAGES);
		d->pages->state = PAGES_JOINED;
		objects_joined(d);
	} else if (type == WIRE_REFUSE) {
		join_fail(d);
	} else {
		pages_lost(d, "the node sent a message that a deputy does not take");
	}
}

/* The connection has ended */
static void pages_closed(void *ctx, int error, const char *why)
{
	struct deputy *d = ctx;
	char text[128];

	(void)error;
	if (d->pages->state == PAGES_JOINING) {
		join_fail(d);
		return;
	}
	snprintf(text, sizeof(text), "connection to the node lost: %s", why);
	pages_lost(d, text);
}

/* The queue is empty */
static void pages_drained(void *ctx)
{
	fetches_serve(ctx);
}

static const struct channel_ops pages_ops = { pages_message, pages_closed, pages_drained };

/* The node at the other end of the connection that there is: its name may have other addresses, too */
static int peer_addr(const struct deputy *d, struct node_addr *out)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	char port[8];

	if (getpeername(channel_fd(d->channel), (struct sockaddr *)&addr, &len) < 0)
		return -errno;
	if (getnameinfo((struct sockaddr *)&addr, len, out->host, sizeof(out->host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return -EINVAL;
	out->port = (uint16_t)strtoul(port, NULL, 10);
	return 0;
}

/* Connect, and show the ticket */
static int join_begin(struct deputy *d)
{
	struct node_addr addr;
	struct session_keys keys;
	struct wire_join join;
	char why[128];
	int fd, err = peer_addr(d, &addr);

	if (!err)
		err = channel_connect(&addr, d->options->key, CONNECT_MS, &fd, &keys, why, sizeof(why));
	if (err)
		return err;
	d->pages->channel = channel_open(&d->loop, fd, &keys, WIRE_HOME, &pages_ops, d);
	session_keys_wipe(&keys);
	if (!d->pages->channel)
		return -errno;
	memcpy(join.ticket, d->ticket, sizeof(join.ticket));
	return channel_send(d->pages->channel, WIRE_JOIN, &join, NULL, 0);
}

void pages_join(struct deputy *d)
{
	if (d->pages && d->pages->state == PAGES_JOINING)
		return;
	if (d->pages) {
		objects_joined(d);
		return;
	}
	d->pages = calloc(1, sizeof(*d->pages));
	if (!d->pages)
		lost_end(d, "no memory");
	else if (join_begin(d))
		join_fail(d);
}

void pages_close(struct deputy *d)
{
	if (d->pages && d->pages->channel)
		channel_close(d->pages->channel);
	free(d->pages);
	d->pages = NULL;
}

void pages_stats_add(const struct deputy *d, uint64_t *rx_bytes, uint64_t *tx_bytes)
{
	struct channel_stats stats;

	if (!d->pages || !d->pages->channel)
		return;
	channel_stats_get(d->pages->channel, &stats);
	*rx_bytes += stats.rx_bytes;
	*tx_bytes += stats.tx_bytes;
}
