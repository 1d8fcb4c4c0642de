/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Home sees a signal first and sends it here, because only the worker's kernel knows what the guest makes of it
 * (masks and dispositions are changed by local calls). There are three verdicts:
 *
 *	blocked, in every thread that could take it	queued in the worker's kernel; PASS if it holds a call at home
 *	ignored						dropped; PASS likewise
 *	a handler will run				queued; the call of the thread that will take it is INTERRUPTed
 *	default action					DEFAULT: it happens at home, to the home process
 *
 * A queued signal shows itself as a signal-delivery stop, which is the last moment to look at the disposition: a signal
 * that was blocked may have the default action by now. There the true siginfo is put in. Signals that the worker's
 * kernel raises (faults, CPU-time timers) appear at that stop only, and go the same ways. A thread with a default
 * action stays stopped until home has dealt with it: DROP, or CONT when the process goes on.
 *
 * A call that waits for home cannot be left by a signal, so: a signal is queued before INTERRUPT is sent; a thread that
 * makes a call while a signal waits for it gets the signal first.
 *
 * Temporary masks (ppoll and its like): the call waits at home with no mask, here the thread has its usual one. When
 * home gives the call back because of a signal that only the temporary mask lets through, the thread is brought to a
 * stop and its call is changed into rt_sigsuspend with that mask: the worker's kernel then does all the rest.
 */
#ifndef OM_REMOTE_SIGNALS_H
#define OM_REMOTE_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

#include "remote/guest.h"
#include "wire.h"

struct sigstate;

/* SIGNAL has come: 0 or -EPROTO */
int signals_arrived(struct session *session, const struct wire_signal *msg);
/* A signal waits that the thread would take if it returned to user mode now */
bool signals_deliverable(const struct thread *thread);
/* A call with a temporary mask has been sent home: take the thread out again if that mask lets a pending signal in */
void signals_unmasked(struct thread *thread);
/* What the thread blocks in the call that it makes */
uint64_t signals_mask(const struct thread *thread, const struct sigstate *state);
/* The thread is stopped for the delivery of a signal: let it go on, or not */
void signals_delivery(struct thread *thread);
/* stop_action: the call becomes an rt_sigsuspend with its temporary mask */
void signals_suspend(struct thread *thread, struct user_regs_struct *regs);

/* The worker's kernel has killed the guest for what its own kernel would have killed it for: let home do it */
void signals_killed(struct guest *guest, int signo);

/* STOP and CONT */
void signals_freeze(struct guest *guest);
void signals_thaw(struct guest *guest);

#endif
