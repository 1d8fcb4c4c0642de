/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What omd hands to om-remote: see include/handover.h. Both run on one machine, from one build. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fdpass.h"
#include "handover.h"

/**
 * now_ns() - Nanoseconds of the monotonic clock
 */
static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void handover_wipe(struct handover *block)
{
	session_keys_wipe(&block->keys);
}

int handover_send(int link, struct handover *block, int socket_fd)
{
	block->at_ns = now_ns();
	return fdpass_send(link, block, sizeof(*block), socket_fd, MSG_DONTWAIT);
}

int handover_receive(int link, struct handover *out, int *socket_fd)
{
	struct pollfd ready = { .fd = link, .events = POLLIN };
	int err;

	do {
		if (poll(&ready, 1, -1) < 0 && errno != EINTR)
			return -errno;
		err = fdpass_receive(link, out, sizeof(*out), socket_fd, MSG_DONTWAIT);
	} while (err == -EAGAIN);
	if (!err &&
	    (*socket_fd < 0 || out->hello_len > sizeof(out->hello) || out->leftover_len > sizeof(out->leftover)))
		err = -EPROTO;
	return err;
}
