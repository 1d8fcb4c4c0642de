/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A channel carries the messages of one session over one stream socket: it cuts them into records, encrypts, puts them
 * together again, decodes them, and hands them to its owner. Everything that comes in is checked before it is believed:
 * lengths before memory is taken for them, tags before bytes are looked at, number, sender, phase and length of a
 * message before the owner sees it. One violation ends the session.
 *
 * Life: channel_open() takes the descriptor. From then on ops->message is called for each message, from the event loop
 * or from channel_poll(), never from within channel_send(). When the session ends by itself, ops->closed is called once,
 * likewise never from within channel_send(). In any state the owner ends it with channel_close(), after which no
 * callback is made; the memory goes when libuv has let go of its handles (run the loop until then).
 * All functions may be called from within the callbacks, channel_close() too.
 *
 * Sending tries the socket at once, without a turn of the event loop. What the socket does not take is queued. The queue
 * is bounded: a peer that does not read ends the session when CHANNEL_BACKLOG_MAX bytes wait for it. A sender of bulk
 * data therefore looks at channel_backlog() and goes on when ops->drained is called.
 *
 * Heartbeat: when nothing has come in for idle_ms a PING is sent; when nothing has come in for dead_ms the session has
 * ended. PING and PONG are the channel's own, the owner does not see them.
 */
#ifndef OM_CHANNEL_H
#define OM_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "handshake.h"
#include "node.h"
#include "wire.h"

struct uv_loop_s;
struct channel;

#define CHANNEL_RECORD_MAX	65536u	    /* plaintext of a record */
#define CHANNEL_RECORD_HEAD	4u	    /* its length field */
#define CHANNEL_RECORD_TAG	16u	    /* its authentication tag */
#define CHANNEL_BACKLOG_MAX	(64u << 20) /* bytes that may wait for the peer, unless set otherwise */
#define CHANNEL_TAIL_PIECES_MAX 65536	    /* iovecs of one tail */
#define CHANNEL_IDLE_MS		5000u	    /* silence before a PING */
#define CHANNEL_DEAD_MS		15000u	    /* silence before the peer counts as dead */
#define CHANNEL_CONNECT_MS	10000	    /* usual patience of channel_connect() */

/**
 * struct channel_ops - What a channel tells its owner
 * @message:	A message has come. @msg, @tail are valid during the call only. Not called for PING and PONG.
 * @closed:	The session has ended: @error 0 when the other side closed the connection between two messages, else
 *		negative errno; @why is one line (-ECONNRESET lost, -ETIMEDOUT peer silent, -ENOBUFS peer does not read,
 *		-EBADMSG a record is not authentic, -EPROTO a message is not allowed). Call channel_close() in it or later.
 * @drained:	Everything queued has been given to the socket after a time when it was not so. May be NULL.
 */
struct channel_ops {
	void (*message)(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail,
			size_t tail_len);
	void (*closed)(void *ctx, int error, const char *why);
	void (*drained)(void *ctx);
};

/**
 * struct channel_stats - Counters since channel_open()
 * @tx_messages: Messages sent, PING and PONG included
 * @rx_messages: Messages received
 * @tx_bytes:	Bytes given to the socket
 * @rx_bytes:	Bytes taken from it
 * @rtt_us:	Round trip of the last PING, 0 when there was none
 */
struct channel_stats {
	uint64_t tx_messages, rx_messages;
	uint64_t tx_bytes, rx_bytes;
	uint64_t rtt_us;
};

/*
 * Start a channel on the connected stream socket @fd, which it owns from now on (also when it fails). @self is our side:
 * WIRE_HOME or WIRE_WORKER. @keys are copied. The phase is PH_OPEN, the heartbeat runs. NULL with errno set on failure.
 */
struct channel *channel_open(struct uv_loop_s *loop, int fd, const struct session_keys *keys, enum wire_sender self,
			     const struct channel_ops *ops, void *ctx);
/*
 * Bytes that another process received from the socket already (see channel_detach()). They are handled in the next turn
 * of the loop or by channel_poll(). Right after channel_open() only. 0, -ENOMEM, -EMSGSIZE (more than 1 MiB).
 */
