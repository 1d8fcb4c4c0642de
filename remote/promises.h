/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Files of which home has promised that their paths lead to them, and what is in them, until it says otherwise (RETRACT);
 * deputy/promise.h has the reasons why that is exact. A guest that opens one of them for reading is answered here, if it is
 * known which descriptor it gets (fdmap.h), and so is who asks for its attributes, or whether it is there. The open is
 * posted, with the number of the promise; from then on the descriptor is as if home had told of it, but that this does not end
 * with the next news (ahead.h).
 */
#ifndef OM_REMOTE_PROMISES_H
#define OM_REMOTE_PROMISES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire.h"

#define PROMISE_BUCKETS 256u
#define PROMISES_MAX	256u /* files of an era */

struct promised;
struct thread;

/**
 * struct promised_path - A path
 * @next:	Next in the bucket
 * @told:	What was told of what it leads to
 * @opened:	It was opened, and can be again: that is of its open
 * @mode:	access(2) with these bits succeeds
 * @path:	The path
 */
struct promised_path {
	struct promised_path *next;
	struct wire_ahead told;
	bool opened;
	uint32_t mode;
	char path[];
};

/**
 * struct promise_table - The promises of a session
 * @bucket:	Paths
 * @paths:	How many there are
 * @file:	Files, by the lower half of the promise's number
 * @bytes:	Of their data
 * @era:	The upper half; promises of another are void
 */
struct promise_table {
	struct promised_path *bucket[PROMISE_BUCKETS];
	unsigned int paths;
	struct promised *file[PROMISES_MAX];
	size_t bytes;
	uint32_t era;
};

/*
 * Home has told of a promised file: @tail has a path to it (or an empty one) with its end, and then data, which begin at
 * @base in the file (UINT64_MAX: that is not known). What there is no room for is not kept. false: it cannot be a promise;
 * else *@path_len: how much of the tail the path is
 */
bool promise_take(struct promise_table *table, const struct wire_ahead *told, uint64_t base, const uint8_t *tail,
		  size_t len, size_t *path_len);
/* How many bytes a read of @count at @pos in that file would get, and where they are; -1: not known */
ssize_t promised_data(const struct promise_table *table, uint64_t promise, uint64_t pos, uint64_t count,
		      const uint8_t **data);
/* Is there room for more data? */
bool promises_have_room(const struct promise_table *table);
/* They do not hold any more; those that do are of @era */
void promises_clear(struct promise_table *table, uint32_t era);
/* Does that promise still hold? */
bool promise_holds(const struct promise_table *table, uint64_t promise);
/* What is known of a path; NULL: nothing */
const struct promised_path *promise_find(const struct promise_table *table, const char *path);
/* Answer the call that the thread has made, if that is possible; true when it was */
bool promise_serve(struct thread *thread);

#endif
