// SPDX-License-Identifier: GPL-2.0-or-later
/* Seal and open records; see common/record.h for the theory of operation. */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "record.h"

#define NONCE_LEN 12

static_assert(NONCE_LEN == crypto_aead_aes256gcm_NPUBBYTES, "nonce");
static_assert(NONCE_LEN == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "nonce");
static_assert(KEY_LEN == crypto_aead_aes256gcm_KEYBYTES, "key");
static_assert(CHANNEL_RECORD_TAG == crypto_aead_aes256gcm_ABYTES, "tag");
static_assert(CHANNEL_RECORD_TAG == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag");

/* What the key is hashed with to make the next one */
static const char rekey_label[] = "openMosix rekey";

/**
 * record_init() - Prepare one direction of a session
 * @rc:		Direction
 * @cipher:	enum session_cipher
 * @key:	Key after @count records
 * @count:	Records so far
 */
int record_init(struct record_cipher *rc, uint32_t cipher, const uint8_t key[static KEY_LEN], uint64_t count)
{
	rc->cipher = cipher;
	rc->count = count;
	memcpy(rc->key, key, KEY_LEN);
	if (cipher == SESSION_CHACHA20_POLY1305)
		return 0;
	if (cipher != SESSION_AES_256_GCM || !crypto_aead_aes256gcm_is_available())
		return -ENOTSUP;
	crypto_aead_aes256gcm_beforenm(&rc->gcm, rc->key);
	return 0;
}

/**
 * make_nonce() - The nonce of the current record
 * @rc:		Direction
 * @nonce:	4 zero bytes and the count, little endian
 */
static void make_nonce(const struct record_cipher *rc, uint8_t nonce[static NONCE_LEN])
{
	uint64_t count = htole64(rc->count);

	memset(nonce, 0, NONCE_LEN - sizeof(count));
	memcpy(nonce + NONCE_LEN - sizeof(count), &count, sizeof(count));
}

/**
 * step() - A record is done: count it, and replace the key when it is time
 * @rc:		Direction
 */
static void step(struct record_cipher *rc)
{
	uint8_t next[KEY_LEN];

	if (++rc->count % RECORD_REKEY_COUNT != 0)
		return;
	crypto_generichash(next, sizeof(next), (const uint8_t *)rekey_label, sizeof(rekey_label) - 1, rc->key,
			   sizeof(rc->key));
	memcpy(rc->key, next, sizeof(rc->key));
	sodium_memzero(next, sizeof(next));
	if (rc->cipher == SESSION_AES_256_GCM)
		crypto_aead_aes256gcm_beforenm(&rc->gcm, rc->key);
}

/**
 * record_head() - Read a record's head
 * @head:	Its bytes
 *
 * Return: bytes of the message from this record on. Anything may come here: it is not authenticated yet.
 */
uint32_t record_head(const uint8_t head[static CHANNEL_RECORD_HEAD])
{
	uint32_t left;

	memcpy(&left, head, sizeof(left));
	return le32toh(left);
}

/**
 * record_seal() - Make a record
 * @rc:		Direction
 * @left:	Bytes of the message from this record on
 * @plain:	Plaintext
 * @len:	Its length
 * @out:	The record
 */
void record_seal(struct record_cipher *rc, uint32_t left, const uint8_t *plain, size_t len, uint8_t *out)
{
	uint8_t *text = out + CHANNEL_RECORD_HEAD;
	uint8_t nonce[NONCE_LEN];

	left = htole32(left);
	memcpy(out, &left, sizeof(left));
	make_nonce(rc, nonce);
	if (rc->cipher == SESSION_AES_256_GCM)
		crypto_aead_aes256gcm_encrypt_afternm(text, NULL, plain, len, out, CHANNEL_RECORD_HEAD, NULL, nonce,
						      &rc->gcm);
	else
		crypto_aead_chacha20poly1305_ietf_encrypt(text, NULL, plain, len, out, CHANNEL_RECORD_HEAD, NULL, nonce,
							  rc->key);
	step(rc);
}

/**
 * record_open() - Open a record
 * @rc:		Direction
 * @record:	The record
 * @len:	Length of its plaintext
 * @plain:	Plaintext
 */
int record_open(struct record_cipher *rc, const uint8_t *record, size_t len, uint8_t *plain)
{
	const uint8_t *text = record + CHANNEL_RECORD_HEAD;
	uint8_t nonce[NONCE_LEN];
	int bad;

	make_nonce(rc, nonce);
	if (rc->cipher == SESSION_AES_256_GCM)
		bad = crypto_aead_aes256gcm_decrypt_afternm(plain, NULL, NULL, text, len + CHANNEL_RECORD_TAG, record,
							    CHANNEL_RECORD_HEAD, nonce, &rc->gcm);
	else
		bad = crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, text, len + CHANNEL_RECORD_TAG,
								record, CHANNEL_RECORD_HEAD, nonce, rc->key);
	if (bad)
		return -EBADMSG;
	step(rc);
	return 0;
}
