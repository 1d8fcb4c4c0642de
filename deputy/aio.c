/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Asynchronous I/O (io_submit(2)). A request's buffer is in the slot, which the next call uses again, so the deputy waits
 * for the events of what was submitted before it answers io_submit, and keeps them until the guest asks. For buffered
 * files that is when the kernel does the work anyway.
 */
#include <errno.h>
#include <linux/aio_abi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "deputy/aio.h"
#include "deputy/deputy.h"

/**
 * struct aio_event - An event that the guest has not asked for yet
 * @next:	Next in order
 * @context:	The context that it belongs to
 * @event:	The event, as the guest knows it
 */
struct aio_event {
	struct aio_event *next;
	uint64_t context;
	struct io_event event;
};

/* Take up to @max events of @context out of the queue (all of them when @out is NULL: they are forgotten); their number */
static int64_t queue_take(struct task *task, uint64_t context, struct io_event *out, uint64_t max)
{
	struct aio_event **at = &task->aio;
	int64_t nr = 0;

	while (*at && (uint64_t)nr < max) {
		struct aio_event *e = *at;

		if (e->context != context) {
			at = &e->next;
			continue;
		}
		if (out)
			out[nr] = e->event;
		*at = e->next;
		free(e);
		nr++;
	}
	return nr;
}

/* Number of events of @context in the queue */
static uint64_t queue_count(const struct task *task, uint64_t context)
{
	uint64_t nr = 0;

	for (const struct aio_event *e = task->aio; e; e = e->next)
		nr += e->context == context;
	return nr;
}

/* Append an event; without memory for it, it is lost */
static void queue_append(struct task *task, uint64_t context, const struct io_event *event)
{
	struct aio_event **at = &task->aio, *e = malloc(sizeof(*e));

	if (!e)
		return;
	*e = (struct aio_event){ NULL, context, *event };
	while (*at)
		at = &(*at)->next;
	*at = e;
}

void aio_forget(struct task *task)
{
	while (task->aio) {
		struct aio_event *e = task->aio;

		task->aio = e->next;
		free(e);
	}
}

/* The events of what was submitted are there */
static void submit_reaped(struct deputy *d, struct thread *thread, int64_t nr)
{
	struct io_event *events = nr > 0 ? calloc((size_t)nr, sizeof(*events)) : NULL;

	if (events && !sysplan_aio_done(&thread->call.plan, (unsigned int)nr, events)) {
		for (int64_t i = 0; i < nr; i++)
			queue_append(thread->task, thread->call.arg[0], &events[i]);
	}
	free(events);
	call_row_finish(d, thread, thread->call.submitted);
}

/* io_submit has returned */
static void submit_done(struct deputy *d, struct thread *thread, int64_t ret)
{
	if (ret <= 0) {
		call_row_finish(d, thread, ret);
		return;
	}
	thread->call.submitted = ret;
	executor_begin(thread->arena, (unsigned int)thread->slot, 0);
	executor_add(thread->arena, (unsigned int)thread->slot, SYS_io_getevents, thread->call.arg[0], (uint64_t)ret,
		     (uint64_t)ret, sysplan_aio_room(&thread->call.plan), 0, 0);
	call_post(d, thread, submit_reaped);
}

int aio_submit(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	return call_row_begin(d, thread, tail, tail_len, submit_done);
}

/* Answer io_getevents from the queue */
static void getevents_answer(struct deputy *d, struct thread *thread)
{
	const struct call *call = &thread->call;
	uint64_t max = call->arg[2] < SYSPLAN_PART_MAX / sizeof(struct io_event)
			       ? call->arg[2]
			       : SYSPLAN_PART_MAX / sizeof(struct io_event);
	uint64_t have = queue_count(thread->task, call->arg[0]), nr = have < max ? have : max;
	struct io_event *out = call_pointer(thread, call->home_arg[3], nr * sizeof(*out));

	call_row_finish(d, thread, out ? queue_take(thread->task, call->arg[0], out, nr) : -EFAULT);
}

/* io_getevents at home has returned; there are no events there, but it checks the arguments and waits */
static void getevents_done(struct deputy *d, struct thread *thread, int64_t ret)
{
	if (!ret && thread->call.arg[2] && queue_count(thread->task, thread->call.arg[0]))
		getevents_answer(d, thread);
	else
		call_row_finish(d, thread, ret);
}

int aio_getevents(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	const uint64_t *a = thread->call.arg;
	uint64_t *home = thread->call.home_arg;
	bool sane = (int64_t)a[1] >= 0 && (int64_t)a[1] <= (int64_t)a[2];
	int err = call_place(thread, tail, tail_len, 0);

	if (err)
		return err;
	if (sane && queue_count(thread->task, a[0]) >= a[1])
		home[1] = 0; /* there is nothing to wait for, but the arguments are to be looked at */
	executor_begin(thread->arena, (unsigned int)thread->slot, 0);
	executor_add(thread->arena, (unsigned int)thread->slot, (long)thread->call.nr, home[0], home[1], home[2],
		     home[3], home[4], home[5]);
	call_post(d, thread, getevents_done);
	return 0;
}

/* The context is gone, and with it what was not asked for */
static void destroy_done(struct deputy *d, struct thread *thread, int64_t ret)
{
	if (!ret)
		queue_take(thread->task, thread->call.arg[0], NULL, UINT64_MAX);
	call_row_finish(d, thread, ret);
}

int aio_destroy(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	return call_row_begin(d, thread, tail, tail_len, destroy_done);
}
