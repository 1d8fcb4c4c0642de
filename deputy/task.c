/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The family's tables: processes in a list, threads in a hash by id. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "deputy/aio.h"
#include "deputy/arguments.h"
#include "deputy/deputy.h"
#include "deputy/home.h"
#include "deputy/object.h"
#include "deputy/posted.h"
#include "deputy/sent.h"
#include "deputy/shm.h"
#include "deputy/slots.h"
#include "deputy/task.h"

/* States a thread may go to from each state, as bits */
static const uint8_t thread_allowed[TH_NR] = {
	[TH_NATIVE] = 1u << TH_IDLE | 1u << TH_BORN,
	[TH_BORN] = 1u << TH_IDLE,
	[TH_IDLE] = 1u << TH_BUSY | 1u << TH_NATIVE,
	[TH_BUSY] = 1u << TH_IDLE | 1u << TH_HELD | 1u << TH_NATIVE,
	[TH_HELD] = 1u << TH_BUSY,
};

void thread_state_set(struct thread *thread, enum thread_state state)
{
	assert(thread_allowed[thread->state] & (1u << state));
	thread->state = state;
}

/* Chain of the hash in which @tid would be */
static struct thread **chain_of(struct deputy *d, pid_t tid)
{
	return &d->threads[(unsigned int)tid % TASK_BUCKETS];
}

struct thread *thread_find(struct deputy *d, pid_t tid)
{
	for (struct thread *t = *chain_of(d, tid); t; t = t->next) {
		if (t->tid == tid)
			return t;
	}
	return NULL;
}

struct task *task_find(struct deputy *d, pid_t pid)
{
	struct thread *thread = thread_find(d, pid);

	return thread && thread->task->pid == pid ? thread->task : NULL;
}

struct thread *thread_add(struct deputy *d, struct task *task, pid_t tid)
{
	struct thread **chain = chain_of(d, tid), *thread = calloc(1, sizeof(*thread));

	if (!thread)
		return NULL;
	*thread = (struct thread){
		.tid = tid, .task = task, .next = *chain, .sibling = task->threads, .slot = -1, .newborn_slot = -1
	};
	*chain = thread;
	task->threads = thread;
	return thread;
}

struct task *task_add(struct deputy *d, pid_t pid)
{
	struct task *task = calloc(1, sizeof(*task));

	if (!task)
		return NULL;
	task->pid = pid;
	task->pidfd = -1;
	if (!thread_add(d, task, pid)) {
		free(task);
		return NULL;
	}
	task->next = d->tasks;
	task->prev = &d->tasks;
	if (task->next)
		task->next->prev = &task->next;
	d->tasks = task;
	return task;
}

struct thread *caller_find(struct deputy *d, uint64_t call)
{
	struct thread *thread = d->callers[call % CALL_BUCKETS];

	while (thread && thread->call.id != call)
		thread = thread->caller_next;
	return call ? thread : NULL;
}

void caller_set(struct deputy *d, struct thread *thread, uint64_t call)
{
	struct thread **at = &d->callers[thread->caller % CALL_BUCKETS];

	while (thread->caller && *at != thread)
		at = &(*at)->caller_next;
	if (thread->caller)
		*at = thread->caller_next;
	thread->caller = call;
	if (!call)
		return;
	at = &d->callers[call % CALL_BUCKETS];
	thread->caller_next = *at;
	*at = thread;
}

void thread_remove(struct deputy *d, struct thread *thread)
{
	struct thread **at;

	for (at = chain_of(d, thread->tid); *at != thread; at = &(*at)->next)
		;
	*at = thread->next;
	for (at = &thread->task->threads; *at != thread; at = &(*at)->sibling)
		;
	*at = thread->sibling;
	caller_set(d, thread, 0);
	thread->task->exits_nr -= thread->exits;
	if (thread->task->execing == thread)
		thread->task->execing = NULL;
	posted_forget(d, thread);
	if (thread->call.planned)
		sysplan_release(&thread->call.plan);
	if (thread->slot >= 0)
		slots_release(thread->arena, thread->slot);
	if (thread->newborn_slot >= 0)
		slots_release(thread->newborn_arena, thread->newborn_slot);
	free(thread->growth);
	arguments_free(thread);
	free(thread);
}

void task_remove(struct deputy *d, struct task *task)
{
	for (struct thread *thread = task->threads, *next; thread; thread = next) {
		next = thread->sibling;
		thread_remove(d, thread);
	}
	home_forget(task);
	shm_forget(d, task);
	held_forget(d, task);
	objects_trim(d);
	aio_forget(task);
	sent_clear(task);
	*task->prev = task->next;
	if (task->next)
		task->next->prev = task->prev;
	if (task->pidfd >= 0)
		close(task->pidfd);
	free(task);
}

int task_fd_copy(struct task *task, int fd)
{
	int copy;

	if (task->pidfd < 0) /* it is not reaped yet, so its number is its own */
		task->pidfd = (int)syscall(SYS_pidfd_open, task->pid, 0);
	copy = (int)syscall(SYS_pidfd_getfd, task->pidfd, fd, 0);
	return copy < 0 ? -errno : copy;
}

int64_t task_pidfd_number(const struct task *task, int fd)
{
	static const char key[] = "\nPid:";
	char path[64], text[1024];
	FILE *info;
	size_t len;
	const char *at;
	long pid;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)task->pid, fd);
	info = fopen(path, "re");
	if (!info)
		return -EBADF;
	len = fread(text, 1, sizeof(text) - 1, info);
	fclose(info);
	text[len] = '\0';
	at = strstr(text, key);
	if (!at || sscanf(at + sizeof(key) - 1, "%ld", &pid) != 1)
		return -EBADF;
	return pid > 0 ? pid : 0;
}
