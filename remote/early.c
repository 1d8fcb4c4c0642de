/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children that are made before home has given them their numbers: see remote/early.h. */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "log.h"
#include "remote/clone.h"
#include "remote/early.h"
#include "remote/session.h"
#include "tracee.h"

/* How often in a row the step must have been the same: where foretelling does well, and more where it does not */
#define REGULAR_MIN 3u
#define REGULAR_MAX 64u
/* A larger one is not foretold */
#define STEP_MAX 16u

/* What lets the kernel write to the memory of others than the child, or share more than memory for a while */
#define FLAGS_NEVER ((uint64_t)CLONE_THREAD | CLONE_SIGHAND | CLONE_PARENT_SETTID | CLONE_CLEAR_SIGHAND | CLONE_SETTLS)
#define FLAGS_TID   ((uint64_t)CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)

#define SYSCALL_STOP	 (SIGTRAP | 0x80)
#define SYSCALL_INSN_LEN 2

/**
 * struct early - A child made ahead
 * @tid:	The number that it has
 * @outer:	Number as the remote sees it; 0: it has died; negative: the clone has failed
 * @before:	Its parent's registers before the clone
 */
struct early {
	uint32_t tid;
	pid_t outer;
	struct user_regs_struct before;
};

void births_note(struct births *births, uint32_t tid)
{
	uint32_t step = births->last && tid > births->last ? tid - births->last : 0;

	births->regular = step && step == births->step ? births->regular + 1 : 0;
	births->step = step;
	births->last = tid;
}

/**
 * is_wise() - May the child be made now, and is its number known?
 */
static bool is_wise(const struct thread *thread)
{
	const struct guest *guest = thread->guest;
	const struct births *births = &guest->session->births;
	uint64_t flags = thread->call.arg[FORK_FLAGS];

	if (births->regular < REGULAR_MIN + births->doubt || births->step > STEP_MAX || births->early)
		return false;
	if (flags & FLAGS_NEVER || (flags & CLONE_VM && (!(flags & CLONE_VFORK) || flags & FLAGS_TID)))
		return false;
	return guest->threads == thread && !thread->next && !thread->filters && !thread->strict && !guest->frozen &&
	       !sandbox_degraded(guest->session->sandbox);
}

/**
 * child_make() - Make the child; it stays in its first stop, as if it had been adopted
 *
 * Return: its outer number, 0 when it is dead, or negative errno: then the parent has returned from the clone
 */
static pid_t child_make(const struct thread *thread, struct user_regs_struct *before)
{
	struct born born = { 0 };
	pid_t outer = clone_make(thread, &born);
	int status;

	*before = born.before;
	if (outer < 0)
		return outer;
	if (tracee_wait(outer, &status))
		return 0;
	born_settle(outer, &born);
	return outer;
}

void early_begin(struct thread *thread)
{
	struct session *session = thread->guest->session;
	struct births *births = &session->births;
	uint32_t tid = births->last + births->step;
	struct early *early;

	if (!is_wise(thread) || tid > INT32_MAX || guest_by_pid(session, tid) || guest_dying(session, tid))
		return;
	early = calloc(1, sizeof(*early));
	if (!early || sandbox_next_pid(session->sandbox, (pid_t)tid)) {
		free(early);
		return;
	}
	births->early = thread->early = early;
	early->tid = tid;
	early->outer = child_make(thread, &early->before);
	if (early->outer < 0)
		sandbox_next_pid_unknown(session->sandbox);
}

/**
 * parent_step() - Let the stopped parent, all of whose signals are blocked, run to a stop with @status
 */
static int parent_step(const struct thread *thread, enum __ptrace_request how, int status)
{
	int seen, err;

	do
		err = ptrace(how, thread->outer, 0, 0) < 0 ? -ESRCH : tracee_stop_await(thread->outer, &seen);
	while (!err && seen >> 8 != status);
	return err;
}

/**
 * parent_return() - Bring the parent from behind its clone, which is as if it had not been, to before it
 *
 * Return: 0 or -ESRCH
 */
static int parent_return(const struct thread *thread, const struct early *early)
{
	struct user_regs_struct regs = early->before;
	const uint64_t blocked = ~0ull;
	uint64_t mask;
	int err = 0;

	if (ptrace(PTRACE_GETSIGMASK, thread->outer, (void *)sizeof(mask), &mask) < 0 ||
	    ptrace(PTRACE_SETSIGMASK, thread->outer, (void *)sizeof(blocked), &blocked) < 0)
		return -ESRCH;
	if (early->outer >= 0) /* it is in the stop that told of the child, still within the call */
		err = parent_step(thread, PTRACE_SYSCALL, SYSCALL_STOP);
	regs.rip -= SYSCALL_INSN_LEN;
	regs.rax = regs.orig_rax;
	regs.orig_rax = (unsigned long long)-1;
	if (!err)
		err = tracee_regs_set(thread->outer, &regs);
	if (!err)
		err = parent_step(thread, PTRACE_CONT, SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
	if (!err && ptrace(PTRACE_SETSIGMASK, thread->outer, (void *)sizeof(mask), &mask) < 0)
		err = -ESRCH;
	return err ? -ESRCH : 0;
}

/**
 * child_end() - There is to be no such child: wait until it has gone, and its number is free for another one
 */
static void child_end(const struct early *early)
{
	int status;

	if (early->outer <= 0)
		return;
	kill(early->outer, SIGKILL);
	while (!tracee_wait(early->outer, &status))
		;
}

pid_t early_take(struct thread *thread, int64_t ret)
{
	struct births *births = &thread->guest->session->births;
	struct early *early = thread->early;
	pid_t child;

	if (!early)
		return 0;
	births->early = thread->early = NULL;
	child = early->outer;
	if (ret == early->tid)
		births->doubt /= 2;
	else if (births->doubt < REGULAR_MAX)
		births->doubt = 2 * births->doubt + REGULAR_MIN;
	log_debug("thread %u: its child was to be %u, and is %lld", thread->tid, early->tid, (long long)ret);
	if (child <= 0 || ret != early->tid) {
		child_end(early);
		child = parent_return(thread, early);
	}
	free(early);
	return child;
}

void early_forget(struct thread *thread)
{
	if (!thread->early)
		return;
	child_end(thread->early);
	free(thread->early);
	thread->guest->session->births.early = thread->early = NULL;
}

void early_yield(struct session *session, uint32_t tid)
{
	struct early *early = session->births.early;

	if (!early || early->tid != tid || early->outer <= 0)
		return;
	child_end(early);
	early->outer = 0;
}

void early_died(struct session *session, pid_t outer)
{
	struct early *early = session->births.early;

	if (early && early->outer == outer)
		early->outer = 0;
}
