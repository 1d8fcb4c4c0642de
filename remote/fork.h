/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * clone, fork, vfork and clone3 stop the thread for its tracer (see filter.h), and it stays stopped while home makes
 * its half: the home process forks, or gets a thread, and the number of the newborn is the answer. Then the guest's
 * own call is made, as a clone(2) whose arguments are in registers only, for a child with that same number:
 *
 *	PTRACE_EVENT_SECCOMP ─► CALL(clone) ··· RESULT ─┬─ error ─► the call is skipped, and returns it
 *	                                                └─ number ─► sandbox_next_pid, the call is made:
 *	                                                             event stop of the parent, which goes on;
 *	                                                             first stop of the child ─► fork_settle
 *
 * From giving the number out to the event stop nothing else is served, so that the next newborn in the sandbox is the
 * right one. That takes as long as the kernel takes to fork.
 *
 * In a sandbox without pid namespace the child gets any number, and what the kernel says of it is put right.
 *
 * What concerns the system's side of the child (namespaces, pidfd, who its parent is) happens at home only. The
 * worker's newborns are all children of the sandbox's init, which reaps them.
 */
#ifndef OM_REMOTE_FORK_H
#define OM_REMOTE_FORK_H

#include "remote/guest.h"

/*
 * The stopped thread does not make its call, which returns @ret. A restart code means that a signal comes first: the
 * thread executes the system call instruction again behind it.
 */
void call_skip(struct thread *thread, int64_t ret);

/* There is no guest for a child that home has made already: let the child make the call @exit there */
void newborn_end(struct session *session, uint32_t tid, uint32_t exit);

/* A thread has stopped at a call that the filter traces */
void fork_stopped(struct thread *thread);
/* A newborn is in its first stop */
void fork_settle(struct thread *newborn);

#endif
