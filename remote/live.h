/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Files that guests map shared and may write to. The guests on this node share one memfd, so among them it is as it
 * was at home. What they write has to be in the file at home when somebody there can know of it, that is before the
 * next call that goes home; and what is written to the file at home comes as new content.
 *
 * There is no cheap way to ask the kernel for what was written to a memfd. So the remote keeps a shadow of each such
 * object, the content as home knows it. Before a call goes home, it compares, and sends what differs (WRITE_BACK),
 * byte by byte: home may have written to other bytes of the same page. New content from home is merged likewise:
 * where a guest has written meanwhile, the guest wins.
 *
 * The price is memory of twice the file's data, and a comparison of these per call. It is paid for writable shared
 * mappings only. All data together are bounded when a mapping begins; what guests then put into holes is theirs to pay.
 */
#ifndef OM_REMOTE_LIVE_H
#define OM_REMOTE_LIVE_H

#include <stddef.h>
#include <stdint.h>

struct object;
struct object_table;
struct session;

/* From now on guests may write to the object: 0 or negative errno, -ENODEV when that would be too much to compare */
int live_watch(struct object_table *table, struct object *object);
/* Free the shadow */
void live_unwatch(struct object *object);
/* The file has another size at home */
int live_resize(struct object *object, uint64_t size);
/* New content from home, of a watched object; within its size */
int live_update(struct object *object, uint64_t offset, const uint8_t *data, size_t len);
/* Likewise zeros */
int live_zero(struct object *object, uint64_t offset, uint64_t len);
/* Send home what guests have written */
void live_sync(struct session *session);
/* Send home all content of an object that is not watched, however much it is: 0 or negative errno */
int live_send(struct session *session, const struct object *object);

#endif
