// SPDX-License-Identifier: GPL-2.0-or-later
/* The handshake's state machine; see include/handshake.h for the theory of operation and PROTOCOL.md for the bytes. */
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cursor.h"
#include "noise.h"

/*
 * home:    HOME_BLOCK ──► HOME_SECOND ──► DONE            worker:  WORKER_BLOCK ──► WORKER_FIRST ──► WORKER_CONFIRM ──► DONE
 *               └──────────────┴──► FAILED                              └────────────────┴────────────────┴──► FAILED
 */
enum state { HOME_BLOCK, HOME_SECOND, WORKER_BLOCK, WORKER_FIRST, WORKER_CONFIRM, DONE, FAILED };

#define PAYLOAD_LEN 16

static const uint8_t magic[8] = { 'o', 'M', 'o', 's', 'i', 'x', '\r', '\n' };

static_assert(HANDSHAKE_MESSAGE_LEN == NOISE_PUBLIC_LEN + PAYLOAD_LEN + NOISE_TAG_LEN, "first and second message");
static_assert(HANDSHAKE_CONFIRM_LEN == NOISE_TAG_LEN, "confirmation");

/**
 * fail() - Note why the handshake fails
 * @hs:		Handshake
 * @err:	Negative errno
 * @fmt:	printf format of the reason
 *
 * Return: @err.
 */
static int __attribute__((format(printf, 3, 4))) fail(struct handshake *hs, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	/* clang-tidy 14 forgets va_start() when it looks at several files */
	vsnprintf(hs->why, sizeof(hs->why), fmt, ap); /* NOLINT(clang-analyzer-valist.Uninitialized) */
	va_end(ap);
	return err;
}

/**
 * put_block() - Queue our version block
 * @hs:		Handshake
 */
static void put_block(struct handshake *hs)
{
	struct cursor_out out = cursor_to(hs->out + hs->out_len, sizeof(hs->out) - hs->out_len);

	cursor_put(&out, magic, sizeof(magic));
	cursor_put_u16(&out, hs->version);
	cursor_put_u16(&out, hs->lowest);
	cursor_put_u32(&out, 0);
	assert(!out.bad);
	hs->out_len += HANDSHAKE_BLOCK_LEN;
}

/**
 * get_block() - Read the other side's version block
 * @hs:		Handshake; the block is in @hs->in
 */
static int get_block(struct handshake *hs)
{
	struct cursor in = cursor_from(hs->in, HANDSHAKE_BLOCK_LEN);

	if (memcmp(cursor_take(&in, sizeof(magic)), magic, sizeof(magic)) != 0)
		return fail(hs, -EPROTO, "the other side does not speak openMosix's protocol");
	hs->peer_version = cursor_u16(&in);
	hs->peer_lowest = cursor_u16(&in);
	if (hs->peer_lowest == 0 || hs->peer_lowest > hs->peer_version)
		return fail(hs, -EPROTO, "the other side's version %u (lowest %u) makes no sense", hs->peer_version,
			    hs->peer_lowest);
	if (hs->version < hs->peer_lowest || hs->peer_version < hs->lowest)
		return fail(hs, -EPROTONOSUPPORT,
			    "the other side speaks protocol versions %u to %u, this one speaks %u to %u",
			    hs->peer_lowest, hs->peer_version, hs->lowest, hs->version);
	return 0;
}

/**
 * put_ephemeral() - Make our ephemeral key and queue its public half
 * @hs:		Handshake
 */
static void put_ephemeral(struct handshake *hs)
{
	uint8_t secret[KEY_LEN];

	assert(sizeof(hs->out) - hs->out_len >= NOISE_PUBLIC_LEN);
	randombytes_buf(secret, sizeof(secret));
	noise_mix_e_own(&hs->noise, secret, hs->out + hs->out_len);
	hs->out_len += NOISE_PUBLIC_LEN;
	sodium_memzero(secret, sizeof(secret));
}

/**
 * put_sealed() - Queue an encrypted payload
 * @hs:		Handshake
 * @payload:	Payload, NULL when @len is 0
 * @len:	Its length
 */
static void put_sealed(struct handshake *hs, const uint8_t *payload, size_t len)
{
	assert(sizeof(hs->out) - hs->out_len >= len + NOISE_TAG_LEN);
	noise_seal(&hs->noise, payload, len, hs->out + hs->out_len);
	hs->out_len += len + NOISE_TAG_LEN;
}

/**
 * finish() - Both ends have proved that they know the key: derive the session's keys
 * @hs:		Handshake
 */
static void finish(struct handshake *hs)
{
	struct session_keys *keys = &hs->keys;

	keys->version = hs->version < hs->peer_version ? hs->version : hs->peer_version;
	if (hs->role == HANDSHAKE_HOME)
		noise_split(&hs->noise, keys->tx_key, keys->rx_key);
	else
		noise_split(&hs->noise, keys->rx_key, keys->tx_key);
	sodium_memzero(&hs->noise, sizeof(hs->noise));
	sodium_memzero(hs->key, sizeof(hs->key));
}

