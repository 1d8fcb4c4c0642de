/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process has a new program: see deputy/exec.c. */
#ifndef OM_DEPUTY_EXEC_H
#define OM_DEPUTY_EXEC_H

struct deputy;
struct thread;

void exec_done(struct deputy *d, struct thread *thread);

#endif
