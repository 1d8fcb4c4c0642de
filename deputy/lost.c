/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end without the worker. The home process has the task's files and its pid, but no user code: it says on its own
 * stderr what happened, if that is still the one it was started with, and exits with status 125. It waits a moment for
 * a stderr that takes nothing (a pipe that nobody reads, a stopped terminal), then ends without a word.
 *
 * Signals have no effect any more, but for those that kill or stop in any case: whether the guest would have caught them
 * is not known here, and an end by one would hide why the task ends.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "deputy/cancel.h"
#include "deputy/deputy.h"
#include "deputy/fork.h"
#include "deputy/lost.h"
#include "deputy/outbox.h"
#include "deputy/pages.h"
#include "deputy/posted.h"
#include "deputy/trace.h"
#include "log.h"

#define WORD_MS	 2000 /* how long stderr is waited for */
#define WORD_MAX 512

/* Device and inode of a thread's descriptor 2; false when it has none */
static bool stderr_stat(pid_t tid, struct stat *st)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/2", (int)tid);
	return !stat(path, st);
}

void task_note_stderr(struct task *task)
{
	struct stat st = { 0 };

	stderr_stat(task->pid, &st);
	task->err_dev = st.st_dev;
	task->err_ino = st.st_ino;
}

/* When all members end for one reason, one line on each stderr is enough */
static bool has_heard(struct deputy *d, const struct stat *st)
{
	bool heard = !d->channel && d->told_dev == st->st_dev && d->told_ino == st->st_ino;

	if (!d->channel) {
		d->told_dev = st->st_dev;
		d->told_ino = st->st_ino;
	}
	return heard;
}

void lost_reason(struct deputy *d, const char *why)
{
	snprintf(d->lost, sizeof(d->lost), "%s", why);
	for (char *c = d->lost; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
}

/* Does it make that call, from which nothing returns? */
static bool ends_by(const struct thread *thread, uint32_t nr)
{
	return thread->state == TH_BUSY && thread->call.id && thread->call.nr == nr;
}

/* The thread that is to end the process: the leader, or if that has ended alone one of the others; NULL: it ends by itself */
static struct thread *ender_find(const struct task *task)
{
	struct thread *ender = NULL;

	for (struct thread *thread = task->threads; thread; thread = thread->sibling) {
		if (ends_by(thread, SYS_exit_group))
			return NULL;
		if (!ends_by(thread, SYS_exit) && (!ender || thread->tid == task->pid))
			ender = thread;
	}
	return ender;
}

/* A call_finisher: stderr takes something (@takes > 0) or not; say why, and exit */
static void word_post(struct deputy *d, struct thread *thread, int64_t takes)
{
	struct arena *arena = thread->arena;
	unsigned int slot = (unsigned int)thread->slot;
	char *text = (char *)arena_data(arena, slot);

	executor_begin(arena, slot, 0);
	if (takes > 0) {
		int len = snprintf(text, WORD_MAX, "%s: %s: %s\n", d->prog, d->node, d->lost);

		executor_add(arena, slot, SYS_write, 2, arena_data_addr(arena, slot), (uint64_t)len, 0, 0, 0);
	}
	executor_add(arena, slot, SYS_exit_group, EXIT_FAILED, 0, 0, 0, 0, 0);
	call_post(d, thread, NULL);
}

void task_end_post(struct deputy *d, struct thread *thread)
{
	struct pollfd err = { .fd = 2, .events = POLLOUT };
	struct task *task = thread->task;
	struct arena *arena = thread->arena;
	unsigned int slot = (unsigned int)thread->slot;
	struct stat st;

	if (thread != ender_find(task))
		return;	      /* it dies with the process */
	task->ending = false; /* once */
	thread->call.id = 0;
	thread->call.code = 0;
	if (!stderr_stat(thread->tid, &st) || st.st_dev != task->err_dev || st.st_ino != task->err_ino ||
	    has_heard(d, &st)) {
		word_post(d, thread, 0);
		return;
	}
	memcpy(arena_data(arena, slot), &err, sizeof(err));
	executor_begin(arena, slot, 0);
	executor_add(arena, slot, SYS_poll, arena_data_addr(arena, slot), 1, WORD_MS, 0, 0, 0);
	call_post(d, thread, word_post);
}

void lost_signal(struct thread *thread, int signo)
{
	/* A terminal stops its background processes until they do not write any more */
	thread_resume(thread, signo == SIGTTIN || signo == SIGTTOU ? signo : 0);
}

void lost_task_end(struct deputy *d, struct task *task)
{
	struct user_regs_struct regs;
	struct thread *thread;

	if (!task->arena_nr || task->ending)
		return;
	thread = ender_find(task);
	if (!thread || !newborn_settle(d, thread->tid))
		return;
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

void task_end(struct deputy *d, struct task *task, const char *why)
{
	lost_reason(d, why);
	lost_task_end(d, task);
}

void lost_end(struct deputy *d, const char *why)
{
	if (d->channel) {
		lost_reason(d, why);
		channel_close(d->channel);
	}
	d->channel = NULL;
	pages_close(d);
	outbox_clear(d);
	posted_clear(d);
	for (struct task *task = d->tasks, *next; task; task = next) {
		next = task->next;
		if (task->migrated)
			lost_task_end(d, task);
	}
}
