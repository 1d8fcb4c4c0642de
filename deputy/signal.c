/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A signal for a migrated task arrives where all others expect it: at the home process. There it stops the thread before
 * it has any effect; the deputy takes it out and sends it to the remote, which knows what the guest makes of it.
 *
 * If the signal interrupted a forwarded call, the thread is HELD in its stop until the remote has answered:
 *   INTERRUPT  a handler will run: the call ends with the kernel's own restart code, which the worker's kernel turns
 *              into EINTR or a restart, by SA_RESTART, as it would have here
 *   PASS       blocked or ignored: the signal is blocked here until the call has ended, so that the kernel's own tests
 *              (job control on a terminal) see what they would have seen; the call goes on
 *   DEFAULT    the default action happens here, to the home process: it dies, or stops, as its parent expects
 * DEFAULT also comes unasked, for a guest that crashed or that unblocked a pending signal.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deputy/cancel.h"
#include "deputy/deputy.h"
#include "deputy/fork.h"
#include "deputy/home.h"
#include "deputy/lost.h"
#include "deputy/sent.h"
#include "deputy/signal.h"
#include "deputy/trace.h"

/* Does the default action of this signal stop the process? */
static bool default_stops(int signo)
{
	return signo == SIGSTOP || signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU;
}

/* A fault of the parasite itself (or a kill by the kernel): nothing a guest can handle */
static bool is_own_fault(const siginfo_t *info)
{
	bool fault = info->si_signo == SIGSEGV || info->si_signo == SIGBUS || info->si_signo == SIGILL ||
		     info->si_signo == SIGFPE || info->si_signo == SIGTRAP || info->si_signo == SIGSYS;

	return fault && info->si_code > 0;
}

/* The default action is to happen: let the signal through */
static void action_deliver(struct thread *thread, int signo)
{
	thread->acted = true;
	thread_resume(thread, signo);
	/*
	 * A stop that the kernel does not make (orphaned process group) leaves no trace. Ask for a stop: it is the group
	 * stop, or it is ours, and then the thread goes on.
	 */
	if (default_stops(signo))
		ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0);
}

void signal_stop(struct deputy *d, struct thread *thread, int signo)
{
	struct user_regs_struct regs;
	siginfo_t info;

	if (thread->acting == signo) {
		action_deliver(thread, signo);
		return;
	}
	if (ptrace(PTRACE_GETSIGINFO, thread->tid, 0, &info) < 0 || tracee_regs_get(thread->tid, &regs) < 0)
		return; /* killed meanwhile */
	if (signo == SIGSTOP || is_own_fault(&info)) {
		thread_resume(thread, signo);
		return;
	}
	if (!d->channel) {
		lost_signal(thread, signo);
		return;
	}
	if (cancel_wanted(thread)) {
		cancel_at_stop(thread); /* the remote has said so already, and will say nothing more of this call */
	} else if (thread->state == TH_BUSY && thread->call.id && !thread->call.code &&
		   call_interrupted(thread, &regs)) {
		thread->held_code = (int64_t)regs.rax;
		thread_state_set(thread, TH_HELD);
		sent_send(d, thread, &info, thread->call.id);
		return;
	}
	sent_send(d, thread, &info, 0);
	thread_resume(thread, 0);
}

/* End the HELD state: @change the registers, then go on without the signal */
static void held_release(struct thread *thread, void (*change)(struct thread *, struct user_regs_struct *))
{
	struct user_regs_struct regs;

	if (!tracee_regs_get(thread->tid, &regs)) {
		change(thread, &regs);
		tracee_regs_set(thread->tid, &regs);
	}
	thread_state_set(thread, TH_BUSY);
	thread_resume(thread, 0);
}

/* call_again() for held_release() */
static void held_again(struct thread *thread, struct user_regs_struct *regs)
{
	call_again(thread, regs);
}

void signal_interrupt(struct deputy *d, uint64_t call)
{
	struct thread *thread = caller_find(d, call);

	if (!thread)
		return;
	if (thread->state == TH_HELD)
		held_release(thread, call_abort);
	else if (thread->state == TH_BUSY && !thread->call.code)
		cancel_call(d, thread);
}

void signal_taken(struct deputy *d, const struct wire_taken *msg)
{
	struct thread *thread = thread_find(d, (pid_t)msg->tid);

	if (!thread || thread->state == TH_NATIVE || msg->signo < 1 || msg->signo > 64)
		return;
	thread->inflight &= ~(1ull << (msg->signo - 1));
	sent_taken(d, thread->task, thread->tid, (int)msg->signo);
	if (thread->state == TH_HELD)
		home_mask_update(thread);
	else
		ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0); /* its mask is set at that stop */
}

