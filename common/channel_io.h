/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The inside of a channel. Everything but the socket, the clock and the event loop is in channel.c (life), channel_rx.c
 * (bytes to messages), channel_tx.c (messages to bytes) and channel_beat.c (heartbeat); they reach the rest through the
 * functions of struct channel_io. uv_channel.c implements those with libuv, tests with byte strings and a clock of their
 * own.
 *
 *            channel_finish()           stream's end or deadline
 *   OPEN ───────────────► FINISHING ─────────┐
 *     │ channel_fail()                       ▼    closed() called
 *     └──────────────────────────────────► ENDING ──────────────► ENDED
 *   any state ── channel_close() ──► CLOSED (freed as soon as no callback is under way)
 *
 * The owner may call anything from within a callback, so nothing is freed, and no callback is made, but by
 * channel_leave(), which ends each entry from the event loop (channel_readable() and so on) and channel_poll(). What
 * fails within channel_send() is only noted; io->wake() makes the event loop come back for it.
 */
#ifndef OM_CHANNEL_IO_H
#define OM_CHANNEL_IO_H

#include <stdbool.h>
#include <sys/types.h>

#include "channel.h"
#include "record.h"

#define CHANNEL_WHY_MAX 160

/* Buffers start small and grow when bulk data comes by; the heartbeat of a silent session frees them again */
#define CHANNEL_SMALL_BUF    4096u
#define CHANNEL_BULK_RECORDS 8u
#define CHANNEL_BULK_BUF     ((size_t)CHANNEL_BULK_RECORDS * (CHANNEL_RECORD_MAX + RECORD_OVERHEAD))
/* Reads of one readiness event, so that one busy channel does not starve the others of its loop */
#define CHANNEL_READS_MAX 16
#define CHANNEL_FEED_MAX  (1u << 20)

/**
 * struct channel_io - What a channel asks of its surroundings
 * @read:	Read what is there: bytes, 0 at the stream's end, -EAGAIN, or another errno
 * @write:	Write what can be taken now: bytes, -EAGAIN, or another errno
 * @shutdown:	Nothing more will be written
 * @want_write:	Call channel_writable() when the socket takes bytes again, or no longer
 * @wake:	Call channel_kick() in the next turn of the event loop
 * @timer:	Call channel_tick() in so many ms, once, 0 for never; a later call replaces it
 * @now_us:	Monotonic clock
 * @fd:		Descriptor
 * @detach:	Stop, and leave the descriptor to the caller
 * @stop:	Stop everything, close the descriptor; called once, unless detached
 * @free:	Free the channel's memory when nothing refers to it any more; the last call
 */
struct channel_io {
	ssize_t (*read)(struct channel *ch, void *buf, size_t cap);
	ssize_t (*write)(struct channel *ch, const struct iovec *iov, int nr);
	void (*shutdown)(struct channel *ch);
	void (*want_write)(struct channel *ch, bool on);
	void (*wake)(struct channel *ch);
	void (*timer)(struct channel *ch, unsigned int ms);
	uint64_t (*now_us)(struct channel *ch);
	int (*fd)(const struct channel *ch);
	int (*detach)(struct channel *ch);
	void (*stop)(struct channel *ch);
	void (*free)(struct channel *ch);
};

enum channel_state { CHANNEL_OPEN, CHANNEL_FINISHING, CHANNEL_ENDING, CHANNEL_ENDED, CHANNEL_CLOSED };

/**
 * struct channel_rx - Receiving
 * @cipher:	Keys
 * @raw:	Bytes from the socket
 * @raw_cap:	Size of @raw
 * @start:	First byte that was not handled
 * @end:	Where the next ones go
 * @message:	The message that is being put together
 * @message_cap: Size of @message
 * @total:	Length of that message
 * @got:	Of which so much is there; 0 between messages
 * @last_us:	When something came in
 */
struct channel_rx {
	struct record_cipher cipher;
	uint8_t *raw;
	size_t raw_cap, start, end;
	uint8_t *message;
	size_t message_cap;
	uint32_t total, got;
	uint64_t last_us;
};

/**
 * struct channel_chunk - Records that wait for the socket
 * @next:	Chunk that is sent after this one
 * @cap:	Size of @data
 * @start:	First byte that was not sent
 * @end:	Where the next record goes
 * @data:	Records
 */
