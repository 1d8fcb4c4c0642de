// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: Theory of operation
 *
 * A channel between two byte strings. The input is a list of acts: bytes from a stranger, whole messages from a peer who
 * knows the keys, time that passes, sockets that block or fail; and what the owner does in its callbacks. Whatever comes,
 * the channel must keep its promises: closed() once and last, no callback after channel_close(), no callback from within
 * channel_send(), bounded memory.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/channel_io.h"
#include "test/fuzz/fuzz.h"

#define STREAM_MAX (4u << 20)

enum {
	ACT_STRANGER,	/* bytes from nowhere */
	ACT_PEER,	/* a message with a right seal */
	ACT_PEER_LARGE, /* the same with a long tail of zeros */
	ACT_READ,	/* the loop says readable */
	ACT_WRITE,	/* the socket takes so many bytes more, the loop says writable */
	ACT_PASS,	/* time passes */
	ACT_POLL,
	ACT_SEND,
	ACT_FINISH,
	ACT_FEED,
	ACT_END,  /* the other side closes */
	ACT_FAIL, /* the next call of the socket fails */
	ACT_PHASE,
	ACT_KICK,
	ACTS
};

/* What the owner does in a callback: bits of the input's first byte */
enum { OWNER_ANSWERS = 1, OWNER_CLOSES = 2, OWNER_FINISHES = 4, OWNER_POLLS = 8, OWNER_DETACHES = 16, WORKER = 32 };

/**
 * struct end - The channel and its surroundings
 * @ch:		Channel; first
 * @in:		Bytes on their way to it
 * @in_at:	First that was not read
 * @in_len:	Their end
 * @in_eof:	The other side has closed
 * @room:	Bytes that the socket takes
 * @fail:	Error of the next call, 0 for none
 * @now_us:	Virtual time
 * @timer_us:	When io->timer() runs out
 * @woken:	io->wake() was called
 * @stopped:	io->stop() or io->detach()
 * @freed:	io->free()
 * @closed:	closed() was called
 * @sending:	channel_send() from outside a callback is under way
 * @owner:	OWNER_* bits
 * @peer:	Keys of the other side
 * @sum:	Of bytes of tails
 */
struct end {
	struct channel ch;
	uint8_t *in;
	size_t in_at, in_len;
	bool in_eof;
	size_t room;
	int fail;
	uint64_t now_us, timer_us;
	bool woken, stopped, freed, closed, sending;
	unsigned int owner;
	struct record_cipher peer;
	unsigned int sum;
};

static struct end end;

static int failing(void)
{
	int fail = end.fail;

	need(!end.stopped && !end.freed);
	end.fail = 0;
	return fail;
}

static ssize_t io_read(struct channel *ch, void *buf, size_t cap)
{
	size_t n = end.in_len - end.in_at;
	int fail = failing();

	(void)ch;
	need(cap > 0);
	if (fail)
		return fail;
	if (n == 0)
		return end.in_eof ? 0 : -EAGAIN;
	n = n < cap ? n : cap;
	memcpy(buf, end.in + end.in_at, n);
	end.in_at += n;
	return n;
}

static ssize_t io_write(struct channel *ch, const struct iovec *iov, int nr)
{
	size_t len = 0;
	int fail = failing();

	(void)ch;
	if (fail)
		return fail;
	for (int i = 0; i < nr; i++)
		len += iov[i].iov_len;
	need(nr > 0 && len > 0);
	if (end.room == 0)
		return -EAGAIN;
	len = len < end.room ? len : end.room;
	end.room -= len;
	return len;
}

static void io_shutdown(struct channel *ch)
{
	(void)ch;
	need(!end.stopped);
}

static void io_want_write(struct channel *ch, bool on)
{
	(void)ch;
	(void)on;
	need(!end.stopped);
}

static void io_wake(struct channel *ch)
{
	(void)ch;
	need(!end.stopped);
	end.woken = true;
}

