/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stops of home threads: see deputy/trace.c. */
#ifndef OM_DEPUTY_TRACE_H
#define OM_DEPUTY_TRACE_H

#include <stdbool.h>

struct deputy;
struct thread;

void trace_drain(struct deputy *d);
int thread_resume(struct thread *thread, int signo);

void trace_dispatch(struct deputy *d, struct thread *thread, int status);
/* Wait for a thread's next stop or end, and dispatch it; false: it is not traced */
bool trace_await(struct deputy *d, struct thread *thread);
void thread_died(struct deputy *d, struct thread *thread); /* it is gone; with its last thread the task is */

#endif
