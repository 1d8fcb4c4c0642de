/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POSIX timers: see remote/timers.h. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#include "remote/calls.h"
#include "remote/timers.h"
#include "tracee.h"

/* What is added to home's numbers */
#define TIMER_HOME 0x40000000

/* Arguments of timer_create */
enum create_arg { CREATE_CLOCK, CREATE_EVENT, CREATE_ID };

/* Clock numbers that name a process: its complement is above three bits, which say what is measured */
#define CLOCK_PID(clock)  (~((clock) >> 3))
#define CLOCK_KIND(clock) ((clock)&3)
#define CLOCK_KIND_FD	  3

/**
 * struct home_timer - A timer of home
 * @next:	Next of the guest
 * @id:		Number at home
 * @plain:	It was made without saying what its signal carries: it carries the timer's number
 * @tid:	Thread that its signal is for, 0: the process
 * @overrun:	Expirations that the last signal which the guest got did not tell of
 */
struct home_timer {
	struct home_timer *next;
	int id;
	bool plain;
	uint32_t tid;
	int overrun;
};

/**
 * is_cpu_clock() - It measures the CPU time of the caller
 */
static bool is_cpu_clock(int clock)
{
	if (clock >= 0)
		return clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
	return !CLOCK_PID(clock) && CLOCK_KIND(clock) != CLOCK_KIND_FD;
}

void timers_create_begin(struct thread *thread)
{
	if (is_cpu_clock((int)thread->call.arg[CREATE_CLOCK]))
		call_continue(thread);
	else
		call_forward(thread);
}

/**
 * home_add() - Remember a timer
 */
static void home_add(struct thread *thread, int id)
{
	struct guest *guest = thread->guest;
	uint64_t addr = thread->call.arg[CREATE_EVENT];
	struct home_timer *timer;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL };

	if (addr && tracee_read(thread->outer, addr, &event, sizeof(event)))
		return;
	timer = calloc(1, sizeof(*timer));
	if (!timer)
		return;
	timer->id = id;
	timer->plain = !addr;
	timer->tid = event.sigev_notify == SIGEV_THREAD_ID ? (uint32_t)event._sigev_un._tid : 0;
	timer->next = guest->home_timers;
	guest->home_timers = timer;
}

/**
 * home_find() - Where the timer @id is in the list, or where the list ends
 */
static struct home_timer **home_find(struct guest *guest, int id)
{
	struct home_timer **at = &guest->home_timers;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

void timers_create_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	uint64_t addr = thread->call.arg[CREATE_ID];
	int id;

	if (!call_scatter(thread, &ret, tail, tail_len))
		return;
	if (ret >= 0 && !tracee_read(thread->outer, addr, &id, sizeof(id))) {
		home_add(thread, id);
		id += TIMER_HOME;
		tracee_write(thread->outer, addr, &id, sizeof(id));
	}
	call_return(thread, ret);
}

void timers_use_begin(struct thread *thread)
{
	int id = (int)thread->call.arg[0];
	struct home_timer **at, *timer;

	if (id < TIMER_HOME) {
		call_continue(thread);
		return;
	}
	id -= TIMER_HOME;
	thread->call.arg[0] = (uint64_t)id;
	at = home_find(thread->guest, id);
	if (thread->call.nr == SYS_timer_delete && *at) {
		timer = *at;
		*at = timer->next;
		free(timer);
	} else if (thread->call.nr == SYS_timer_settime && *at) {
		(*at)->overrun = 0;
	} else if (thread->call.nr == SYS_timer_getoverrun && *at) {
		call_return(thread, (*at)->overrun);
		return;
	}
	call_forward(thread);
}

void timers_delivered(struct guest *guest, const siginfo_t *info)
{
	struct home_timer *timer = *home_find(guest, info->si_timerid - TIMER_HOME);

	if (timer)
		timer->overrun = info->si_overrun;
}

uint32_t timers_mend(struct guest *guest, siginfo_t *info)
{
	const struct home_timer *timer;

	if (info->si_code != SI_TIMER)
		return 0;
	timer = *home_find(guest, info->si_timerid);
	if (timer && timer->plain)
		info->si_value.sival_int += TIMER_HOME;
	info->si_timerid += TIMER_HOME;
	return timer ? timer->tid : 0;
}

void timers_clear(struct guest *guest)
{
	while (guest->home_timers) {
		struct home_timer *timer = guest->home_timers;

		guest->home_timers = timer->next;
		free(timer);
	}
}
