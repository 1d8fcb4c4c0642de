/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A guest's clone is made at home first: the home process forks, or gets a thread, and the number that the kernel gives
 * is the answer; the worker then lets the guest clone itself to the same number. The newborn at home is traced from its
 * first moment (CLONE_PTRACE), and never leaves the parasite's code: it goes to its own slot by itself.
 *
 * A parent that is killed in its clone, before it could tell, leaves a child that nobody knows of: it is killed, too
 * (fork_strays()).
 *
 * A home process has no user memory, so what decides how memory is shared is left out here: a child that shares the
 * memory of its parent on the worker (vfork, posix_spawn) is a plain fork at home, and nobody waits for its exec. What it
 * has of its program, mappings that nobody uses any more, would make each fork three times as long: they are unmapped
 * before the first one. The stack stays, where ps finds the arguments.
 *
 * The worker waits for the number alone, which the parent posts as it posts any result: the kernel tells us nothing of a
 * clone (CLONE_UNTRACED). The newborn's first stop, before it has executed anything, is left: it happens while the
 * answer is on its way.
 *
 *	CALL(clone) ─► posted ─► done ─┬─► RESULT(number) ······· next CALL of the parent, or first of the newborn
 *	                               └─► newborn: BORN ─► its first stop ─► IDLE (newborn_settle())
 */
#include <errno.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/fork.h"
#include "deputy/home.h"
#include "deputy/lost.h"
#include "deputy/object.h"
#include "deputy/shm.h"
#include "deputy/slots.h"
#include "deputy/trace.h"

/* What a child shares with its parent, or gets, of the system's side. A pid namespace would give it another number. */
#define PROCESS_FLAGS                                                                                                  \
	(CLONE_FS | CLONE_FILES | CLONE_PARENT | CLONE_SYSVSEM | CLONE_IO | CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWUTS | \
	 CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWCGROUP | CSIGNAL)
#define CLONE3_FLAGS (CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP) /* clone3 has them, too */
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_IO)

/* Children would have other numbers, or clocks, than their guests, whose sandbox has them already */
#define OTHER_NUMBERS ((uint64_t)CLONE_NEWPID | CLONE_NEWTIME)
/* What unshare knows (ksys_unshare() in kernel/fork.c) */
#define UNSHARE_FLAGS                                                                                                  \
	((uint64_t)CLONE_THREAD | CLONE_FS | CLONE_NEWNS | CLONE_SIGHAND | CLONE_VM | CLONE_FILES | CLONE_SYSVSEM |    \
	 CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWCGROUP | CLONE_NEWTIME)

/* Where in the slot's data the arguments of a clone3 are; at its start is the place for the pidfd */
#define SET_TID_AT    64u
#define SET_TID_MAX   32u
#define CLONE_ARGS_AT 256u
/* How long a clone is awaited: it takes the kernel little time, and the way through the event loop longer */
#define CLONE_SPIN_US 200u
/* The newborn is ours, and its parent does not stop for it */
#define HOME_FLAGS ((uint64_t)CLONE_PTRACE | CLONE_UNTRACED)
/* How large a stack is said to be: to the kernel only its end matters */
#define STACK_SAID 4096u

/* The flags of the guest's call */
static uint64_t guest_flags(const struct call *call)
{
	switch (call->nr) {
	case SYS_fork:
		return SIGCHLD;
	case SYS_vfork:
		return CLONE_VFORK | CLONE_VM | SIGCHLD;
	default:
		return call->arg[0];
	}
}

/*
 * Put the arguments of a clone3 into the slot, behind the place for the pidfd, where the wanted numbers are already. The
 * lower bits of the flags are the signal, as in clone.
 */
static uint64_t clone3_place(const struct thread *thread, uint64_t flags, uint64_t stack)
{
	unsigned int slot = (unsigned int)thread->slot;
	uint64_t data = arena_data_addr(thread->arena, slot);
	struct clone_args args = {
		.flags = (flags & ~(uint64_t)CSIGNAL) | (thread->call.arg[0] & CLONE3_FLAGS),
		.pidfd = data,
		.exit_signal = flags & CSIGNAL,
		.stack = stack - STACK_SAID,
		.stack_size = STACK_SAID,
		.set_tid = thread->call.bytes ? data + SET_TID_AT : 0,
		.set_tid_size = thread->call.bytes / sizeof(uint32_t),
		.cgroup = thread->call.arg[1],
	};

	memcpy(arena_data(thread->arena, slot) + CLONE_ARGS_AT, &args, sizeof(args));
	return data + CLONE_ARGS_AT;
}

