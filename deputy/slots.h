/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Room for threads in the arenas of a process: see deputy/slots.c. */
#ifndef OM_DEPUTY_SLOTS_H
#define OM_DEPUTY_SLOTS_H

#include <stdint.h>

#include "executor.h"

struct deputy;
struct task;
struct thread;
struct user_regs_struct;

#define ARENA_SLOTS	8    /* threads that one arena serves */
#define TASK_ARENAS_MAX 4096 /* of one process */

/**
 * struct home_arena - An arena at home
 * @arena:	The arena
 * @users:	Processes that have it mapped
 */
struct home_arena {
	struct arena arena;
	unsigned int users;
};

int slots_adopt(struct task *task, const struct arena *arena); /* one more arena; 0 or -ENOMEM */
int slots_inherit(struct task *child, const struct task *parent, const struct arena *arena); /* @child has that one */
void slots_put(struct home_arena *home);		 /* a process has that one no more */
int slots_take(struct task *task, struct arena **arena); /* a slot, or -ENOSPC: slots_grow() */
/* Begin the idle thread's batch with what makes the child that it is about to fork get @arena, and no other */
void slots_pass_on(struct thread *thread, const struct arena *arena);
void slots_release(struct arena *arena, int slot);
/* Map one more arena with the help of the idle @thread, then call @then with 0 or negative errno */
void slots_grow(struct deputy *d, struct thread *thread, void (*then)(struct deputy *, struct thread *, int64_t err));
/* Registers with which a thread of @task enters the parasite */
void slots_enter_regs(const struct task *task, const struct arena *arena, int slot, struct user_regs_struct *regs);

#endif
