/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A guest's execve is made by its home thread. A new program begins with the signal mask, the ignored and the pending
 * signals of the old one. Those of the guest live on the worker; its remote has put them in front of the arguments:
 *
 *	u64 blocked, u64 ignored, u64 number of pending signals, then for each a siginfo
 *
 * What is ignored is set before the call. The mask is set, and the pending signals are handed on, when there is a new
 * program: until then a failure must change nothing, and a signal that were raised again at home before could be taken
 * by another thread. So are signals that come meanwhile, and those that the old guest may not have seen any more; see
 * sent.c.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "deputy/arguments.h"
#include "deputy/cancel.h"
#include "deputy/deputy.h"
#include "deputy/execve.h"
#include "deputy/lost.h"
#include "deputy/privileged.h"
#include "deputy/sent.h"

/* First bytes of the slot's data: mask, default disposition, ignoring one; the arguments follow */
#define DATA_MASK    0
#define DATA_DEFAULT 64
#define DATA_IGNORE  96
#define DATA_ARGS    4096u

/* Words in front of the siginfos */
enum front { FRONT_BLOCKED, FRONT_IGNORED, FRONT_PENDING, FRONT_WORDS };

/* The old program goes on */
static void exec_answer(struct deputy *d, struct thread *thread, int64_t ret)
{
	if (ret == -EINTR && thread->call.code)
		ret = thread->call.code;
	arguments_free(thread);
	sent_return(d, thread->task);
	thread->task->execing = NULL;
	call_answer(d, thread, ret, NULL, 0);
}

/* The memory for many arguments is unmapped again */
static void exec_unmapped(struct deputy *d, struct thread *thread, int64_t ret)
{
	(void)ret;
	exec_answer(d, thread, thread->held_code);
}

/* The program could not be replaced */
static void exec_failed(struct deputy *d, struct thread *thread, int64_t ret)
{
	if (!thread->arguments) {
		exec_answer(d, thread, ret);
		return;
	}
	thread->held_code = ret;
	arguments_unmap(d, thread, exec_unmapped);
}

/* What the last call that was made of the thread's batch returned */
static int64_t batch_result(const struct thread *thread)
{
	const struct slot *slot = arena_slot(thread->arena, (unsigned int)thread->slot);

	return slot->done ? slot->call[slot->done - 1].ret : -EINTR;
}

/* It is about a program for which the process must be untraced: mask and all have to be right beforehand */
static void exec_privileged(struct deputy *d, struct thread *thread)
{
	int64_t ret;

	if (privileged_exec_make(d, thread))
		return;
	ret = batch_result(thread);
	thread->passed = ~0ull; /* call_end() restores the mask */
	exec_failed(d, thread, ret);
}

/* The dispositions that differ between home and guest */
static void dispositions_add(struct thread *thread, uint64_t guest)
{
	uint64_t addr = arena_data_addr(thread->arena, (unsigned int)thread->slot);
	struct sigstate home;

	if (tracee_sigstate(thread->tid, &home))
		return; /* killed */
	for (int signo = 1; signo <= 64; signo++) {
		uint64_t bit = 1ull << (signo - 1);

		if (((guest ^ home.ignored) & bit) && signo != SIGKILL && signo != SIGSTOP)
			executor_add(thread->arena, (unsigned int)thread->slot, SYS_rt_sigaction, (uint64_t)signo,
				     addr + (guest & bit ? DATA_IGNORE : DATA_DEFAULT), 0, 8, 0, 0);
	}
}

/* Post the call behind what has to be right before it */
static void exec_post(struct deputy *d, struct thread *thread)
{
	uint64_t blocked = thread->task->exec_mask;
	unsigned int slot = (unsigned int)thread->slot;
	uint8_t *data = arena_data(thread->arena, slot);
	const uint64_t *a = thread->call.home_arg;
	bool privileged = privileged_exec(thread);

	memset(data, 0, DATA_ARGS);
	memcpy(data + DATA_MASK, &blocked, sizeof(blocked));
	*(uint64_t *)(data + DATA_DEFAULT) = (uint64_t)(uintptr_t)SIG_DFL;
	*(uint64_t *)(data + DATA_IGNORE) = (uint64_t)(uintptr_t)SIG_IGN;
	executor_begin(thread->arena, slot, SLOT_STOP_ON_ERROR);
	dispositions_add(thread, thread->task->exec_ignored);
	if (privileged)
		executor_add(thread->arena, slot, SYS_rt_sigprocmask, SIG_SETMASK,
			     arena_data_addr(thread->arena, slot) + DATA_MASK, 0, 8, 0, 0);
	executor_add(thread->arena, slot, (long)thread->call.nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (privileged)
		exec_privileged(d, thread);
	else
		call_post(d, thread, exec_failed);
}

/* There is memory for many arguments, or there is none */
static void exec_mapped(struct deputy *d, struct thread *thread, int64_t ret)
{
	int err;

	if (ret < 0 && ret > -4096) {
		exec_answer(d, thread, ret == -EEXIST ? -ENOMEM : ret);
		return;
	}
	err = arguments_place(thread);
	if (err == -EPROTO)
		lost_end(d, "the worker sent arguments that do not match the table");
	else if (err)
		exec_failed(d, thread, err);
	else
		exec_post(d, thread);
}

/* Note the guest's pending signals: the new program will have them */
static int pending_note(const struct thread *thread, const uint8_t *info, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++) {
		siginfo_t pending;

		memcpy(&pending, info + i * sizeof(pending), sizeof(pending));
		if (pending.si_signo < 1 || pending.si_signo > 64)
			return -EPROTO;
		if (sent_add(thread, &pending, SENT_PENDING))
			return -ENOMEM;
	}
	return 0;
}

int exec_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	struct task *task = thread->task;
	uint64_t front[FRONT_WORDS];
	size_t front_len;
	int err;

	if (tail_len < sizeof(front))
		return -EPROTO;
	memcpy(front, tail, sizeof(front));
	if (front[FRONT_PENDING] > (tail_len - sizeof(front)) / sizeof(siginfo_t))
		return -EPROTO;
	front_len = sizeof(front) + front[FRONT_PENDING] * sizeof(siginfo_t);
	if (task->execing) {
		call_answer(d, thread, -ERESTARTNOINTR, NULL,
			    0); /* one at a time: it dies of the other's, or tries again */
		return 0;
	}
	err = thread->arguments ? 0 : call_place(thread, tail + front_len, tail_len - front_len, DATA_ARGS);
	if (!err)
		err = pending_note(thread, tail + sizeof(front), front[FRONT_PENDING]);
	if (err) {
		sent_return(d, task);
		return err;
	}
	task->execing = thread;
	task->exec_mask = front[FRONT_BLOCKED];
	task->exec_ignored = front[FRONT_IGNORED];
	thread->call.whole = true;
	if (thread->arguments)
		arguments_map(d, thread, exec_mapped);
	else
		exec_post(d, thread);
	return 0;
}
