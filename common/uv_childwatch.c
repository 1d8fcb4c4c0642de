/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGCHLD as an event of the loop: see include/childwatch.h. */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "childwatch.h"

/**
 * on_readable() - There was a SIGCHLD, for whichever child
 */
static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct childwatch *watch = poll->data;
	struct signalfd_siginfo info;

	(void)status;
	(void)events;
	/* That it came is all: more of them may have been merged into it */
	if (read(watch->fd, &info, sizeof(info)) > 0)
		watch->changed(watch->ctx);
}

int childwatch_open(struct childwatch *watch, uv_loop_t *loop, void (*changed)(void *ctx), void *ctx)
{
	sigset_t set;
	int err;

	watch->changed = changed;
	watch->ctx = ctx;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	watch->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (watch->fd < 0)
		return -errno;
	err = uv_poll_init(loop, &watch->poll, watch->fd);
	if (err) {
		close(watch->fd);
		return err;
	}
	watch->poll.data = watch;
	return uv_poll_start(&watch->poll, UV_READABLE, on_readable);
}

/**
 * on_closed() - The loop has let go of the handle
 */
static void on_closed(uv_handle_t *handle)
{
	struct childwatch *watch = handle->data;

	close(watch->fd);
}

void childwatch_close(struct childwatch *watch)
{
	uv_close((uv_handle_t *)&watch->poll, on_closed);
}
