// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: Theory of operation
 *
 * A channel's surroundings made of libuv: the loop says when the socket is ready (uv_poll_t) and when time is up
 * (uv_timer_t); reading and writing are plain recv() and sendmsg(). uv_tcp_t would do the reading itself, at a time and
 * into a buffer that it is asked for; here channel_poll() must be able to read as well, without a turn of the loop, and a
 * small message must cost one recv() and one sendmsg(), no more.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "channel_io.h"

/**
 * struct uv_channel - A channel over libuv
 * @ch:		The channel; first, so that the one's address is the other's
 * @poll:	Readiness of the socket
 * @timer:	For channel_tick()
 * @waker:	For channel_kick()
 * @fd:		Socket
 * @handles:	Handles that libuv has not let go of
 * @freed:	The channel is gone, only those are waited for
 */
struct uv_channel {
	struct channel ch;
	uv_poll_t poll;
	uv_timer_t timer;
	uv_timer_t waker;
	int fd;
	int handles;
	bool freed;
};

/**
 * of() - The uv_channel around a channel
 * @ch:		Channel
 */
static struct uv_channel *of(const struct channel *ch)
{
	return (struct uv_channel *)ch;
}

/**
 * alive() - Does the channel still want events? Each of them may have ended it
 * @uc:		Channel, perhaps freed but for its handles
 */
static bool alive(const struct uv_channel *uc)
{
	return !uv_is_closing((const uv_handle_t *)&uc->poll);
}

static void on_poll(uv_poll_t *poll, int status, int events);

/**
 * on_socket_error() - The socket has an error; libuv has stopped watching it
 * @uc:		Channel
 *
 * What has come before the error is read first; then recv() tells what the error was.
 */
static void on_socket_error(struct uv_channel *uc)
{
	uint64_t before = uc->ch.stats.rx_bytes;

	channel_readable(&uc->ch);
	if (!alive(uc))
		return;
	if (uc->ch.stats.rx_bytes == before)
		channel_fail(&uc->ch, -EIO, "the socket has an error that it does not tell");
	else
		uv_poll_start(&uc->poll, UV_READABLE, on_poll);
}

/**
 * on_poll() - The socket is ready
 * @poll:	Handle
 * @status:	Negative when the socket has an error
 * @events:	UV_READABLE, UV_WRITABLE
 */
static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct uv_channel *uc = poll->data;

	if (status < 0) {
		on_socket_error(uc);
		return;
	}
	if (events & UV_READABLE)
		channel_readable(&uc->ch);
	if ((events & UV_WRITABLE) && alive(uc))
		channel_writable(&uc->ch);
}

/**
 * on_timer() - Time is up
 * @timer:	Handle
 */
static void on_timer(uv_timer_t *timer)
{
	struct uv_channel *uc = timer->data;

	channel_tick(&uc->ch);
}

/**
 * on_waker() - The turn of the loop that io->wake() has asked for
 * @waker:	Handle
 */
static void on_waker(uv_timer_t *waker)
{
	struct uv_channel *uc = waker->data;

	channel_kick(&uc->ch);
}

/**
 * on_closed() - libuv has let go of a handle
 * @handle:	Handle
 */
static void on_closed(uv_handle_t *handle)
{
	struct uv_channel *uc = handle->data;

	if (--uc->handles == 0 && uc->freed)
		free(uc);
}

/**
 * io_read() - struct channel_io
 * @ch:		Channel
 * @buf:	Destination
 * @cap:	Its size
 */
static ssize_t io_read(struct channel *ch, void *buf, size_t cap)
{
	ssize_t n = recv(of(ch)->fd, buf, cap, 0);

	return n < 0 ? -errno : n;
}

/**
 * io_write() - struct channel_io
 * @ch:		Channel
 * @iov:	Pieces
 * @nr:		Their number
 */
static ssize_t io_write(struct channel *ch, const struct iovec *iov, int nr)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = nr };
	ssize_t n = sendmsg(of(ch)->fd, &msg, MSG_NOSIGNAL);

	return n < 0 ? -errno : n;
}

/**
 * io_shutdown() - struct channel_io
 * @ch:		Channel
 */
