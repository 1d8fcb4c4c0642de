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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "executor.h"
#include "remote/batch.h"
#include "remote/filter.h"
#include "remote/notify.h"

void batch_init(struct batch *batch, struct guest_body *body)
{
	*batch = (struct batch){ .body = body, .carrier = -1 };
}

uint8_t *batch_data(const struct batch *batch)
{
	return arena_data(&batch->body->arena, 0);
}

uint64_t batch_data_addr(const struct batch *batch)
{
	return arena_data_addr(&batch->body->arena, 0);
}

void batch_begin(struct batch *batch)
{
	if (!batch->nr)
		executor_begin(&batch->body->arena, 0, SLOT_ONE_SHOT | SLOT_STOP_ON_ERROR);
}

void batch_add(struct batch *batch, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
	       uint64_t a5)
{
	if (batch->nr == SLOT_CALLS_MAX)
		batch_run(batch);
	batch_begin(batch);
	executor_add(&batch->body->arena, 0, nr, a0, a1, a2, a3, a4, a5);
	batch->nr++;
}

uint64_t batch_fd(struct batch *batch, int fd)
{
	for (unsigned int i = 0; i < batch->fd_nr; i++) {
		if (batch->fd[i] == fd)
			return FILTER_OWN_FD | i;
	}
	if (batch->fd_nr == BATCH_FDS)
		batch_fds_close(batch);
	if (batch->carrier < 0) {
		/* It is trapped, and answered when the body has got all that this batch needs */
		batch_add(batch, SYS_close, UINT32_MAX, 0, 0, 0, 0, 0);
		batch->carrier = (int)batch->nr - 1;
	}
	batch->fd[batch->fd_nr] = fd;
	return FILTER_OWN_FD | batch->fd_nr++;
}

void batch_fds_close(struct batch *batch)
{
	for (unsigned int i = 0; i < batch->fd_nr; i++)
		batch_add(batch, SYS_close, FILTER_OWN_FD | i, 0, 0, 0, 0, 0);
	batch_run(batch);
	batch->fd_nr = batch->given = 0;
}

void batch_take(struct batch *batch, int nr)
{
	batch->nr += (unsigned int)nr;
}

/**
 * fds_give() - The carrier has been trapped: put the descriptors into the body's table
 */
static int fds_give(struct batch *batch, uint64_t id)
{
	int listener = batch->body->listener, err = 0;

	for (; batch->given < batch->fd_nr && !err; batch->given++)
		err = notify_addfd(listener, id, batch->fd[batch->given], (int)batch->given);
	return err ? err : notify_answer(listener, id, 0);
}

/**
 * call_admit() - Let the trapped call through that the parasite has come to
 */
static int call_admit(struct batch *batch)
{
	const struct slot *slot = arena_slot(&batch->body->arena, 0);
	int listener = batch->body->listener, err;
	struct seccomp_notif notif;

	err = notify_receive(listener, &notif);
	if (err)
		return err == -ENOENT || err == -EINTR ? 0 : err;
	return (int)slot->done == batch->carrier ? fds_give(batch, notif.id) : notify_continue(listener, notif.id);
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
	bool some = batch->nr;
	int64_t ret;

	batch->nr = 0;
	if (!some || batch->err)
		return batch->err;
	executor_post(&batch->body->arena, 0);
	if (ptrace(PTRACE_CONT, batch->body->pid, 0, 0) < 0)
		batch->err = -errno;
	else
		batch->err = end_await(batch);
	batch->carrier = -1;
	if (batch->err)
		return batch->err;
	ret = slot->done ? slot->call[slot->done - 1].ret : -EPROTO;
	if (ret < 0 && ret > -4096)
		batch->err = (int)ret;
	return batch->err;
}
