// SPDX-License-Identifier: GPL-2.0-or-later
/* Life of a channel; see include/channel.h and common/channel_io.h for the theory of operation. */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "channel_io.h"

/**
 * channel_init() - Begin
 * @ch:		Channel, zeroed
 * @io:		Surroundings
 * @keys:	Keys and counters
 * @self:	Our side
 * @ops:	Owner's callbacks
 * @ctx:	Their argument
 */
int channel_init(struct channel *ch, const struct channel_io *io, const struct session_keys *keys,
		 enum wire_sender self, const struct channel_ops *ops, void *ctx)
{
	int err;

	assert(self == WIRE_HOME || self == WIRE_WORKER);
	if (sodium_init() < 0)
		return -ENOTSUP;
	ch->io = io;
	ch->ops = ops;
	ch->ctx = ctx;
	ch->peer = self == WIRE_HOME ? WIRE_WORKER : WIRE_HOME;
	ch->phase = PH_OPEN;
	ch->version = keys->version;
	err = channel_rx_init(ch, keys);
	if (err)
		return err;
	err = channel_tx_init(ch, keys);
	if (err)
		goto fini_rx;
	channel_beat_init(ch);
	return 0;

fini_rx:
	channel_rx_fini(ch);
	return err;
}

/**
 * channel_fini() - Free what a channel refers to, and overwrite it: it holds keys
 * @ch:		Channel
 */
void channel_fini(struct channel *ch)
{
	channel_rx_fini(ch);
	channel_tx_fini(ch);
	sodium_memzero(ch, sizeof(*ch));
}

/**
 * channel_fail() - The session has ended; the owner hears of it in channel_leave()
 * @ch:		Channel
 * @error:	0 or negative errno
 * @fmt:	printf format of the reason
 */
void channel_fail(struct channel *ch, int error, const char *fmt, ...)
{
	va_list ap;

	if (ch->state >= CHANNEL_ENDING)
		return;
	va_start(ap, fmt);
	/* clang-tidy 14 forgets va_start() when it looks at several files */
	vsnprintf(ch->why, sizeof(ch->why), fmt, ap); /* NOLINT(clang-analyzer-valist.Uninitialized) */
	va_end(ap);
	ch->error = error;
	ch->state = CHANNEL_ENDING;
	channel_tx_drop(ch);
	if (!ch->busy)
		ch->io->wake(ch);
}

/**
 * stop() - Let go of the socket
 * @ch:		Channel
 */
static void stop(struct channel *ch)
{
	if (ch->stopped)
		return;
	ch->stopped = true;
	ch->io->stop(ch);
}

/**
 * channel_enter() - Callbacks may be made from now on
 * @ch:		Channel
 */
void channel_enter(struct channel *ch)
{
	assert(!ch->busy);
	ch->busy = true;
}

/**
 * settle_write_error() - Writing has failed: hear what the other side has said last, then end
 * @ch:		Channel, busy
 */
static void settle_write_error(struct channel *ch)
{
	bool more = true;

	while (ch->state < CHANNEL_ENDING && more)
		channel_rx_once(ch, &more);
	channel_fail(ch, ch->tx.error, "%s", strerror(-ch->tx.error));
}

/**
 * channel_leave() - No more callbacks, but that the session has ended; free the channel if the owner has closed it
 * @ch:		Channel; may be gone afterwards
 */
void channel_leave(struct channel *ch)
{
	if (ch->tx.error)
		settle_write_error(ch);
	if (ch->state == CHANNEL_ENDING) {
		ch->state = CHANNEL_ENDED;
		stop(ch);
		ch->ops->closed(ch->ctx, ch->error, ch->why);
	}
	ch->busy = false;
	if (ch->state == CHANNEL_CLOSED)
		ch->io->free(ch);
}

/**
 * channel_close() - End
 * @ch:		Channel
 */
void channel_close(struct channel *ch)
{
	assert(ch->state != CHANNEL_CLOSED);
	ch->state = CHANNEL_CLOSED;
	stop(ch);
	if (!ch->busy)
		ch->io->free(ch);
}

/**
 * channel_finish() - End politely
 * @ch:		Channel
 */
void channel_finish(struct channel *ch)
{
	uint64_t patience_us = ch->beat.dead_us ? ch->beat.dead_us : CHANNEL_DEAD_MS * 1000ull;

	if (ch->state != CHANNEL_OPEN)
		return;
	ch->state = CHANNEL_FINISHING;
	ch->beat.finish_us = ch->io->now_us(ch) + patience_us;
	ch->io->timer(ch, patience_us / 1000);
	channel_tx_flush(ch);
	if (ch->tx.backlog == 0 && !ch->tx.error)
		ch->io->shutdown(ch);
}

