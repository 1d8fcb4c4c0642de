/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The remote waits for two things at once: the body's stop at the end of the batch (SIGCHLD, waitpid) and
 * notifications of calls that the filter traps (the listener). ppoll(2) with SIGCHLD unblocked only inside it sees
 * either, without a race. libuv's handler for SIGCHLD is installed by then, which is all that is needed to make ppoll
 * return.
 *
 * Everything else waits meanwhile. A batch takes some 100 microseconds; nothing that the other side says makes it
 * longer.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "executor.h"
#include "remote/batch.h"
#include "remote/notify.h"

void batch_init(struct batch *batch, struct guest_body *body)
{
	batch->body = body;
	batch->err = 0;
	batch->nr = 0;
}

uint8_t *batch_data(const struct batch *batch)
{
	return arena_data(&batch->body->arena, 0);
}

uint64_t batch_data_addr(const struct batch *batch)
{
	return arena_data_addr(&batch->body->arena, 0);
}

void batch_add(struct batch *batch, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
	       uint64_t a5)
{
	if (batch->nr == SLOT_CALLS_MAX)
		batch_run(batch);
	if (!batch->nr)
		executor_begin(&batch->body->arena, 0, SLOT_ONE_SHOT | SLOT_STOP_ON_ERROR);
	executor_add(&batch->body->arena, 0, nr, a0, a1, a2, a3, a4, a5);
	batch->fd[batch->nr++] = -1;
}

void batch_add_fd(struct batch *batch, int fd)
{
	batch->fd[batch->nr - 1] = fd;
}

void batch_take(struct batch *batch, int nr)
{
	for (batch->nr = 0; (int)batch->nr < nr; batch->nr++)
		batch->fd[batch->nr] = -1;
}

/**
 * call_admit() - Let the trapped call through that the parasite has come to
 */
static int call_admit(struct batch *batch)
{
	const struct slot *slot = arena_slot(&batch->body->arena, 0);
	int listener = batch->body->listener, err, fd;
	struct seccomp_notif notif;

	err = notify_receive(listener, &notif);
	if (err)
		return err == -ENOENT || err == -EINTR ? 0 : err;
	fd = slot->done < batch->nr ? batch->fd[slot->done] : -1;
	if (fd >= 0)
		err = notify_addfd(listener, notif.id, fd, BATCH_FD);
	return err ? err : notify_continue(listener, notif.id);
}

/**
 * end_await() - Wait for the int3 behind the batch
 *
 * Whoever on this node sends signals to a body in the making is not heard.
 */
static int end_await(struct batch *batch)
{
	struct pollfd listener = { .fd = batch->body->listener, .events = POLLIN };
	pid_t pid = batch->body->pid, got;
	sigset_t child, before, waiting;
	int status, err = 0;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	waiting = before;
	sigdelset(&waiting, SIGCHLD);
	while (!err) {
		got = waitpid(pid, &status, WNOHANG | __WALL);
		if (got < 0 || (got && !WIFSTOPPED(status)))
			err = -ESRCH;
		else if (got && status >> 8 == SIGTRAP)
			break;
		else if (got)
			err = ptrace(PTRACE_CONT, pid, 0, 0) < 0 ? -errno : 0;
		else if (ppoll(&listener, 1, NULL, &waiting) > 0 && (listener.revents & POLLIN))
			err = call_admit(batch);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}

int batch_run(struct batch *batch)
{
	const struct slot *slot = arena_slot(&batch->body->arena, 0);
	unsigned int nr = batch->nr;
	int64_t ret;

	batch->nr = 0;
	if (!nr || batch->err)
		return batch->err;
	executor_post(&batch->body->arena, 0);
	if (ptrace(PTRACE_CONT, batch->body->pid, 0, 0) < 0) {
		batch->err = -errno;
		return batch->err;
	}
	batch->nr = nr;
	batch->err = end_await(batch);
	batch->nr = 0;
	if (batch->err)
		return batch->err;
	ret = slot->done ? slot->call[slot->done - 1].ret : -EPROTO;
	if (ret < 0 && ret > -4096)
		batch->err = (int)ret;
	return batch->err;
}