/* The clone has been made, and its child adopted, or not */
static void clone_done(struct deputy *d, struct thread *thread, int64_t ret)
{
	struct iovec pidfd = { arena_data(thread->arena, (unsigned int)thread->slot), sizeof(int) };

	if (ret == -EINTR && thread->call.code)
		ret = thread->call.code;
	if (thread->call.id)
		call_answer(d, thread, ret, &pidfd, ret > 0 && guest_flags(&thread->call) & CLONE_PIDFD);
}

/* Begin the batch of who forks first with the end of what the exec has mapped */
static void program_unmap(struct thread *thread)
{
	struct task *task = thread->task;

	for (unsigned int i = 0; i < task->program_nr; i++)
		executor_add(thread->arena, (unsigned int)thread->slot, SYS_munmap, task->program[i].start,
			     task->program[i].end - task->program[i].start, 0, 0, 0, 0);
	task->program_nr = 0;
}

/* There is a slot for the child: make it */
static void clone_post(struct deputy *d, struct thread *thread)
{
	uint64_t flags = guest_flags(&thread->call);
	uint64_t home = (flags & (flags & CLONE_THREAD ? THREAD_FLAGS : PROCESS_FLAGS)) | HOME_FLAGS;
	const struct arena *arena = thread->newborn_arena;
	uint64_t stack = arena_slot_addr(arena, (unsigned int)thread->newborn_slot) + SLOT_STACK_END;
	struct slot *slot = arena_slot(thread->arena, (unsigned int)thread->slot);

	executor_begin(thread->arena, (unsigned int)thread->slot, 0);
	if (!(flags & CLONE_THREAD)) {
		program_unmap(thread);
		slots_pass_on(thread, arena);
	}
	slot->kept = slot->count;
	slot->newborn = stack;
	thread->call.whole = true;
	if (thread->call.nr == SYS_clone3)
		executor_add(thread->arena, (unsigned int)thread->slot, SYS_clone3, clone3_place(thread, home, stack),
			     sizeof(struct clone_args), 0, 0, 0, 0);
	else
		executor_add(thread->arena, (unsigned int)thread->slot, SYS_clone, home, stack,
			     arena_data_addr(thread->arena, (unsigned int)thread->slot), 0, 0, 0);
	call_post_unawaited(thread, clone_done);
	call_await(d, thread, CLONE_SPIN_US);
}

/* One more arena is there, or not */
static void clone_grown(struct deputy *d, struct thread *thread, int64_t err)
{
	if (!err)
		thread->newborn_slot = slots_take(thread->task, &thread->newborn_arena);
	if (err || thread->newborn_slot < 0)
		call_answer(d, thread, -EAGAIN, NULL, 0);
	else
		clone_post(d, thread);
}

int fork_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	if (tail_len > SET_TID_MAX * sizeof(uint32_t) || tail_len % sizeof(uint32_t))
		return -EPROTO;
	if (tail_len)
		memcpy(arena_data(thread->arena, (unsigned int)thread->slot) + SET_TID_AT, tail, tail_len);
	thread->call.bytes = (uint32_t)tail_len;
	if (guest_flags(&thread->call) & OTHER_NUMBERS)
		return guest_flags(&thread->call) & CLONE_THREAD ? -EINVAL : -EPERM;
	thread->newborn_slot = slots_take(thread->task, &thread->newborn_arena);
	if (thread->newborn_slot < 0)
		slots_grow(d, thread, clone_grown);
	else
		clone_post(d, thread);
	return 0;
}

/* A new process of the family, with the arena in which its slot is */
static struct thread *process_adopt(struct deputy *d, const struct thread *maker, pid_t pid, bool clear_sighand)
{
	const struct task *parent = maker->task;
	struct task *task = task_add(d, pid);

	if (!task || slots_inherit(task, parent, maker->newborn_arena) < 0 || shm_inherit(task, parent) < 0 ||
	    held_inherit(task, parent) < 0)
		return NULL;
	task->migrated = task->started = true;
	task->parent = parent->pid;
	task->catches_child = parent->catches_child && !clear_sighand;
	task->kept = parent->kept;
	task->title_at = parent->title_at;
	task->title_len = parent->title_len;
	task->err_dev = parent->err_dev;
	task->err_ino = parent->err_ino;
	return thread_find(d, pid);
}

/* Is a thread in a clone whose child has not been seen? */
static bool births_expected(const struct deputy *d)
{
	for (unsigned int i = 0; i < TASK_BUCKETS; i++) {
		for (const struct thread *t = d->threads[i]; t; t = t->next) {
			if (t->newborn_slot >= 0)
				return true;
		}
	}
	return false;
}

