/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Filters that guests install for themselves, with seccomp(2) or prctl(PR_SET_SECCOMP). They judge the calls of the
 * guest, so they are installed in its body here, behind ours: of two verdicts the kernel takes the stricter one, so what
 * they refuse is refused, and what they allow goes the way that ours says. Whether the caller may install one (it has
 * no_new_privs, or may do anything) is for home to say.
 *
 * A filter holds for what the thread executes later, too, and a new program begins in a new body. So each thread has
 * the chain of its filters, which threads and processes inherit and share as they do in the kernel: a list from the
 * newest to the oldest, whose nodes are counted. When home drops a guest because it executes something, the chain of the
 * thread that does waits in the session for the body with the same number, and is installed there, oldest first, each
 * by the call that it was installed with (older ones have allowed that), when all else of the body is ready.
 *
 * Strict mode cannot be had: the thread has a filter, ours. A filter that does the same takes its place, and a death by it
 * is told home as what strict mode makes of it.
 *
 * The call is seen twice: before it is made, to take the filter down and ask home; and made by the thread itself, with a
 * stop at its end, that says whether it has succeeded. A program that changes the filter in between deceives itself.
 */
#ifndef OM_REMOTE_OWNFILTER_H
#define OM_REMOTE_OWNFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch;
struct guest;
struct session;
struct thread;

/* For the table of handlers */
void ownfilter_seccomp_begin(struct thread *thread);
void ownfilter_prctl_begin(struct thread *thread);

/* The thread's call, which was traced, has returned @ret */
void ownfilter_made(struct thread *thread, int64_t ret);
/* The newborn has what its parent has */
void ownfilter_inherit(struct thread *newborn, const struct thread *parent);
/* The thread is gone */
void ownfilter_forget(struct thread *thread);

/* The guest is dropped: if that is for a new program, keep what holds for it */
void ownfilter_keep(struct guest *guest);
/* The body of the guest, which has one thread, is ready: install what was kept; 0 or negative errno */
int ownfilter_install(struct guest *guest, struct batch *batch);
/* The session ends */
void ownfilter_clear(struct session *session);

/* Its filters have killed the thread: the signal that its death is due to, 0: they have not */
int ownfilter_death(const struct thread *thread, int status);

#endif
