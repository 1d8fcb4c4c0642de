/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGCHLD as an event of the loop: see include/childwatch.h. */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "childwatch.h"
#include "tracee.h"

/* A look at all children that is cheaper is never put off */
#define LOOK_CHEAP_NS 10000u
/* And another one only after so many times what it costs */
#define LOOK_REST 32u

/**
 * on_readable() - There was a SIGCHLD, for whichever child
 */
static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct childwatch *watch = poll->data;
	struct signalfd_siginfo info;

	(void)status;
	(void)events;
	if (read(watch->fd, &info, sizeof(info)) <= 0)
		return;
	/* One that was sent, as tracee_wait() does, says that all are to be looked at */
	watch->hint = info.ssi_code > 0 ? (pid_t)info.ssi_pid : 0;
	watch->changed(watch->ctx);
}

/**
 * on_timer() - It is time to look at all of them
 */
static void on_timer(uv_timer_t *timer)
{
	struct childwatch *watch = timer->data;

	watch->hint = 0;
	watch->changed(watch->ctx);
}

/**
 * look_rest() - For how many nanoseconds a look at all children is put off, if it is
 */
static uint64_t look_rest(const struct childwatch *watch)
{
	uint64_t rest = LOOK_REST * watch->look_ns, since = uv_hrtime() - watch->looked_ns;

	return watch->look_ns <= LOOK_CHEAP_NS || since >= rest ? 0 : rest - since;
}

pid_t childwatch_wait(struct childwatch *watch, int *status, struct rusage *used)
{
	uint64_t began, rest;
	pid_t pid = tracee_ended(status, used);

	if (pid > 0)
		return pid;
	if (watch->hint) {
		pid = wait4(watch->hint, status, __WALL | WNOHANG, used);
		if (pid > 0)
			return pid;
		watch->hint = 0;
		rest = look_rest(watch);
		if (rest) {
			if (!uv_is_active((uv_handle_t *)&watch->timer))
				uv_timer_start(&watch->timer, on_timer, rest / 1000000u + 1, 0);
			return 0;
		}
	}
	began = uv_hrtime();
	pid = wait4(-1, status, __WALL | WNOHANG, used);
	if (pid > 0)
		return pid;
	watch->looked_ns = uv_hrtime();
	watch->look_ns = watch->looked_ns - began;
	uv_timer_stop(&watch->timer);
	return 0;
}

int childwatch_open(struct childwatch *watch, uv_loop_t *loop, void (*changed)(void *ctx), void *ctx)
{
	sigset_t set;
	int err;

	*watch = (struct childwatch){ .changed = changed, .ctx = ctx };
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
	uv_timer_init(loop, &watch->timer);
	watch->poll.data = watch->timer.data = watch;
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
	uv_close((uv_handle_t *)&watch->timer, NULL);
	uv_close((uv_handle_t *)&watch->poll, on_closed);
}
