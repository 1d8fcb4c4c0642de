/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process at home becomes an executor: the arena is mapped into it and its thread enters the parasite. Until that has
 * succeeded the process is untouched but for its registers, which are put back, so that it can go on natively.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "deputy/deputy.h"
#include "deputy/home.h"
#include "deputy/slots.h"
#include "deputy/trace.h"

/*
 * Bring a stopped thread to a stop outside any system call. In an event stop inside one (exec, clone) the kernel would
 * still overwrite rax on its way out.
 */
static int thread_park(pid_t tid)
{
	int status, err;

	do {
		if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0 || ptrace(PTRACE_CONT, tid, 0, 0) < 0)
			return -errno;
		err = tracee_wait(tid, &status);
	} while (!err && status >> 16 != PTRACE_EVENT_STOP);
	return err;
}

int home_mask_set(pid_t tid, uint64_t mask)
{
	return ptrace(PTRACE_SETSIGMASK, tid, sizeof(mask), &mask) < 0 ? -errno : 0;
}

uint64_t home_kept(const struct thread *thread)
{
	return thread->task->kept & ~thread->takes;
}

int home_mask_update(const struct thread *thread)
{
	uint64_t waits = thread->waits ? 1ull << (SIGCHLD - 1) : 0;
	/* The parasite's int3 must not wait for a signal to be taken by a guest that waits for what the int3 tells */
	uint64_t inflight = thread->inflight & ~(1ull << (SIGTRAP - 1));

	return home_mask_set(thread->tid, thread->passed | inflight | home_kept(thread) | waits);
}

int home_mask_get(pid_t tid, uint64_t *mask)
{
	return ptrace(PTRACE_GETSIGMASK, tid, sizeof(*mask), mask) < 0 ? -errno : 0;
}

/*
 * The thread has a slot: it enters the parasite, and what is left of the arena's making is its first batch. A stop for
 * each of these calls would cost ten times as much.
 */
static int parasite_enter(const struct task *task, const struct thread *thread, int memfd)
{
	unsigned int slot = (unsigned int)thread->slot;
	struct user_regs_struct regs;
	int err = tracee_regs_get(thread->tid, &regs);

	if (err)
		return err;
	slots_enter_regs(task, thread->arena, thread->slot, &regs);
	executor_begin(thread->arena, slot, SLOT_ONE_SHOT | SLOT_STOP_ON_ERROR);
	executor_add(thread->arena, slot, SYS_close, (uint64_t)memfd, 0, 0, 0, 0, 0);
	executor_add_guards(thread->arena, slot, thread->arena);
	executor_post(thread->arena, slot);
	err = tracee_regs_set(thread->tid, &regs);
	if (!err && ptrace(PTRACE_CONT, thread->tid, 0, 0) < 0)
		err = -errno;
	if (!err)
		err = tracee_trap_await(thread->tid);
	return err ? err : (int)executor_ret(thread->arena, slot, arena_slot(thread->arena, slot)->done - 1);
}

int home_enter(struct task *task, struct thread *thread, uint64_t arena_addr, uint64_t vdso)
{
	struct arena arena = { 0 };
	int memfd = -1, err;
	uint64_t mask;

	err = home_mask_get(thread->tid, &mask);
	if (err)
		return err;
	/* Signals wait until the thread is an executor, then come out as for any migrated thread */
	err = home_mask_set(thread->tid, ~(1ull << (SIGTRAP - 1)));
	if (!err)
		err = thread_park(thread->tid);
	if (!err)
		memfd = tracee_arena_map(thread->tid, tracee_find_syscall(vdso), arena_addr, ARENA_SLOTS, &arena);
	if (!err && memfd < 0)
		err = memfd;
	if (!err)
		err = slots_adopt(task, &arena);
	if (err) {
		arena_unmap(&arena);
		home_mask_set(thread->tid, mask);
		return err;
	}
	task->code = arena_addr;
	thread->slot = slots_take(task, &thread->arena);
	err = parasite_enter(task, thread, memfd);
	if (!err)
		err = home_mask_set(thread->tid, 0);
	if (!err && ptrace(PTRACE_SETOPTIONS, thread->tid, 0, HOME_OPTIONS) < 0)
		err = -errno;
	if (!err)
		err = thread_resume(thread, 0);
	if (err)
		return err; /* it has been killed: the registers could be set before */
	thread_state_set(thread, TH_IDLE);
	return 0;
}

void home_forget(struct task *task)
{
	for (unsigned int i = 0; i < task->arena_nr; i++)
		slots_put(task->arenas[i]);
	free(task->arenas);
	task->arenas = NULL;
	task->passed_on = NULL;
	task->arena_nr = 0;
}
