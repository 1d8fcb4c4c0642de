/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other purpose of a connection: to measure it. */
#ifndef OM_REMOTE_ECHO_H
#define OM_REMOTE_ECHO_H

#include "channel.h"

/**
 * struct echo - A measurement
 * @loop:	Event loop
 * @channel:	Connection
 * @bytes:	What is sent back, WIRE_DATA_MAX of it
 */
struct echo {
	struct uv_loop_s *loop;
	struct channel *channel;
	uint8_t *bytes;
};

/* For the channel's ops, with a struct echo as context: answer each ECHO with one of the size that it asks for */
extern const struct channel_ops echo_channel_ops;

#endif
