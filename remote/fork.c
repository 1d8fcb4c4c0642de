/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New threads and processes of guests: see remote/fork.h. */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "log.h"
#include "remote/calls.h"
#include "remote/clone.h"
#include "remote/early.h"
#include "remote/filter.h"
#include "remote/fork.h"
#include "remote/known.h"
#include "remote/listener.h"
#include "remote/ownfilter.h"
#include "remote/session.h"
#include "remote/shm.h"
#include "remote/stops.h"
#include "remote/title.h"
#include "tracee.h"

/* Flags of clone3 that clone has not */
#define FLAGS_CLONE3  (CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP)
#define FLAGS_UNKNOWN (~(uint64_t)(UINT32_MAX | FLAGS_CLONE3))
#define SIGNALS	      64

#define CLONE_ARGS_MIN 64u /* CLONE_ARGS_SIZE_VER0 */
#define CLONE_ARGS_MAX 4096u
#define SET_TID_MAX    32u /* pid namespaces that may be nested */

/* Arguments of the clone when there is no child: who was to be it, and what the clone returns */
enum { UNBORN_TID, UNBORN_ERROR };

/**
 * struct fork_more - What clone3 says beyond clone(2); it concerns home alone
 * @cgroup:	Descriptor of the control group for the child
 * @tid:	Numbers wanted for the child, innermost pid namespace first
 * @tid_nr:	How many
 * @wanted:	Any of that, or a flag that clone has not
 */
struct fork_more {
	uint64_t cgroup;
	uint32_t tid[SET_TID_MAX];
	uint32_t tid_nr;
	bool wanted;
};

/**
 * rest_is_zero() - What this struct clone_args has beyond ours says nothing
 */
static int rest_is_zero(const struct thread *thread, uint64_t addr, uint64_t size)
{
	uint8_t rest[CLONE_ARGS_MAX];

	if (size <= sizeof(struct clone_args))
		return 0;
	size -= sizeof(struct clone_args);
	if (tracee_read(thread->outer, addr + sizeof(struct clone_args), rest, size))
		return -EFAULT;
	for (uint64_t i = 0; i < size; i++)
		if (rest[i])
			return -E2BIG;
	return 0;
}

/**
 * more_gather() - What home needs of the arguments of clone3
 */
static int more_gather(const struct thread *thread, const struct clone_args *args, struct fork_more *more)
{
	if (args->set_tid_size > SET_TID_MAX || !args->set_tid != !args->set_tid_size)
		return -EINVAL;
	more->cgroup = args->cgroup;
	more->tid_nr = (uint32_t)args->set_tid_size;
	if (tracee_read(thread->outer, args->set_tid, more->tid, more->tid_nr * sizeof(*more->tid)))
		return -EFAULT;
	more->wanted = more->tid_nr || (args->flags & FLAGS_CLONE3);
	return 0;
}

/**
 * args_clone3() - Turn the arguments of clone3 into those of clone
 *
 * They are read once; what the guest writes over them later has no effect.
 */
static int args_clone3(const struct thread *thread, const struct user_regs_struct *regs, uint64_t arg[6],
		       struct fork_more *more)
{
	struct clone_args args = { 0 };
	uint64_t size = regs->rsi;
	int err;

