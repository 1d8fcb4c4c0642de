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
 * struct plain_timer - A timer of home that was made without saying what its signal carries: it carries its number
 * @next:	Next of the guest
 * @id:		Number at home
 */
struct plain_timer {
	struct plain_timer *next;
	int id;
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
		call_forward(thread, NULL, 0);
}

/**
 * plain_add() - Remember a timer whose signal carries its number
 */
static void plain_add(struct guest *guest, int id)
{
	struct plain_timer *timer = malloc(sizeof(*timer));

	if (!timer)
		return;
	timer->id = id;
	timer->next = guest->plain_timers;
	guest->plain_timers = timer;
}

/**
 * plain_find() - Where the timer @id is in the list, or where the list ends
 */
static struct plain_timer **plain_find(struct guest *guest, int id)
{
	struct plain_timer **at = &guest->plain_timers;

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
		if (!thread->call.arg[CREATE_EVENT])
			plain_add(thread->guest, id);
		id += TIMER_HOME;
		tracee_write(thread->outer, addr, &id, sizeof(id));
	}
	call_return(thread, ret);
}

void timers_use_begin(struct thread *thread)
{
	int id = (int)thread->call.arg[0];
	struct plain_timer **at, *timer;

	if (id < TIMER_HOME) {
		call_continue(thread);
		return;
	}
	id -= TIMER_HOME;
	thread->call.arg[0] = (uint64_t)id;
	at = plain_find(thread->guest, id);
	if (thread->call.nr == SYS_timer_delete && *at) {
		timer = *at;
		*at = timer->next;
		free(timer);
	}
	call_forward(thread, NULL, 0);
}

void timers_mend(struct guest *guest, siginfo_t *info)
{
	if (info->si_code != SI_TIMER)
		return;
	if (*plain_find(guest, info->si_timerid))
		info->si_value.sival_int += TIMER_HOME;
	info->si_timerid += TIMER_HOME;
}

void timers_clear(struct guest *guest)
{
	while (guest->plain_timers) {
		struct plain_timer *timer = guest->plain_timers;

		guest->plain_timers = timer->next;
		free(timer);
	}
}
