/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Signals on their way into a guest. The kernel lets nobody queue a signal to another process that says it comes from
 * kill(2), from a timer or from a child. So the remote queues it as sigqueue(3) does, with a number in its value, and
 * keeps the true siginfo under that number; when the guest is stopped for the delivery, the siginfo is put right.
 *
 * The kernel may take a signal away unseen (rt_sigtimedwait, a standard signal that is pending already). What is not
 * pending any more for some time is forgotten.
 */
#ifndef OM_REMOTE_SIGQUEUE_H
#define OM_REMOTE_SIGQUEUE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "tracee.h"

struct guest;
struct thread;

#define SIGINFO_LEN 128
/* Signals on their way into one guest */
#define SIGQUEUE_MAX 8192u

/*
 * Queue the signal described by @info to @thread, or to the process when it is NULL. @state is the signal state of the
 * thread, or of any thread. @from: the home thread that is told (TAKEN) when the signal has left the queue, 0: none.
 * Returns 0, or negative errno when the signal is lost.
 */
int sigqueue_send(struct guest *guest, const struct thread *thread, const siginfo_t *info, const struct sigstate *state,
		  uint32_t from);

/* @info is what the guest would see: replace it by the true one; false when it is not one of ours */
bool sigqueue_take(struct guest *guest, siginfo_t *info);

/* A call of the thread has taken signal @signo, and does not say which one */
void sigqueue_take_any(struct thread *thread, int signo);

/* Tell home that the signal that came from its thread @from has been taken */
void sigqueue_taken(struct guest *guest, uint32_t from, int signo);

/* The blocked signals that wait for @thread or its process, at most @max; their number */
size_t sigqueue_pending(const struct thread *thread, const struct sigstate *state, siginfo_t *out, size_t max);

/* Once a second: forget what is not pending any more */
void sigqueue_age(struct guest *guest);
void sigqueue_clear(struct guest *guest);

#endif