	if (size < CLONE_ARGS_MIN)
		return -EINVAL;
	if (size > CLONE_ARGS_MAX)
		return -E2BIG;
	if (tracee_read(thread->outer, regs->rdi, &args, size < sizeof(args) ? size : sizeof(args)))
		return -EFAULT;
	err = rest_is_zero(thread, regs->rdi, size);
	if (err)
		return err;
	if (args.flags & FLAGS_UNKNOWN || args.exit_signal > SIGNALS || args.flags & (CSIGNAL | CLONE_DETACHED) ||
	    ((args.flags & (CLONE_THREAD | CLONE_PARENT)) && args.exit_signal) || !args.stack != !args.stack_size ||
	    (args.flags & (CLONE_SIGHAND | CLONE_CLEAR_SIGHAND)) == (CLONE_SIGHAND | CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	arg[FORK_FLAGS] = args.flags | args.exit_signal;
	arg[FORK_STACK] = args.stack + args.stack_size;
	arg[FORK_PARENT_TID] = args.parent_tid;
	arg[FORK_CHILD_TID] = args.child_tid;
	arg[FORK_TLS] = args.tls;
	arg[FORK_PIDFD] = args.pidfd;
	return more_gather(thread, &args, more);
}

/**
 * args_gather() - The arguments of the clone that the stopped thread wants
 */
static int args_gather(const struct thread *thread, const struct user_regs_struct *regs, uint64_t arg[6],
		       struct fork_more *more)
{
	memset(arg, 0, 6 * sizeof(*arg));
	more->wanted = false;
	switch (regs->orig_rax) {
	case SYS_fork:
		arg[FORK_FLAGS] = SIGCHLD;
		return 0;
	case SYS_vfork:
		arg[FORK_FLAGS] = CLONE_VFORK | CLONE_VM | SIGCHLD;
		return 0;
	case SYS_clone:
		arg[FORK_FLAGS] = regs->rdi & UINT32_MAX;
		arg[FORK_STACK] = regs->rsi;
		arg[FORK_PARENT_TID] = arg[FORK_PIDFD] = regs->rdx;
		arg[FORK_CHILD_TID] = regs->r10;
		arg[FORK_TLS] = regs->r8;
		return 0;
	case SYS_clone3:
		return args_clone3(thread, regs, arg, more);
	default:
		return -ENOSYS; /* a filter of the guest's own that wants a tracer: there is none */
	}
}

/**
 * is_impossible() - Flags of a clone that contradict each other, by those which home does not get to see
 */
static bool is_impossible(uint64_t flags)
{
	return ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND)) || ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM));
}

/**
 * is_unwritable() - There is no place for the descriptor of the child that the clone is to give
 */
static bool is_unwritable(const struct thread *thread, const uint64_t arg[6])
{
	int now;

	return (arg[FORK_FLAGS] & CLONE_PIDFD) && (tracee_read(thread->outer, arg[FORK_PIDFD], &now, sizeof(now)) ||
						   tracee_write(thread->outer, arg[FORK_PIDFD], &now, sizeof(now)));
}

void call_skip(struct thread *thread, int64_t ret)
{
	struct user_regs_struct regs;

	if (tracee_regs_get(thread->outer, &regs))
		return; /* killed */
	regs.rax = (unsigned long long)ret;
	if (call_is_restart(ret)) {
		regs.rax = regs.orig_rax;
		regs.rip -= 2;
	}
	regs.orig_rax = (unsigned long long)-1;
	tracee_regs_set(thread->outer, &regs);
	thread_go_on(thread);
}

void newborn_end(struct session *session, uint32_t tid, uint32_t exit)
{
	struct wire_call msg = {
		.call = ++session->serial * THREADS_MAX,
		.tid = tid,
		.nr = exit,
		.arg = { EXIT_FAILED },
	};

	channel_send(session->channel, WIRE_CALL, &msg, NULL, 0);
}

void fork_settle(struct thread *newborn)
{
	born_settle(newborn->outer, newborn->born);
	free(newborn->born);
	newborn->born = NULL;
	thread_move(newborn, THREAD_STOPPED);
	if (!newborn->guest->frozen)
		thread_resume(newborn, 0);
}

/**
 * number_mend() - Say the newborn's number at home wherever the kernel has said its own, which is another one
 *
 * So it is in a sandbox without pid namespace.
 */
static void number_mend(struct thread *parent, const struct thread *newborn)
{
	const uint64_t *arg = parent->call.arg;

	if (arg[FORK_FLAGS] & CLONE_PARENT_SETTID)
		tracee_write(parent->outer, arg[FORK_PARENT_TID], &newborn->tid, sizeof(newborn->tid));
	if (arg[FORK_FLAGS] & CLONE_CHILD_SETTID)
		tracee_write(newborn->outer, arg[FORK_CHILD_TID], &newborn->tid, sizeof(newborn->tid));
	parent->newborn = newborn->tid;
	parent->trace = TRACE_CLONE;
}

