/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The remote waits for two things at once: the body's stop at the end of the batch (SIGCHLD, waitpid) and
 * notifications of calls that the filter traps (the listener). SIGCHLD is blocked and read from a signalfd, so poll(2)
 * sees either, without a race. It may have been for others, too: it is raised again at the end, for the event loop.
 *
 * Everything else waits meanwhile. A batch takes some 100 microseconds; nothing that the other side says makes it
 * longer.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

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
	struct pollfd ready[2] = { { .fd = batch->body->listener, .events = POLLIN }, { .events = POLLIN } };
	pid_t pid = batch->body->pid, got;
	struct signalfd_siginfo info;
	sigset_t child, before;
	int status, err = 0;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	ready[1].fd = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
	if (ready[1].fd < 0)
		err = -errno;
	while (!err) {
		got = waitpid(pid, &status, WNOHANG | __WALL);
		if (got < 0 || (got && !WIFSTOPPED(status)))
			err = -ESRCH;
		else if (got && status >> 8 == SIGTRAP)
			break;
		else if (got)
			err = ptrace(PTRACE_CONT, pid, 0, 0) < 0 ? -errno : 0;
		else if (poll(ready, 2, -1) > 0 && (ready[0].revents & POLLIN))
			err = call_admit(batch);
		while (read(ready[1].fd, &info, sizeof(info)) > 0)
			;
	}
	close(ready[1].fd);
	kill(getpid(), SIGCHLD);
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
