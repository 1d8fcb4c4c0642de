// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: Theory of operation
 *
 * The connecting side of a session before there is an event loop: addresses are tried one after the other, then the
 * handshake is made, all against one deadline. What went wrong is told by distinct errors, as it is the user who has to
 * know: nobody there, no openMosix there, one with another key, one of another version.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"

/**
 * now_ms() - Monotonic clock
 */
static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/**
 * wait_ready() - Wait for the socket
 * @fd:		Socket
 * @events:	POLLIN, POLLOUT
 * @deadline:	On now_ms()'s clock
 */
static int wait_ready(int fd, short events, int64_t deadline)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline - now_ms();
		int n;

		if (left <= 0)
			return -ETIMEDOUT;
		n = poll(&pfd, 1, left < INT32_MAX ? (int)left : INT32_MAX);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

/**
 * connect_one() - Connect to one address
 * @to:		Address
 * @deadline:	On now_ms()'s clock
 *
 * Return: a non-blocking socket, or negative errno.
 */
static int connect_one(const struct node_sockaddr *to, int64_t deadline)
{
	int fd, err, one = 1;
	socklen_t len = sizeof(err);

	fd = socket(to->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)&to->addr, to->len) == 0)
		return fd;
	err = -errno;
	if (err == -EINPROGRESS) {
		err = wait_ready(fd, POLLOUT, deadline);
		if (!err && getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
			err = errno;
		err = err > 0 ? -err : err;
	}
	if (!err)
		return fd;
	close(fd);
	return err;
}

/**
 * connect_any() - Connect to the first address of a node that answers
 * @addr:	The node
 * @deadline:	On now_ms()'s clock
 * @why:	Reason of a failure
 * @why_len:	Size of @why
 *
 * Return: a socket, or negative errno.
 */
static int connect_any(const struct node_addr *addr, int64_t deadline, char *why, size_t why_len)
{
	struct node_sockaddr to[NODE_SOCKADDR_MAX];
	int nr, fd = -ENXIO;

	nr = node_resolve(addr, to, why, why_len);
	if (nr < 0)
		return nr;
	/* An address that does not answer must not use up the time of the others */
	for (int i = 0; i < nr; i++) {
		int64_t now = now_ms();

		fd = connect_one(&to[i], now + (deadline - now) / (nr - i));
		if (fd >= 0)
			return fd;
	}
	snprintf(why, why_len, "%s port %u: %s", addr->host, addr->port, strerror(-fd));
	return fd;
}

/**
 * send_output() - Send what the handshake has to say
 * @fd:		Socket
 * @hs:		Handshake
 * @deadline:	On now_ms()'s clock
 */
static int send_output(int fd, struct handshake *hs, int64_t deadline)
{
	for (;;) {
		size_t len;
		const uint8_t *out = handshake_output(hs, &len);
		ssize_t n;
		int err;

		if (len == 0)
			return 0;
		n = send(fd, out, len, MSG_NOSIGNAL);
		if (n >= 0) {
			handshake_sent(hs, n);
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		err = wait_ready(fd, POLLOUT, deadline);
		if (err)
			return err;
	}
}

/**
 * receive_input() - Receive, and feed the handshake
 * @fd:		Socket
 * @hs:		Handshake
 * @deadline:	On now_ms()'s clock
 *
 * Return: as handshake_feed(), or the socket's error.
 */
static int receive_input(int fd, struct handshake *hs, int64_t deadline)
{
	uint8_t in[HANDSHAKE_BUF_MAX];
	ssize_t n;
	int err;

	err = wait_ready(fd, POLLIN, deadline);
	if (err)
		return err;
	n = recv(fd, in, handshake_want(hs), 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return handshake_eof(hs);
	return handshake_feed(hs, in, n);
}

/**
 * shake_hands() - Make the handshake
 * @fd:		Socket
 * @hs:		Handshake
 * @deadline:	On now_ms()'s clock
 *
 * What the node said before it closed counts more than that sending to it failed, so reading decides.
 */
static int shake_hands(int fd, struct handshake *hs, int64_t deadline)
{
	int ret = 0, err = 0;

	handshake_start(hs);
	while (ret == 0) {
		err = send_output(fd, hs, deadline);
		if (err && err != -EPIPE && err != -ECONNRESET)
			return err;
		ret = receive_input(fd, hs, deadline);
		/* A reset after the version block is the same as its end */
		if (ret == -ECONNRESET)
			ret = handshake_eof(hs);
	}
	if (ret == HANDSHAKE_DONE)
		return send_output(fd, hs, deadline);
	return ret;
}

/**
 * reason() - Why the handshake failed, for people
 * @hs:		Handshake
 * @err:	Negative errno
 */
static const char *reason(const struct handshake *hs, int err)
{
	if (err == -ETIMEDOUT)
		return "takes the connection but does not answer";
	return handshake_why(hs)[0] ? handshake_why(hs) : strerror(-err);
}

/**
 * channel_connect() - Connect to a node and make the handshake
 * @addr:	The node
 * @key:	The cluster's key
 * @timeout_ms:	Patience
 * @fd_out:	Socket, non-blocking
 * @out:	Keys of the session
 * @why:	Reason of a failure, one line
 * @why_len:	Size of @why
 */
int channel_connect(const struct node_addr *addr, const uint8_t key[static KEY_LEN], int timeout_ms, int *fd_out,
		    struct session_keys *out, char *why, size_t why_len)
{
	int64_t deadline = now_ms() + timeout_ms;
	struct handshake hs;
	int fd, err;

	fd = connect_any(addr, deadline, why, why_len);
	if (fd < 0)
		return fd;
	err = handshake_init(&hs, HANDSHAKE_HOME, key);
	if (err) {
		snprintf(why, why_len, "libsodium cannot start");
		goto close_fd;
	}
	err = shake_hands(fd, &hs, deadline);
	if (err) {
		snprintf(why, why_len, "%s port %u: %s", addr->host, addr->port, reason(&hs, err));
		goto wipe_handshake;
	}
	*out = *handshake_keys(&hs);
	*fd_out = fd;
	handshake_wipe(&hs);
	return 0;

wipe_handshake:
	handshake_wipe(&hs);
close_fd:
	close(fd);
	return err;
}
