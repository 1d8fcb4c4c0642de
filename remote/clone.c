/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clones of guests, made under control: see remote/clone.h. */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "remote/actions.h"
#include "remote/calls.h"
#include "remote/clone.h"
#include "tracee.h"

#define SIGNALS 64

/* What the worker's kernel is told: what is shared between parent and child, and what is written to their memory */
#define FLAGS_HERE                                                                                                     \
	((uint64_t)CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK | CLONE_THREAD | CLONE_SYSVSEM |    \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID)

/**
 * arguments_restore() - Give a thread, after the clone, what the clone needed otherwise
 */
static void arguments_restore(struct user_regs_struct *regs, const struct user_regs_struct *before)
{
	regs->rdi = before->rdi;
	regs->rsi = before->rsi;
	regs->rdx = before->rdx;
	regs->r10 = before->r10;
	regs->r8 = before->r8;
}

/**
 * handlers_reset() - A newborn begins with no signal handled (CLONE_CLEAR_SIGHAND)
 *
 * The kernel reads the action, SIG_DFL, from where it would put a signal's frame.
 */
static void handlers_reset(pid_t tid)
{
	static const struct kernel_action action; /* SIG_DFL */
	struct user_regs_struct regs;
	struct sigstate state;
	int err = tracee_regs_get(tid, &regs);
	uint64_t at = regs.rsp - TRACEE_RED_ZONE - sizeof(action);

	if (err || tracee_sigstate(tid, &state) || tracee_write(tid, at, &action, sizeof(action)))
		return;
	for (int signo = 1; signo <= SIGNALS; signo++) {
		if (state.caught & 1ull << (signo - 1))
			action_inject(tid, &regs, signo, at, 0);
	}
}

void born_settle(pid_t outer, const struct born *born)
{
	struct user_regs_struct regs;

	if (tracee_regs_get(outer, &regs))
		return; /* killed */
	arguments_restore(&regs, &born->before);
	tracee_regs_set(outer, &regs);
	ptrace(PTRACE_SETSIGMASK, outer, (void *)sizeof(born->mask), &born->mask);
	if (born->clear_sighand)
		handlers_reset(outer);
}

/**
 * clone_prepare() - Registers of the clone to be made, in a thread that is stopped before it
 */
static int clone_prepare(const struct thread *thread, const struct user_regs_struct *before)
{
	const uint64_t *arg = thread->call.arg;
	struct user_regs_struct regs = *before;

	regs.orig_rax = SYS_clone;
	regs.rdi = (arg[FORK_FLAGS] & FLAGS_HERE) | (arg[FORK_FLAGS] & CLONE_THREAD ? 0 : CLONE_PARENT | SIGCHLD);
	regs.rsi = arg[FORK_STACK];
	regs.rdx = arg[FORK_PARENT_TID];
	regs.r10 = arg[FORK_CHILD_TID];
	regs.r8 = arg[FORK_TLS];
	return tracee_regs_set(thread->outer, &regs);
}

/**
 * clone_run() - Let the stopped thread run to its clone's event stop
 *
 * All its signals are blocked. A stop for which PTRACE_INTERRUPT has asked before makes the kernel begin the call
 * again; then the thread comes by here once more.
 *
 * Return: as clone_make()
 */
static pid_t clone_run(const struct thread *thread, const struct user_regs_struct *before)
{
	struct __ptrace_syscall_info info;
	unsigned long child;
	int status, event = PTRACE_EVENT_SECCOMP, err = 0;

	while (!err) {
		if (event == PTRACE_EVENT_SECCOMP)
			err = clone_prepare(thread, before);
		if (!err && ptrace(PTRACE_SYSCALL, thread->outer, 0, 0) < 0)
			err = -errno;
		if (!err)
			err = tracee_stop_await(thread->outer, &status);
		if (err)
			break;
		event = status >> 16;
		if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE)
			return ptrace(PTRACE_GETEVENTMSG, thread->outer, 0, &child) < 0 ? -errno : (pid_t)child;
		if (event || ptrace(PTRACE_GET_SYSCALL_INFO, thread->outer, (void *)sizeof(info), &info) < 0)
			continue;
		if (info.op == PTRACE_SYSCALL_INFO_EXIT && info.exit.rval != -ERESTARTNOINTR)
			return info.exit.rval < 0 ? (pid_t)info.exit.rval : -EAGAIN;
	}
	return err;
}

pid_t clone_make(const struct thread *thread, struct born *born)
{
	const uint64_t blocked = ~0ull;
	struct user_regs_struct regs;
	int err = tracee_regs_get(thread->outer, &born->before);
	pid_t child;

	if (err)
		return err;
	if (ptrace(PTRACE_GETSIGMASK, thread->outer, (void *)sizeof(born->mask), &born->mask) < 0 ||
	    ptrace(PTRACE_SETSIGMASK, thread->outer, (void *)sizeof(blocked), &blocked) < 0)
		return -errno;
	child = clone_run(thread, &born->before);
	if (!tracee_regs_get(thread->outer, &regs)) {
		arguments_restore(&regs, &born->before);
		tracee_regs_set(thread->outer, &regs);
		ptrace(PTRACE_SETSIGMASK, thread->outer, (void *)sizeof(born->mask), &born->mask);
	}
	return child;
}
