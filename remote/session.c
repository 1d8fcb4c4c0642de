/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session: its messages, its events, its end. See remote/session.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "remote/calls.h"
#include "remote/image.h"
#include "remote/live.h"
#include "remote/ownfilter.h"
#include "remote/session.h"
#include "remote/shm.h"
#include "remote/signals.h"
#include "remote/sigqueue.h"
#include "remote/sleep.h"
#include "remote/stock.h"
#include "remote/stops.h"
#include "remote/title.h"
#include "remote/trim.h"
#include "remote/usage.h"

#define TICK_MS	    1000
#define TICK_GUESTS 256u /* whose usage and title are looked at in one tick */

void session_send(struct session *session, enum wire_type type, const void *msg)
{
	if (!session->ended)
		channel_send(session->channel, type, msg, NULL, 0);
}

void session_send_text(struct session *session, enum wire_type type, const void *msg, const char *text)
{
	struct iovec piece = { (void *)text, strnlen(text, wire_tail_max(type)) };

	if (!session->ended)
		channel_send(session->channel, type, msg, &piece, 1);
}

void session_end(struct session *session, const char *why)
{
	if (session->ended)
		return;
	if (why)
		log_warn("%s", why);
	session->ended = true;
	for (struct guest *g = session->guests.guests; g; g = g->next)
		guest_kill(g);
}

static int on_body(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	return image_begin(session, &msg->body, tail, tail_len);
}

static int on_limits(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	return image_limits(session, &msg->limits);
}

static int on_xstate(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	return image_xstate(session, &msg->xstate, tail, tail_len);
}

static int on_pages(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	return image_pages(session, &msg->pages, tail, tail_len);
}

static int on_object(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	return objects_add(&session->objects, &msg->object);
}

static int on_object_data(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	return objects_data(&session->objects, &msg->object_data, tail, tail_len);
}

static int on_offer(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct wire_want answer = { .object = msg->offer.object };
	int err = objects_offer(&session->objects, &msg->offer, &answer.wanted);

	(void)tail;
	(void)tail_len;
	if (!err)
		session_send(session, WIRE_WANT, &answer);
	return err;
}

static int on_keep(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	return objects_keep(&session->objects, &msg->keep);
}

static int on_seen(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	return objects_seen(&session->objects, &msg->seen);
}

static int on_object_zero(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	return objects_zero(&session->objects, &msg->object_zero);
}

static int on_object_stale(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	return objects_stale(&session->objects, &msg->object_stale);
}

static int on_trim(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	return trim(session, &msg->trim, tail, tail_len);
}

static int on_listing(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	return listing_add(&session->listings, &msg->listing, tail, tail_len);
}

static int on_stale(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	return listing_stale(&session->listings, &msg->stale, tail, tail_len);
}

static int on_start(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	return image_start(session, &msg->start);
}

static int on_result(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	if (msg->result.flags & WIRE_RESULT_STOCK)
		return stock_result(session, &msg->result, tail, tail_len);
	call_result(session, &msg->result, tail, tail_len);
	return 0;
}

static int on_stock(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	if (msg->stock.stock >= WIRE_STOCKS_MAX)
		return -EPROTO;
	stock_take(session, &msg->stock, tail, tail_len);
	return 0;
}

static int on_signal(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	return signals_arrived(session, &msg->signal);
}

static int on_stop(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct guest *guest = guest_by_pid(session, msg->stop.pid);

	(void)tail;
	(void)tail_len;
	if (guest)
		signals_freeze(guest);
	return 0;
}

static int on_cont(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct guest *guest = guest_by_pid(session, msg->cont.pid);

	(void)tail;
	(void)tail_len;
	if (guest)
		signals_thaw(guest);
	return 0;
}

static int on_drop(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct guest *guest = guest_by_pid(session, msg->drop.pid);
	bool replaced = guest && guest_execs(guest);

	(void)tail;
	(void)tail_len;
	if (guest) {
		ownfilter_keep(guest);
		guest_kill(guest);
	}
	live_sync(session); /* what it has written is to stay */
	channel_uncork(session->channel);
	if (replaced)
		image_foresee(guest);
	return 0;
}

static int on_forget(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	return shm_object_forget(session, msg->forget.object);
}

static int on_retract(struct session *session, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	promises_clear(&session->promises, msg->retract.era);
	return 0;
}