void signal_pass(struct deputy *d, const struct wire_pass *msg)
{
	struct thread *thread = caller_find(d, msg->call);

	if (!thread || thread->state != TH_HELD || msg->signo < 1 || msg->signo > 64)
		return;
	thread->passed |= 1ull << (msg->signo - 1);
	home_mask_update(thread);
	held_release(thread, held_again);
}

/*
 * The guest has the default disposition, the home process may have inherited "ignore": reset it. The thread must sit in
 * the parasite's wait, which an injected call disturbs no more than a signal. False: it is not there any more.
 */
static bool disposition_reset(struct deputy *d, struct thread *thread, int signo)
{
	struct arena *arena = thread->arena;
	uint64_t insn = thread->task->code + parasite_labels()->call_insn;
	uint64_t arg[6] = { (uint64_t)signo, arena_data_addr(arena, (unsigned int)thread->slot), 0, 8, 0, 0 };
	struct sigstate state;
	int status, err;

	if (tracee_sigstate(thread->tid, &state) || !(state.ignored & 1ull << (signo - 1)) || thread->state != TH_IDLE)
		return true;
	memset(arena_data(arena, (unsigned int)thread->slot), 0, 32); /* struct sigaction of the kernel, SIG_DFL */
	if (ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0) < 0)
		return false;
	err = tracee_wait(thread->tid, &status);
	if (err) {
		if (err == -ESRCH)
			trace_dispatch(d, thread, status);
		return false;
	}
	tracee_syscall(thread->tid, insn, SYS_rt_sigaction, arg, &err);
	home_mask_update(thread); /* this may be the stop that was asked for that */
	thread_resume(thread, 0);
	return true;
}

/* There is a signalfd: the signals it is for wait at home, where it is read, in all threads but those that take them (TAKES) */
static void signalfd_done(struct deputy *d, struct thread *thread, int64_t ret)
{
	const uint64_t *mask = call_pointer(thread, thread->call.home_arg[1], 8);

	if (ret >= 0 && mask) {
		thread->task->kept |= *mask & ~(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1));
		for (struct thread *t = thread->task->threads; t; t = t->sibling)
			ptrace(PTRACE_INTERRUPT, t->tid, 0, 0); /* its mask is set at that stop */
	}
	call_row_finish(d, thread, ret);
}

void signal_takes(struct deputy *d, const struct wire_takes *msg)
{
	struct thread *thread = thread_find(d, (pid_t)msg->tid);

	if (!thread || thread->state == TH_NATIVE)
		return;
	thread->takes = msg->signals;
	ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0); /* its mask is set at that stop */
}

int signal_signalfd(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	return call_row_begin(d, thread, tail, tail_len, signalfd_done);
}

int signal_pending(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	return call_row_begin(d, thread, tail, tail_len, call_row_finish);
}

void signal_child_action(struct task *task, uint64_t handler)
{
	task->catches_child = handler > (uint64_t)(uintptr_t)SIG_IGN;
}

/* Of SIGCHLD: does it have a handler? */
static void action_done(struct deputy *d, struct thread *thread, int64_t ret)
{
	const uint64_t *handler = call_pointer(thread, thread->call.home_arg[1], sizeof(*handler));

	if (!ret && (int)thread->call.arg[0] == SIGCHLD && thread->call.arg[1] && handler)
		signal_child_action(thread->task, *handler);
	call_row_finish(d, thread, ret);
}

int signal_action(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	return call_row_begin(d, thread, tail, tail_len, action_done);
}

void signal_default(struct deputy *d, const struct wire_default *msg)
{
	bool there = msg->tid && newborn_settle(d, (pid_t)msg->tid);
	struct thread *thread = there ? thread_find(d, (pid_t)msg->tid) : NULL, *from;
	struct task *task;
	siginfo_t info;

	task = task_find(d, (pid_t)msg->pid);
	memcpy(&info, msg->info, sizeof(info));
	if (!task || !task->arena_nr || info.si_signo < 1 || info.si_signo > 64)
		return;
	if (!thread || thread->task != task) {
		if (!newborn_settle(d, task->pid))
			return;
		thread = thread_find(d, task->pid);
	}
	thread->acting = info.si_signo;
	thread->inflight &= ~(1ull << (info.si_signo - 1));
	from = sent_taken(d, task, 0, info.si_signo);
	if (from && from != thread) {
		from->inflight &= ~(1ull << (info.si_signo - 1));
		ptrace(PTRACE_INTERRUPT, from->tid, 0, 0); /* its mask is set at that stop */
	}
	if (thread->state == TH_HELD) {
		home_mask_update(thread);
		thread_state_set(thread, TH_BUSY);
		action_deliver(thread, info.si_signo);
		return;
	}
	if (!disposition_reset(d, thread, info.si_signo))
		return;
	ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0); /* its mask is set at that stop */
	syscall(SYS_tgkill, task->pid, thread->tid, info.si_signo);
}
