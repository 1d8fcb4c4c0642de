/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Files that guests map shared and may write to. The guests on this node share one memfd, so among them it is as it
 * was at home. What they write has to be in the file at home when somebody there can know of it, that is before the
 * next call that goes home; and what is written to the file at home comes as new content.
 *
 * The remote keeps a shadow of each such object, the content as home knows it. Before a call goes home, it compares, and
 * sends what differs (WRITE_BACK), byte by byte: home may have written to other bytes of the same page. New content from
 * home is merged likewise (merge.h).
 *
 * The kernel does not say what was written to a memfd. So guests do not map the memfd of an object that is not small,
 * but a file of which it does (front.h), and what is compared are the pages that were written to; the memfd is the
 * shadow then. Of a small object, or where there can be no such file (no FUSE), all is compared, call by call, at the
 * speed of memory.
 *
 * The price is memory of twice the file's data, and with a front once more what was written to. It is paid for writable
 * shared mappings only, and bounded when a mapping begins. What guests then put into holes is theirs to pay.
 */
#ifndef OM_REMOTE_LIVE_H
#define OM_REMOTE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIVE_CHUNK 65536u /* what is compared at once */

struct object;
struct object_table;
struct session;

/* From now on guests may write to the object: 0 or negative errno, -ENODEV when that would be too much for this node's memory */
int live_watch(struct object_table *table, struct object *object);
/* Is it so large that it is not watched, call by call, only because a mapping could become writable? */
bool live_is_large(const struct object *object);
/* Nobody maps the object for writing any more: send home what they have written, it is not watched any more, if it was */
void live_forget(struct session *session, struct object *object);
/* Free the shadow */
void live_unwatch(struct object *object);
/* The file has another size at home */
int live_resize(struct object *object, uint64_t size);
/* Content from @offset on: 0 or negative errno */
int live_read(const struct object *object, uint64_t offset, uint8_t *out, size_t len);
/* Next stretch of content from *@at on that is not a hole; false when there is none */
bool live_next(const struct object *object, uint64_t *at, uint64_t *end);
/* Send home what guests have written: with the next message, or when the channel is uncorked */
void live_sync(struct session *session);
/* Send home all content of an object that is not watched, however much it is: 0 or negative errno */
int live_send(struct session *session, const struct object *object);

#endif
