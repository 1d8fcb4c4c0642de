// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: Theory of operation
 *
 * From messages to bytes. Records are encrypted from the owner's memory straight into the buffer that is written to the
 * socket; only a record that spans several pieces (the first of a message: number, fields, beginning of the tail) is
 * gathered in its place and encrypted there. The buffer is one chunk that is written as soon as it is full or the message
 * is complete, and then filled again while it is still in the CPU's cache. When the socket takes no more, further chunks
 * are queued behind it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "channel_io.h"

/* Chunks that are given to the socket in one call */
#define WRITE_CHUNKS_MAX 16

/**
 * struct gather - The pieces of a message that were not encrypted yet
 * @now:	Current piece: what is left of it
 * @next:	Pieces after it
 */
struct gather {
	struct iovec now;
	const struct iovec *next;
};

/**
 * channel_tx_init() - Begin sending
 * @ch:		Channel
 * @keys:	Keys and counters
 */
int channel_tx_init(struct channel *ch, const struct session_keys *keys)
{
	ch->tx.backlog_max = CHANNEL_BACKLOG_MAX;
	return record_init(&ch->tx.cipher, keys->cipher, keys->tx_key, keys->tx_count);
}

/**
 * channel_tx_drop() - Drop what is queued
 * @ch:		Channel
 */
void channel_tx_drop(struct channel *ch)
{
	struct channel_tx *tx = &ch->tx;

	while (tx->head) {
		struct channel_chunk *next = tx->head->next;

		free(tx->head);
		tx->head = next;
	}
	tx->tail = NULL;
	tx->backlog = 0;
}

/**
 * channel_tx_fini() - Free the chunks
 * @ch:		Channel
 */
void channel_tx_fini(struct channel *ch)
{
	channel_tx_drop(ch);
}

/**
 * channel_tx_trim() - The session is silent: free what bulk data has needed
 * @ch:		Channel
 */
void channel_tx_trim(struct channel *ch)
{
	if (ch->tx.backlog == 0 && ch->tx.head && ch->tx.head->cap > CHANNEL_SMALL_BUF)
		channel_tx_drop(ch);
}

/**
 * consume() - The socket has taken bytes
 * @tx:		Sender
 * @len:	How many
 */
static void consume(struct channel_tx *tx, size_t len)
{
	tx->backlog -= len;
	while (len > 0) {
		struct channel_chunk *chunk = tx->head;
		size_t n = chunk->end - chunk->start;

		if (len < n) {
			chunk->start += len;
			return;
		}
		len -= n;
		chunk->start = chunk->end = 0;
		if (chunk->next) {
			tx->head = chunk->next;
			free(chunk);
		}
	}
}

/**
 * channel_tx_flush() - Give the socket what it takes
 * @ch:		Channel
 */
void channel_tx_flush(struct channel *ch)
{
	struct channel_tx *tx = &ch->tx;
	struct iovec iov[WRITE_CHUNKS_MAX];

	while (tx->backlog > 0 && !tx->blocked && !tx->error) {
		struct channel_chunk *chunk = tx->head;
		size_t len = 0;
		ssize_t done;
		int nr;

		for (nr = 0; chunk && nr < WRITE_CHUNKS_MAX; chunk = chunk->next, nr++) {
			iov[nr].iov_base = chunk->data + chunk->start;
			iov[nr].iov_len = chunk->end - chunk->start;
			len += iov[nr].iov_len;
		}
		done = ch->io->write(ch, iov, nr);
		if (done < 0 && done != -EAGAIN && done != -EINTR) {
			tx->error = (int)done;
			channel_tx_drop(ch);
			if (!ch->busy)
				ch->io->wake(ch);
			return;
		}
		if (done > 0) {
			consume(tx, done);
			ch->stats.tx_bytes += done;
		}
		if (done != -EINTR && (done < 0 || (size_t)done < len)) {
			tx->blocked = true;
			ch->io->want_write(ch, true);
		}
	}
}

/**
 * add_chunk() - Put an empty chunk at the queue's end
 * @tx:		Sender
 * @cap:	Its size
 *
 * An empty one that was there, and too small, goes.
 */
static struct channel_chunk *add_chunk(struct channel_tx *tx, size_t cap)
{
	struct channel_chunk *chunk = malloc(sizeof(*chunk) + cap);

	if (!chunk)
		return NULL;
	chunk->next = NULL;
	chunk->cap = cap;
	chunk->start = chunk->end = 0;
	if (tx->tail && tx->backlog > 0) {
		tx->tail->next = chunk;
	} else {
		free(tx->head);
		tx->head = chunk;
	}
	tx->tail = chunk;
	return chunk;
}

/**
 * make_room() - Find or make a chunk with room for a record
 * @ch:		Channel
 * @need:	Bytes of the record
 */
