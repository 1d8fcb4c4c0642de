/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Home threads in and out of their calls: see deputy/cancel.c. */
#ifndef OM_DEPUTY_CANCEL_H
#define OM_DEPUTY_CANCEL_H

#include <stdbool.h>

struct deputy;
struct thread;
struct user_regs_struct;

/* The kernel's internal results of an interrupted call (include/linux/errno.h) */
#define ERESTARTSYS	      512
#define ERESTARTNOINTR	      513
#define ERESTARTNOHAND	      514
#define ERESTART_RESTARTBLOCK 516

bool call_interrupted(const struct thread *thread, const struct user_regs_struct *regs);
void call_abort(struct thread *thread, struct user_regs_struct *regs); /* at a stop in which call_interrupted() */
void call_again(const struct thread *thread, struct user_regs_struct *regs);
int cancel_call(struct deputy *d, struct thread *thread);
bool cancel_wanted(const struct thread *thread); /* and not yet done: at its next stop */
int cancel_at_stop(struct thread *thread);	 /* do it */

#endif