/**
 * home_block() - Home has read the worker's version block
 * @hs:		Handshake
 */
static int home_block(struct handshake *hs)
{
	return get_block(hs);
}

/**
 * home_second() - Home has read the second message: the worker knows the key; tell it that we do
 * @hs:		Handshake
 */
static int home_second(struct handshake *hs)
{
	uint8_t payload[PAYLOAD_LEN];
	struct cursor in;
	uint32_t cipher;

	noise_mix_e_peer(&hs->noise, hs->in);
	if (noise_mix_ee(&hs->noise, hs->in) < 0)
		return fail(hs, -EPROTO, "the other side's ephemeral key is not one");
	if (noise_open(&hs->noise, hs->in + NOISE_PUBLIC_LEN, PAYLOAD_LEN + NOISE_TAG_LEN, payload) < 0)
		return fail(hs, -EKEYREJECTED, "the node has another key");
	in = cursor_from(payload, sizeof(payload));
	cipher = cursor_u32(&in);
	if (cursor_u16(&in) != hs->peer_version || cursor_u16(&in) != hs->peer_lowest)
		return fail(hs, -EPROTO, "the version that the node announced was changed on the way");
	if (!(cipher & hs->ciphers) || !session_cipher_name(cipher))
		return fail(hs, -EPROTO, "the node chose a cipher that was not offered");
	hs->keys.cipher = cipher;
	put_sealed(hs, NULL, 0);
	finish(hs);
	return HANDSHAKE_DONE;
}

/**
 * worker_block() - The worker has read home's version block
 * @hs:		Handshake
 *
 * To what is no block nothing is answered. To one of another version ours is, so that the other side can say why.
 */
static int worker_block(struct handshake *hs)
{
	int err = get_block(hs);

	if (err == -EPROTONOSUPPORT)
		put_block(hs);
	if (!err)
		noise_init(&hs->noise, hs->in, HANDSHAKE_BLOCK_LEN);
	return err;
}

/**
 * worker_first() - The worker has read the first message
 * @hs:		Handshake
 *
 * The version block goes out in either case: followed by nothing it means that the key was wrong.
 */
static int worker_first(struct handshake *hs)
{
	uint8_t payload[PAYLOAD_LEN], answer[PAYLOAD_LEN] = { 0 };
	struct cursor_out out = cursor_to(answer, sizeof(answer));
	struct cursor in;
	uint32_t common;

	put_block(hs);
	noise_mix_psk(&hs->noise, hs->key);
	noise_mix_e_peer(&hs->noise, hs->in);
	if (noise_open(&hs->noise, hs->in + NOISE_PUBLIC_LEN, PAYLOAD_LEN + NOISE_TAG_LEN, payload) < 0)
		return fail(hs, -EKEYREJECTED, "the other side has another key");
	in = cursor_from(payload, sizeof(payload));
	common = cursor_u32(&in) & hs->ciphers;
	if (!common)
		return fail(hs, -EPROTO, "no common cipher");
	hs->keys.cipher = common & SESSION_AES_256_GCM ? SESSION_AES_256_GCM : SESSION_CHACHA20_POLY1305;
	put_ephemeral(hs);
	if (noise_mix_ee(&hs->noise, hs->in) < 0) {
		hs->out_len = 0;
		return fail(hs, -EPROTO, "the other side's ephemeral key is not one");
	}
	cursor_put_u32(&out, hs->keys.cipher);
	cursor_put_u16(&out, hs->version);
	cursor_put_u16(&out, hs->lowest);
	put_sealed(hs, answer, sizeof(answer));
	return 0;
}

/**
 * worker_confirm() - The worker has read the confirmation
 * @hs:		Handshake
 */
static int worker_confirm(struct handshake *hs)
{
	if (noise_open(&hs->noise, hs->in, HANDSHAKE_CONFIRM_LEN, NULL) < 0)
		return fail(hs, -EKEYREJECTED, "wrong confirmation (a replayed handshake?)");
	finish(hs);
	return HANDSHAKE_DONE;
}

/**
 * struct step - A row of the state table: what is read in a state, and what then
 * @want:	Bytes of the message that is read
 * @take:	Handle it: 0, HANDSHAKE_DONE or negative errno
 * @next:	State after 0
 */
struct step {
	size_t want;
	int (*take)(struct handshake *hs);
	enum state next;
};