/**
 * channel_detach() - Take the live session out of the channel
 * @ch:		Channel; not to be used afterwards
 * @fd_out:	Descriptor
 * @keys:	Keys and counters
 * @leftover:	Bytes behind the last message that was dispatched
 * @cap:	Size of @leftover
 * @leftover_len: Their number
 */
int channel_detach(struct channel *ch, int *fd_out, struct session_keys *keys, uint8_t *leftover, size_t cap,
		   size_t *leftover_len)
{
	struct channel_rx *rx = &ch->rx;
	struct channel_tx *tx = &ch->tx;
	size_t len = rx->end - rx->start;

	if (ch->state != CHANNEL_OPEN || tx->error)
		return -EPIPE;
	if (tx->backlog > 0 || rx->got > 0)
		return -EBUSY;
	if (len > cap)
		return -EMSGSIZE;
	if (len > 0)
		memcpy(leftover, rx->raw + rx->start, len);
	*leftover_len = len;
	keys->version = ch->version;
	keys->cipher = rx->cipher.cipher;
	memcpy(keys->tx_key, tx->cipher.key, KEY_LEN);
	memcpy(keys->rx_key, rx->cipher.key, KEY_LEN);
	keys->tx_count = tx->cipher.count;
	keys->rx_count = rx->cipher.count;
	*fd_out = ch->io->detach(ch);
	ch->stopped = true;
	channel_close(ch);
	return 0;
}

/**
 * channel_feed() - Bytes that were received from the socket earlier
 * @ch:		Channel
 * @bytes:	Bytes
 * @len:	Their number
 */
int channel_feed(struct channel *ch, const void *bytes, size_t len)
{
	int err;

	if (len > CHANNEL_FEED_MAX)
		return -EMSGSIZE;
	err = channel_rx_append(ch, bytes, len);
	if (!err)
		ch->io->wake(ch);
	return err;
}

/**
 * channel_queue() - Send a message together with the next one
 * @ch:		Channel
 * @type:	Type of the message
 * @msg:	struct wire_NAME
 * @tail:	Bytes behind it
 * @tail_nr:	Pieces of @tail
 */
int channel_queue(struct channel *ch, enum wire_type type, const void *msg, const struct iovec *tail, int tail_nr)
{
	if (ch->state != CHANNEL_OPEN || ch->tx.error)
		return -EPIPE;
	return channel_tx_message(ch, type, msg, tail, tail_nr);
}

/**
 * channel_send() - Send a message
 * @ch:		Channel
 * @type:	Type of the message
 * @msg:	struct wire_NAME
 * @tail:	Bytes behind it
 * @tail_nr:	Pieces of @tail
 */
int channel_send(struct channel *ch, enum wire_type type, const void *msg, const struct iovec *tail, int tail_nr)
{
	int err = channel_queue(ch, type, msg, tail, tail_nr);

	if (err)
		return err;
	if (!ch->tx.corked)
		channel_tx_flush(ch);
	return 0;
}

/**
 * channel_cork() - Gather small messages
 * @ch:		Channel
 */
void channel_cork(struct channel *ch)
{
	if (ch->state != CHANNEL_OPEN || ch->tx.corked)
		return;
	ch->tx.corked = true;
	ch->io->wake(ch);
}

/**
 * channel_uncork() - Send what was gathered
 * @ch:		Channel
 */
void channel_uncork(struct channel *ch)
{
	ch->tx.corked = false;
	if (ch->state < CHANNEL_ENDING)
		channel_tx_flush(ch);
}

/**
 * pump_out() - The socket may take bytes again: give it what it takes
 * @ch:		Channel, busy
 */
static void pump_out(struct channel *ch)
{
	bool was_blocked = ch->tx.blocked;

	ch->tx.blocked = false;
	channel_tx_flush(ch);
	if (!was_blocked || ch->tx.blocked)
		return;
	ch->io->want_write(ch, false);
	if (ch->tx.error)
		return;
	if (ch->state == CHANNEL_FINISHING)
		ch->io->shutdown(ch);
	else if (ch->state == CHANNEL_OPEN && ch->ops->drained)
		ch->ops->drained(ch->ctx);
}

/**
 * channel_readable() - Entry: the socket can be read
 * @ch:		Channel
 */
void channel_readable(struct channel *ch)
{
	bool more = true;

	channel_enter(ch);
	for (int i = 0; i < CHANNEL_READS_MAX && more && ch->state < CHANNEL_ENDING; i++)
		channel_rx_once(ch, &more);
	channel_leave(ch);
}

