/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Signals that a process must not lose when it gets a new program. A signal that came to the home process and was sent to
 * the guest is noted until the guest is known to have it (TAKEN, DEFAULT). If there is a new program before, the signal
 * is the new one's: the old guest is dropped with what was on its way to it. While an execve is being made nothing is
 * sent at all: what comes then is kept here until its outcome is known. And what the guest had pending is here for the
 * new program, too.
 *
 *	         sent, no execve                      execve failed
 *	  ──────────────────────► SENT ──► taken        SENT stays, KEPT is sent, PENDING is the guest's still
 *	  came during an execve ► KEPT                 new program
 *	  pending in the guest ─► PENDING                all of them are sent to it, or raised if it stays at home
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/home.h"
#include "deputy/outbox.h"
#include "deputy/sent.h"

/**
 * struct sent - A signal
 * @next:	Next, younger
 * @kind:	How far it is
 * @tid:	The thread that it is for, 0: the process
 * @from:	The home thread that it stopped, or that makes the execve
 * @info:	The signal
 */
struct sent {
	struct sent *next;
	enum sent_kind kind;
	pid_t tid;
	pid_t from;
	siginfo_t info;
};

/*
 * Was it sent to this thread, not to the process? A timer does not say (SIGEV_THREAD_ID), but what is for the process the
 * kernel gives to the leader.
 */
static bool is_for_thread(const struct thread *thread, const siginfo_t *info)
{
	return info->si_code == SI_TKILL || (info->si_code == SI_TIMER && thread->tid != thread->task->pid);
}

/* Send it to the guest; @from is told when it is taken, @held is the call that it interrupted */
static void signal_post(struct deputy *d, const struct task *task, const struct sent *sent, pid_t from, uint64_t held)
{
	struct wire_signal msg = {
		.pid = (uint32_t)task->pid, .tid = (uint32_t)sent->tid, .from = (uint32_t)from, .call = held
	};

	static_assert(sizeof(sent->info) == sizeof(msg.info), "the wire carries the kernel's struct");
	memcpy(msg.info, &sent->info, sizeof(msg.info));
	deputy_send(d, WIRE_SIGNAL, &msg, sizeof(msg), NULL, 0);
}

void signal_pass_on(struct deputy *d, const struct task *task, const siginfo_t *info)
{
	struct sent lone = { .info = *info };

	signal_post(d, task, &lone, 0, 0);
}

int sent_add(const struct thread *from, const siginfo_t *info, enum sent_kind kind)
{
	struct sent *sent = malloc(sizeof(*sent)), **at;

	if (!sent)
		return -ENOMEM;
	*sent = (struct sent){ NULL, kind, is_for_thread(from, info) ? from->tid : 0, from->tid, *info };
	/* By age: what the guest has got already is older than what was on its way to it */
	for (at = &from->task->sent; *at && (kind != SENT_PENDING || (*at)->kind == SENT_PENDING); at = &(*at)->next)
		;
	sent->next = *at;
	*at = sent;
	return 0;
}

void sent_send(struct deputy *d, struct thread *thread, const siginfo_t *info, uint64_t held)
{
	struct task *task = thread->task;
	bool keep = task->execing && !held;
	struct sent lone = { .tid = is_for_thread(thread, info) ? thread->tid : 0, .info = *info };

	thread->inflight |= 1ull << (info->si_signo - 1);
	home_mask_update(thread);
	if (sent_add(thread, info, keep ? SENT_KEPT : SENT_SENT) || !keep)
		signal_post(d, task, &lone, thread->tid, held);
}

struct thread *sent_taken(struct deputy *d, struct task *task, pid_t from, int signo)
{
	for (struct sent **at = &task->sent; *at; at = &(*at)->next) {
		struct sent *sent = *at;

		if (sent->kind != SENT_SENT || sent->info.si_signo != signo || (from && sent->from != from))
			continue;
		from = sent->from;
		*at = sent->next;
		free(sent);
		return thread_find(d, from);
	}
	return NULL;
}

void sent_return(struct deputy *d, struct task *task)
{
	for (struct sent **at = &task->sent; *at;) {
		struct sent *sent = *at;

		if (sent->kind == SENT_PENDING) {
			*at = sent->next;
			free(sent);
			continue;
		}
		if (sent->kind == SENT_KEPT)
			signal_post(d, task, sent, sent->from, 0);
		sent->kind = SENT_SENT;
		at = &sent->next;
	}
}

/* Raise it in a process that runs at home. Nobody may say that it comes from the kernel, or from somebody else's kill(2) */
static void signal_raise(const struct task *task, siginfo_t *info)
{
	if (info->si_code >= 0 || info->si_code == SI_TKILL)
		kill(task->pid, info->si_signo);
	else
		syscall(SYS_rt_sigqueueinfo, task->pid, info->si_signo, info);
}

void sent_hand_on(struct deputy *d, struct task *task, pid_t execing, bool away)
{
	struct sent **at = &task->sent;

	while (*at) {
		struct sent *sent = *at;
		bool lost = sent->tid && sent->tid != execing; /* it was for a thread that is gone */

		sent->kind = SENT_SENT; /* the new program may get another one before it gets this */
		sent->from = task->pid;
		if (sent->tid)
			sent->tid = task->pid; /* who made the execve is the leader now */
		if (!lost && away) {
			signal_post(d, task, sent, sent->from, 0);
			at = &sent->next;
			continue;
		}
		if (!lost)
			signal_raise(task, &sent->info);
		*at = sent->next;
		free(sent);
	}
}

void sent_clear(struct task *task)
{
	struct sent *sent;

	while ((sent = task->sent)) {
		task->sent = sent->next;
		free(sent);
	}
}
