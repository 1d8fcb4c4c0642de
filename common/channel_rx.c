// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: Theory of operation
 *
 * From bytes to messages. The socket is read into one buffer; each whole record in it is decrypted straight to its place
 * in the message's buffer, which is taken in its full length when the first record has told it; each whole message is
 * decoded and dispatched from there. So a byte is copied once, by the kernel, and decrypted once.
 *
 * A record's head says how much of the message is left, this record included. Records are as long as that allows, so
 * for each message there is one valid sequence of heads, and anything else ends the session before it costs anything.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "channel_io.h"

/**
 * channel_rx_init() - Begin receiving
 * @ch:		Channel
 * @keys:	Keys and counters
 */
int channel_rx_init(struct channel *ch, const struct session_keys *keys)
{
	return record_init(&ch->rx.cipher, keys->cipher, keys->rx_key, keys->rx_count);
}

/**
 * channel_rx_fini() - Free the buffers
 * @ch:		Channel
 */
void channel_rx_fini(struct channel *ch)
{
	free(ch->rx.raw);
	free(ch->rx.message);
}

/**
 * channel_rx_trim() - The session is silent: free what bulk data has needed
 * @ch:		Channel, not within a message
 */
void channel_rx_trim(struct channel *ch)
{
	struct channel_rx *rx = &ch->rx;

	if (rx->start == rx->end && rx->raw_cap > CHANNEL_SMALL_BUF) {
		free(rx->raw);
		rx->raw = NULL;
		rx->raw_cap = rx->start = rx->end = 0;
	}
	if (rx->got == 0 && rx->message_cap > CHANNEL_SMALL_BUF) {
		free(rx->message);
		rx->message = NULL;
		rx->message_cap = 0;
	}
}

/**
 * grow_raw() - Make the buffer for the socket larger
 * @ch:		Channel
 * @cap:	Size wanted
 */
static int grow_raw(struct channel *ch, size_t cap)
{
	struct channel_rx *rx = &ch->rx;
	uint8_t *raw;

	if (cap <= rx->raw_cap)
		return 0;
	raw = realloc(rx->raw, cap);
	if (!raw)
		return -ENOMEM;
	rx->raw = raw;
	rx->raw_cap = cap;
	return 0;
}

/**
 * compact() - Move what was not handled to the front of the buffer
 * @rx:		Receiver
 */
static void compact(struct channel_rx *rx)
{
	if (rx->start > 0 && rx->end > rx->start)
		memmove(rx->raw, rx->raw + rx->start, rx->end - rx->start);
	rx->end -= rx->start;
	rx->start = 0;
}

/**
 * channel_rx_append() - Take bytes that did not come from the socket
 * @ch:		Channel
 * @bytes:	Bytes
 * @len:	Their number
 */
int channel_rx_append(struct channel *ch, const void *bytes, size_t len)
{
	struct channel_rx *rx = &ch->rx;

	compact(rx);
	if (grow_raw(ch, rx->end + len) < 0)
		return -ENOMEM;
	if (len > 0)
		memcpy(rx->raw + rx->end, bytes, len);
	rx->end += len;
	return 0;
}

/**
 * record_len() - Bytes of the record at the buffer's start
 * @rx:		Receiver
 *
 * Return: the length of the whole record, or of a head when that is not there yet. The head may be a lie, but not one
 * that makes this larger than the longest record.
 */
static size_t record_len(const struct channel_rx *rx)
{
	uint32_t left;

	if (rx->end - rx->start < CHANNEL_RECORD_HEAD)
		return CHANNEL_RECORD_HEAD;
	left = record_head(rx->raw + rx->start);
	return (left < CHANNEL_RECORD_MAX ? left : CHANNEL_RECORD_MAX) + RECORD_OVERHEAD;
}

/**
 * make_room() - Room for at least the rest of the current record
 * @ch:		Channel
 */
static int make_room(struct channel *ch)
{
	struct channel_rx *rx = &ch->rx;
	size_t need = record_len(rx);

	if (rx->start == rx->end)
		rx->start = rx->end = 0;
	if (need > rx->raw_cap && grow_raw(ch, need > CHANNEL_SMALL_BUF ? CHANNEL_BULK_BUF : CHANNEL_SMALL_BUF) < 0)
		return -ENOMEM;
	if (rx->start + need > rx->raw_cap)
		compact(rx);
	return 0;
}

/**
 * message_room() - Room for a message
 * @ch:		Channel, between two messages
 * @len:	Length of the message
 */
static int message_room(struct channel *ch, size_t len)
{
	struct channel_rx *rx = &ch->rx;
	size_t cap = len > CHANNEL_SMALL_BUF ? len : CHANNEL_SMALL_BUF;

	if (len <= rx->message_cap)
		return 0;
	free(rx->message);
	rx->message_cap = 0;
	rx->message = malloc(cap);
	if (!rx->message)
		return -ENOMEM;
	rx->message_cap = cap;
	return 0;
}

/**
 * channel_keep() - Let the owner keep the message that is dispatched
 * @ch:		Channel
 * @other:	Memory for the next one, or NULL
 * @cap:	Its size; of the message's on return
 */
void *channel_keep(struct channel *ch, void *other, size_t *cap)
{
	struct channel_rx *rx = &ch->rx;
	void *kept = rx->message;
	size_t kept_cap = rx->message_cap;

	rx->message = other;
	rx->message_cap = other ? *cap : 0;
	*cap = kept_cap;
	return kept;
}