/* What is done with each message of the deputy: 0 or negative errno, which ends the session */
static int (*const message_table[WIRE_TYPES])(struct session *, const union wire_any *, const uint8_t *, size_t) = {
	[WIRE_BODY] = on_body,	     [WIRE_LIMITS] = on_limits,
	[WIRE_XSTATE] = on_xstate,   [WIRE_PAGES] = on_pages,
	[WIRE_OBJECT] = on_object,   [WIRE_OBJECT_DATA] = on_object_data,
	[WIRE_START] = on_start,     [WIRE_RESULT] = on_result,
	[WIRE_SIGNAL] = on_signal,   [WIRE_STOP] = on_stop,
	[WIRE_LISTING] = on_listing, [WIRE_STALE] = on_stale,
	[WIRE_CONT] = on_cont,	     [WIRE_DROP] = on_drop,
	[WIRE_FORGET] = on_forget,   [WIRE_OFFER] = on_offer,
	[WIRE_KEEP] = on_keep,	     [WIRE_OBJECT_ZERO] = on_object_zero,
	[WIRE_TRIM] = on_trim,	     [WIRE_SEEN] = on_seen,
	[WIRE_STOCK] = on_stock,     [WIRE_OBJECT_STALE] = on_object_stale,
	[WIRE_RETRACT] = on_retract,
};

/**
 * on_message() - A message has come
 */
static void on_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct session *session = ctx;
	char why[80];
	int err;

	if (session->ended)
		return;
	session->news += type != WIRE_RESULT; /* of these call_result() knows more */
	err = message_table[type] ? message_table[type](session, msg, tail, tail_len) : -EPROTO;
	if (!err)
		return;
	snprintf(why, sizeof(why), "the deputy's %s: %s", wire_name(type), strerror(-err));
	session_end(session, why);
}

/**
 * on_closed() - The connection has ended
 */
static void on_closed(void *ctx, int error, const char *why)
{
	session_end(ctx, error ? why : NULL);
}

const struct channel_ops session_channel_ops = { on_message, on_closed, NULL };

/**
 * on_child() - SIGCHLD
 */
static void on_child(void *ctx)
{
	stops_drain(ctx);
}

/**
 * on_tick() - Once a second; where there are many guests, they have turns
 */
static void on_tick(uv_timer_t *timer)
{
	struct session *session = timer->data;

	unsigned int nr = session->guests.guests_nr, at = 0;

	stock_trim(session);
	sandbox_foreseen_age(session->sandbox);
	for (struct guest *g = session->guests.guests; g; g = g->next) {
		sigqueue_age(g);
		if ((at++ + nr - session->turn) % nr >= TICK_GUESTS)
			continue;
		g->cpu_limit_s = usage_cpu_limit(g->outer);
		usage_tell(g);
		title_sync(g);
	}
	session->turn = nr ? (session->turn + TICK_GUESTS) % nr : 0;
}

void session_later(uv_timer_t *timer)
{
	const struct session *session = timer->data;

	if (!session->ended)
		channel_uncork(session->channel);
}

int session_start(struct session *session)
{
	int err = objects_init(&session->objects, session->sandbox);

	guests_init(&session->guests);
	if (err)
		return err;
	session->buffer = malloc(SYSPLAN_TAIL_MAX);
	if (!session->buffer)
		return -ENOMEM;
	session->oom_kills = usage_oom_kills();
	err = childwatch_open(&session->watch, &session->loop, on_child, session);
	if (err)
		return err;
	uv_timer_init(&session->loop, &session->tick);
	session->tick.data = session;
	uv_timer_init(&session->loop, &session->later);
	session->later.data = session;
	return uv_timer_start(&session->tick, on_tick, TICK_MS, TICK_MS);
}

void session_run(struct session *session)
{
	session_turn(session);
	session_end(session, NULL);
	paging_end(&session->objects.paging); /* a guest that waits for a page could not die */
	sandbox_stop(session->sandbox);
	while (session->guests.guests)
		guest_forget(session->guests.guests);
	childwatch_close(&session->watch);
	uv_close((uv_handle_t *)&session->tick, NULL);
	uv_close((uv_handle_t *)&session->later, NULL);
	channel_close(session->channel);
	uv_run(&session->loop, UV_RUN_DEFAULT);
	listings_clear(&session->listings);
	promises_clear(&session->promises, 0);
	objects_clear(&session->objects);
	ownfilter_clear(session);
	stock_clear(session);
	guests_fini(&session->guests);
	free(session->buffer);
}
