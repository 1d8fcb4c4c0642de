/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Calls that are answered without asking home, although they are home's: because home has said the answer ahead, or
 * because there is only one.
 *
 * Ahead: the RESULT of an open brings what fstat, fcntl(F_GETFL) and the first reads would say (deputy/ahead.c), and
 * that of a read, when the file is read in small pieces from one end to the other, what the next ones would. A guest
 * that asks for that right away cannot tell whether it was asked now or then, as long as it has learned nothing else
 * in between: from another call, of any guest of the session, for guests may share memory; from a result, a signal, or
 * any other message of home. All these are news, counted in session->news, and with news what was said ahead is void;
 * it is, too, when it is SAID_MS old (remote/said.h), for there are clocks. So this is exact, and no cache: nothing has to be kept
 * coherent.
 *
 * No news is where a process is in a file that it has opened, and shares with no other process: it could have counted; and
 * mostly it can be counted here (remote/places.h).
 *
 * What home has promised holds longer: see remote/promises.h.
 *
 * Of which object a private mapping of a file is, the answer to the first says of those that follow at once: the
 * dynamic linker maps a library in five pieces.
 *
 * Which flags a descriptor has for itself (FD_CLOEXEC) is the process' own doing, too.
 *
 * Only one answer: to close a descriptor that was opened for reading a regular file or a directory succeeds, and so
 * does changing its FD_CLOEXEC; and so does lseek to a place in a regular file, which is no terminal either.
 * Which descriptors are such ones is in remote/known.h.
 *
 * Writes: see remote/writes.h.
 *
 * What such a call does at home is posted: CALL with WIRE_CALL_POSTED, which has no RESULT. It leaves together with
 * the next message, or after LATER_MS; home makes it before whatever comes behind it (deputy/posted.c).
 *
 * A guest with descriptors in common with another process gets neither; and while files are mapped shared in the
 * session nothing is said ahead, for their content is not home's alone.
 */
#ifndef OM_REMOTE_AHEAD_H
#define OM_REMOTE_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest;
struct session;
struct thread;
struct wire_ahead;

/* Flags for the CALL that the thread is about to send; takes note of what the call means for descriptors */
uint32_t ahead_flags(struct thread *thread);
/* Answer the call that the thread has made, if that is possible here; true when it was */
bool ahead_serve(struct thread *thread);
/* Home has answered the thread's call: take what was said ahead off the tail. false: it cannot be such a tail */
bool ahead_take(struct thread *thread, int64_t ret, uint32_t flags, const uint8_t *tail, size_t *tail_len);
/* The thread has mapped the file that descriptor @fd is open on: it is that object */
void ahead_mapped(struct thread *thread, int fd, uint64_t object, uint32_t kind);
/* The object that the mapping is of for which the thread asks, if that is known; *@kind: enum object_kind */
bool ahead_mapping(struct thread *thread, uint64_t *object, uint32_t *kind);
/*
 * The thread has opened a file with these flags, as @fd, of which home has told that, with @len bytes of data; just now, or when it
 * was promised (@data is NULL)
 */
void ahead_opened(struct thread *thread, int fd, uint64_t flags, const struct wire_ahead *told, const uint8_t *data,
		  size_t len);
/* Nothing was told of descriptor @fd of a process any more, or of any (-1) */
void ahead_forget(struct guest *guest, int fd);
/* The thread changes that file: what was told of it is void */
void ahead_changed(struct thread *thread, uint64_t dev, uint64_t ino);
/* Forget what a thread was told */
void ahead_drop(struct thread *thread);

#endif