static const struct step steps[] = {
	[HOME_BLOCK] = { HANDSHAKE_BLOCK_LEN, home_block, HOME_SECOND },
	[HOME_SECOND] = { HANDSHAKE_MESSAGE_LEN, home_second, DONE },
	[WORKER_BLOCK] = { HANDSHAKE_BLOCK_LEN, worker_block, WORKER_FIRST },
	[WORKER_FIRST] = { HANDSHAKE_MESSAGE_LEN, worker_first, WORKER_CONFIRM },
	[WORKER_CONFIRM] = { HANDSHAKE_CONFIRM_LEN, worker_confirm, DONE },
	[DONE] = { 0, NULL, DONE },
	[FAILED] = { 0, NULL, FAILED },
};

/**
 * handshake_init() - Prepare a handshake
 * @hs:		Handshake
 * @role:	Which end we are
 * @key:	The cluster's key
 */
int handshake_init(struct handshake *hs, enum handshake_role role, const uint8_t key[static KEY_LEN])
{
	if (sodium_init() < 0)
		return -ENOTSUP;
	memset(hs, 0, sizeof(*hs));
	hs->role = role;
	hs->state = role == HANDSHAKE_HOME ? HOME_BLOCK : WORKER_BLOCK;
	hs->version = HANDSHAKE_VERSION;
	hs->lowest = HANDSHAKE_LOWEST;
	hs->ciphers = SESSION_CHACHA20_POLY1305;
	if (crypto_aead_aes256gcm_is_available())
		hs->ciphers |= SESSION_AES_256_GCM;
	memcpy(hs->key, key, KEY_LEN);
	return 0;
}

/**
 * handshake_start() - Begin; home says the first words
 * @hs:		Handshake
 */
void handshake_start(struct handshake *hs)
{
	uint8_t payload[PAYLOAD_LEN] = { 0 };
	struct cursor_out out = cursor_to(payload, sizeof(payload));

	if (hs->role != HANDSHAKE_HOME)
		return;
	put_block(hs);
	noise_init(&hs->noise, hs->out, HANDSHAKE_BLOCK_LEN);
	noise_mix_psk(&hs->noise, hs->key);
	put_ephemeral(hs);
	cursor_put_u32(&out, hs->ciphers);
	put_sealed(hs, payload, sizeof(payload));
}

/**
 * handshake_output() - What is to be sent
 * @hs:		Handshake
 * @len:	How much
 */
const uint8_t *handshake_output(const struct handshake *hs, size_t *len)
{
	*len = hs->out_len - hs->out_sent;
	return hs->out + hs->out_sent;
}

/**
 * handshake_sent() - Some of it was sent
 * @hs:		Handshake
 * @len:	How much
 */
void handshake_sent(struct handshake *hs, size_t len)
{
	assert(len <= hs->out_len - hs->out_sent);
	hs->out_sent += len;
	if (hs->out_sent == hs->out_len)
		hs->out_sent = hs->out_len = 0;
}

/**
 * handshake_want() - Most bytes that may be read now
 * @hs:		Handshake
 */
size_t handshake_want(const struct handshake *hs)
{
	return steps[hs->state].want - hs->in_len;
}

/**
 * handshake_feed() - Take bytes from the other side
 * @hs:		Handshake
 * @in:		Bytes
 * @len:	Their number, at most handshake_want()
 */
int handshake_feed(struct handshake *hs, const uint8_t *in, size_t len)
{
	const struct step *step = &steps[hs->state];
	int ret;

	if (!step->take || len > handshake_want(hs))
		return -EPROTO;
	memcpy(hs->in + hs->in_len, in, len);
	hs->in_len += len;
	if (hs->in_len < step->want)
		return 0;

	ret = step->take(hs);
	hs->in_len = 0;
	hs->state = ret < 0 ? FAILED : ret == HANDSHAKE_DONE ? DONE : step->next;
	return ret;
}

/**
 * handshake_eof() - The other side closed the connection
 * @hs:		Handshake
 *
 * A worker whose answer to the first message is its version block and nothing else has tried the key in vain.
 */
int handshake_eof(struct handshake *hs)
{
	bool rejected = hs->state == HOME_SECOND && hs->in_len == 0;

	hs->state = FAILED;
	hs->in_len = 0;
	if (rejected)
		return fail(hs, -EKEYREJECTED, "the node has another key");
	return fail(hs, -ECONNRESET, "the other side closed the connection in the handshake");
}

/**
 * handshake_why() - One line about the error
 * @hs:		Handshake
 */
const char *handshake_why(const struct handshake *hs)
{
	return hs->why;
}

/**
 * handshake_keys() - The result
 * @hs:		Handshake that is done
 */
const struct session_keys *handshake_keys(const struct handshake *hs)
{
	assert(hs->state == DONE);
	return &hs->keys;
}

/**
 * handshake_wipe() - Overwrite all secrets
 * @hs:		Handshake
 */
void handshake_wipe(struct handshake *hs)
{
	sodium_memzero(hs, sizeof(*hs));
	hs->state = FAILED;
}
