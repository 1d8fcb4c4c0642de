/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A guest that writes to the same descriptor again and again is given credit: home says with the result of a write how many
 * bytes more are sure to be taken (deputy/writes.c, which also says when that is). Writes within the credit return at once and
 * are posted (WIRE_CALL_POSTED). When half of it is used a posted write asks for more, so that who writes on and on never waits,
 * unless home is behind by that much. Credit belongs to a descriptor; it is gone when the descriptor may have become another one, or
 * may write in another way, when memory is mapped or limits change, in this process or another; and while a thread runs beside the
 * writer, for that would have to wait behind what was posted. Where a shell waits for its command, the command is the only one.
 */
#ifndef OM_REMOTE_WRITES_H
#define OM_REMOTE_WRITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest;
struct session;
struct thread;
struct wire_result;

/* Answer the thread's write here, if there is credit for it; true with its result in *@ret */
bool writes_serve(struct thread *thread, const uint64_t arg[6], int64_t *ret);
/* Flags for the CALL of a write */
uint32_t writes_flags(struct thread *thread);
/* Home has answered that with credit; false: what it says is none */
bool writes_take(struct thread *thread, const uint8_t *tail, size_t tail_len);
/* A RESULT that nobody waits for: perhaps more credit, with the number of the write that asked. false: it is not what that is */
bool writes_renewed(struct session *session, const struct wire_result *msg, const uint8_t *tail, size_t tail_len);
/* The thread's write has its answer: was there credit in it? */
void writes_answered(struct thread *thread, bool credited);
/* No credit for descriptor @fd any more, or for none (-1) */
void writes_forget(struct guest *guest, int fd);
/* The thread's call goes home, and may change how, or whether, something is written */
void writes_doubt(struct thread *thread);

#endif
