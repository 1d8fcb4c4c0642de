/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image of a process goes to the worker: see deputy/ship.c. */
#ifndef OM_DEPUTY_SHIP_H
#define OM_DEPUTY_SHIP_H

struct deputy;
struct task;
struct thread;

/* 0 or negative errno */
int ship_image(struct deputy *d, struct task *task, struct thread *thread);

#endif
