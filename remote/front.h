/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Who writes to a page of memory, the kernel tells nobody: a memfd knows no clean pages. A file of a file system does. So
 * a live object that is not small and that guests are about to map for writing gets a front, a file of the pager's FUSE
 * file system (paged.h), which the guests map instead of the memfd:
 *
 *	guests' memory = the front's pages in the kernel
 *	       │ fdatasync(2) by the remote: those that were written to, of all guests, unmapped since or not
 *	       ▼
 *	     pager: keeps them, and sets their marks; serves pages from there that the kernel has dropped
 *	       │ marks, memory of both
 *	       ▼
 *	     remote: compares marked pages with the store, the memfd, which is the content as home knows it (live.h)
 *
 * So what a call costs does not depend on how large a file is, but on what was written to it. Where nothing was, it is
 * one call to the kernel. What else is written through the remote's own descriptor of the front is like what guests
 * write.
 *
 * Marks are a bit per page, which only the pager sets, after it has kept the page, and only the remote clears, before
 * it looks: what is written meanwhile is marked again. The store only the remote writes to.
 *
 * A mapping that was made before the front does not see it; so an object that was mapped already gets none.
 */
#ifndef OM_FRONT_H
#define OM_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRONT_PAGES_MAX (1ull << 26) /* of a file that can have one */
#define FRONT_WORD_BITS 64u

/**
 * struct front_marks - What remote and pager have in common
 * @changes:	Counts what was marked
 * @page:	A bit for each page
 */
struct front_marks {
	_Atomic uint64_t changes;
	_Atomic uint64_t page[FRONT_PAGES_MAX / FRONT_WORD_BITS];
};

/* What is sent to the pager before it is asked to make a front: twice, with the store and with the memory of the marks */
struct front_message {
	uint64_t object;
};

struct object;
struct paging;

/**
 * struct front - An object has one
 * @store:	memfd of its content as home knows it
 * @marks:	The marks
 * @seen:	marks->changes when they were looked at last
 */
struct front {
	int store;
	struct front_marks *marks;
	uint64_t seen;
};

/* Give the object a front: 0 or negative errno, then it is as it was */
int front_begin(struct paging *paging, struct object *object);
void front_end(struct object *object);
/* Have the pager mark what has been written to: 1 when something is marked, 0, or negative errno */
int front_flush(struct object *object);
/* Clear the next mark from byte *@at on, and say where that page is; false when there is none */
bool front_next(const struct object *object, uint64_t *at);
/* The file has another size */
int front_resize(const struct object *object, uint64_t size);

#endif
