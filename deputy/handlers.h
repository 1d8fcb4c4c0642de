/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that need more than their row: see deputy/handlers.c. */
#ifndef OM_DEPUTY_HANDLERS_H
#define OM_DEPUTY_HANDLERS_H

#include <stddef.h>
#include <stdint.h>

struct deputy;
struct thread;
struct wire_call;

/* It has put a batch into the slot and posted it, or has answered; negative errno: the worker broke the protocol */
typedef int (*call_handler)(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
call_handler handler_find(const struct wire_call *msg);

#endif