/**
 * guest_born() - The guest of a child process, or of a thread
 */
static struct guest *guest_born(const struct thread *parent, uint32_t tid, pid_t outer)
{
	struct guest *guest;

	if (parent->call.arg[FORK_FLAGS] & CLONE_THREAD) {
		parent->guest->fdmap.known = false;
		return parent->guest;
	}
	guest = guest_new(parent->guest->session, tid);
	if (!guest)
		return NULL;
	guest->outer = outer;
	guest->state = GUEST_LIVE;
	guest->listener = listener_get(parent->guest->listener);
	guest->kept = parent->guest->kept;
	guest->watched = parent->guest->watched;
	title_inherit(guest, parent->guest);
	known_inherit(guest, parent->guest, parent->call.arg[FORK_FLAGS] & CLONE_FILES);
	actions_inherit(guest, parent->guest, parent->call.arg[FORK_FLAGS]);
	if (parent->call.arg[FORK_FLAGS] & CLONE_PIDFD)
		parent->guest->fdmap.known = false;
	if (shm_inherit(guest, parent->guest)) {
		guest_forget(guest);
		return NULL;
	}
	return guest;
}

/**
 * newborn_adopt() - The worker's kernel has made the child: look after it
 * @born:	What it needs at its first stop; its own from now on. NULL: it is there already
 */
static int newborn_adopt(struct thread *parent, uint32_t tid, pid_t outer, struct born *born)
{
	struct guest *guest = guest_born(parent, tid, outer);
	struct thread *thread = guest ? thread_new(guest, tid, outer, born ? THREAD_RUNNING : THREAD_STOPPED) : NULL;
	int status;

	if (!thread) {
		if (guest && guest != parent->guest)
			guest_forget(guest);
		free(born);
		return -EAGAIN;
	}
	ownfilter_inherit(thread, parent);
	if (!born) {
		thread_resume(thread, 0);
		return 0;
	}
	born->clear_sighand = parent->call.arg[FORK_FLAGS] & CLONE_CLEAR_SIGHAND;
	thread->born = born;
	if (!sandbox_degraded(guest->session->sandbox))
		return 0;
	if (tracee_wait(outer, &status)) {
		thread_gone(thread);
		return -EAGAIN;
	}
	number_mend(parent, thread);
	fork_settle(thread);
	return 0;
}

/**
 * pidfd_store() - Home has made a descriptor for the child: tell the guest its number, as the kernel does
 */
static void pidfd_store(struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	if ((thread->call.arg[FORK_FLAGS] & CLONE_PIDFD) && tail_len == sizeof(int))
		tracee_write(thread->outer, thread->call.arg[FORK_PIDFD], tail, tail_len);
}

/**
 * fork_here() - Make the worker's half of the child @tid; 0 or negative errno
 * @child:	Its outer number if it has been made early, else 0
 */
static int fork_here(struct thread *thread, uint32_t tid, pid_t child)
{
	struct born *born = child ? NULL : calloc(1, sizeof(*born));
	int err;

	if (!child)
		child = born ? clone_make(thread, born) : -ENOMEM;
	if (child < 0) {
		free(born);
		return child;
	}
	err = newborn_adopt(thread, tid, child, born);
	if (err)
		kill(child, SIGKILL);
	return err;
}

static void unborn_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);

/**
 * unborn_await() - Have the home thread wait for the child that was at home alone
 */
static void unborn_await(struct thread *thread)
{
	static const struct handler unborn = { SYS_wait4, NULL, unborn_result };
	const uint64_t arg[6] = { thread->call.arg[UNBORN_TID], 0, __WALL };

	thread->call.nr = SYS_wait4;
	thread->call.handler = &unborn;
	call_send(thread, SYS_wait4, arg, 0, NULL, 0);
}

