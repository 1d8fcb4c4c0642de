/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processor time that was used on the worker: see deputy/times.c. */
#ifndef OM_DEPUTY_TIMES_H
#define OM_DEPUTY_TIMES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "deputy/usage.h"

struct deputy;
struct task;
struct thread;
struct usage;

#define DEAD_MAX 256 /* dead tasks whose times are kept */

/**
 * struct dead - A task that has died and may still be waited for
 * @pid:	Its id, 0 = none
 * @usage:	What it and its children have used on the worker
 */
struct dead {
	pid_t pid;
	struct usage usage;
};

/* call_handlers */
int times_wait4(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int times_waitid(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int times_getrusage(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int times_times(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
void times_task_died(struct deputy *d, const struct task *task);
void times_child_died(struct deputy *d, pid_t parent); /* who may be waiting for it */

#endif
