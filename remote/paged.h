/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Paged objects: files of home whose content stays there until a guest touches it. Shipping a large file as a whole,
 * because somebody maps it, would cost its size in time and in memory that cannot be taken back, for a few pages perhaps.
 *
 * To the guests such an object is a file of a FUSE file system, which lives in the sandbox's user namespace and is mounted
 * nowhere. The pager, a process of its own, serves it (pager.h: why it is so). The remote makes the files, hands guests
 * descriptors that read, and passes on what home says of them: ftruncate(2) when a file shrinks, fallocate(2) when it
 * grows, a hole punched where its content is stale. These return when no guest can see the old content any more, so what a
 * call has changed at home is seen by who gets the call's answer.
 *
 * The file system is made, and the pager started, when the first object is offered that is worth it. Where the system does
 * not let us (no /dev/fuse, or not for this user; no user namespaces), objects come as a whole; the log says so once.
 *
 * When the pager or its connection is lost, pages that are touched are bus errors. The session ends then; so that it does
 * not end with a guest's SIGBUS instead, paging_is_lost() tells at such a signal.
 */
#ifndef OM_PAGED_H
#define OM_PAGED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sandbox;

/**
 * struct paging - The paged objects' surroundings
 * @sandbox:	Where the file system lives
 * @tried:	It has been made, or cannot be
 * @from_bytes:	Objects with at least so much data are paged
 * @root:	The file system's directory, -1: there is none
 * @pager:	The process, 0: there is none
 * @fronts:	Socket to it, for what fronts are made from (front.h)
 */
struct paging {
	struct sandbox *sandbox;
	bool tried;
	uint64_t from_bytes;
	int root;
	pid_t pager;
	int fronts;
};

/* Prepare; @sandbox is needed later */
void paging_init(struct paging *paging, struct sandbox *sandbox);
/* The pager ends, if there is one */
void paging_end(struct paging *paging);

/* Is an object with @bytes of data to be paged? */
bool paging_wanted(struct paging *paging, uint64_t bytes);
/* A child has died and was reaped: was it the pager? */
bool paging_has_ended(struct paging *paging, pid_t pid);
/* Has its connection been lost? */
bool paging_is_lost(const struct paging *paging);

/* Make the file of object @id: *@fd is for the functions below, *@fd_read for guests. 0 or negative errno */
int paged_create(const struct paging *paging, uint64_t id, uint64_t size, int *fd, int *fd_read);
/* Likewise its front, whose content is that of @store; @marks: memory for marks (front.h) */
int paged_create_front(struct paging *paging, uint64_t id, uint64_t size, int store, int marks, int *fd, int *fd_read);
/* It has another size at home */
int paged_resize(int fd, uint64_t before, uint64_t size);
/* Its content has changed there */
int paged_stale(int fd, uint64_t offset, uint64_t len);

#endif
