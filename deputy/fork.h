/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New threads and processes: see deputy/fork.c. */
#ifndef OM_DEPUTY_FORK_H
#define OM_DEPUTY_FORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct deputy;
struct thread;

int fork_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);	 /* a call_handler */
int fork_unshare(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len); /* likewise */
int fork_setns(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);	 /* likewise */
void fork_event(struct deputy *d, struct thread *thread, int signo);
void clone_done(struct deputy *d, struct thread *thread, int64_t ret); /* there was no child, or it has been answered */
void newborn_enter(struct thread *newborn); /* it is in its first stop: send it to its slot */
/* If the thread is still BORN, wait for its first stop; false when there is no such thread */
bool newborn_settle(struct deputy *d, pid_t tid);
/* Newborns that no parent will tell of: end them */
void fork_strays(struct deputy *d);

#endif
