/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the Noise protocol framework (revision 34) that the handshake uses, with X25519, ChaCha20-Poly1305 and
 * SHA-256. Private to the handshake and its tests.
 */
#ifndef OM_NOISE_H
#define OM_NOISE_H

#include <stddef.h>
#include <stdint.h>

#include "handshake.h"

#define NOISE_NAME	 "Noise_NNpsk0_25519_ChaChaPoly_SHA256"
#define NOISE_TAG_LEN	 16
#define NOISE_PUBLIC_LEN 32

/* Initialize, MixHash(prologue) */
void noise_init(struct noise *ns, const void *prologue, size_t len);
/* Token psk */
void noise_mix_psk(struct noise *ns, const uint8_t psk[static KEY_LEN]);
/* Token e: ours, from a secret key; and theirs */
void noise_mix_e_own(struct noise *ns, const uint8_t secret[static KEY_LEN], uint8_t out[static NOISE_PUBLIC_LEN]);
void noise_mix_e_peer(struct noise *ns, const uint8_t peer[static NOISE_PUBLIC_LEN]);
/* Token ee; -EPROTO when @peer is a point of low order */
int noise_mix_ee(struct noise *ns, const uint8_t peer[static NOISE_PUBLIC_LEN]);
/* EncryptAndHash: @len + NOISE_TAG_LEN bytes in @out. DecryptAndHash: -EBADMSG when the tag is wrong. */
void noise_seal(struct noise *ns, const uint8_t *plain, size_t len, uint8_t *out);
int noise_open(struct noise *ns, const uint8_t *in, size_t len, uint8_t *plain);
/* Split: keys of the records from initiator to responder and back */
void noise_split(const struct noise *ns, uint8_t to_responder[static KEY_LEN], uint8_t to_initiator[static KEY_LEN]);

#endif
