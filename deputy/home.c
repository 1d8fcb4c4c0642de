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

int home_mask_update(const struct thread *thread)
{
	uint64_t waits = thread->waits ? 1ull << (SIGCHLD - 1) : 0;

	return home_mask_set(thread->tid, thread->passed | thread->inflight | thread->task->kept | waits);
}

int home_mask_get(pid_t tid, uint64_t *mask)
{
	return ptrace(PTRACE_GETSIGMASK, tid, sizeof(*mask), mask) < 0 ? -errno : 0;
}

int home_enter(struct task *task, struct thread *thread, uint64_t arena_addr)
{
	struct user_regs_struct regs;
	struct arena arena = { 0 };
	/* Signals wait until the thread is an executor, then come out as for any migrated thread */
	int err = home_mask_set(thread->tid, ~0ull);

	if (!err)
		err = thread_park(thread->tid);
	if (!err)
		err = tracee_arena_map(thread->tid, tracee_find_syscall(task->pid), arena_addr, ARENA_SLOTS, &arena);
	if (!err)
		err = tracee_regs_get(thread->tid, &regs);
	if (!err)
		err = slots_adopt(task, &arena);
	if (err) {
		arena_unmap(&arena);
		return err;
	}
	task->code = arena_addr;
	thread->slot = slots_take(task, &thread->arena);
	slots_enter_regs(task, thread->arena, thread->slot, &regs);
	err = tracee_regs_set(thread->tid, &regs);
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
	for (unsigned int i = 0; i < task->arena_nr; i++) {
		struct home_arena *home = task->arenas[i];

		if (--home->users)
			continue;
		arena_unmap(&home->arena);
		free(home);
	}
	free(task->arenas);
	task->arenas = NULL;
	task->arena_nr = 0;
}
