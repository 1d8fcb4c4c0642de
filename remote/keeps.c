/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that a signalfd is for: see remote/keeps.h. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "remote/calls.h"
#include "remote/filter.h"
#include "remote/keeps.h"
#include "remote/listener.h"
#include "remote/returns.h"
#include "remote/session.h"
#include "remote/signals.h"
#include "remote/stops.h"
#include "tracee.h"

/* Calls that may change the signal mask. Another ABI's numbers do no harm: its calls are errors by the other filter. */
static const struct sock_filter watch[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 3, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigsuspend, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | KEEPS_TRACE),
};

/**
 * watch_install() - stop_action: the guest gets the filter, and makes its call again
 */
static void watch_install(struct thread *thread, struct user_regs_struct *regs)
{
	filter_inject(thread->outer, regs, watch, sizeof(watch) / sizeof(*watch), SECCOMP_FILTER_FLAG_TSYNC);
}

void keeps_signalfd_begin(struct thread *thread)
{
	struct guest *guest = thread->guest;
	uint64_t mask = 0;

	if (!guest->watched) {
		guest->watched = true;
		call_park(thread, watch_install);
		return;
	}
	if (thread->call.arg[2] == sizeof(mask))
		tracee_read(thread->outer, thread->call.arg[1], &mask, sizeof(mask));
	if (returns_begin(thread, mask))
		return;
	guest->kept |= mask;
	call_forward(thread);
}

void keeps_signalfd_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	if (call_scatter(thread, &ret, tail, tail_len))
		returns_finish(thread, sysplan_finish(&thread->call.plan, ret));
}

/**
 * takes_send() - Tell home which signals the thread takes that blocks @blocked
 * Return: there are some that it did not take so far
 */
static bool takes_send(struct thread *thread, uint64_t blocked)
{
	struct wire_takes msg = { thread->tid, thread->guest->kept & ~blocked };
	bool more = msg.signals & ~thread->takes;

	if (msg.signals != thread->takes)
		session_send(thread->guest->session, WIRE_TAKES, &msg);
	thread->takes = msg.signals;
	return more;
}

void keeps_tell(struct thread *thread)
{
	struct sigstate state;
	uint64_t blocked;

	if (!thread->guest->kept || tracee_sigstate(thread->outer, &state))
		return;
	blocked = signals_mask(thread, &state);
	/* rt_sigtimedwait is made here, and takes what is blocked */
	if (thread->trace == TRACE_CALL && thread->call.nr == SYS_rt_sigtimedwait)
		blocked &= ~thread->waiting;
	takes_send(thread, blocked);
}

void keeps_stopped(struct thread *thread)
{
	struct user_regs_struct regs;
	uint64_t blocked;

	if (tracee_regs_get(thread->outer, &regs))
		return; /* killed */
	if (regs.orig_rax != SYS_rt_sigsuspend)
		thread->trace = TRACE_MASK;
	else if (!tracee_read(thread->outer, regs.rdi, &blocked, sizeof(blocked)))
		takes_send(thread, blocked);
	thread_resume(thread, 0);
}

/**
 * barrier_send() - Have home make a call that does nothing: what it sends of signals before it goes on comes before the result
 * @then:	Whose result goes on
 */
static void barrier_send(struct thread *thread, const struct handler *then)
{
	static const uint64_t none[6];

	thread->call.handler = then;
	call_send(thread, SYS_getppid, none, 0, NULL, 0);
}

/**
 * heard_result() - What waited at home for the thread has come before this
 */
static void heard_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	(void)ret;
	(void)tail;
	(void)tail_len;
	thread_go_on(thread);
}

void keeps_changed(struct thread *thread, const struct user_regs_struct *regs)
{
	static const struct handler heard = { SYS_getppid, NULL, heard_result };
	struct call *call = &thread->call;
	struct sigstate state;

	if (tracee_sigstate(thread->outer, &state) || !takes_send(thread, state.blocked) ||
	    regs->orig_rax != SYS_rt_sigprocmask) {
		thread_resume(thread, 0);
		return;
	}
	call->nr = SYS_getppid;
	call->interrupted = call->silent = false;
	barrier_send(thread, &heard);
	call_await(thread->guest->session, call->id, listener_fd(thread->guest->listener));
}

/**
 * waited_result() - What waited at home can be taken here
 */
static void waited_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	(void)ret;
	(void)tail;
	(void)tail_len;
	call_continue(thread);
}

void keeps_wait_begin(struct thread *thread)
{
	static const struct handler waited = { SYS_rt_sigtimedwait, NULL, waited_result };

	if (thread->guest->kept & thread->waiting)
		barrier_send(thread, &waited);
	else
		call_continue(thread);
}

void keeps_pending_begin(struct thread *thread)
{
	if (thread->guest->kept)
		call_forward(thread);
	else
		call_continue(thread);
}

void keeps_pending_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	uint64_t at = thread->call.arg[0], set = 0;
	size_t len = thread->call.arg[1];
	struct sigstate state;

	if (!call_scatter(thread, &ret, tail, tail_len))
		return;
	if (!ret && len <= sizeof(set) && !tracee_sigstate(thread->outer, &state) &&
	    !tracee_read(thread->outer, at, &set, len)) {
		/* What else is blocked at home is on its way here */
		set = (set & thread->guest->kept) | ((state.pending | state.shared_pending) & state.blocked);
		tracee_write(thread->outer, at, &set, len);
	}
	call_return(thread, sysplan_finish(&thread->call.plan, ret));
}