int fork_unshare(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	uint64_t flags = thread->call.arg[0];

	/* One that makes no sense has an error of its own */
	return flags & OTHER_NUMBERS && !(flags & ~UNSHARE_FLAGS) ? -EPERM
								  : call_row_begin(d, thread, tail, tail_len, NULL);
}

/* Would setns to what @fd is change numbers or clocks? What it cannot be told for fails by itself */
static bool is_other_numbers(int fd, uint64_t wanted)
{
	int type = ioctl(fd, NS_GET_NSTYPE);

	if (type > 0)
		return (uint64_t)type & OTHER_NUMBERS && (!wanted || wanted == (uint64_t)type);
	/* A pidfd has them all: it must be said which */
	return wanted & OTHER_NUMBERS && (!syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) || errno == EPERM);
}

int fork_setns(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	int fd = task_fd_copy(thread->task, (int)thread->call.arg[0]);
	bool refused = fd >= 0 && is_other_numbers(fd, (uint32_t)thread->call.arg[1]);

	if (fd >= 0)
		close(fd);
	return refused ? -EPERM : call_row_begin(d, thread, tail, tail_len, NULL);
}

void fork_strays(struct deputy *d)
{
	if (!d->stray_nr || births_expected(d))
		return;
	for (unsigned int i = 0; i < d->stray_nr; i++) {
		if (d->strays[i] > 0)
			kill(d->strays[i], SIGKILL);
	}
	d->stray_nr = 0;
}

/* Where the newborn @tid is among the strays; their number when it is not */
static unsigned int stray_find(const struct deputy *d, pid_t tid)
{
	unsigned int i = 0;

	while (i < d->stray_nr && d->strays[i] != tid && d->strays[i] != -tid)
		i++;
	return i;
}

void stray_seen(struct deputy *d, pid_t tid, bool alive)
{
	unsigned int i = stray_find(d, tid);

	if (i == STRAYS_MAX || (i == d->stray_nr && !alive && !births_expected(d)))
		return;
	d->strays[i] = alive ? tid : -tid;
	d->stray_nr += i == d->stray_nr;
}

void newborn_enter(struct thread *newborn)
{
	home_mask_update(newborn); /* it has its parent's */
	thread_state_set(newborn, TH_IDLE);
	thread_resume(newborn, 0);
}

bool newborn_settle(struct deputy *d, pid_t tid)
{
	struct thread *newborn = thread_find(d, tid);

	while (newborn && newborn->state == TH_BORN) {
		if (!trace_await(d, newborn))
			return false;
		newborn = thread_find(d, tid);
	}
	return newborn;
}

/* The parent is not to have a child */
static void newborn_none(struct deputy *d, struct thread *thread)
{
	slots_release(thread->newborn_arena, thread->newborn_slot);
	thread->newborn_slot = -1;
	fork_strays(d);
}

int64_t newborn_adopt(struct deputy *d, struct thread *thread, int64_t ret)
{
	uint64_t flags = guest_flags(&thread->call);
	struct thread *newborn;

	if (ret <= 0) {
		newborn_none(d, thread);
		return ret;
	}
	newborn = flags & CLONE_THREAD ? thread_add(d, thread->task, (pid_t)ret)
				       : process_adopt(d, thread, (pid_t)ret, flags & CLONE_CLEAR_SIGHAND);
	if (!newborn) {
		kill((pid_t)ret, SIGKILL); /* no memory to look after it */
		newborn_none(d, thread);
		return -EAGAIN;
	}
	newborn->arena = thread->newborn_arena;
	newborn->slot = thread->newborn_slot;
	thread->newborn_slot = -1;
	thread_state_set(newborn, TH_BORN);
	return ret;
}

void newborn_await(struct deputy *d, pid_t tid)
{
	struct thread *newborn = thread_find(d, tid);
	unsigned int i = stray_find(d, tid);
	bool alive = true;

	if (!newborn)
		return;
	if (i < d->stray_nr) {
		alive = d->strays[i] > 0;
		d->strays[i] = d->strays[--d->stray_nr];
		if (alive)
			newborn_enter(newborn);
		else
			alive = !ptrace(PTRACE_INTERRUPT, tid, 0, 0); /* else it was an earlier one of that number */
	}
	if (!alive)
		thread_died(d, newborn);
	else if (!d->channel && newborn->tid == newborn->task->pid)
		lost_task_end(d, newborn->task); /* those who were there then have been ended already */
}
