/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Signals that a signalfd is for. It is read at home, and what it reads are signals that wait there: home keeps them
 * blocked, and they do not come here. But a guest may well take them: with a signalfd that was never closed, in a child
 * that has inherited all this, or because the handler is to run for once. Home cannot know, for a guest sets its signal
 * mask without asking anybody. So it is told which of these signals each thread takes (TAKES):
 *
 *	whenever the thread makes a call that is trapped		what it blocks then
 *	when rt_sigprocmask has let some of them in			home's answer to a call that follows TAKES is
 *									awaited: what waited there is here then
 *	when a handler returns, before rt_sigsuspend			what it blocks, or will block
 *
 * The latter two calls are local. A guest that makes its first signalfd gets one more filter for all its threads, which
 * sends them to the tracer. Where that cannot be (a filter of the guest's own forbids it), what its mask is shows at its
 * next trapped call only. A guest that makes no signalfd pays nothing.
 */
#ifndef OM_REMOTE_KEEPS_H
#define OM_REMOTE_KEEPS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

struct thread;

/* What that filter says to the tracer (PTRACE_GETEVENTMSG); the other one says 0 */
#define KEEPS_TRACE 1u

/* signalfd is called: from now on its signals are kept (handler's begin and result) */
void keeps_signalfd_begin(struct thread *thread);
void keeps_signalfd_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);
/* Tell home which of the kept signals the thread takes in the call that it makes, if that is not what home knows */
void keeps_tell(struct thread *thread);
/* The thread is stopped before a call that may change its mask */
void keeps_stopped(struct thread *thread);
/* The thread is stopped behind it */
void keeps_changed(struct thread *thread, const struct user_regs_struct *regs);
/* rt_sigtimedwait is made here, also for what waits at home (handler's begin) */
void keeps_wait_begin(struct thread *thread);
/* rt_sigpending: what waits at home and what waits here (handler's begin and result) */
void keeps_pending_begin(struct thread *thread);
void keeps_pending_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);

#endif