/**
 * channel_writable() - Entry: the socket can be written
 * @ch:		Channel
 */
void channel_writable(struct channel *ch)
{
	channel_enter(ch);
	if (ch->state < CHANNEL_ENDING)
		pump_out(ch);
	channel_leave(ch);
}

/**
 * channel_kick() - Entry: there was io->wake()
 * @ch:		Channel
 */
void channel_kick(struct channel *ch)
{
	channel_enter(ch);
	if (ch->state < CHANNEL_ENDING) {
		ch->tx.corked = false;
		channel_tx_flush(ch);
		channel_rx_dispatch(ch);
	}
	channel_leave(ch);
}

/**
 * channel_tick() - Entry: io->timer() has run out
 * @ch:		Channel
 */
void channel_tick(struct channel *ch)
{
	channel_enter(ch);
	if (ch->state < CHANNEL_ENDING)
		channel_beat_tick(ch);
	channel_leave(ch);
}

/**
 * channel_poll() - One attempt to read, and to send what is queued
 * @ch:		Channel
 *
 * Return: messages dispatched, -EPIPE, -EBUSY.
 */
int channel_poll(struct channel *ch)
{
	uint64_t before = ch->stats.rx_messages, after;
	bool more, ended;

	if (ch->state >= CHANNEL_ENDED)
		return -EPIPE;
	if (ch->busy)
		return -EBUSY;
	channel_enter(ch);
	ended = ch->state >= CHANNEL_ENDING;
	if (!ended && ch->tx.backlog > 0)
		pump_out(ch);
	if (ch->state < CHANNEL_ENDING)
		channel_rx_once(ch, &more);
	after = ch->stats.rx_messages;
	channel_leave(ch);
	return ended ? -EPIPE : (int)(after - before);
}

/**
 * channel_phase_set() - Set which messages are allowed
 * @ch:		Channel
 * @phase:	enum wire_phase bits
 */
void channel_phase_set(struct channel *ch, unsigned int phase)
{
	ch->phase = phase;
}

/**
 * channel_phase() - Which messages are allowed
 * @ch:		Channel
 */
unsigned int channel_phase(const struct channel *ch)
{
	return ch->phase;
}

/**
 * channel_backlog_max_set() - Set how much may wait for the peer
 * @ch:		Channel
 * @bytes:	Limit; less than one message of maximal length makes no sense and is not taken
 */
void channel_backlog_max_set(struct channel *ch, size_t bytes)
{
	const size_t least = (size_t)2 * WIRE_MESSAGE_MAX;

	ch->tx.backlog_max = bytes > least ? bytes : least;
}

/**
 * channel_backlog() - How much waits for the peer
 * @ch:		Channel
 */
size_t channel_backlog(const struct channel *ch)
{
	return ch->tx.backlog;
}

/**
 * channel_drain() - Wait until the peer has taken most of what waits for it
 * @ch:		Channel
 * @rest_max:	Bytes that may go on waiting
 * @timeout_ms:	How long the peer may take nothing
 *
 * Return: 0, -EPIPE or -ETIMEDOUT.
 */
int channel_drain(struct channel *ch, size_t rest_max, int timeout_ms)
{
	struct pollfd p = { .fd = channel_fd(ch), .events = POLLOUT };
	int ready;

	while (ch->tx.backlog > rest_max && ch->state < CHANNEL_ENDING && !ch->tx.error) {
		ready = poll(&p, 1, timeout_ms);
		if (!ready)
			return -ETIMEDOUT;
		if (ready < 0 && errno != EINTR)
			return -errno;
		ch->tx.blocked = false;
		channel_tx_flush(ch);
		if (!ch->tx.blocked)
			ch->io->want_write(ch, false);
	}
	return ch->state < CHANNEL_ENDING && !ch->tx.error ? 0 : -EPIPE;
}

/**
 * channel_fd() - Descriptor of the socket
 * @ch:		Channel
 */
int channel_fd(const struct channel *ch)
{
	return ch->stopped ? -1 : ch->io->fd(ch);
}

/**
 * channel_cipher() - Name of the session's cipher
 * @ch:		Channel
 */
const char *channel_cipher(const struct channel *ch)
{
	return session_cipher_name(ch->rx.cipher.cipher);
}

/**
 * channel_stats_get() - Counters
 * @ch:		Channel
 * @out:	Copy of them
 */
void channel_stats_get(const struct channel *ch, struct channel_stats *out)
{
	*out = ch->stats;
}
