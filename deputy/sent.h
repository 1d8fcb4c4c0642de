/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that a new program would have to get: see deputy/sent.c. */
#ifndef OM_DEPUTY_SENT_H
#define OM_DEPUTY_SENT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct deputy;
struct task;
struct thread;

enum sent_kind { SENT_SENT, SENT_KEPT, SENT_PENDING };
/* Note a signal that has stopped the thread @from, or that is pending in its guest; 0 or -ENOMEM */
int sent_add(const struct thread *from, const siginfo_t *info, enum sent_kind kind);
/* The thread is stopped by it: send it to the guest, or keep it, and block it here; it interrupted call @held, or none (0) */
void sent_send(struct deputy *d, struct thread *thread, const siginfo_t *info, uint64_t held);
/* The guest has it; @from = 0: from whichever thread. The home thread that it came from, or NULL */
struct thread *sent_taken(struct deputy *d, struct task *task, pid_t from, int signo);
void sent_return(struct deputy *d, struct task *task); /* there is no new program */
/* There is one, of the thread that was @execing; on the worker (@away), or at home, still stopped */
void sent_hand_on(struct deputy *d, struct task *task, pid_t execing, bool away);
void sent_clear(struct task *task);
/* To the guest, where nobody waits for its TAKEN */
void signal_pass_on(struct deputy *d, const struct task *task, const siginfo_t *info);

#endif
