/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * How two ends that know the cluster's key agree on the keys of one session. A pure state machine: bytes in, bytes out,
 * no I/O, no clock, no allocation, so that omd can keep thousands of half-open connections cheaply and tests can feed it
 * anything. The layout of the bytes is in PROTOCOL.md.
 *
 *   home (connects)                                    worker (accepts)
 *   version block, first  ───────────────────────────►  version? key? (nothing is answered to anything else)
 *                         ◄─────────────────────────── version block
 *                         ◄─────────────────────────── second: knows the key, has taken our ephemeral
 *   confirm               ───────────────────────────►  knows the key, has taken our ephemeral: not a replay
 *
 * It is Noise_NNpsk0_25519_ChaChaPoly_SHA256 with a third, empty message: NNpsk0 alone leaves the worker in doubt
 * whether the first message was a replay until the first record arrives. Versions and ciphers travel in the prologue and
 * in the payloads, so both ends have authenticated them when they are done.
 *
 * Owner's loop: send what handshake_output() holds; read up to handshake_want() bytes; handshake_feed() them; until
 * HANDSHAKE_DONE or an error. On an error send the rest of the output (it may be the version block that lets the other
 * side say why) and close.
 */
#ifndef OM_HANDSHAKE_H
#define OM_HANDSHAKE_H

#include <stddef.h>
#include <stdint.h>

#include "key.h"

/* The version of the protocol that this code speaks, and the lowest that it still can */
#define HANDSHAKE_VERSION 1
#define HANDSHAKE_LOWEST  1

#define HANDSHAKE_BLOCK_LEN   16 /* version block */
#define HANDSHAKE_MESSAGE_LEN 64 /* first and second: ephemeral key, payload, tag */
#define HANDSHAKE_CONFIRM_LEN 16 /* confirm: tag */
/* all that one end says */
#define HANDSHAKE_BUF_MAX  (HANDSHAKE_BLOCK_LEN + HANDSHAKE_MESSAGE_LEN + HANDSHAKE_CONFIRM_LEN)
#define HANDSHAKE_HASH_LEN 32
#define HANDSHAKE_WHY_MAX  120

/* Returned by handshake_feed() when the session's keys are there */
#define HANDSHAKE_DONE 1

enum handshake_role {
	HANDSHAKE_HOME,	  /* connects */
	HANDSHAKE_WORKER, /* accepts */
};

/* Ciphers of the records, a bit each; the highest that both ends have is taken */
enum session_cipher {
	SESSION_CHACHA20_POLY1305 = 1,
	SESSION_AES_256_GCM = 2,
};

/**
 * struct session_keys - What two ends share after the handshake; enough to take over a live session in another process
 * @version:	Protocol version of the session
 * @cipher:	enum session_cipher
 * @tx_key:	Key of the records that this end sends, after @tx_count of them
 * @rx_key:	Key of the records that it receives
 * @tx_count:	Records sent (the next one's nonce)
 * @rx_count:	Records received
 */
struct session_keys {
	uint32_t version;
	uint32_t cipher;
	uint8_t tx_key[KEY_LEN];
	uint8_t rx_key[KEY_LEN];
	uint64_t tx_count;
	uint64_t rx_count;
};

/* Overwrite with zeros, in a way that the compiler cannot drop */
void session_keys_wipe(struct session_keys *keys);
/* "AES-256-GCM", or NULL for what is none of ours */
const char *session_cipher_name(uint32_t cipher);

/**
 * struct noise - Symmetric and ephemeral state of a Noise handshake
 * @ck:		Chaining key
 * @h:		Hash of everything that both ends have said
 * @k:		Current cipher key
 * @n:		Its next nonce
 * @e:		Our ephemeral secret key
 */
struct noise {
	uint8_t ck[HANDSHAKE_HASH_LEN];
	uint8_t h[HANDSHAKE_HASH_LEN];
	uint8_t k[KEY_LEN];
	uint64_t n;
	uint8_t e[KEY_LEN];
};

/**
 * struct handshake - One end of a handshake. Fields are the state machine's own; ciphers, version, lowest may be set
 *		      between handshake_init() and handshake_start()
 * @role:	Which end we are
 * @state:	Row of the state table
 * @ciphers:	Ciphers that this end has (enum session_cipher bits)
 * @version:	Version this end speaks
 * @lowest:	Lowest version it can speak
 * @peer_version: What the other side's block says; 0 before it has come
 * @peer_lowest: Likewise
 * @noise:	Secrets
 * @key:	The cluster's key
 * @in_len:	Bytes in @in
 * @out_len:	Bytes in @out
 * @out_sent:	Of which handshake_sent() was told
 * @in:		What the other side has sent of the current message
 * @out:	What is to be sent
 * @keys:	The result
 * @why:	Reason of an error, one line
 */
struct handshake {
	enum handshake_role role;
	unsigned int state;
	uint32_t ciphers;
	uint16_t version, lowest;
	uint16_t peer_version, peer_lowest;
	struct noise noise;
	uint8_t key[KEY_LEN];
	size_t in_len, out_len, out_sent;
	uint8_t in[HANDSHAKE_MESSAGE_LEN];
	uint8_t out[HANDSHAKE_BUF_MAX];
	struct session_keys keys;
	char why[HANDSHAKE_WHY_MAX];
};

/* Prepare; 0 or -ENOTSUP when libsodium cannot start */
int handshake_init(struct handshake *hs, enum handshake_role role, const uint8_t key[static KEY_LEN]);
/* Begin: home's first bytes are in handshake_output() afterwards */
void handshake_start(struct handshake *hs);

/* Bytes that are to be sent; *@len is 0 when there are none */
const uint8_t *handshake_output(const struct handshake *hs, size_t *len);
/* @len of them were sent */
void handshake_sent(struct handshake *hs, size_t len);

/* Most bytes that handshake_feed() takes now. Reading more than that would read into the session's records. */
size_t handshake_want(const struct handshake *hs);
/*
 * Take bytes from the other side, at most handshake_want(). Returns 0 (go on), HANDSHAKE_DONE, or
 * -EPROTONOSUPPORT (no common version), -EKEYREJECTED (it has another key), -EPROTO (it is not openMosix).
 */
int handshake_feed(struct handshake *hs, const uint8_t *in, size_t len);
/*
 * The other side closed the connection. Returns -EKEYREJECTED when that is how a worker answers a wrong key, else
 * -ECONNRESET.
 */
int handshake_eof(struct handshake *hs);

/* One line about the error that handshake_feed() or handshake_eof() returned */
const char *handshake_why(const struct handshake *hs);
/* The result, after HANDSHAKE_DONE */
const struct session_keys *handshake_keys(const struct handshake *hs);
/* Overwrite all secrets; the result too */
void handshake_wipe(struct handshake *hs);

#endif
