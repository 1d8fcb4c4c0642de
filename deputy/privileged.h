/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that tracing would take rights from: see deputy/privileged.c. */
#ifndef OM_DEPUTY_PRIVILEGED_H
#define OM_DEPUTY_PRIVILEGED_H

#include <stdbool.h>

struct deputy;
struct thread;

#define PRIVILEGED_WHY "a traced program would lose its special rights"
bool privileged_exec(const struct thread *thread); /* is the thread's placed execve about one? */
/* Make the posted batch, whose last call is that execve, untraced. 1: done, the task is not ours any more; 0: it failed */
int privileged_exec_make(struct deputy *d, struct thread *thread);

#endif