struct channel_chunk {
	struct channel_chunk *next;
	size_t cap, start, end;
	uint8_t data[];
};

/**
 * struct channel_tx - Sending
 * @cipher:	Keys
 * @head:	Chunk that is sent first; kept when it is empty
 * @tail:	Chunk that is filled
 * @backlog:	Bytes in all chunks
 * @backlog_max: Their limit
 * @blocked:	The socket takes no more at present
 * @corked:	Small messages are gathered
 * @error:	Writing failed for good; the session ends when what has been received is handled
 */
struct channel_tx {
	struct record_cipher cipher;
	struct channel_chunk *head, *tail;
	size_t backlog, backlog_max;
	bool blocked, corked;
	int error;
};

/**
 * struct channel_beat - Heartbeat
 * @idle_us:	Silence before a PING, 0 for no heartbeat
 * @dead_us:	Silence before the peer counts as dead
 * @pinged:	A PING has had no sign of life yet
 * @ping_us:	When it was sent
 * @ping_rx_bytes: What had come in by then
 * @finish_us:	When channel_finish() loses its patience
 */
struct channel_beat {
	uint64_t idle_us, dead_us;
	bool pinged;
	uint64_t ping_us, ping_rx_bytes;
	uint64_t finish_us;
};

/**
 * struct channel - A session over a socket; transports embed it
 * @rx:		Receiving
 * @tx:		Sending
 * @beat:	Heartbeat
 * @io:		Surroundings
 * @ops:	Owner's callbacks
 * @ctx:	Their argument
 * @state:	Where in its life it is
 * @busy:	An entry is under way: callbacks may be on the stack
 * @stopped:	io->stop() or io->detach() was called
 * @peer:	Which side the other is
 * @phase:	Phases of the session whose messages are allowed
 * @version:	Protocol version
 * @error:	Why it ended
 * @why:	The same for people
 * @stats:	Counters
 */
struct channel {
	struct channel_rx rx;
	struct channel_tx tx;
	struct channel_beat beat;
	const struct channel_io *io;
	const struct channel_ops *ops;
	void *ctx;
	enum channel_state state;
	bool busy;
	bool stopped;
	enum wire_sender peer;
	unsigned int phase;
	uint32_t version;
	int error;
	char why[CHANNEL_WHY_MAX];
	struct channel_stats stats;
};

/* --- for the transport --- */
/* Begin and end a channel that the transport has allocated (zeroed). channel_init() fails with -ENOTSUP, -ENOMEM. */
int channel_init(struct channel *ch, const struct channel_io *io, const struct session_keys *keys,
		 enum wire_sender self, const struct channel_ops *ops, void *ctx);
void channel_fini(struct channel *ch);
/* Entries: the socket can be read, or written; io->wake() was called; io->timer() has run out */
void channel_readable(struct channel *ch);
void channel_writable(struct channel *ch);
void channel_kick(struct channel *ch);
void channel_tick(struct channel *ch);
/* The transport has failed in a way that reading does not show; within an entry or not */
void channel_fail(struct channel *ch, int error, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* --- between the files of the core --- */
void channel_enter(struct channel *ch);
void channel_leave(struct channel *ch);

int channel_rx_init(struct channel *ch, const struct session_keys *keys);
void channel_rx_fini(struct channel *ch);
/* Read once and dispatch; bytes read, or 0 when there was nothing, or the session has ended. @more: there may be more. */
size_t channel_rx_once(struct channel *ch, bool *more);
/* Dispatch what is in the buffer */
void channel_rx_dispatch(struct channel *ch);
int channel_rx_append(struct channel *ch, const void *bytes, size_t len);
void channel_rx_trim(struct channel *ch);

int channel_tx_init(struct channel *ch, const struct session_keys *keys);
void channel_tx_fini(struct channel *ch);
int channel_tx_message(struct channel *ch, enum wire_type type, const void *msg, const struct iovec *tail, int tail_nr);
/* Give the socket what it takes. Does nothing while it is blocked. */
void channel_tx_flush(struct channel *ch);
void channel_tx_drop(struct channel *ch);
void channel_tx_trim(struct channel *ch);

void channel_beat_init(struct channel *ch);
void channel_beat_tick(struct channel *ch);
/* PING and PONG: true when @type was one of them */
bool channel_beat_message(struct channel *ch, enum wire_type type, const union wire_any *msg);

#endif
