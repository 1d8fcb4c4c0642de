/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contents kept over sessions: see remote/cache.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdpass.h"
#include "handover.h"
#include "log.h"
#include "remote/cache.h"

/* How long omd may take to answer; it never does, and without an answer all content can come from home */
#define ANSWER_MS 2000

static int cache_sock = -1;

void cache_open(void)
{
	socklen_t len = sizeof(int);
	int type;

	if (getsockopt(HANDOVER_CACHE_FD, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_DGRAM)
		return;
	fcntl(HANDOVER_CACHE_FD, F_SETFD, FD_CLOEXEC);
	cache_sock = HANDOVER_CACHE_FD;
}

int cache_reopen(int fd)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

/**
 * content_check() - Is it what was asked for, as far as can be seen without reading it? omd has read it.
 */
static int content_check(int fd, uint64_t size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return cachelink_is_sealed(fd) && (uint64_t)st.st_size == size ? 0 : -EPROTO;
}

/**
 * answer_take() - Wait for omd's answer
 * Return: the descriptor, -ENOENT, or another negative errno
 */
static int answer_take(int sock)
{
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	uint8_t found;
	int fd, err;

	if (poll(&pfd, 1, ANSWER_MS) != 1)
		return -ETIMEDOUT;
	err = fdpass_receive(sock, &found, sizeof(found), &fd, MSG_DONTWAIT);
	if (err)
		return err;
	return fd < 0 ? -ENOENT : fd;
}

int cache_get(const uint8_t hash[static CACHE_HASH_LEN], uint64_t size)
{
	struct cache_request request = { .op = CACHE_GET };
	int pair[2], fd, own, err;

	if (cache_sock < 0)
		return -ENOENT;
	memcpy(request.hash, hash, CACHE_HASH_LEN);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	err = fdpass_send(cache_sock, &request, sizeof(request), pair[1], MSG_DONTWAIT);
	close(pair[1]); /* if omd drops its copy, the answer is the end */
	fd = err ? err : answer_take(pair[0]);
	close(pair[0]);
	if (fd < 0)
		return fd;
	err = content_check(fd, size);
	own = err ? err : cache_reopen(fd); /* not the description that others have, too */
	close(fd);
	return own;
}

void cache_keep(int fd)
{
	struct cache_request request = { .op = CACHE_KEEP };

	if (cache_sock >= 0 && fdpass_send(cache_sock, &request, sizeof(request), fd, MSG_DONTWAIT))
		log_debug("a content is not kept");
}
