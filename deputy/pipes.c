/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A pipe is looked into with tee(2), which makes what is in it be in a pipe of the deputy's own, too, and takes nothing
 * out: neither its readers nor its writers can tell.
 *
 * That there is something to look at is told by an epoll instance. A descriptor of a pipe's end cannot be kept for that, for
 * as long as there is one in whatever process, others take the pipe for open. But what epoll watches is the file, and it ends
 * with that: so a copy of the task's descriptor is made, entered, and closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/pipes.h"

/**
 * struct pipes - The pipes that are waited for
 * @epoll:	Watches them
 * @own:	Where their content is copied to
 * @size:	Of the largest of them that it was made to fit
 * @poll:	Says that one of them has some
 */
struct pipes {
	int epoll;
	int own[2];
	ssize_t size;
	uv_poll_t poll;
};

bool pipe_is_stream(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	return flags >= 0 && !(flags & (O_PATH | O_DIRECT)) && !fstat(fd, &st) && S_ISFIFO(st.st_mode);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	pipes_look(poll->data);
}

static void on_closed(uv_handle_t *handle)
{
	struct pipes *pipes = uv_handle_get_data(handle);

	close(pipes->epoll);
	close(pipes->own[0]);
	close(pipes->own[1]);
	free(pipes);
}

/* Begin with it; NULL when there are no descriptors */
static struct pipes *pipes_open(struct deputy *d)
{
	struct pipes *pipes = calloc(1, sizeof(*pipes));

	if (!pipes)
		return NULL;
	pipes->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (pipes->epoll < 0)
		goto free_pipes;
	if (pipe2(pipes->own, O_CLOEXEC | O_NONBLOCK) < 0)
		goto close_epoll;
	if (uv_poll_init(&d->loop, &pipes->poll, pipes->epoll))
		goto close_own;
	pipes->poll.data = d;
	uv_poll_start(&pipes->poll, UV_READABLE, on_ready);
	uv_unref((uv_handle_t *)&pipes->poll);
	return pipes;
close_own:
	close(pipes->own[0]);
	close(pipes->own[1]);
close_epoll:
	close(pipes->epoll);
free_pipes:
	free(pipes);
	return NULL;
}

void pipe_await(struct deputy *d, int fd, uint32_t index)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.u32 = index };

	if (!d->pipes)
		d->pipes = pipes_open(d);
	if (!d->pipes)
		return;
	/* If this number was that pipe's before, it has its entry still */
	if (epoll_ctl(d->pipes->epoll, EPOLL_CTL_MOD, fd, &event) && errno == ENOENT)
		epoll_ctl(d->pipes->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Make the pipe @own as large as @fd; its size is to be taken for that */
static int pipe_fit(int fd, int own)
{
	int size = fcntl(fd, F_GETPIPE_SZ);

	if (size > fcntl(own, F_GETPIPE_SZ))
		fcntl(own, F_SETPIPE_SZ, size);
	return size;
}

int pipes_fd(const struct deputy *d)
{
	return d->pipes ? d->pipes->epoll : -1;
}

size_t pipe_peek(struct deputy *d, int fd, uint8_t *data, size_t cap)
{
	const int *own = d->pipes->own;
	ssize_t there = tee(fd, own[1], cap, SPLICE_F_NONBLOCK), n, len = 0;

	/* There may be more than it takes; if it may not be as large, it goes on like this */
	if (there >= d->pipes->size && there < (ssize_t)cap)
		d->pipes->size = pipe_fit(fd, own[1]);
	while (len < there) {
		n = read(own[0], data + len, (size_t)(there - len));
		if (n <= 0)
			break;
		len += n;
	}
	return (size_t)len;
}

bool pipes_look(struct deputy *d)
{
	struct epoll_event event;

	if (!d->pipes || epoll_wait(d->pipes->epoll, &event, 1, 0) != 1)
		return false;
	stock_filled(d, event.data.u32);
	return true;
}

void pipes_close(struct deputy *d)
{
	if (!d->pipes)
		return;
	uv_handle_set_data((uv_handle_t *)&d->pipes->poll, d->pipes);
	uv_close((uv_handle_t *)&d->pipes->poll, on_closed);
	d->pipes = NULL;
}
