/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of a fixed length that carry a descriptor, over sockets that keep their boundaries. */
#ifndef OM_FDPASS_H
#define OM_FDPASS_H

#include <stddef.h>

/* Send @len bytes and, unless it is -1, a descriptor; @flags as of send(2). 0 or negative errno */
int fdpass_send(int sock, const void *data, size_t len, int fd, int flags);

/*
 * Take a message of exactly @len bytes; *@fd is its descriptor (close-on-exec), or -1. 0, -EAGAIN when there is none
 * (MSG_DONTWAIT), -EPIPE when it is empty, as after the last one of a peer that has gone, -EPROTO when it is none of
 * ours, or another negative errno; then nothing is left open.
 */
int fdpass_receive(int sock, void *data, size_t len, int *fd, int flags);

#endif
