/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * New content from home of an object that guests write to. Guests do not wait for it, so it has to be exact:
 *
 *   - A byte is changed here if home has changed it, which is where the content differs from the shadow, what home had
 *     last. Others are not written to at all, not even with what they are: a guest may be changing them right now.
 *   - Where a guest has changed it too, since the last comparison, the guest wins, and home is told.
 *   - What was sent home (WRITE_BACK) while the content was on its way is newer than the content. So it is remembered, until
 *     home is known to have seen it: SEEN says that of the content that follows, and so does the result of a later call.
 */
#ifndef OM_REMOTE_MERGE_H
#define OM_REMOTE_MERGE_H

#include <stddef.h>
#include <stdint.h>

struct object;
struct object_table;

/* New content of a watched object, within its size; likewise zeros: 0 or negative errno */
int merge(struct object *object, uint64_t offset, const uint8_t *data, size_t len);
int merge_zeros(struct object *object, uint64_t offset, uint64_t len);
/* A WRITE_BACK of these bytes was sent */
void merge_sent(struct object_table *table, struct object *object, uint64_t offset, size_t len);
/* Home has seen the first @written of them */
void merge_seen(struct object_table *table, uint64_t written);
/* Nothing is remembered of an object any more */
void merge_clear(struct object *object);

#endif
