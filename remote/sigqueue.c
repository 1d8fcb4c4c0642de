/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals on their way into a guest: see remote/sigqueue.h. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "remote/session.h"
#include "remote/sigqueue.h"
#include "remote/timers.h"

/* High half of the numbers, to tell them from what else a value could be */
#define NUMBER_MARK 0x6f6d736900000000ull
/* Ages (seconds begun) after which what is not pending is forgotten: its delivery has been seen long since */
#define AGE_MAX 3

/**
 * struct queued - A signal on its way
 * @next:	Next, younger
 * @number:	What the kernel's siginfo has as value
 * @tid:	Thread at home, 0: to the process
 * @from:	Thread at home that waits for TAKEN, 0: none
 * @age:	Seconds begun since it was queued
 * @info:	The true siginfo
 */
struct queued {
	struct queued *next;
	uint64_t number;
	uint32_t tid;
	uint32_t from;
	unsigned int age;
	siginfo_t info;
};

void sigqueue_taken(struct guest *guest, uint32_t from, int signo)
{
	struct wire_taken msg = { from, (uint32_t)signo };

	if (from && guest->state == GUEST_LIVE)
		session_send(guest->session, WIRE_TAKEN, &msg);
}

/**
 * remove_at() - Forget the signal that @at points to
 */
static void remove_at(struct guest *guest, struct queued **at)
{
	struct queued *queued = *at;

	*at = queued->next;
	guest->signals_nr--;
	sigqueue_taken(guest, queued->from, queued->info.si_signo);
	free(queued);
}

/**
 * is_pending() - The kernel has the signal still
 */
static bool is_pending(int signo, bool shared, const struct sigstate *state)
{
	return ((shared ? state->shared_pending : state->pending) >> (signo - 1)) & 1;
}

/**
 * is_like() - Of the standard signal @signo to @tid: the kernel keeps one of these only
 */
static bool is_like(const struct queued *queued, int signo, uint32_t tid)
{
	return signo < SIGRTMIN && queued->info.si_signo == signo && queued->tid == tid;
}

/**
 * stale_remove() - Forget those signals @signo to @tid that were taken away unseen
 *
 * The kernel has none pending; but each thread that can take it may have, and be on its way to its stop.
 */
static void stale_remove(struct guest *guest, int signo, uint32_t tid)
{
	struct queued **at = &guest->signals;
	unsigned int keep = 0, have = 0;

	for (const struct thread *t = guest->threads; t; t = t->next)
		keep += !tid || t->tid == tid;
	for (const struct queued *q = guest->signals; q; q = q->next)
		have += is_like(q, signo, tid);
	while (*at && have > keep) {
		if (is_like(*at, signo, tid)) {
			remove_at(guest, at);
			have--;
		} else {
			at = &(*at)->next;
		}
	}
}

/**
 * kernel_queue() - Queue it, with @number instead of what it says
 */
static int kernel_queue(const struct guest *guest, const struct thread *thread, int signo, uint64_t number)
{
	siginfo_t info = { 0 };
	long ret;

	info.si_signo = signo;
	info.si_code = SI_QUEUE;
	info.si_value.sival_ptr = (void *)(uintptr_t)number;
	if (thread)
		ret = syscall(SYS_rt_tgsigqueueinfo, guest->outer, thread->outer, signo, &info);
	else
		ret = syscall(SYS_rt_sigqueueinfo, guest->outer, signo, &info);
	return ret < 0 ? -errno : 0;
}

/**
 * overrun_add() - A timer has expired again whose signal the guest has not got yet
 * Return: false: it has
 */
static bool overrun_add(struct guest *guest, const siginfo_t *info)
{
	struct queued *last = NULL;
	int64_t overrun;

	for (struct queued *q = guest->signals; q; q = q->next)
		if (q->info.si_code == SI_TIMER && q->info.si_timerid == info->si_timerid)
			last = q;
	if (!last)
		return false;
	overrun = (int64_t)last->info.si_overrun + 1 + info->si_overrun;
	last->info.si_overrun = overrun > INT_MAX ? INT_MAX : (int)overrun;
	return true;
}

