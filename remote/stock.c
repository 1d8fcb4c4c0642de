/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What home has sent before it was read: see remote/stock.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "remote/calls.h"
#include "remote/session.h"
#include "remote/stock.h"

/**
 * block_free() - A piece is used up: its memory serves for the next one
 */
static void block_free(struct session *session, struct stock *stock)
{
	if (stock->cap > session->spare_cap) {
		free(session->spare);
		session->spare = stock->block;
		session->spare_cap = stock->cap;
	} else {
		free(stock->block);
	}
	*stock = (struct stock){ 0 };
}

void stock_take(struct session *session, const struct wire_stock *msg, const uint8_t *data, size_t len)
{
	struct stock *stock = &session->stock[msg->stock];

	block_free(session, stock);
	if (!len)
		return;
	stock->data = (uint8_t *)data;
	stock->len = len;
	stock->cap = session->spare_cap;
	stock->block = channel_keep(session->channel, session->spare, &stock->cap);
	session->spare = NULL;
	session->spare_cap = 0;
}

int stock_result(struct session *session, const struct wire_result *msg, const uint8_t *tail, size_t tail_len)
{
	struct wire_stocked from;
	struct stock *stock;
	uint32_t len, saved;
	uint64_t known;
	uint8_t *front;
	size_t more;

	if (tail_len < sizeof(from) || tail_len - sizeof(from) > WIRE_STOCK_MAX)
		return -EPROTO;
	memcpy(&from, tail, sizeof(from));
	more = tail_len - sizeof(from);
	stock = from.stock < WIRE_STOCKS_MAX ? &session->stock[from.stock] : NULL;
	if (!stock || from.offset >= stock->len || msg->ret <= 0 || (uint64_t)msg->ret <= more ||
	    msg->ret > WIRE_STOCK_MAX)
		return -EPROTO;
	known = (uint64_t)msg->ret - more;
	if (known > stock->len - from.offset)
		return -EPROTO;
	/* The tail that it would have had: the length, for which there is room before the data, if only in their message's head */
	len = (uint32_t)msg->ret;
	front = stock->data + from.offset - sizeof(len);
	memcpy(&saved, front, sizeof(saved));
	memcpy(front, &len, sizeof(len));
	if (more) {
		uint8_t *end = mempcpy(session->buffer, front, sizeof(len) + known);

		memcpy(end, tail + sizeof(from), more);
		call_result(session, msg, session->buffer, sizeof(len) + len);
	} else {
		call_result(session, msg, front, sizeof(len) + len);
	}
	memcpy(front, &saved, sizeof(saved));
	if (from.offset + known == stock->len)
		block_free(session, stock);
	return 0;
}

void stock_trim(struct session *session)
{
	free(session->spare);
	session->spare = NULL;
	session->spare_cap = 0;
}

void stock_clear(struct session *session)
{
	for (unsigned int i = 0; i < WIRE_STOCKS_MAX; i++)
		block_free(session, &session->stock[i]);
	stock_trim(session);
}
