/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files of /proc say of a guest, made of what this node's and home's say. */
#ifndef OM_REMOTE_PROCTEXT_H
#define OM_REMOTE_PROCTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thread;
struct proctext_file;

/**
 * struct proctext_about - Whom a text is about
 * @thread:	A thread
 * @task:	It alone, not its process
 * @self:	It is the one that asks
 * @waits:	It waits at home, in a call that home knew of when it made its own text
 */
struct proctext_about {
	const struct thread *thread;
	bool task;
	bool self;
	bool waits;
};

/**
 * struct proctext - A text that grows
 * @bytes:	malloc'ed; the text is behind @skip bytes
 * @skip:	Bytes that are left free before it
 * @len:	Bytes of text
 * @cap:	Room for text
 */
struct proctext {
	uint8_t *bytes;
	size_t skip;
	size_t len;
	size_t cap;
};

/* The file of that name in the directory of a process; NULL: one that is home's alone */
const struct proctext_file *proctext_find(const char *name);

/* Make the text; @home is home's own. 0 or negative errno; out->bytes is the caller's to free in any case. */
int proctext_make(struct proctext *out, const struct proctext_file *file, const struct proctext_about *about,
		  const char *home);

#endif
