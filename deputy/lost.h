/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end without the worker: see deputy/lost.c. */
#ifndef OM_DEPUTY_LOST_H
#define OM_DEPUTY_LOST_H

struct deputy;
struct task;
struct thread;

void lost_end(struct deputy *d, const char *why);	 /* of the session, and so of all that runs there */
void lost_task_end(struct deputy *d, struct task *task); /* for the reason that was said last */
void task_end(struct deputy *d, struct task *task, const char *why);
void task_end_post(struct deputy *d, struct thread *thread); /* in an ending task, its main thread is idle */
void lost_reason(struct deputy *d, const char *why);	     /* words that may be the worker's, for a terminal */
void lost_signal(struct thread *thread, int signo); /* has stopped a thread that nobody runs code for any more */
void task_note_stderr(struct task *task);

#endif
