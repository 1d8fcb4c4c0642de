/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * POSIX timers live at home, but for those that measure the CPU time of the guest: these are the worker's kernel's own.
 * Both kernels number theirs from 0. So that a number tells whose timer it is, the guest sees those of home with an
 * offset, which is taken off again in the calls that go home, and put on in the siginfo of their signals.
 *
 * A timer has one signal at a time. What expires while the guest has not got it yet is counted as overruns, which only
 * here can be known: home has handed it over (sigqueue.c).
 */
#ifndef OM_REMOTE_TIMERS_H
#define OM_REMOTE_TIMERS_H

#include <signal.h>

#include "remote/guest.h"

/* Handlers (calls.h): of timer_create, and of the calls that take a timer */
void timers_create_begin(struct thread *thread);
void timers_create_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);
void timers_use_begin(struct thread *thread);

/*
 * A signal has come from home: if it is a timer's, let it speak of the timer that the guest knows. Returns the thread that
 * it is for, 0 when it is for the process or not a timer's.
 */
uint32_t timers_mend(struct guest *guest, siginfo_t *info);
/* The guest gets this signal, a timer's of home */
void timers_delivered(struct guest *guest, const siginfo_t *info);
void timers_clear(struct guest *guest);

#endif
