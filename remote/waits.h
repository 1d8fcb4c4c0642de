/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Who has waited for a child knows that it is gone: its memory is free, its locks are released, its number may be used
 * again. At home that is so when wait4 or waitid returns. The child's guest dies at the same time as its home process,
 * and DROP, which comes before the answer to the wait, says that it must; should it still be on its way out when that
 * answer comes, the answer is kept until it is gone.
 */
#ifndef OM_REMOTE_WAITS_H
#define OM_REMOTE_WAITS_H

#include <stddef.h>
#include <stdint.h>

struct session;
struct thread;

/* handler->result of wait4 and waitid */
void waits_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);
/* A dying guest is gone: give the answers that were kept for that */
void waits_gone(struct session *session);
/* The thread is gone that would have got one */
void waits_forget(struct thread *thread);

#endif
