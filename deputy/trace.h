/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stops of home threads: see deputy/trace.c. */
#ifndef OM_DEPUTY_TRACE_H
#define OM_DEPUTY_TRACE_H

struct deputy;
struct thread;

void trace_drain(struct deputy *d);
int thread_resume(struct thread *thread, int signo);

void trace_dispatch(struct deputy *d, struct thread *thread, int status);

#endif
