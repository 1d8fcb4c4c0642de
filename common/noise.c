// SPDX-License-Identifier: GPL-2.0-or-later
/* The parts of the Noise protocol framework that the handshake uses; names in capitals are those of its specification. */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "noise.h"

static_assert(HANDSHAKE_HASH_LEN == crypto_hash_sha256_BYTES, "hash");
static_assert(HANDSHAKE_HASH_LEN == crypto_auth_hmacsha256_KEYBYTES, "HMAC key");
static_assert(KEY_LEN == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "cipher key");
static_assert(KEY_LEN == crypto_scalarmult_curve25519_SCALARBYTES, "X25519 secret");
static_assert(NOISE_PUBLIC_LEN == crypto_scalarmult_curve25519_BYTES, "X25519 public");
static_assert(NOISE_TAG_LEN == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag");
static_assert(sizeof(NOISE_NAME) - 1 > HANDSHAKE_HASH_LEN, "a name of up to 32 characters would be padded, not hashed");

/**
 * mix_hash() - MixHash
 * @ns:		State
 * @bytes:	What is mixed into the hash
 * @len:	Its length
 */
static void mix_hash(struct noise *ns, const void *bytes, size_t len)
{
	crypto_hash_sha256_state st;

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, ns->h, sizeof(ns->h));
	crypto_hash_sha256_update(&st, bytes, len);
	crypto_hash_sha256_final(&st, ns->h);
}

/**
 * hkdf() - HKDF with HMAC-SHA-256
 * @ck:		Chaining key
 * @ikm:	Input key material
 * @len:	Its length, 0 or 32
 * @nr:		Outputs wanted, 2 or 3
 * @out:	Outputs
 */
static void hkdf(const uint8_t *ck, const uint8_t *ikm, size_t len, unsigned int nr, uint8_t (*out)[HANDSHAKE_HASH_LEN])
{
	uint8_t key[HANDSHAKE_HASH_LEN], block[HANDSHAKE_HASH_LEN + 1];
	size_t block_len = 0;

	crypto_auth_hmacsha256(key, ikm, len, ck);
	for (unsigned int i = 0; i < nr; i++) {
		block[block_len++] = i + 1;
		crypto_auth_hmacsha256(out[i], block, block_len, key);
		memcpy(block, out[i], HANDSHAKE_HASH_LEN);
		block_len = HANDSHAKE_HASH_LEN;
	}
	sodium_memzero(key, sizeof(key));
	sodium_memzero(block, sizeof(block));
}

/**
 * mix_key() - MixKey
 * @ns:		State
 * @ikm:	32 bytes
 */
static void mix_key(struct noise *ns, const uint8_t *ikm)
{
	uint8_t out[2][HANDSHAKE_HASH_LEN];

	hkdf(ns->ck, ikm, HANDSHAKE_HASH_LEN, 2, out);
	memcpy(ns->ck, out[0], sizeof(ns->ck));
	memcpy(ns->k, out[1], sizeof(ns->k));
	ns->n = 0;
	sodium_memzero(out, sizeof(out));
}

/**
 * noise_init() - Initialize, MixHash(prologue)
 * @ns:		State
 * @prologue:	What both ends know already
 * @len:	Its length
 */
void noise_init(struct noise *ns, const void *prologue, size_t len)
{
	memset(ns, 0, sizeof(*ns));
	crypto_hash_sha256(ns->h, (const uint8_t *)NOISE_NAME, sizeof(NOISE_NAME) - 1);
	memcpy(ns->ck, ns->h, sizeof(ns->ck));
	mix_hash(ns, prologue, len);
}

/**
 * noise_mix_psk() - Token psk: MixKeyAndHash
 * @ns:		State
 * @psk:	The cluster's key
 */
