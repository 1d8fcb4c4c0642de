/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A seccomp listener in the event loop: see remote/listener.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "remote/calls.h"
#include "remote/listener.h"
#include "remote/session.h"

/**
 * struct listener - A listener
 * @poll:	Its handle in the event loop
 * @session:	Session
 * @fd:		Descriptor
 * @users:	Guests whose calls come from it
 */
struct listener {
	uv_poll_t poll;
	struct session *session;
	int fd;
	unsigned int users;
};

/**
 * on_event() - A call waits, or nobody is left who could make one
 *
 * The latter would make receiving block: no guest, no call. Their deaths are seen by waitpid.
 */
static void on_event(uv_poll_t *poll, int status, int events)
{
	struct listener *listener = poll->data;

	if (status < 0 || (events & UV_DISCONNECT)) {
		uv_poll_stop(poll);
	} else {
		listener->session->hot = listener;
		call_serve(listener->session, listener->fd);
	}
}

/**
 * on_closed() - The event loop has let go of the handle
 */
static void on_closed(uv_handle_t *handle)
{
	struct listener *listener = handle->data;

	close(listener->fd);
	free(listener);
}

struct listener *listener_new(struct session *session, int fd)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener)
		return NULL;
	listener->session = session;
	listener->users = 1;
	listener->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (listener->fd < 0 || uv_poll_init(&session->loop, &listener->poll, listener->fd) < 0)
		goto free_listener;
	listener->poll.data = listener;
	uv_poll_start(&listener->poll, UV_READABLE | UV_DISCONNECT, on_event);
	session->unwatched = true;
	return listener;
free_listener:
	if (listener->fd >= 0)
		close(listener->fd);
	free(listener);
	return NULL;
}

struct listener *listener_get(struct listener *listener)
{
	listener->users++;
	return listener;
}

void listener_put(struct listener *listener)
{
	if (!listener || --listener->users)
		return;
	if (listener->session->hot == listener)
		listener->session->hot = NULL;
	uv_close((uv_handle_t *)&listener->poll, on_closed);
}

int listener_fd(const struct listener *listener)
{
	return listener->fd;
}
