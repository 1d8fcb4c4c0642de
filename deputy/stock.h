/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data of large reads, sent before they are asked for: see deputy/stock.c. */
#ifndef OM_DEPUTY_STOCK_H
#define OM_DEPUTY_STOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "deputy/call.h"

struct deputy;
struct thread;
struct wire_call;

/**
 * struct stock - What was sent ahead of somebody's reads, see stock.c
 * @tid:	Who reads, 0 = nobody
 * @fd:		From where
 * @used_ns:	When he did last
 * @bytes:	How much he has read in a row
 * @pipe:	From a pipe
 * @data:	Room for WIRE_STOCK_MAX bytes, or NULL
 * @len:	How much of what comes next the worker has, and is there
 * @pos:	How much of that was read
 */
struct stock {
	pid_t tid;
	int fd;
	uint64_t used_ns, bytes;
	bool pipe;
	uint8_t *data;
	size_t len, pos;
};

/* How a large read is finished: perhaps with what was sent before, and what comes next is sent; NULL: it is none */
call_finisher stock_finisher(const struct wire_call *msg);
/* Make the call's read here; false: it has to be made as any */
bool stock_read(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
/* There is something in the pipe from which @index was read last */
void stock_filled(struct deputy *d, uint32_t index);
void stock_clear(struct deputy *d);

#endif
