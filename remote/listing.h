/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Home says what is in directories that guests look into in vain (LISTING), and when that does not hold any more
 * (STALE); deputy/listing.h has the reasons why that is exact. Here a call is answered if it asks for an absolute path
 * and the answer is sure: the name is not in the listing of its directory, or of one above it
 * (ENOENT); it is there and is no symbolic link (readlink: EINVAL), or is one whose target is told; on the way to it is something
 * that is no directory (ENOTDIR). The way may lead through links, as far as the directories that they are in were told. Only calls
 * whose other arguments are good, for the kernel looks at these first. All else goes home.
 */
#ifndef OM_REMOTE_LISTING_H
#define OM_REMOTE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pathsteps.h"

#define LISTING_BUCKETS 256u

struct listing;
struct thread;

/**
 * struct listing_table - The listings of a session
 * @bucket:	By path
 * @nr:		How many there are
 * @ways:	How many directories are known because they are above those
 */
struct listing_table {
	struct listing *bucket[LISTING_BUCKETS];
	unsigned int nr, ways;
};

/* Take LISTING: 0 or -EPROTO. What there is no room for is not kept: home answers */
int listing_add(struct listing_table *table, const struct wire_listing *msg, const uint8_t *tail, size_t len);
/* Take STALE: 0 or -EPROTO */
int listing_stale(struct listing_table *table, const struct wire_stale *msg, const uint8_t *tail, size_t len);
void listings_clear(struct listing_table *table);

/* What looking for @path would give: what path_steps() says of it, PATH_UNKNOWN: ask home */
int listing_look(const struct listing_table *table, const char *path, bool follow, struct path_end *end);
/* Read the path that the guest has at @addr; false when it is too long, or not all there */
bool path_read(const struct thread *thread, uint64_t addr, char out[static WIRE_LISTING_PATH_MAX + 1]);
/* Answer the call that the thread has made, if that is possible; true when it was */
bool listing_serve(struct thread *thread);

#endif
