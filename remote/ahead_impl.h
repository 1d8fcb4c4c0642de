/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What home has said ahead of a file, for those who take it (ahead.c) and those who answer from it (answers.c, mappings.c). */
#ifndef OM_REMOTE_AHEAD_IMPL_H
#define OM_REMOTE_AHEAD_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "remote/said.h"
#include "wire.h"

struct thread;

/**
 * struct ahead - What home has said ahead of a descriptor: the one that the thread has opened last, or one of a promised file
 * @next:	Next one of the thread
 * @said:	When that was
 * @fd:		Descriptor
 * @told:	What was said
 * @len:	Bytes of data
 * @pos:	Where in them the guest reads next, while it is fresh; then its place tells (places.h)
 * @moved:	It has read some
 * @base:	Where in the file they begin, if that is known; else UINT64_MAX
 * @data:	The data
 */
struct ahead {
	struct ahead *next;
	struct said said;
	int fd;
	struct wire_ahead told;
	size_t len, pos;
	bool moved;
	uint64_t base;
	uint8_t data[];
};

/* What was said ahead of descriptor @fd, if it still holds */
struct ahead *ahead_of(struct thread *thread, uint64_t fd);

#endif
