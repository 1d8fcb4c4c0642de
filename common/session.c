// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of a session as bytes, so that one process can hand a live session to another on the same machine. */
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "cursor.h"
#include "handshake.h"

/**
 * session_keys_encode() - Keys and counters as bytes
 * @keys:	Keys and counters
 * @out:	Their bytes
 */
void session_keys_encode(const struct session_keys *keys, uint8_t out[static SESSION_KEYS_SIZE])
{
	struct cursor_out cur = cursor_to(out, SESSION_KEYS_SIZE);

	cursor_put_u32(&cur, keys->version);
	cursor_put_u32(&cur, keys->cipher);
	cursor_put(&cur, keys->tx_key, sizeof(keys->tx_key));
	cursor_put(&cur, keys->rx_key, sizeof(keys->rx_key));
	cursor_put_u64(&cur, keys->tx_count);
	cursor_put_u64(&cur, keys->rx_count);
	assert(!cur.bad && cur.left == 0);
}

/**
 * session_keys_decode() - Keys and counters from bytes
 * @in:		Their bytes
 * @out:	Keys and counters
 *
 * Return: 0, or -EPROTO when version or cipher are none of ours.
 */
int session_keys_decode(const uint8_t in[static SESSION_KEYS_SIZE], struct session_keys *out)
{
	struct cursor cur = cursor_from(in, SESSION_KEYS_SIZE);

	out->version = cursor_u32(&cur);
	out->cipher = cursor_u32(&cur);
	cursor_copy(&cur, out->tx_key, sizeof(out->tx_key));
	cursor_copy(&cur, out->rx_key, sizeof(out->rx_key));
	out->tx_count = cursor_u64(&cur);
	out->rx_count = cursor_u64(&cur);
	assert(cursor_done(&cur));
	if (out->version < HANDSHAKE_LOWEST || out->version > HANDSHAKE_VERSION)
		return -EPROTO;
	return session_cipher_name(out->cipher) ? 0 : -EPROTO;
}

/**
 * session_keys_wipe() - Overwrite keys
 * @keys:	Keys
 */
void session_keys_wipe(struct session_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}

/**
 * session_cipher_name() - Name of a cipher, for people
 * @cipher:	Any number
 *
 * Return: its name, or NULL when it is none of ours.
 */
const char *session_cipher_name(uint32_t cipher)
{
	switch (cipher) {
	case SESSION_CHACHA20_POLY1305:
		return "ChaCha20-Poly1305";
	case SESSION_AES_256_GCM:
		return "AES-256-GCM";
	default:
		return NULL;
	}
}
