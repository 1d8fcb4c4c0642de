/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's execve: see remote/execve.h. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "remote/calls.h"
#include "remote/execve.h"
#include "remote/session.h"
#include "remote/shm.h"
#include "remote/sigqueue.h"
#include "remote/usage.h"
#include "tracee.h"

/* Pending signals that a new program gets; who has more of them loses those */
#define EXEC_PENDING_MAX 256

/* Bytes in one message */
#define PIECE_MAX (1u << 20)

/**
 * struct execve_front - What goes along with an execve, before its arguments
 * @blocked:	Signal mask
 * @ignored:	Ignored signals
 * @pending_nr:	Number of pending signals
 * @pending:	The pending signals
 */
struct execve_front {
	uint64_t blocked;
	uint64_t ignored;
	uint64_t pending_nr;
	siginfo_t pending[EXEC_PENDING_MAX];
};

/**
 * arguments_send() - Send what does not fit into a CALL
 */
static void arguments_send(struct thread *thread, const uint8_t *tail, size_t len)
{
	const struct wire_arguments msg = { thread->tid };

	for (size_t at = 0; at < len; at += PIECE_MAX) {
		struct iovec piece = { (void *)(tail + at), len - at < PIECE_MAX ? len - at : PIECE_MAX };

		channel_send(thread->guest->session->channel, WIRE_ARGUMENTS, &msg, &piece, 1);
	}
}

/**
 * large_forward() - Gather the arguments with as much room as any can need, and send them
 */
static void large_forward(struct thread *thread, const void *front, size_t front_len)
{
	uint8_t *tail = malloc(SYSPLAN_ARGUMENTS_MAX);
	struct guest_mem mem = call_memory(thread);
	struct call *call = &thread->call;
	ssize_t len = -ENOMEM;

	if (tail)
		len = sysplan_gather(&call->plan, call->nr, call->arg, &mem, tail, SYSPLAN_ARGUMENTS_MAX);
	if (len < 0) {
		call_return(thread, len);
	} else {
		call->planned = true;
		arguments_send(thread, tail, (size_t)len);
		call_send(thread, call->nr, call->plan.arg, 0, front, front_len);
	}
	free(tail);
}

/**
 * execve_begin() - A new program begins at home, with the signal mask, the ignored and the pending signals of the old one
 */
void execve_begin(struct thread *thread)
{
	struct execve_front front;
	struct sigstate state;
	size_t front_len;
	int err;

	usage_tell(thread->guest);
	if (tracee_sigstate(thread->outer, &state)) {
		call_return(thread, -ESRCH);
		return;
	}
	front.blocked = state.blocked;
	front.ignored = state.ignored;
	front.pending_nr = sigqueue_pending(thread, &state, front.pending, EXEC_PENDING_MAX);
	shm_leave(thread->guest);
	front_len = offsetof(struct execve_front, pending) + front.pending_nr * sizeof(*front.pending);
	err = call_forward_with(thread, &front, front_len);
	if (err == -E2BIG)
		large_forward(thread, &front, front_len);
	else if (err)
		call_return(thread, err);
}

/**
 * execve_result() - There is an answer: it has failed
 */
void execve_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	shm_stay(thread->guest);
	if (ret == -ENOENT || ret == -ENOTDIR)
		memcpy(thread->tried, thread->call.arg + 1, sizeof(thread->tried));
	call_complete(thread, ret, 0, tail, tail_len);
}