int sigqueue_send(struct guest *guest, const struct thread *thread, const siginfo_t *info, const struct sigstate *state,
		  uint32_t from)
{
	static uint32_t serial;
	struct queued *queued, **at;
	int signo = info->si_signo, err;

	if (info->si_code == SI_TIMER && is_pending(signo, !thread, state) && overrun_add(guest, info)) {
		sigqueue_taken(guest, from, signo);
		return 0;
	}
	if (signo < SIGRTMIN) {
		if (is_pending(signo, !thread, state)) {
			sigqueue_taken(guest, from, signo);
			return 0; /* the first one wins, as in the kernel */
		}
		stale_remove(guest, signo, thread ? thread->tid : 0);
	}
	queued = guest->signals_nr < SIGQUEUE_MAX ? calloc(1, sizeof(*queued)) : NULL;
	if (!queued)
		return -EAGAIN;
	queued->number = NUMBER_MARK | ++serial;
	queued->tid = thread ? thread->tid : 0;
	queued->from = from;
	queued->info = *info;
	err = kernel_queue(guest, thread, signo, queued->number);
	if (err) {
		free(queued);
		return err;
	}
	for (at = &guest->signals; *at; at = &(*at)->next)
		;
	*at = queued;
	guest->signals_nr++;
	return 0;
}

/**
 * take_at() - The guest gets the signal that @at points to
 */
static void take_at(struct guest *guest, struct queued **at)
{
	if ((*at)->info.si_code == SI_TIMER)
		timers_delivered(guest, &(*at)->info);
	remove_at(guest, at);
}

void sigqueue_take_any(struct thread *thread, int signo)
{
	struct queued **found = NULL;

	/* Those for the thread come first, and of each kind the oldest */
	for (struct queued **at = &thread->guest->signals; *at; at = &(*at)->next)
		if ((*at)->info.si_signo == signo &&
		    ((*at)->tid == thread->tid ? !found || !(*found)->tid : !(*at)->tid && !found))
			found = at;
	if (found)
		take_at(thread->guest, found);
}

bool sigqueue_take(struct guest *guest, siginfo_t *info)
{
	uint64_t number = (uint64_t)(uintptr_t)info->si_value.sival_ptr;

	if (info->si_code != SI_QUEUE)
		return false;
	for (struct queued **at = &guest->signals; *at; at = &(*at)->next) {
		if ((*at)->number != number || (*at)->info.si_signo != info->si_signo)
			continue;
		*info = (*at)->info;
		take_at(guest, at);
		return true;
	}
	return false;
}

size_t sigqueue_pending(const struct thread *thread, const struct sigstate *state, siginfo_t *out, size_t max)
{
	uint64_t left = (state->pending | state->shared_pending) & state->blocked;
	size_t nr = 0;

	for (const struct queued *q = thread->guest->signals; q && nr < max; q = q->next) {
		int signo = q->info.si_signo;

		if ((q->tid && q->tid != thread->tid) || !((state->blocked >> (signo - 1)) & 1) ||
		    !is_pending(signo, !q->tid, state))
			continue;
		out[nr++] = q->info;
		left &= ~(1ull << (signo - 1));
	}
	/* What the worker's kernel has raised by itself */
	for (int signo = 1; signo <= 64 && nr < max; signo++)
		if ((left >> (signo - 1)) & 1)
			out[nr++] = (siginfo_t){ .si_signo = signo, .si_code = SI_KERNEL };
	return nr;
}

/**
 * pending_anywhere() - Whether the kernel has @queued still
 */
static bool pending_anywhere(const struct guest *guest, const struct queued *queued)
{
	struct sigstate state;

	for (const struct thread *t = guest->threads; t; t = t->next) {
		if (queued->tid && queued->tid != t->tid)
			continue;
		if (!tracee_sigstate(t->outer, &state) && is_pending(queued->info.si_signo, !queued->tid, &state))
			return true;
	}
	return false;
}

void sigqueue_age(struct guest *guest)
{
	struct queued **at = &guest->signals;

	while (*at) {
		if (++(*at)->age > AGE_MAX && !pending_anywhere(guest, *at))
			remove_at(guest, at);
		else
			at = &(*at)->next;
	}
}

void sigqueue_clear(struct guest *guest)
{
	while (guest->signals)
		remove_at(guest, &guest->signals);
}