int channel_feed(struct channel *ch, const void *bytes, size_t len);
/*
 * Take the live session out of the channel, to hand it to another process: descriptor, keys and counters, and the bytes
 * received behind the last message that was dispatched (at most @cap). Meant for the message callback. Succeeds only
 * when nothing is queued: -EBUSY; -EMSGSIZE when there are more bytes than @cap, -EPIPE when the session has ended.
 * After success the channel is dead as after channel_close(): it must not be used again, and @fd_out is the caller's.
 */
int channel_detach(struct channel *ch, int *fd_out, struct session_keys *keys, uint8_t *leftover, size_t cap,
		   size_t *leftover_len);
/* End: what is queued is dropped, the socket is closed. */
void channel_close(struct channel *ch);
/*
 * End politely: send what is queued, then the end of the stream; ops->closed follows when the other side has closed too
 * (or does not do so in dead_ms). Messages that still come in are dropped, channel_send() returns -EPIPE.
 */
void channel_finish(struct channel *ch);

/*
 * Send a message: @msg is a struct wire_NAME, @tail the bytes behind it in up to CHANNEL_TAIL_PIECES_MAX pieces (NULL, 0
 * for none); nothing of them is referred to afterwards. 0, or -EPIPE (the session has ended), -ENOBUFS (the backlog would
 * grow past its limit; the session ends), -EMSGSIZE (tail longer than the row allows), -EINVAL, -ENOMEM (the session ends).
 */
int channel_send(struct channel *ch, enum wire_type type, const void *msg, const struct iovec *tail, int tail_nr);
/* The same for a message that has time: it leaves with the next one, or when channel_uncork() is called */
int channel_queue(struct channel *ch, enum wire_type type, const void *msg, const struct iovec *tail, int tail_nr);
/*
 * Between channel_cork() and channel_uncork() small messages are gathered and leave in one write. Does not nest.
 * Nothing is held back for longer than until the next turn of the loop.
 */
void channel_cork(struct channel *ch);
void channel_uncork(struct channel *ch);

/*
 * One attempt to read without blocking, and to send what is queued; so that an owner that expects an answer within
 * microseconds can spin instead of sleeping. Returns the number of messages dispatched (PING and PONG count too), or
 * -EPIPE when the session has ended, -EBUSY within a message callback.
 */
int channel_poll(struct channel *ch);

/*
 * Within ops->message: keep the memory that the message is in. It is the caller's from now on, to be freed; the channel gets
 * @other instead, malloc'ed, of *@cap bytes, or NULL. Returns the memory, its size in *@cap.
 */
void *channel_keep(struct channel *ch, void *other, size_t *cap);

void channel_phase_set(struct channel *ch, unsigned int phase); /* enum wire_phase bits; others' messages end it */
unsigned int channel_phase(const struct channel *ch);
void channel_heartbeat_set(struct channel *ch, unsigned int idle_ms, unsigned int dead_ms); /* 0, 0: none */
void channel_backlog_max_set(struct channel *ch, size_t bytes);
size_t channel_backlog(const struct channel *ch); /* bytes queued here (what the socket holds is not counted) */
/* Wait until no more than @rest_max bytes are queued, for a sender of bulk that cannot go on later: 0 or negative errno */
int channel_drain(struct channel *ch, size_t rest_max, int timeout_ms);
int channel_fd(const struct channel *ch); /* -1 when the session has ended */
const char *channel_cipher(const struct channel *ch);
void channel_stats_get(const struct channel *ch, struct channel_stats *out);

/*
 * The connecting side without an event loop: resolve, connect, handshake, in @timeout_ms at most. 0 with the socket in
 * *@fd_out (non-blocking) and the session in @out; else negative errno and one line in @why:
 * -ENXIO unknown host, -ECONNREFUSED nobody listens, -EHOSTUNREACH, -ENETUNREACH, -ETIMEDOUT no answer in time,
 * -EKEYREJECTED the node has another key, -EPROTONOSUPPORT no common version (@why names both), -EPROTO not openMosix,
 * -ECONNRESET lost in the middle.
 */
int channel_connect(const struct node_addr *addr, const uint8_t key[static KEY_LEN], int timeout_ms, int *fd_out,
		    struct session_keys *out, char *why, size_t why_len);

#endif
