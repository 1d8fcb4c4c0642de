// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: Theory of operation
 *
 * Two honest ends, and the fuzzer on the way between them. Each byte of the input decides about the next bytes that are
 * carried: how many at once, changed or not, replaced by the input's own bytes, or the connection's end. Invariants: an
 * end says no more than one handshake has; an end that is done has the same session as the other; where something was
 * changed (but for the reserved bytes, which are ignored) they are not both done; an end that has failed stays so.
 */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "handshake.h"
#include "test/fuzz/fuzz.h"

/* What a byte of the input does: its low bits are an act, the others a number */
enum { ACT_CARRY, ACT_CARRY_ALL, ACT_FLIP, ACT_REPLACE, ACT_END, ACTS = 8 };

/**
 * struct way - One direction
 * @from:	Speaker
 * @to:		Listener
 * @ret:	What the listener's handshake_feed() has returned last
 * @said:	Bytes carried
 * @changed:	One of them was not as the speaker had said it
 */
struct way {
	struct handshake *from, *to;
	int ret;
	size_t said;
	bool changed;
};

static uint32_t seed;

static const char *random_name(void)
{
	return "fuzz";
}

static uint32_t random_u32(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed;
}

static void random_buf(void *buf, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)buf)[i] = random_u32() >> 24;
}

/**
 * feed() - Give bytes to a listener
 * @way:	Direction
 * @bytes:	Bytes
 * @len:	Their number
 */
static void feed(struct way *way, const uint8_t *bytes, size_t len)
{
	if (way->ret != 0) {
		need(handshake_want(way->to) == 0);
		need(handshake_feed(way->to, bytes, len) == -EPROTO);
		return;
	}
	way->ret = handshake_feed(way->to, bytes, len);
	way->said += len;
	need(way->ret == 0 || way->ret == HANDSHAKE_DONE || way->ret == -EPROTO || way->ret == -EKEYREJECTED ||
	     way->ret == -EPROTONOSUPPORT);
	need(way->ret >= 0 || handshake_why(way->to)[0] != '\0');
}

/**
 * act() - Do what one byte of the input says
 * @way:	Direction
 * @byte:	The byte
 * @data:	The input behind it
 * @size:	Its length
 *
 * Return: bytes of the input that were used.
 */
static size_t act(struct way *way, uint8_t byte, const uint8_t *data, size_t size)
{
	uint8_t bytes[HANDSHAKE_BUF_MAX];
	size_t len, want = handshake_want(way->to), number = byte / ACTS;
	const uint8_t *out = handshake_output(way->from, &len);

	need(len <= HANDSHAKE_BUF_MAX && want <= HANDSHAKE_BUF_MAX);
	if (len > want)
		len = want;
	switch (byte % ACTS) {
	case ACT_CARRY:
		len = len < number ? len : number;
		/* fall through */
	case ACT_CARRY_ALL:
		feed(way, out, len);
		handshake_sent(way->from, len);
		return 0;
	case ACT_FLIP:
		memcpy(bytes, out, len);
		if (len > 0 && size > 0) {
			size_t at = way->said + number % len;

			bytes[number % len] ^= data[0] | 1;
			/* the reserved bytes of the worker's block */
			way->changed |= way->from->role == HANDSHAKE_HOME || at < 12 || at >= 16;
		}
		feed(way, bytes, len);
		handshake_sent(way->from, len);
		return 1;
	case ACT_REPLACE:
		len = number + 1 < want ? number + 1 : want;
		len = len < size ? len : size;
		way->changed |= len > 0;
		feed(way, data, len);
		return len;
	case ACT_END:
		if (way->ret == 0)
			way->ret = handshake_eof(way->to);
		need(way->ret == HANDSHAKE_DONE || way->ret < 0);
		return 0;
	default:
		return 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct randombytes_implementation random = { random_name, random_u32, NULL, NULL, random_buf, NULL };
	struct handshake home, worker;
	struct way out = { &home, &worker, 0, 0, false }, back = { &worker, &home, 0, 0, false };
	uint8_t key[KEY_LEN] = "one key";

	if (size < 2)
		return 0;
	if (seed == 0)
		randombytes_set_implementation(&random);
	seed = 1;
	need(handshake_init(&home, HANDSHAKE_HOME, key) == 0);
	key[0] ^= data[0] & 1;
	need(handshake_init(&worker, HANDSHAKE_WORKER, key) == 0);
	home.version += data[0] >> 6;
	worker.version += data[0] >> 4 & 3;
	worker.lowest += data[0] >> 2 & 1;
	home.ciphers &= data[1] | SESSION_CHACHA20_POLY1305;
	handshake_start(&home);
	handshake_start(&worker);
	for (size_t at = 2; at < size;) {
		uint8_t byte = data[at++];

		at += act(at % 2 ? &out : &back, byte, data + at, size - at);
	}
	need(out.said <= HANDSHAKE_BUF_MAX && back.said <= HANDSHAKE_BUF_MAX);
	if (out.ret == HANDSHAKE_DONE && back.ret == HANDSHAKE_DONE) {
		const struct session_keys *h = handshake_keys(&home), *w = handshake_keys(&worker);

		need(!out.changed && !back.changed && !(data[0] & 1));
		need(memcmp(h->tx_key, w->rx_key, KEY_LEN) == 0 && memcmp(h->rx_key, w->tx_key, KEY_LEN) == 0);
		need(h->cipher == w->cipher && h->version == w->version);
	}
	/* The worker is done only with a home that has said all of it, unchanged */
	need(out.ret != HANDSHAKE_DONE || (!out.changed && !back.changed));
	return 0;
}