/**
 * unborn_result() - It has been waited for: its parent returns from the clone, as if there had been none
 */
static void unborn_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	if (call_is_interrupted(ret))
		unborn_await(thread);
	else
		call_skip(thread, (int64_t)thread->call.arg[UNBORN_ERROR]);
}

/**
 * unborn_end() - There is no child @tid here, so there is to be none at home. It ends, and is waited for, which its parent's program
 * will not do; then that returns from its clone with @err
 */
static void unborn_end(struct thread *thread, uint32_t tid, int err)
{
	bool process = !(thread->call.arg[FORK_FLAGS] & CLONE_THREAD);

	newborn_end(thread->guest->session, tid, process ? SYS_exit_group : SYS_exit);
	thread->call.arg[UNBORN_TID] = tid;
	thread->call.arg[UNBORN_ERROR] = (uint64_t)err;
	if (process)
		unborn_await(thread);
	else
		call_skip(thread, err);
}

/**
 * fork_result() - Home has made its half, or not
 */
static void fork_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	uint32_t exit = thread->call.arg[FORK_FLAGS] & CLONE_THREAD ? SYS_exit : SYS_exit_group;
	struct session *session = thread->guest->session;
	bool born = ret > 0 && ret <= INT32_MAX;
	pid_t child = early_take(thread, ret);
	int err = 0;

	if (born)
		births_note(&session->births, (uint32_t)ret);
	if (child < 0) { /* killed */
		if (born)
			newborn_end(session, (uint32_t)ret, exit);
		return;
	}
	if (!born) {
		call_skip(thread, ret < 0 ? ret : -EAGAIN);
		return;
	}
	if (!child)
		early_yield(session, (uint32_t)ret);
	if (!child && !sandbox_degraded(session->sandbox))
		err = sandbox_next_pid(session->sandbox, (pid_t)ret);
	if (err) {
		log_warn("guest %u: no number %u for its child: %s", thread->guest->pid, (unsigned int)ret,
			 strerror(-err));
		unborn_end(thread, (uint32_t)ret, -EAGAIN);
		return;
	}
	pidfd_store(thread, tail, tail_len);
	err = fork_here(thread, (uint32_t)ret, child);
	if (err) {
		sandbox_next_pid_unknown(session->sandbox);
		log_warn("guest %u: no child %u: %s", thread->guest->pid, (unsigned int)ret, strerror(-err));
		if (err == -ESRCH) /* the parent is killed, too */
			newborn_end(session, (uint32_t)ret, exit);
		else
			unborn_end(thread, (uint32_t)ret, err);
		return;
	}
	thread_go_on(thread);
}

static const struct handler fork_handler = { SYS_clone, NULL, fork_result };

void fork_stopped(struct thread *thread)
{
	struct user_regs_struct regs;
	struct call *call = &thread->call;
	struct fork_more more;
	uint64_t arg[6] = { 0 };
	int err = tracee_regs_get(thread->outer, &regs);

	if (err)
		return; /* killed */
	err = args_gather(thread, &regs, call->arg, &more);
	if (!err && is_impossible(call->arg[FORK_FLAGS]))
		err = -EINVAL;
	if (!err && is_unwritable(thread, call->arg))
		err = -EFAULT;
	if (!err && guests_full(&thread->guest->session->guests))
		err = -EAGAIN;
	if (err) {
		call_skip(thread, err);
		return;
	}
	call->nr = SYS_clone;
	call->handler = &fork_handler;
	call->interrupted = call->silent = false;
	arg[0] = call->arg[FORK_FLAGS];
	if (more.wanted) {
		arg[1] = more.cgroup;
		call_send(thread, SYS_clone3, arg, 0, more.tid, more.tid_nr * sizeof(*more.tid));
	} else {
		call_send(thread, SYS_clone, arg, 0, NULL, 0);
		early_begin(thread);
	}
	if (!thread->early)
		call_await(thread->guest->session, call->id, listener_fd(thread->guest->listener));
}
