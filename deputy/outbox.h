/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bulk and what must follow it: see deputy/outbox.c. */
#ifndef OM_DEPUTY_OUTBOX_H
#define OM_DEPUTY_OUTBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire.h"

struct deputy;
struct object;

int deputy_send(struct deputy *d, enum wire_type type, const void *msg, size_t msg_len, const void *tail,
		size_t tail_len);
/* Bytes from @from to @to of a file, whose end is that of the outbox */
#define OUTBOX_ZEROS 1u /* zeros may replace something */
#define OUTBOX_HASH  2u /* object_sent() with the hash when all has been sent */
#define OUTBOX_SIZE  4u /* say first how large the file is now */
int outbox_file(struct deputy *d, struct object *file, uint64_t from, uint64_t to, unsigned int flags);
/* What follows waits until the worker has answered TRIM */
int outbox_trim(struct deputy *d);
int outbox_memory(struct deputy *d, pid_t pid, uint64_t start, uint64_t end, unsigned int flags);
int outbox_segment(struct deputy *d, uint64_t object, pid_t pid, uint64_t start, uint64_t end);
void outbox_pump(struct deputy *d);
void outbox_clear(struct deputy *d);

#endif