static void io_timer(struct channel *ch, unsigned int ms)
{
	(void)ch;
	need(!end.stopped);
	end.timer_us = ms ? end.now_us + ms * 1000ull : 0;
}

static uint64_t io_now_us(struct channel *ch)
{
	(void)ch;
	return end.now_us;
}

static int io_fd(const struct channel *ch)
{
	(void)ch;
	return 7;
}

static int io_detach(struct channel *ch)
{
	(void)ch;
	need(!end.stopped);
	end.stopped = true;
	return 7;
}

static void io_stop(struct channel *ch)
{
	io_detach(ch);
}

static void io_free(struct channel *ch)
{
	need(end.stopped && !end.freed);
	channel_fini(ch);
	end.freed = true;
}

static const struct channel_io fuzz_io = {
	.read = io_read,
	.write = io_write,
	.shutdown = io_shutdown,
	.want_write = io_want_write,
	.wake = io_wake,
	.timer = io_timer,
	.now_us = io_now_us,
	.fd = io_fd,
	.detach = io_detach,
	.stop = io_stop,
	.free = io_free,
};

/**
 * send_some() - Send an ECHO
 * @len:	Length of its tail
 */
static void send_some(size_t len)
{
	static uint8_t zeros[WIRE_DATA_MAX];
	struct iovec iov[2] = { { zeros, len / 2 }, { zeros, len - len / 2 } };
	struct wire_echo echo = { len };
	int err;

	err = channel_send(&end.ch, WIRE_ECHO, &echo, iov, 2);
	need(err == 0 || err == -EPIPE || err == -ENOBUFS);
	need(channel_backlog(&end.ch) <= end.ch.tx.backlog_max + WIRE_MESSAGE_MAX / 1024);
}

static void on_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct session_keys keys;
	static uint8_t leftover[4096];
	size_t len;
	int fd;

	(void)ctx, (void)msg;
	need(!end.closed && !end.freed && !end.sending && type != WIRE_PING && type != WIRE_PONG);
	need(tail_len <= wire_tail_max(type));
	/* all of the tail can be read */
	for (size_t i = 0; i < tail_len; i += 1000)
		end.sum += tail[i];
	if (end.owner & OWNER_ANSWERS)
		send_some(tail_len < WIRE_DATA_MAX ? tail_len : WIRE_DATA_MAX);
	if (end.owner & OWNER_POLLS)
		need(channel_poll(&end.ch) < 0);
	if (end.owner & OWNER_FINISHES)
		channel_finish(&end.ch);
	if (end.owner & OWNER_DETACHES && type == WIRE_HELLO &&
	    channel_detach(&end.ch, &fd, &keys, leftover, sizeof(leftover), &len) == 0)
		return;
	if (end.owner & OWNER_CLOSES)
		channel_close(&end.ch);
}

static void on_closed(void *ctx, int error, const char *why)
{
	(void)ctx;
	need(!end.closed && !end.freed && !end.sending && error <= 0 && why[0] != '\0');
	end.closed = true;
	if (end.owner & OWNER_CLOSES)
		channel_close(&end.ch);
}

static void on_drained(void *ctx)
{
	(void)ctx;
	need(!end.closed && !end.freed && !end.sending && channel_backlog(&end.ch) == 0);
	if (end.owner & OWNER_ANSWERS)
		send_some(100);
}

static const struct channel_ops fuzz_ops = { on_message, on_closed, on_drained };

/**
 * arrive() - Bytes come from the other side
 * @bytes:	Bytes
 * @len:	Their number
 */
static void arrive(const uint8_t *bytes, size_t len)
{
	if (len > STREAM_MAX - end.in_len)
		return;
	memcpy(end.in + end.in_len, bytes, len);
	end.in_len += len;
}

/**
 * peer_says() - The peer sends a message
 * @message:	Its beginning
 * @len:	Length of that
 * @total:	Length of the message; the rest is zeros
 */
