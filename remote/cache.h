/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The remote's side of the cache of contents that omd keeps (cluster/cache.h, cachelink.h). */
#ifndef OM_REMOTE_CACHE_H
#define OM_REMOTE_CACHE_H

#include <stdint.h>

#include "cachelink.h"

/* Take the way to the cache that omd has given us, if it has. Before any other descriptor is opened. */
void cache_open(void);

/*
 * Descriptor of the content with this hash, sealed, open for reading only, and of our own opening; negative errno when
 * there is none of @size bytes. Waits for omd, not long.
 */
int cache_get(const uint8_t hash[static CACHE_HASH_LEN], uint64_t size);

/* Have a sealed memfd kept; it remains the caller's */
void cache_keep(int fd);

/* The same file by a descriptor that is open for reading only; or negative errno */
int cache_reopen(int fd);

#endif
