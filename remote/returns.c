/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that go back home: see remote/returns.h. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "log.h"
#include "remote/actions.h"
#include "remote/calls.h"
#include "remote/returns.h"
#include "remote/session.h"
#include "remote/sigqueue.h"
#include "tracee.h"

#define RETURNS_MAX 64u /* signals that wait when a signalfd is made for them; who has more loses those */

/**
 * struct returns - Signals that wait here, and that a signalfd is being made for: they go back home
 * @ret:	What the signalfd call returns
 * @nr:		How many there are
 * @sent:	How many were sent back
 * @info:	What they say; with a zero for its number, one that could not be had
 */
struct returns {
	int64_t ret;
	unsigned int nr, sent;
	siginfo_t info[RETURNS_MAX];
};

/**
 * is_private() - Does another thread have one of these signals pending for itself?
 */
static bool is_private(const struct thread *thread, uint64_t set)
{
	struct sigstate state;

	for (const struct thread *t = thread->guest->threads; t; t = t->next)
		if (t != thread && (tracee_sigstate(t->outer, &state) || (state.pending & set)))
			return true;
	return false;
}

/**
 * returns_find() - Which signals of @mask wait here, and are to wait at home from now on; false: none
 *
 * Those that wait for another thread stay: they cannot be taken from it alone.
 */
static bool returns_find(struct thread *thread, uint64_t mask)
{
	siginfo_t found[RETURNS_MAX];
	struct sigstate state;
	struct returns *returns;
	size_t nr;

	if (tracee_sigstate(thread->outer, &state) ||
	    !((state.pending | state.shared_pending) & state.blocked & mask) || is_private(thread, mask))
		return false;
	nr = sigqueue_pending(thread, &state, found, RETURNS_MAX);
	returns = nr ? calloc(1, sizeof(*returns)) : NULL;
	for (size_t i = 0; returns && i < nr; i++)
		if (mask & 1ull << (found[i].si_signo - 1))
			returns->info[returns->nr++] = found[i];
	thread->returns = returns;
	return returns;
}

/**
 * returns_drop() - stop_action: they do not wait here any more, and the call is made again
 *
 * A signal that is ignored for a moment is not pending any more. The kernel reads the actions from where it would put a signal's
 * frame.
 */
static void returns_drop(struct thread *thread, struct user_regs_struct *regs)
{
	const struct kernel_action ignore = { .handler = (uint64_t)(uintptr_t)SIG_IGN };
	const uint64_t old = regs->rsp - TRACEE_RED_ZONE - sizeof(ignore), new = old - sizeof(ignore);
	struct returns *returns = thread->returns;
	bool there = !tracee_write(thread->outer, new, &ignore, sizeof(ignore));

	for (unsigned int i = 0; i < returns->nr; i++) {
		int signo = returns->info[i].si_signo;

		sigqueue_take_any(thread, signo);
		if (there && action_inject(thread->outer, regs, signo, new, old))
			action_inject(thread->outer, regs, signo, old, 0);
		else
			returns->info[i].si_signo = 0; /* it is here still */
	}
}

static void returned_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);

/**
 * return_send() - Have the home process send itself the signal described by @info
 */
static void return_send(struct thread *thread, const siginfo_t *info)
{
	static const struct handler returned = { SYS_rt_sigqueueinfo, NULL, returned_result };
	const uint64_t signo = (uint64_t)info->si_signo, at = thread->call.arg[1]; /* any address that is one */
	const uint64_t to_process[6] = { thread->guest->pid, signo, at };
	const uint64_t to_thread[6] = { thread->guest->pid, thread->tid, signo, at };
	const struct {
		uint32_t len;
		siginfo_t info;
	} __attribute__((packed)) tail = { sizeof(*info), *info };

	thread->call.handler = &returned;
	if (info->si_code == SI_TKILL)
		call_send(thread, SYS_rt_tgsigqueueinfo, to_thread, 0, &tail, sizeof(tail));
	else
		call_send(thread, SYS_rt_sigqueueinfo, to_process, 0, &tail, sizeof(tail));
}

/**
 * returns_send() - Send the next of them; when there is none, the signalfd call has its result
 */
static void returns_send(struct thread *thread)
{
	struct returns *returns = thread->returns;

	while (returns->sent < returns->nr && !returns->info[returns->sent].si_signo)
		returns->sent++;
	if (returns->sent < returns->nr) {
		return_send(thread, &returns->info[returns->sent++]);
		return;
	}
	call_return(thread, returns->ret);
	returns_forget(thread);
}

/**
 * returned_result() - One of them waits at home
 */
static void returned_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	if (ret < 0)
		log_warn("thread %u: a signal is lost: %s", thread->tid, strerror((int)-ret));
	returns_send(thread);
}

bool returns_begin(struct thread *thread, uint64_t mask)
{
	if (thread->returns || !returns_find(thread, mask))
		return false;
	call_park(thread, returns_drop);
	return true;
}

void returns_finish(struct thread *thread, int64_t ret)
{
	if (!thread->returns) {
		call_return(thread, ret);
		return;
	}
	thread->returns->ret = ret;
	returns_send(thread);
}

void returns_forget(struct thread *thread)
{
	free(thread->returns);
	thread->returns = NULL;
}