static void io_shutdown(struct channel *ch)
{
	/* Fails only where the connection is gone, which reading will show */
	shutdown(of(ch)->fd, SHUT_WR);
}

/**
 * io_want_write() - struct channel_io
 * @ch:		Channel
 * @on:		Wanted
 */
static void io_want_write(struct channel *ch, bool on)
{
	uv_poll_start(&of(ch)->poll, on ? UV_READABLE | UV_WRITABLE : UV_READABLE, on_poll);
}

/**
 * io_wake() - struct channel_io
 * @ch:		Channel
 */
static void io_wake(struct channel *ch)
{
	uv_timer_start(&of(ch)->waker, on_waker, 0, 0);
}

/**
 * io_timer() - struct channel_io
 * @ch:		Channel
 * @ms:		When
 */
static void io_timer(struct channel *ch, unsigned int ms)
{
	if (ms == 0)
		uv_timer_stop(&of(ch)->timer);
	else
		uv_timer_start(&of(ch)->timer, on_timer, ms, 0);
}

/**
 * io_now_us() - struct channel_io
 * @ch:		Channel
 */
static uint64_t io_now_us(struct channel *ch)
{
	(void)ch;
	return uv_hrtime() / 1000;
}

/**
 * io_fd() - struct channel_io
 * @ch:		Channel
 */
static int io_fd(const struct channel *ch)
{
	return of(ch)->fd;
}

/**
 * io_detach() - struct channel_io
 * @ch:		Channel
 */
static int io_detach(struct channel *ch)
{
	struct uv_channel *uc = of(ch);

	uv_close((uv_handle_t *)&uc->poll, on_closed);
	uv_close((uv_handle_t *)&uc->timer, on_closed);
	uv_close((uv_handle_t *)&uc->waker, on_closed);
	return uc->fd;
}

/**
 * io_stop() - struct channel_io
 * @ch:		Channel
 */
static void io_stop(struct channel *ch)
{
	/* In this order: libuv must not watch a descriptor that is closed */
	close(io_detach(ch));
}

/**
 * io_free() - struct channel_io
 * @ch:		Channel
 */
static void io_free(struct channel *ch)
{
	struct uv_channel *uc = of(ch);

	channel_fini(ch);
	uc->freed = true;
	if (uc->handles == 0)
		free(uc);
}

static const struct channel_io uv_io = {
	.read = io_read,
	.write = io_write,
	.shutdown = io_shutdown,
	.want_write = io_want_write,
	.wake = io_wake,
	.timer = io_timer,
	.now_us = io_now_us,
	.fd = io_fd,
	.detach = io_detach,
	.stop = io_stop,
	.free = io_free,
};

/**
 * channel_open() - Start a channel on a socket
 * @loop:	Event loop
 * @fd:		Connected stream socket; the channel's from now on
 * @keys:	Keys and counters
 * @self:	Our side
 * @ops:	Owner's callbacks
 * @ctx:	Their argument
 */
struct channel *channel_open(uv_loop_t *loop, int fd, const struct session_keys *keys, enum wire_sender self,
			     const struct channel_ops *ops, void *ctx)
{
	struct uv_channel *uc = calloc(1, sizeof(*uc));
	int err, one = 1;

	if (!uc) {
		err = -ENOMEM;
		goto close_fd;
	}
	uc->fd = fd;
	uc->poll.data = uc->timer.data = uc->waker.data = uc;
	/* Other stream sockets than TCP have no such delay */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	err = uv_poll_init(loop, &uc->poll, fd);
	if (err)
		goto free_channel;
	uv_timer_init(loop, &uc->timer);
	uv_timer_init(loop, &uc->waker);
	uc->handles = 3;
	err = channel_init(&uc->ch, &uv_io, keys, self, ops, ctx);
	if (err)
		goto close_handles;
	uv_poll_start(&uc->poll, UV_READABLE, on_poll);
	return &uc->ch;

close_handles:
	uc->freed = true;
	io_stop(&uc->ch);
	errno = -err;
	return NULL;
free_channel:
	free(uc);
close_fd:
	close(fd);
	errno = -err;
	return NULL;
}
