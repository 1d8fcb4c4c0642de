// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of a session, and the names of its ciphers. */
#include <sodium.h>
#include <stddef.h>

#include "handshake.h"

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
