// SPDX-License-Identifier: GPL-2.0-or-later
/* Two channels without a socket, in virtual time; see test/unit/sim.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/sim.h"
#include "test/unit/unit.h"

/**
 * of() - The end around a channel
 * @ch:		Channel
 */
static struct sim_end *of(const struct channel *ch)
{
	return (struct sim_end *)ch;
}

/**
 * fails() - Is it this call's turn to fail?
 * @end:	End
 */
static bool fails(struct sim_end *end)
{
	return ++end->calls == end->fail_at;
}

static ssize_t io_read(struct channel *ch, void *buf, size_t cap)
{
	struct sim_end *end = of(ch);
	size_t n = end->in_len;

	ck_assert(!end->stopped);
	ck_assert_uint_gt(cap, 0);
	if (fails(end))
		return end->fail_error;
	if (n == 0)
		return end->in_eof ? 0 : -EAGAIN;
	if (n > end->read_max)
		n = end->read_max;
	if (n > cap)
		n = cap;
	memcpy(buf, end->in, n);
	end->in_len -= n;
	memmove(end->in, end->in + n, end->in_len);
	end->reads++;
	return (ssize_t)n;
}

void sim_inject(struct sim_end *end, const void *bytes, size_t len)
{
	if (end->in_cap - end->in_len < len) {
		end->in_cap = 2 * (end->in_len + len);
		end->in = realloc(end->in, end->in_cap);
		ck_assert_ptr_nonnull(end->in);
	}
	if (len > 0)
		memcpy(end->in + end->in_len, bytes, len);
	end->in_len += len;
}

static ssize_t io_write(struct channel *ch, const struct iovec *iov, int nr)
{
	struct sim_end *end = of(ch);
	size_t done = 0;

	ck_assert(!end->stopped);
	ck_assert_int_gt(nr, 0);
	if (fails(end))
		return end->fail_error;
	for (int i = 0; i < nr; i++) {
		size_t n = iov[i].iov_len, room = 0;

		ck_assert_uint_gt(n, 0);
		if (end->room > end->other->in_len)
			room = end->room - end->other->in_len;
		if (n > room)
			n = room;
		sim_inject(end->other, iov[i].iov_base, n);
		done += n;
	}
	if (done == 0)
		return -EAGAIN;
	end->writes++;
	return (ssize_t)done;
}

static void io_shutdown(struct channel *ch)
{
	of(ch)->other->in_eof = true;
}

static void io_want_write(struct channel *ch, bool on)
{
	of(ch)->want_write = on;
}

static void io_wake(struct channel *ch)
{
	of(ch)->woken = true;
}

static void io_timer(struct channel *ch, unsigned int ms)
{
	struct sim_end *end = of(ch);

	end->timer_us = ms ? end->sim->now_us + ms * 1000ull : 0;
}

static uint64_t io_now_us(struct channel *ch)
{
	return of(ch)->sim->now_us;
}

static int io_fd(const struct channel *ch)
{
	(void)ch;
	return 77;
}

static int io_detach(struct channel *ch)
{
	ck_assert(!of(ch)->stopped);
	of(ch)->stopped = true;
	return 77;
}

static void io_stop(struct channel *ch)
{
	io_detach(ch);
	of(ch)->other->in_eof = true;
}

static void io_free(struct channel *ch)
{
	struct sim_end *end = of(ch);

	ck_assert(end->stopped && !end->freed);
	channel_fini(ch);
	end->freed = true;
}

static const struct channel_io sim_io = {
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

static void on_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct sim_end *end = ctx;

	ck_assert(!end->inside && !end->freed && end->closed == 0);
	end->type[end->messages % SIM_LOG_MAX] = type;
	end->messages++;
	end->last = *msg;
	free(end->tail);
	end->tail = malloc(tail_len + 1);
	ck_assert_ptr_nonnull(end->tail);
	memcpy(end->tail, tail, tail_len);
	end->tail_len = tail_len;
	if (end->on_message)
		end->on_message(end);
}

static void on_closed(void *ctx, int error, const char *why)
{
	struct sim_end *end = ctx;

	ck_assert(!end->inside && !end->freed);
	ck_assert_uint_eq(++end->closed, 1);
	end->error = error;
	snprintf(end->why, sizeof(end->why), "%s", why);
	if (end->on_closed)
		end->on_closed(end);
}

static void on_drained(void *ctx)
{
	struct sim_end *end = ctx;

	ck_assert(!end->inside && end->closed == 0);
	ck_assert_uint_eq(channel_backlog(&end->ch), 0);
	end->drained++;
	if (end->on_drained)
		end->on_drained(end);
}

