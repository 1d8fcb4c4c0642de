/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session: one arrival, from ACCEPT to the end of the connection. Everything the remote has hangs off this struct;
 * all its parts run in one thread, on one event loop.
 */
#ifndef OM_REMOTE_SESSION_H
#define OM_REMOTE_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "channel.h"
#include "childwatch.h"
#include "cpu.h"
#include "aspin.h"
#include "remote/early.h"
#include "remote/guest.h"
#include "remote/listing.h"
#include "remote/objects.h"
#include "remote/promises.h"

struct listener;
struct sandbox;
struct wait_answer;
struct kept_filters;

/**
 * struct stock - A piece of content that reads may get (stock.h)
 * @block:	Its memory, NULL: there is none
 * @cap:	Size of that
 * @data:	The content in it
 * @len:	Its length
 */
struct stock {
	uint8_t *block;
	size_t cap;
	uint8_t *data;
	size_t len;
};

/**
 * struct session - One arrival
 * @loop:	Event loop
 * @channel:	Connection to the deputy
 * @sandbox:	Where the guests live
 * @cpu_home:	Features of the home node's CPU
 * @cpu_here:	Features of this one
 * @guests:	Guests and threads
 * @births:	Numbers of newborns
 * @objects:	File objects
 * @serial:	Number of the last call
 * @write_era:	Counts what may have changed how something is written (writes.h)
 * @no_clones:	Device of a file system whose files cannot share blocks, or 0 (reflink.h)
 * @news:	Counts what guests may have learned something from (ahead.h)
 * @posts:	Counts calls that were posted
 * @linger:	Active waiting for the answer to a call
 * @oom_kills:	Processes that the kernel had killed for lack of memory when the session began
 * @arena_addr:	Where the last BODY has its arena
 * @watch:	Watches for SIGCHLD
 * @tick:	Once a second
 * @turn:	Where the guests begin whose turn it is then
 * @hot:	From which the last call came, or NULL (sleep.h)
 * @unwatched:	There is a listener that the loop has not begun to watch
 * @later:	Sends what was posted
 * @waits:	Answers that are kept, see waits.h
 * @kept_filters: Filters for the next bodies of processes, see ownfilter.h
 * @kept_filters_nr: How many of these
 * @listings:	What is in directories of home
 * @promises:	Files of home that are what they were
 * @buffer:	Room for the tail of a CALL
 * @stock:	What reads may get
 * @spare:	Memory for another piece, or NULL
 * @spare_cap:	Its size
 * @ended:	The session is over; nothing is sent or served any more
 */
struct session {
	uv_loop_t loop;
	struct channel *channel;
	struct sandbox *sandbox;
	struct cpu_features cpu_home;
	struct cpu_features cpu_here;
	struct guest_table guests;
	struct births births;
	struct object_table objects;
	uint64_t serial;
	uint64_t write_era;
	uint64_t no_clones;
	uint64_t news;
	uint64_t posts;
	struct aspin linger;
	uint64_t oom_kills;
	uint64_t arena_addr;
	struct childwatch watch;
	uv_timer_t tick;
	unsigned int turn;
	struct listener *hot;
	bool unwatched;
	uv_timer_t later;
	struct wait_answer *waits;
	struct kept_filters *kept_filters;
	unsigned int kept_filters_nr;
	struct listing_table listings;
	struct promise_table promises;
	uint8_t *buffer;
	struct stock stock[WIRE_STOCKS_MAX];
	uint8_t *spare;
	size_t spare_cap;
	bool ended;
};

/* Start watching; the channel is open, and in phase PH_RUN already or soon. 0 or negative errno. */
int session_start(struct session *session);
/* Run until the session has ended, and clean up: no guest is left */
void session_run(struct session *session);
/* End the session: @why is logged as a warning unless it is NULL */
void session_end(struct session *session, const char *why);

/* Timer callback: send what was posted and not yet sent */
void session_later(uv_timer_t *timer);

/* For the channel's ops */
extern const struct channel_ops session_channel_ops;

/* Send without a tail, or with one piece; a failure ends the session by itself (channel.h) */
void session_send(struct session *session, enum wire_type type, const void *msg);
void session_send_text(struct session *session, enum wire_type type, const void *msg, const char *text);

#endif
