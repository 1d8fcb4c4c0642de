/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A record is what is encrypted and authenticated at once: a length field (u32, in clear, authenticated), ciphertext, tag.
 * Each direction has its own key and counts its records; the count is the nonce. So a record that is lost, repeated,
 * moved or changed does not authenticate, and neither does any after it.
 *
 * After every RECORD_REKEY_COUNT records the key is replaced by a hash of itself: no key encrypts so much that
 * AES-GCM's bounds matter, and a key that leaks does not open what was sent long before.
 */
#ifndef OM_RECORD_H
#define OM_RECORD_H

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

#include "channel.h"

#define RECORD_REKEY_COUNT (1u << 20)
/* Bytes that a record adds to its plaintext */
#define RECORD_OVERHEAD (CHANNEL_RECORD_HEAD + CHANNEL_RECORD_TAG)

/**
 * struct record_cipher - One direction of a session
 * @gcm:	Expanded key, for AES-256-GCM
 * @cipher:	enum session_cipher
 * @key:	Key after @count records
 * @count:	Records so far: the next nonce
 */
struct record_cipher {
	crypto_aead_aes256gcm_state gcm;
	uint32_t cipher;
	uint8_t key[KEY_LEN];
	uint64_t count;
};

/* 0, or -ENOTSUP when this CPU does not have the cipher */
int record_init(struct record_cipher *rc, uint32_t cipher, const uint8_t key[static KEY_LEN], uint64_t count);
/* Length of a message as its record's head says it: bytes from this record to the end of the message */
uint32_t record_head(const uint8_t head[static CHANNEL_RECORD_HEAD]);
/*
 * Make the record of @len bytes at @plain, which may be where the ciphertext goes: @out + CHANNEL_RECORD_HEAD. @left is
 * for the head. Writes @len + RECORD_OVERHEAD bytes.
 */
void record_seal(struct record_cipher *rc, uint32_t left, const uint8_t *plain, size_t len, uint8_t *out);
/* Open a whole record, whose plaintext has @len bytes, into @plain. -EBADMSG when it is not authentic. */
int record_open(struct record_cipher *rc, const uint8_t *record, size_t len, uint8_t *plain);

#endif