static const struct channel_ops sim_ops = { .message = on_message, .closed = on_closed, .drained = on_drained };

void sim_open(struct sim *sim, struct sim_end *end, const struct session_keys *keys, enum wire_sender self)
{
	end->sim = sim;
	end->read_max = SIZE_MAX;
	end->room = SIZE_MAX;
	ck_assert_int_eq(channel_init(&end->ch, &sim_io, keys, self, &sim_ops, end), 0);
	channel_phase_set(&end->ch, PH_ANY);
}

struct sim *sim_new(uint32_t cipher, uint64_t count)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	ck_assert_ptr_nonnull(sim);
	sim->now_us = 1000000;
	sim->keys_home.version = HANDSHAKE_VERSION;
	sim->keys_home.cipher = cipher;
	sim->keys_home.tx_count = sim->keys_home.rx_count = count;
	sim_pattern(sim->keys_home.tx_key, KEY_LEN, 1);
	sim_pattern(sim->keys_home.rx_key, KEY_LEN, 2);
	sim->keys_worker = sim->keys_home;
	memcpy(sim->keys_worker.tx_key, sim->keys_home.rx_key, KEY_LEN);
	memcpy(sim->keys_worker.rx_key, sim->keys_home.tx_key, KEY_LEN);
	sim->home.other = &sim->worker;
	sim->worker.other = &sim->home;
	sim_open(sim, &sim->home, &sim->keys_home, WIRE_HOME);
	sim_open(sim, &sim->worker, &sim->keys_worker, WIRE_WORKER);
	return sim;
}

/**
 * end_free() - Close one end, if it is not, and free what it refers to
 * @end:	End
 */
static void end_free(struct sim_end *end)
{
	if (!end->freed)
		channel_close(&end->ch);
	ck_assert(end->freed);
	free(end->in);
	free(end->tail);
}

void sim_free(struct sim *sim)
{
	end_free(&sim->home);
	end_free(&sim->worker);
	free(sim);
}

/**
 * move() - Give one end what is due to it
 * @end:	End
 *
 * Return: something was due.
 */
static bool move(struct sim_end *end)
{
	bool moved = false;

	if (end->gone)
		return false;
	if (end->woken && !end->stopped) {
		end->woken = false;
		channel_kick(&end->ch);
		moved = true;
	}
	if (end->want_write && end->room > end->other->in_len && !end->stopped) {
		channel_writable(&end->ch);
		moved = true;
	}
	if ((end->in_len > 0 || end->in_eof) && !end->stopped) {
		channel_readable(&end->ch);
		moved = true;
	}
	return moved;
}

void sim_run(struct sim *sim)
{
	bool home, worker;

	do {
		home = move(&sim->home);
		worker = move(&sim->worker);
	} while (home || worker);
}

void sim_pass(struct sim *sim, unsigned int ms)
{
	struct sim_end *ends[2] = { &sim->home, &sim->worker };

	for (uint64_t until = sim->now_us + ms * 1000ull; sim->now_us < until; sim->now_us += 1000) {
		for (int i = 0; i < 2; i++) {
			if (ends[i]->gone || ends[i]->stopped)
				continue;
			if (ends[i]->timer_us == 0 || ends[i]->timer_us > sim->now_us)
				continue;
			ends[i]->timer_us = 0;
			channel_tick(&ends[i]->ch);
		}
		sim_run(sim);
	}
}

size_t sim_forge(struct record_cipher *rc, const uint8_t *message, size_t len, uint8_t *out)
{
	size_t at = 0;

	for (size_t left = len; left > 0;) {
		size_t n = left < CHANNEL_RECORD_MAX ? left : CHANNEL_RECORD_MAX;

		record_seal(rc, left, message + len - left, n, out + at);
		at += n + RECORD_OVERHEAD;
		left -= n;
	}
	return at;
}

int sim_send(struct sim_end *end, enum wire_type type, const void *msg, const void *tail, size_t tail_len)
{
	struct iovec iov = { .iov_base = (void *)tail, .iov_len = tail_len };
	int err;

	end->inside = true;
	err = channel_send(&end->ch, type, msg, &iov, tail ? 1 : 0);
	end->inside = false;
	return err;
}

void sim_pattern(uint8_t *buf, size_t len, unsigned int seed)
{
	uint32_t x = seed * 2654435761u + 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		buf[i] = x >> 24;
	}
}