void noise_mix_psk(struct noise *ns, const uint8_t psk[static KEY_LEN])
{
	uint8_t out[3][HANDSHAKE_HASH_LEN];

	hkdf(ns->ck, psk, KEY_LEN, 3, out);
	memcpy(ns->ck, out[0], sizeof(ns->ck));
	mix_hash(ns, out[1], sizeof(out[1]));
	memcpy(ns->k, out[2], sizeof(ns->k));
	ns->n = 0;
	sodium_memzero(out, sizeof(out));
}

/**
 * noise_mix_e_own() - Token e, when we write it
 * @ns:		State
 * @secret:	Our ephemeral secret key
 * @out:	Its public key, to be sent
 */
void noise_mix_e_own(struct noise *ns, const uint8_t secret[static KEY_LEN], uint8_t out[static NOISE_PUBLIC_LEN])
{
	memcpy(ns->e, secret, sizeof(ns->e));
	crypto_scalarmult_curve25519_base(out, ns->e);
	noise_mix_e_peer(ns, out);
}

/**
 * noise_mix_e_peer() - Token e, when we read it (with a psk it is mixed into the key too)
 * @ns:		State
 * @peer:	The other side's ephemeral public key
 */
void noise_mix_e_peer(struct noise *ns, const uint8_t peer[static NOISE_PUBLIC_LEN])
{
	mix_hash(ns, peer, NOISE_PUBLIC_LEN);
	mix_key(ns, peer);
}

/**
 * noise_mix_ee() - Token ee
 * @ns:		State, after both e
 * @peer:	The other side's ephemeral public key
 */
int noise_mix_ee(struct noise *ns, const uint8_t peer[static NOISE_PUBLIC_LEN])
{
	uint8_t shared[NOISE_PUBLIC_LEN];

	if (crypto_scalarmult_curve25519(shared, ns->e, peer) != 0)
		return -EPROTO;
	mix_key(ns, shared);
	sodium_memzero(shared, sizeof(shared));
	return 0;
}

/**
 * next_nonce() - The nonce of the next message under the current key
 * @ns:		State
 * @nonce:	4 zero bytes and the counter, little endian
 */
static void next_nonce(struct noise *ns, uint8_t nonce[static crypto_aead_chacha20poly1305_ietf_NPUBBYTES])
{
	uint64_t n = htole64(ns->n++);

	memset(nonce, 0, 4);
	memcpy(nonce + 4, &n, sizeof(n));
}

/**
 * noise_seal() - EncryptAndHash
 * @ns:		State
 * @plain:	Payload; may be NULL when @len is 0
 * @len:	Its length
 * @out:	@len + NOISE_TAG_LEN bytes
 */
void noise_seal(struct noise *ns, const uint8_t *plain, size_t len, uint8_t *out)
{
	uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

	next_nonce(ns, nonce);
	crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, len, ns->h, sizeof(ns->h), NULL, nonce, ns->k);
	mix_hash(ns, out, len + NOISE_TAG_LEN);
}

/**
 * noise_open() - DecryptAndHash
 * @ns:		State
 * @in:		Payload and tag
 * @len:	Their length, at least NOISE_TAG_LEN
 * @plain:	@len - NOISE_TAG_LEN bytes; may be NULL when there are none
 */
int noise_open(struct noise *ns, const uint8_t *in, size_t len, uint8_t *plain)
{
	uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

	next_nonce(ns, nonce);
	if (crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, in, len, ns->h, sizeof(ns->h), nonce, ns->k))
		return -EBADMSG;
	mix_hash(ns, in, len);
	return 0;
}

/**
 * noise_split() - Split
 * @ns:		State, at the end of the handshake
 * @to_responder: Key of what the initiator sends
 * @to_initiator: Key of what the responder sends
 */
void noise_split(const struct noise *ns, uint8_t to_responder[static KEY_LEN], uint8_t to_initiator[static KEY_LEN])
{
	uint8_t out[2][HANDSHAKE_HASH_LEN];

	hkdf(ns->ck, NULL, 0, 2, out);
	memcpy(to_responder, out[0], KEY_LEN);
	memcpy(to_initiator, out[1], KEY_LEN);
	sodium_memzero(out, sizeof(out));
}