/**
 * dispatch() - A message is whole: decode it, hand it to who wants it
 * @ch:		Channel
 */
static void dispatch(struct channel *ch)
{
	struct channel_rx *rx = &ch->rx;
	union wire_any msg;
	const uint8_t *tail;
	enum wire_type type;
	size_t tail_len;
	int err;

	err = wire_decode(rx->message, rx->total, ch->peer, ch->phase, &msg, &type, &tail, &tail_len);
	rx->got = rx->total = 0;
	switch (err) {
	case 0:
		ch->stats.rx_messages++;
		if (!channel_beat_message(ch, type, &msg))
			ch->ops->message(ch->ctx, type, &msg, tail, tail_len);
		return;
	case -ENOMSG:
		channel_fail(ch, -EPROTO, "protocol violated: message %u does not exist", type);
		return;
	case -EPERM:
		channel_fail(ch, -EPROTO, "protocol violated: %s from the wrong side", wire_name(type));
		return;
	case -EPROTO:
		channel_fail(ch, -EPROTO, "protocol violated: %s in the wrong phase", wire_name(type));
		return;
	default:
		channel_fail(ch, -EPROTO, "protocol violated: %s of a wrong length", wire_name(type));
	}
}

/**
 * take_record() - Open the record at the buffer's start, if it is whole
 * @ch:		Channel
 *
 * Return: false when it is not, or the session has ended.
 */
static bool take_record(struct channel *ch)
{
	struct channel_rx *rx = &ch->rx;
	size_t have = rx->end - rx->start, len;
	const uint8_t *record;
	uint32_t left;

	if (have < CHANNEL_RECORD_HEAD)
		return false;
	record = rx->raw + rx->start;
	left = record_head(record);
	if (rx->got > 0 ? left != rx->total - rx->got : left < 2 || left > WIRE_MESSAGE_MAX) {
		channel_fail(ch, -EPROTO, "protocol violated: a record of an impossible length");
		return false;
	}
	if (have < record_len(rx))
		return false;
	len = record_len(rx) - RECORD_OVERHEAD;
	if (rx->got == 0 && message_room(ch, left) < 0) {
		channel_fail(ch, -ENOMEM, "no memory for a message of %u bytes", left);
		return false;
	}
	if (record_open(&rx->cipher, record, len, rx->message + rx->got) < 0) {
		channel_fail(ch, -EBADMSG, "a record is not authentic");
		return false;
	}
	rx->start += len + RECORD_OVERHEAD;
	rx->total = rx->got + left;
	rx->got += len;
	if (rx->got == rx->total)
		dispatch(ch);
	return true;
}

/**
 * channel_rx_dispatch() - Handle the whole records in the buffer
 * @ch:		Channel, busy
 */
void channel_rx_dispatch(struct channel *ch)
{
	while (ch->state == CHANNEL_OPEN && take_record(ch))
		;
	/* Who has finished does not listen any more */
	if (ch->state == CHANNEL_FINISHING)
		ch->rx.start = ch->rx.end = 0;
}

/**
 * stream_end() - Nothing more will come
 * @ch:		Channel
 */
static void stream_end(struct channel *ch)
{
	const struct channel_rx *rx = &ch->rx;

	if (ch->state == CHANNEL_FINISHING)
		channel_fail(ch, 0, "finished");
	else if (ch->tx.error)
		channel_fail(ch, ch->tx.error, "%s", strerror(-ch->tx.error));
	else if (rx->got > 0 || rx->end > rx->start)
		channel_fail(ch, -ECONNRESET, "it ended in the middle of a message");
	else
		channel_fail(ch, 0, "the other side has closed the connection");
}

/**
 * channel_rx_once() - Read once, and dispatch
 * @ch:		Channel, busy
 * @more:	The read has filled the buffer: there may be more
 *
 * Return: bytes read; 0 when there were none, or the session has ended.
 */
size_t channel_rx_once(struct channel *ch, bool *more)
{
	struct channel_rx *rx = &ch->rx;
	size_t room;
	ssize_t n;

	*more = false;
	/* Bytes that were fed may make whole records already, and fill the buffer */
	channel_rx_dispatch(ch);
	if (ch->state >= CHANNEL_ENDING)
		return 0;
	if (make_room(ch) < 0) {
		channel_fail(ch, -ENOMEM, "no memory to receive into");
		return 0;
	}
	room = rx->raw_cap - rx->end;
	n = ch->io->read(ch, rx->raw + rx->end, room);
	if (n == -EAGAIN || n == -EINTR)
		return 0;
	if (n < 0) {
		channel_fail(ch, (int)n, "%s", strerror((int)-n));
		return 0;
	}
	if (n == 0) {
		stream_end(ch);
		return 0;
	}
	*more = (size_t)n == room;
	rx->end += n;
	rx->last_us = ch->io->now_us(ch);
	ch->stats.rx_bytes += n;
	channel_rx_dispatch(ch);
	/* Somebody sends more than fits: bulk data */
	if (*more && rx->raw_cap < CHANNEL_BULK_BUF && ch->state == CHANNEL_OPEN)
		grow_raw(ch, CHANNEL_BULK_BUF);
	return n;
}
