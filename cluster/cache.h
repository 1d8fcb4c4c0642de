/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Contents of files that tasks have mapped on this node, kept for those that come later: programs and libraries, which
 * are the same each time. omd keeps them because it outlives its om-remotes; they ask it by cachelink.h.
 *
 * A content is a memfd that is sealed against any change, found by the BLAKE2b-256 hash of its bytes. Who wants to have one
 * kept does not say the hash: omd computes it, when the seals are there, in a thread of its own. So a hostile deputy, or an
 * om-remote that one has taken over, can add contents under their true hash only, and cannot change what others get.
 * Guests never see the sockets; they map a content by a descriptor that cannot write, as they map any object.
 *
 * All who map a content share its memory. What can be learned through it: whether a content of some hash has been used
 * here before, by asking for it, which needs the cluster's key; and from the time that accesses take, which pages others
 * use, as with the libraries of any machine that users share.
 *
 * The cache is bounded in bytes and in number; what was not used for the longest time goes first. It gives way, too, when
 * the node's memory gets short. Contents that guests map stay in memory until they do not, like any memory of theirs.
 * Nothing of it is on a disk: it ends with omd.
 */
#ifndef OM_CLUSTER_CACHE_H
#define OM_CLUSTER_CACHE_H

#include <stdbool.h>
#include <uv.h>

#include "cachelink.h"
#include "wire.h"

#define CACHE_ENTRIES_MAX 256	       /* a descriptor each, but not more than a quarter of those that omd may have */
#define CACHE_JOBS_MAX	  8	       /* contents that are being hashed */
#define CACHE_BYTES_MAX	  (1ull << 30) /* default; not more than an eighth of the memory */

/**
 * struct cache_entry - A content
 * @next:	Next, used less recently
 * @hash:	Its hash
 * @bytes:	Its size
 * @fd:		Sealed memfd
 */
struct cache_entry {
	struct cache_entry *next;
	uint8_t hash[CACHE_HASH_LEN];
	uint64_t bytes;
	int fd;
};

/**
 * struct cache - All of them
 * @loop:	Event loop
 * @first:	List, used last first
 * @nr:		Its length
 * @bytes:	Sum of its sizes
 * @nr_max:	Most that it may be
 * @bytes_max:	Most that it may be, 0: there is no cache
 * @jobs:	How many contents are being hashed
 * @requests:	Where requests come in
 * @request_fd:	Its socket
 * @remote_fd:	The end that remotes get, -1: there is no cache
 * @look:	From time to time, whether memory is short
 * @hits:	Contents that were asked for and found
 * @misses:	And that were not
 */
struct cache {
	uv_loop_t *loop;
	struct cache_entry *first;
	unsigned int nr;
	unsigned int nr_max;
	uint64_t bytes;
	uint64_t bytes_max;
	unsigned int jobs;
	uv_poll_t requests;
	int request_fd;
	int remote_fd;
	uv_timer_t look;
	uint64_t hits, misses;
};

/* The default for this machine */
uint64_t cache_default(void);

/* Start it; failing that, or with @bytes_max 0, there is none. 0 or negative errno */
int cache_init(struct cache *cache, uv_loop_t *loop, uint64_t bytes_max);

/* Its part of what is told of the node; nothing when there is none */
void cache_tell(const struct cache *cache, struct wire_status *out);

/* End it; the loop runs out when contents that are being hashed have been */
void cache_close(struct cache *cache);

#endif
