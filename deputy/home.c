/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process at home becomes an executor: the arena is mapped into it and its thread enters the parasite. Until that has
 * succeeded the process is untouched but for its registers, which are put back, so that it can go on natively.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "deputy/deputy.h"

/* What the deputy wants to see of a migrated process; with its death the home process, which has no user code, ends */
#define MIGRATED_OPTIONS                                                                                               \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
	 PTRACE_O_TRACECLONE)

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

int home_mask_get(pid_t tid, uint64_t *mask)
{
	return ptrace(PTRACE_GETSIGMASK, tid, sizeof(*mask), mask) < 0 ? -errno : 0;
}

int home_enter(struct task *task, struct thread *thread, uint64_t arena_addr)
{
	struct user_regs_struct regs;
	struct mm *mm = calloc(1, sizeof(*mm));
	int err, slot;

	if (!mm)
		return -ENOMEM;
	/* Signals wait until the thread is an executor, then come out as for any migrated thread */
	err = home_mask_set(thread->tid, ~0ull);
	if (!err)
		err = thread_park(thread->tid);
	if (!err)
		err = tracee_arena_map(thread->tid, tracee_find_syscall(task->pid), arena_addr, ARENA_SLOTS, &mm->arena);
	if (err)
		goto out_mm;
	mm->users = 1;
	slot = arena_slot_take(&mm->arena);
	err = tracee_regs_get(thread->tid, &regs);
	if (err)
		goto out_arena;
	executor_enter_regs(&mm->arena, (unsigned int)slot, &regs);
	err = tracee_regs_set(thread->tid, &regs);
	if (!err)
		err = home_mask_set(thread->tid, 0);
	if (err)
		goto out_arena;
	if (ptrace(PTRACE_SETOPTIONS, thread->tid, 0, MIGRATED_OPTIONS) < 0 || ptrace(PTRACE_CONT, thread->tid, 0, 0) < 0) {
		err = -errno;
		goto out_arena;
	}
	thread->slot = slot;
	task->mm = mm;
	thread_state_set(thread, TH_IDLE);
	return 0;
out_arena:
	arena_unmap(&mm->arena);
out_mm:
	free(mm);
	return err;
}

void home_forget(struct task *task)
{
	if (!task->mm)
		return;
	if (!--task->mm->users) {
		arena_unmap(&task->mm->arena);
		free(task->mm);
	}
	task->mm = NULL;
}
