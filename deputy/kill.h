/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that members of a family send to each other: see deputy/kill.c. */
#ifndef OM_DEPUTY_KILL_H
#define OM_DEPUTY_KILL_H

#include <stddef.h>
#include <stdint.h>

struct deputy;
struct thread;

/* Of call_handlers: kill, and those like it */
int kill_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);

#endif
