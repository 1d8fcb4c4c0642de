/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * What /proc says of a guest at home is about its home process, which has neither its memory nor its times, and sleeps
 * while it computes. So when a guest opens such a file of a guest of the session by name, read only (maps, smaps, status,
 * stat and the like: see the table), home opens it first, and says whether it may be. Then the remote makes up the content
 * as it would be if the guest ran at home, and lets home put a memfd with that in the place of the descriptor:
 *
 *	open ─► pread64 (what home says) ─► memfd_create ─► pwrite64 ... ─► openat ─► dup3 ─► the guest's open returns
 *
 * All these are ordinary calls of the guest's thread. If one of them fails, the guest gets what home has opened. The
 * content is of the moment of the open.
 *
 * The state of a process is what it would be in its own system: that of its call at home if it waits for one, sleeping if
 * it sleeps in a call that is made here, and running if not; also while its call is on its way to or from home.
 */
#ifndef OM_REMOTE_PROCFILES_H
#define OM_REMOTE_PROCFILES_H

#include <stddef.h>
#include <stdint.h>

struct thread;

/* For the handlers of open and openat (calls.h) */
void procfiles_open_begin(struct thread *thread);
void procfiles_open_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);
/* The thread has died: forget the file that it was opening */
void procfiles_drop(struct thread *thread);

#endif
