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
/* The thread's clone has returned @ret: look after its child, if there is one. What it is to return now */
int64_t newborn_adopt(struct deputy *d, struct thread *thread, int64_t ret);
void newborn_await(struct deputy *d, pid_t tid); /* its parent has been answered */
void newborn_enter(struct thread *newborn);	 /* it is in its first stop */
/* If the thread is still BORN, wait for its first stop; false when there is no such thread */
bool newborn_settle(struct deputy *d, pid_t tid);
/* A newborn has stopped, or died, before its parent told of it */
void stray_seen(struct deputy *d, pid_t tid, bool alive);
/* Newborns that no parent will tell of: end them */
void fork_strays(struct deputy *d);

#endif
