/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes that are posted: see deputy/writes.c. */
#ifndef OM_DEPUTY_WRITES_H
#define OM_DEPUTY_WRITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deputy/call.h"

struct deputy;
struct thread;
struct wire_call;

call_finisher write_finisher(const struct wire_call *msg); /* if its caller asks how many more may be */
/* Post one; false: it cannot be such a one */
bool write_post(struct deputy *d, struct thread *thread, const struct wire_call *msg, const uint8_t *tail,
		size_t tail_len);
/* The thread's call has come, and a posted write may have failed: true: the call has been answered. Or change its finish */
bool write_late(struct deputy *d, struct thread *thread, call_finisher *finish);

#endif
