/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answer ECHO: see remote/echo.h. */
#include <uv.h>

#include "log.h"
#include "remote/echo.h"

/**
 * on_message() - A message has come
 */
static void on_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	const struct wire_echo answer = { 0 };
	struct echo *echo = ctx;
	struct iovec piece;

	(void)tail;
	(void)tail_len;
	if (type != WIRE_ECHO || msg->echo.reply_size > WIRE_DATA_MAX) {
		log_warn("echo: a message that does not belong here");
		uv_stop(echo->loop);
		return;
	}
	piece = (struct iovec){ echo->bytes, msg->echo.reply_size };
	channel_send(echo->channel, WIRE_ECHO, &answer, &piece, msg->echo.reply_size ? 1 : 0);
}

/**
 * on_closed() - The connection has ended
 */
static void on_closed(void *ctx, int error, const char *why)
{
	struct echo *echo = ctx;

	if (error)
		log_info("echo: %s", why);
	uv_stop(echo->loop);
}

const struct channel_ops echo_channel_ops = { on_message, on_closed, NULL };
