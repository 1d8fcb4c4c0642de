/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes whose data come in pieces: see deputy/inflow.c. */
#ifndef OM_DEPUTY_INFLOW_H
#define OM_DEPUTY_INFLOW_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct deputy;
struct thread;

/**
 * struct inflow - The write whose data are coming
 * @msg:	Its CALL; arg[2] = 0: there is none
 * @got:	Bytes that have come
 * @data:	Where they are gathered, unless the write is made as they come; or NULL
 */
struct inflow {
	struct wire_call msg;
	size_t got;
	uint8_t *data;
};

/* CALL of such a write has come: 0 or -EPROTO */
int inflow_begin(struct deputy *d, const struct wire_call *msg, size_t tail_len);
/* DATA have come: 0 or -EPROTO */
int inflow_take(struct deputy *d, const struct wire_data *msg, const uint8_t *tail, size_t tail_len);
/* The handler of such a CALL (deputy/handlers.h) */
int inflow_call(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
void inflow_clear(struct deputy *d);

#endif
