/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way from the om-remotes of a node to the cache of file contents that its omd keeps (cluster/cache.h).
 *
 * All remotes have the same end of one pair of datagram sockets, and only send on it: a struct cache_request and one
 * descriptor. With CACHE_GET that is the end of a pair on which omd answers, by a byte and, if it has the content, a
 * descriptor of it; with CACHE_KEEP it is the content, a sealed memfd. Neither side waits for the other's sockets to have
 * room: what does not fit is as if there was no cache.
 */
#ifndef OM_CACHELINK_H
#define OM_CACHELINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CACHE_HASH_LEN 32
/* What a content must be sealed against to be kept */
#define CACHE_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Is @fd a memfd that can never change? Any other file has no seals. */
bool cachelink_is_sealed(int fd);

enum cache_op { CACHE_GET = 1, CACHE_KEEP = 2 };

/**
 * struct cache_request - What a remote asks
 * @op:		enum cache_op
 * @hash:	CACHE_GET: BLAKE2b-256 of the content that it asks for
 */
struct cache_request {
	uint32_t op;
	uint8_t hash[CACHE_HASH_LEN];
};

#endif