static void peer_says(const uint8_t *message, size_t len, size_t total)
{
	static uint8_t plain[WIRE_MESSAGE_MAX], record[CHANNEL_RECORD_MAX + RECORD_OVERHEAD];

	if (total < 2 || total > sizeof(plain) || total + (total >> 8) > STREAM_MAX - end.in_len)
		return;
	memset(plain, 0, total);
	memcpy(plain, message, len < total ? len : total);
	for (size_t left = total; left > 0;) {
		size_t n = left < CHANNEL_RECORD_MAX ? left : CHANNEL_RECORD_MAX;

		record_seal(&end.peer, left, plain + total - left, n, record);
		arrive(record, n + RECORD_OVERHEAD);
		left -= n;
	}
}

/**
 * pass() - Time passes
 * @ms:		How much
 */
static void pass(unsigned int ms)
{
	end.now_us += ms * 1000ull;
	if (end.stopped || end.timer_us == 0 || end.timer_us > end.now_us)
		return;
	end.timer_us = 0;
	channel_tick(&end.ch);
}

/**
 * act() - Do what the input says
 * @what:	ACT_*
 * @number:	Its argument
 * @data:	The input behind it
 * @size:	Its length
 *
 * Return: bytes of the input that were used.
 */
static size_t act(unsigned int what, unsigned int number, const uint8_t *data, size_t size)
{
	static const int errors[] = { -ECONNRESET, -EPIPE, -EINTR, -EAGAIN };
	size_t len = number < size ? number : size;

	switch (what) {
	case ACT_STRANGER:
		arrive(data, len);
		return len;
	case ACT_PEER:
		peer_says(data, len, len);
		return len;
	case ACT_PEER_LARGE:
		peer_says(data, len, len + number * 8192u);
		return len;
	case ACT_PASS:
		pass(number * 100);
		return 0;
	case ACT_END:
		end.in_eof = true;
		return 0;
	case ACT_FAIL:
		end.fail = errors[number % 4];
		return 0;
	default:
		break;
	}
	if (end.stopped)
		return 0;
	switch (what) {
	case ACT_READ:
		channel_readable(&end.ch);
		break;
	case ACT_WRITE:
		end.room += number * number;
		channel_writable(&end.ch);
		break;
	case ACT_POLL:
		channel_poll(&end.ch);
		break;
	case ACT_SEND:
		end.sending = true;
		send_some(number * 1000);
		end.sending = false;
		break;
	case ACT_FINISH:
		channel_finish(&end.ch);
		break;
	case ACT_FEED:
		need(channel_feed(&end.ch, data, len) == 0);
		return len;
	case ACT_PHASE:
		channel_phase_set(&end.ch, number);
		break;
	case ACT_KICK:
		if (end.woken) {
			end.woken = false;
			channel_kick(&end.ch);
		}
		break;
	default:
		break;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session_keys keys = { .version = 1,
				     .cipher = SESSION_CHACHA20_POLY1305,
				     .rx_count = RECORD_REKEY_COUNT - 3 };
	uint8_t *in = end.in;

	if (size < 2)
		return 0;
	memset(&end, 0, sizeof(end));
	end.in = in ? in : malloc(STREAM_MAX);
	need(end.in != NULL);
	end.owner = data[0];
	end.room = data[1] * 1000;
	need(record_init(&end.peer, keys.cipher, keys.rx_key, keys.rx_count) == 0);
	need(channel_init(&end.ch, &fuzz_io, &keys, data[0] & WORKER ? WIRE_WORKER : WIRE_HOME, &fuzz_ops, NULL) == 0);
	channel_phase_set(&end.ch, PH_ANY);
	channel_backlog_max_set(&end.ch, 0);
	for (size_t at = 2; at + 1 < size && !end.freed;) {
		unsigned int what = data[at] % ACTS, number = data[at + 1];

		at += 2;
		at += act(what, number, data + at, size - at);
	}
	if (!end.freed)
		channel_close(&end.ch);
	need(end.freed);
	return 0;
}
