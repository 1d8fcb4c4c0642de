// SPDX-License-Identifier: GPL-2.0-or-later
/* The listening sockets; see cluster/listener.h for the theory of operation. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cluster/listener.h"
#include "log.h"

/* Connections accepted in one turn of the loop */
#define ACCEPTS_PER_TURN 128
/* The kernel cuts it to net.core.somaxconn */
#define BACKLOG 4096
/* How long the listener rests when the system is out of memory */
#define REST_MS 100

/**
 * hold_reserve() - Take the descriptor in reserve, if it is not there
 * @listener:	The listener
 */
static void hold_reserve(struct listener *listener)
{
	if (listener->reserve_fd < 0)
		listener->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/**
 * turn_away() - Accept and close one connection with the descriptor in reserve
 * @listener:	The listener
 * @fd:		The socket
 *
 * Return: whether that worked.
 */
static bool turn_away(struct listener *listener, int fd)
{
	int newcomer;

	if (listener->reserve_fd < 0)
		return false;
	close(listener->reserve_fd);
	listener->reserve_fd = -1;
	newcomer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (newcomer >= 0)
		close(newcomer);
	hold_reserve(listener);
	return newcomer >= 0;
}

static void on_readable(uv_poll_t *poll, int status, int events);

/**
 * listen_on() - Start or go on watching all sockets
 * @listener:	The listener
 */
static void listen_on(struct listener *listener)
{
	for (int i = 0; i < listener->sockets; i++)
		uv_poll_start(&listener->socket[i].poll, UV_READABLE, on_readable);
}

/**
 * on_rested() - The rest is over
 * @timer:	The listener's timer
 */
static void on_rested(uv_timer_t *timer)
{
	listen_on(timer->data);
}

/**
 * take_rest() - Stop watching for a moment
 * @listener:	The listener
 * @error:	Why, positive errno
 */
static void take_rest(struct listener *listener, int error)
{
	log_warn("accept: %s; resting for %d ms", strerror(error), REST_MS);
	for (int i = 0; i < listener->sockets; i++)
		uv_poll_stop(&listener->socket[i].poll);
	uv_timer_start(&listener->rest, on_rested, REST_MS, 0);
}

/**
 * accept_failed() - See to an error of accept(2)
 * @listener:	The listener
 * @fd:		The socket
 * @error:	The error, positive errno
 *
 * Return: whether it makes sense to go on accepting.
 */
static bool accept_failed(struct listener *listener, int fd, int error)
{
	switch (error) {
	case EAGAIN:
		return false;
	case EMFILE:
	case ENFILE:
		hold_reserve(listener);
		if (listener->ops->spare(listener->ctx) || turn_away(listener, fd))
			return true;
		take_rest(listener, error);
		return false;
	case ENOBUFS:
	case ENOMEM:
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
		take_rest(listener, error);
		return false;
	default:
		/* The connection went while it was in the queue; accept(2) names a dozen ways */
		return true;
	}
}

/**
 * on_readable() - Connections wait
 * @poll:	The socket's handle
 * @status:	0 or an error of the poll, which shows at accept too
 * @events:	UV_READABLE
 */
static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct listener_socket *sock = poll->data;
	struct listener *listener = sock->listener;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int fd = accept4(sock->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0)
			listener->ops->accepted(listener->ctx, fd);
		else if (!accept_failed(listener, sock->fd, errno))
			return;
	}
}

/**
 * open_socket() - Make a listening socket
 * @at:		Its address
 *
 * Return: a descriptor or negative errno.
 */
static int open_socket(const struct node_sockaddr *at)
{
	int fd, ret, one = 1, zero = 0;

	fd = socket(at->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (at->addr.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, (const struct sockaddr *)&at->addr, at->len) < 0 || listen(fd, BACKLOG) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

/**
 * every_address() - The address of all addresses
 * @port:	The port
 * @out:	IPv6 with IPv4 inside; then IPv4 alone, for a kernel without IPv6
 *
 * Return: their number. The second is for when the first cannot be had.
 */
static int every_address(uint16_t port, struct node_sockaddr out[static 2])
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out[0].addr;
	struct sockaddr_in *in = (struct sockaddr_in *)&out[1].addr;

	*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any };
	out[0].len = sizeof(*in6);
	*in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	out[1].len = sizeof(*in);
	return 2;
}

/**
 * open_sockets() - Open a socket per address
 * @listener:	The listener
 * @at:		The addresses
 * @nr:		Their number
 * @first_only:	One of them is enough
 *
 * A host name may stand for addresses that this machine has not got (IPv6 switched off), so these do not count as long
 * as there is one that works.
 *
 * Return: 0 or negative errno.
 */
static int open_sockets(struct listener *listener, const struct node_sockaddr *at, int nr, bool first_only)
{
	int missing = 0;

	for (int i = 0; i < nr; i++) {
		int fd = open_socket(&at[i]);

		if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) {
			missing = fd;
			continue;
		}
		if (fd < 0)
			return fd;
		listener->socket[listener->sockets++].fd = fd;
		if (first_only)
			break;
	}
	return listener->sockets > 0 ? 0 : missing;
}

/**
 * close_sockets() - Close what open_sockets() opened
 * @listener:	The listener
 */
static void close_sockets(struct listener *listener)
{
	for (int i = 0; i < listener->sockets; i++)
		close(listener->socket[i].fd);
	listener->sockets = 0;
}

int listener_open(struct listener *listener, uv_loop_t *loop, const struct node_addr *addr,
		  const struct listener_ops *ops, void *ctx, char *why, size_t why_len)
{
	struct node_sockaddr at[NODE_SOCKADDR_MAX] = { 0 };
	bool every = addr->host[0] == '\0';
	int nr, ret;

	*listener = (struct listener){ .reserve_fd = -1, .ops = ops, .ctx = ctx };
	nr = every ? every_address(addr->port, at) : node_resolve(addr, at, why, why_len);
	if (nr < 0)
		return nr;
	ret = open_sockets(listener, at, nr, every);
	if (ret < 0) {
		snprintf(why, why_len, "%s",
			 ret == -EADDRINUSE ? "in use, another omd may be running" : strerror(-ret));
		close_sockets(listener);
		return ret;
	}
	hold_reserve(listener);
	uv_timer_init(loop, &listener->rest);
	listener->rest.data = listener;
	for (int i = 0; i < listener->sockets; i++) {
		struct listener_socket *sock = &listener->socket[i];

		sock->listener = listener;
		sock->poll.data = sock;
		uv_poll_init(loop, &sock->poll, sock->fd);
	}
	listen_on(listener);
	return 0;
}

void listener_address(const struct listener *listener, char out[static NODE_TEXT_MAX])
{
	union listener_addr at = { 0 };
	struct node_addr addr = { .host = "127.0.0.1" };
	socklen_t len = sizeof(at);
	bool every;

	getsockname(listener->socket[0].fd, &at.common, &len);
	addr.port = ntohs(at.in.sin_port);
	every = at.common.sa_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&at.in6.sin6_addr)
						: at.in.sin_addr.s_addr == INADDR_ANY;
	if (!every)
		getnameinfo(&at.common, len, addr.host, sizeof(addr.host), NULL, 0, NI_NUMERICHOST);
	node_format(&addr, out);
}

void listener_close(struct listener *listener)
{
	uv_close((uv_handle_t *)&listener->rest, NULL);
	for (int i = 0; i < listener->sockets; i++)
		uv_close((uv_handle_t *)&listener->socket[i].poll, NULL);
	close_sockets(listener);
	if (listener->reserve_fd >= 0)
		close(listener->reserve_fd);
	listener->reserve_fd = -1;
}
