/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers to wait4 and waitid that are kept until the guest is gone: see remote/waits.h. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "remote/calls.h"
#include "remote/session.h"
#include "remote/waits.h"

/**
 * struct wait_answer - An answer that is kept
 * @next:	Next one
 * @thread:	Who gets it
 * @pid:	The child that has to be gone, 0: whichever are dying
 * @ret:	What the call returns
 * @tail_len:	Length of @tail
 * @tail:	What it writes
 */
struct wait_answer {
	struct wait_answer *next;
	struct thread *thread;
	uint32_t pid;
	int64_t ret;
	size_t tail_len;
	uint8_t tail[];
};

/**
 * is_dying() - The child is on its way out, or any is when it is not known which
 */
static bool is_dying(const struct session *session, uint32_t pid)
{
	if (pid)
		return guest_dying(session, pid);
	for (const struct guest *g = session->guests.guests; g; g = g->next)
		if (g->state == GUEST_DYING)
			return true;
	return false;
}

/**
 * waited_for() - Which child the successful call is about, 0: that is in its tail only
 */
static uint32_t waited_for(const struct thread *thread, int64_t ret)
{
	if (thread->call.nr == SYS_wait4)
		return (uint32_t)ret;
	return thread->call.arg[0] == P_PID ? (uint32_t)thread->call.arg[1] : 0;
}

void waits_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	struct session *session = thread->guest->session;
	bool found = thread->call.nr == SYS_wait4 ? ret > 0 : ret == 0;
	struct wait_answer *kept = NULL;

	if (found && is_dying(session, waited_for(thread, ret)))
		kept = malloc(sizeof(*kept) + tail_len);
	if (!kept) {
		call_complete(thread, ret, 0, tail, tail_len);
		return;
	}
	*kept = (struct wait_answer){ session->waits, thread, waited_for(thread, ret), ret, tail_len };
	if (tail_len)
		memcpy(kept->tail, tail, tail_len);
	session->waits = kept;
}

void waits_gone(struct session *session)
{
	struct wait_answer **at = &session->waits, *kept;

	while ((kept = *at)) {
		if (is_dying(session, kept->pid)) {
			at = &kept->next;
			continue;
		}
		*at = kept->next;
		call_complete(kept->thread, kept->ret, 0, kept->tail, kept->tail_len);
		free(kept);
	}
}

void waits_forget(struct thread *thread)
{
	struct wait_answer **at = &thread->guest->session->waits, *kept;

	while ((kept = *at)) {
		if (kept->thread != thread) {
			at = &kept->next;
			continue;
		}
		*at = kept->next;
		free(kept);
	}
}
