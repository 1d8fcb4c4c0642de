/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end without the worker. The home process has the task's files and its pid, but no user code: it says on its own
 * stderr what happened, if that is still the one it was started with, and exits with status 125.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "log.h"

/* Device and inode of the process's descriptor 2; false when it has none */
static bool stderr_stat(pid_t pid, struct stat *st)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/2", (int)pid);
	return !stat(path, st);
}

void task_note_stderr(struct task *task)
{
	struct stat st = { 0 };

	stderr_stat(task->pid, &st);
	task->err_dev = st.st_dev;
	task->err_ino = st.st_ino;
}

void task_end_post(struct deputy *d, struct thread *thread)
{
	struct task *task = thread->task;
	struct arena *arena = thread->arena;
	unsigned int slot = (unsigned int)thread->slot;
	char *text = (char *)arena_data(arena, slot);
	struct stat st;

	if (thread->tid != task->pid)
		return; /* it dies with the process */
	executor_begin(arena, slot, 0);
	if (stderr_stat(task->pid, &st) && st.st_dev == task->err_dev && st.st_ino == task->err_ino) {
		int len = snprintf(text, 512, "%s: %s: %s\n", d->prog, d->node, d->lost);

		executor_add(arena, slot, SYS_write, 2, arena_data_addr(arena, slot), (uint64_t)len, 0, 0, 0);
	}
	executor_add(arena, slot, SYS_exit_group, EXIT_FAILED, 0, 0, 0, 0, 0);
	task->ending = false; /* once; a signal may still end it first */
	thread->call.id = 0;
	call_post(d, thread, NULL);
}

void task_end(struct deputy *d, struct task *task, const char *why)
{
	struct user_regs_struct regs;
	struct thread *thread;

	if (!task->arena_nr || task->ending || !newborn_settle(d, task->pid))
		return;
	thread = thread_find(d, task->pid);
	if (!d->lost[0])
		snprintf(d->lost, sizeof(d->lost), "%s", why);
	task->ending = true;
	if (thread->state == TH_HELD && !tracee_regs_get(thread->tid, &regs)) {
		call_abort(thread, &regs);
		tracee_regs_set(thread->tid, &regs);
		thread_state_set(thread, TH_BUSY);
		thread_resume(thread, 0);
	} else if (thread->state == TH_BUSY) {
		cancel_call(d, thread);
	} else if (thread->state == TH_IDLE) {
		task_end_post(d, thread);
	}
}

void lost_end(struct deputy *d, const char *why)
{
	if (d->channel)
		channel_close(d->channel);
	d->channel = NULL;
	outbox_clear(d);
	posted_clear(d);
	for (struct task *task = d->tasks, *next; task; task = next) {
		next = task->next;
		if (task->migrated)
			task_end(d, task, why);
	}
}