static struct channel_chunk *make_room(struct channel *ch, size_t need)
{
	struct channel_tx *tx = &ch->tx;
	bool gathering = tx->blocked || tx->corked;

	if (tx->tail && tx->tail->cap - tx->tail->end >= need)
		return tx->tail;
	channel_tx_flush(ch);
	if (tx->error)
		return NULL;
	if (tx->tail && tx->tail->cap - tx->tail->end >= need)
		return tx->tail;
	return add_chunk(tx, gathering || need > CHANNEL_SMALL_BUF ? CHANNEL_BULK_BUF : CHANNEL_SMALL_BUF);
}

/**
 * take() - Take bytes of the current piece
 * @from:	Pieces
 * @len:	How many; no more than it has
 *
 * Return: the first of them.
 */
static const uint8_t *take(struct gather *from, size_t len)
{
	const uint8_t *plain = from->now.iov_base;

	from->now.iov_base = (uint8_t *)from->now.iov_base + len;
	from->now.iov_len -= len;
	return plain;
}

/**
 * next_plain() - The next bytes of a message in one piece
 * @from:	Pieces
 * @len:	How many; no more than there are
 * @room:	Where they are put together when they are not in one piece
 *
 * Return: the first of them.
 */
static const uint8_t *next_plain(struct gather *from, size_t len, uint8_t *room)
{
	for (size_t done = 0; done < len;) {
		size_t n = from->now.iov_len;

		if (n == 0) {
			from->now = *from->next++;
			continue;
		}
		if (done == 0 && n >= len)
			return take(from, len);
		n = n < len - done ? n : len - done;
		memcpy(room + done, take(from, n), n);
		done += n;
	}
	return room;
}

/**
 * seal_message() - Encrypt a message into the queue
 * @ch:		Channel
 * @from:	Its pieces
 * @total:	Its length
 */
static int seal_message(struct channel *ch, struct gather *from, size_t total)
{
	struct channel_tx *tx = &ch->tx;

	for (size_t left = total; left > 0;) {
		size_t len = left < CHANNEL_RECORD_MAX ? left : CHANNEL_RECORD_MAX;
		struct channel_chunk *chunk = make_room(ch, len + RECORD_OVERHEAD);
		const uint8_t *plain;
		uint8_t *out;

		if (tx->error)
			return -EPIPE;
		if (!chunk) {
			channel_fail(ch, -ENOMEM, "no memory to send from");
			return -ENOMEM;
		}
		out = chunk->data + chunk->end;
		plain = next_plain(from, len, out + CHANNEL_RECORD_HEAD);
		record_seal(&tx->cipher, left, plain, len, out);
		chunk->end += len + RECORD_OVERHEAD;
		tx->backlog += len + RECORD_OVERHEAD;
		left -= len;
	}
	return 0;
}

/**
 * seal_checked() - Check the lengths of a message and encrypt it into the queue
 * @ch:		Channel
 * @type:	Type of the message
 * @msg:	struct wire_NAME
 * @from:	Its tail
 * @tail_len:	Length of that
 */
static int seal_checked(struct channel *ch, enum wire_type type, const void *msg, struct gather from, size_t tail_len)
{
	uint8_t fixed[WIRE_FIXED_MAX];
	int fixed_len = wire_encode(type, msg, fixed, sizeof(fixed));
	size_t total;

	if (fixed_len < 0)
		return -EINVAL;
	if (tail_len > wire_tail_max(type))
		return -EMSGSIZE;
	from.now.iov_base = fixed;
	from.now.iov_len = fixed_len;
	total = fixed_len + tail_len;
	if (ch->tx.backlog + total > ch->tx.backlog_max) {
		channel_fail(ch, -ENOBUFS, "the other side does not read: %zu bytes wait for it", ch->tx.backlog);
		return -ENOBUFS;
	}
	ch->stats.tx_messages++;
	return seal_message(ch, &from, total);
}

/**
 * channel_tx_message() - Check a message and encrypt it into the queue
 * @ch:		Channel
 * @type:	Type of the message
 * @msg:	struct wire_NAME
 * @tail:	Bytes behind it
 * @tail_nr:	Pieces of @tail
 */
int channel_tx_message(struct channel *ch, enum wire_type type, const void *msg, const struct iovec *tail, int tail_nr)
{
	size_t tail_max = wire_tail_max(type), tail_len = 0;
	struct gather from = { .next = tail };

	if (tail_nr < 0 || tail_nr > CHANNEL_TAIL_PIECES_MAX)
		return -EINVAL;
	for (int i = 0; i < tail_nr; i++) {
		if (tail[i].iov_len > tail_max - tail_len)
			return -EMSGSIZE;
		tail_len += tail[i].iov_len;
	}
	return seal_checked(ch, type, msg, from, tail_len);
}
