/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A posted call is one whose result the guest has already, because it cannot be another: to close a descriptor that only
 * reads, to read what it was given ahead (ahead.c). It has no RESULT, and nobody waits for it; but no call that comes
 * after it may be made before it, in whatever thread of the family: its guest may have told the others. So there is at
 * most one thread with posted calls, the poster, and while there is one, other calls are admitted like this:
 *
 *	a call of the poster itself          its posted calls are made first, in the same batch: no wake-up is lost
 *	a call of another thread             the posted calls are made at once. They take microseconds and are awaited
 *	                                     actively; if that is not enough, the call is held until they are done
 *	none, before the loop goes to sleep  the posted calls are made
 *
 * Held calls are admitted in their order. What is not admitted within RETRY_MS is tried again.
 *
 * Writes have data and are made at once, each in a batch of its own (writes.c).
 *
 * Data that the guest has read goes to the slot's scratch area: the read moves the offset and the time of access. At the end of
 * that are the paths of opens, and what is to be done with signals. What an open returns is what the guest was told, for the file was promised (promise.h) and the
 * guest's descriptors are known; if it is not after all (the kernel has no memory for it), the family cannot go on. It is made
 * by way of the deputy's own descriptor: whatever the path leads to by now, the guest has seen that file.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/fork.h"
#include "deputy/linger.h"
#include "deputy/lost.h"
#include "deputy/posted.h"
#include "deputy/promise.h"
#include "deputy/signal.h"
#include "deputy/writes.h"
#include "sysdef.h"
#include "wire.h"

#define RETRY_MS       1
#define PATH_ROOM      32u /* for /proc/PID/fd/NUMBER, or a struct sigaction */
#define READ_MAX       WIRE_AHEAD_DATA_MAX
#define HELD_BYTES_MAX (256u << 20) /* more calls than that do not come from our remote: a thread makes one at a time */

static_assert(READ_MAX + POSTED_MAX * PATH_ROOM <= SLOT_SCRATCH_SIZE, "room for all of them");

/**
 * struct held - A call that has to wait, or a default action, which may be the end of the caller
 * @next:	Next one
 * @is_action:	It is @action, not @msg
 * @action:	DEFAULT
 * @msg:	CALL
 * @interrupted:	INTERRUPT has come for it
 * @tail_len:	Bytes of its tail
 * @tail:	The tail
 */
struct held {
	struct held *next;
	bool is_action;
	struct wire_default action;
	struct wire_call msg;
	bool interrupted;
	size_t tail_len;
	uint8_t tail[];
};

/* Which calls may be posted, by number, and what their second argument may be: bytes that are read, command, place */
static const struct {
	uint32_t nr;
	uint64_t min, max;
} posted_table[] = {
	{ SYS_close, 0, UINT64_MAX },	     { SYS_read, 0, READ_MAX },	      { SYS_fadvise64, 0, UINT64_MAX },
	{ SYS_lseek, 0, WIRE_SEEK_MAX },     { SYS_fcntl, F_SETFD, F_SETFD }, { SYS_openat, 0, 0 },
	{ SYS_rt_sigaction, 0, UINT64_MAX },
};

bool posted_is_small(const struct wire_call *msg)
{
	for (size_t i = 0; i < sizeof(posted_table) / sizeof(*posted_table); i++) {
		if (msg->nr == posted_table[i].nr)
			return msg->arg[1] >= posted_table[i].min && msg->arg[1] <= posted_table[i].max;
	}
	return false;
}

/* Put the thread's posted calls into the batch that was begun in its slot; how many that were */
static unsigned int posted_take(struct thread *thread)
{
	unsigned int slot = (unsigned int)thread->slot, count = thread->posted_nr;
	uint64_t scratch = arena_scratch_addr(thread->arena, slot);

	for (unsigned int i = 0; i < count; i++) {
		const struct posted *p = &thread->posted[i];
		uint64_t path = scratch + SLOT_SCRATCH_SIZE - (POSTED_MAX - i) * PATH_ROOM;

		if (p->nr == SYS_read)
			executor_add(thread->arena, slot, p->nr, p->arg[0], scratch, p->arg[1], 0, 0, 0);
		else if (p->nr == SYS_rt_sigaction)
			executor_add(thread->arena, slot, p->nr, p->arg[0], path, 0, sizeof(uint64_t), 0, 0);
		else if (p->nr == SYS_openat)
			executor_add(thread->arena, slot, p->nr, (uint64_t)AT_FDCWD, path, p->arg[2], 0, 0, 0);
		else
			executor_add(thread->arena, slot, p->nr, p->arg[0], p->arg[1], p->arg[2], p->arg[3], 0, 0);
	}
	thread->posted_made = count;
	thread->posted_nr = 0;
	return count;
}

/* A batch is done that had nothing else in it: call_finish() does the rest */
static void posted_done(struct deputy *d, struct thread *thread, int64_t ret)
{
	(void)d;
	(void)ret;
	thread->call.code = 0;
}

/* Have the posted opens returned what they should, as far as they were made? If not, posted_drain() ends the session */
static void opens_check(struct deputy *d, struct thread *thread)
{
	const struct slot *slot = arena_slot(thread->arena, (unsigned int)thread->slot);

	for (unsigned int i = 0; i < thread->posted_made && i < slot->done; i++) {
		if (thread->posted[i].nr == SYS_openat && slot->call[i].ret != (int64_t)thread->posted[i].arg[5])
			d->broken = slot->call[i].ret < 0 ? "a file that was promised to a guest cannot be opened"
							  : "a descriptor is another than a guest was told";
	}
	thread->posted_made = 0;
}

void posted_forget(struct deputy *d, struct thread *thread)
{
	if (d->poster != thread)
		return;
	if (thread->posted_made)
		opens_check(d, thread);
	d->poster = NULL;
	d->merged = 0;
}

/* Where the posted call that comes next has something that the home process shall find */
static void *posted_room(const struct thread *thread)
{
	uint8_t *rooms = arena_data(thread->arena, (unsigned int)thread->slot) - POSTED_MAX * PATH_ROOM;

	return rooms + (size_t)thread->posted_nr * PATH_ROOM;
}

/* A signal's action is posted: its struct sigaction is what the arguments have. False when that cannot be posted */
static bool action_post(const struct thread *thread, const struct wire_call *msg)
{
	struct sysdef resolved;

	if (sysdef_resolve(msg->nr, msg->arg, &resolved)->where != SYS_BOTH)
		return false;						 /* it is the worker's own affair */
	memcpy(posted_room(thread), msg->arg + 1, 4 * sizeof(uint64_t)); /* handler, flags, restorer, mask */
	if ((int)msg->arg[0] == SIGCHLD)
		signal_child_action(thread->task, msg->arg[1]);
	return true;
}

/* An open of a promised file is posted: say where the home process finds that. False when it cannot be such one */
static bool open_post(const struct deputy *d, const struct thread *thread, const struct wire_call *msg)
{
	int fd = promise_fd(d, msg->arg[4]);

	if (fd < 0 || msg->arg[2] & ~(uint64_t)WIRE_POSTED_OPEN_FLAGS)
		return false;
	snprintf(posted_room(thread), PATH_ROOM, "/proc/%d/fd/%d", (int)getpid(), fd);
	return true;
}

/* Have the posted calls made, if they can be now; true when none are left */
static bool posted_settle(struct deputy *d)
{
	struct thread *thread = d->poster;

	if (!thread)
		return true;
	if (d->merged) {
		/* They are in front of a call, which may block: it is enough that they are done */
		executor_spin_past(thread->arena, (unsigned int)thread->slot, d->merged, SPIN_US);
		if (arena_slot(thread->arena, (unsigned int)thread->slot)->done >= d->merged)
			posted_forget(d, thread);
		return !d->poster;
	}
	if (thread->state != TH_IDLE)
		return false;
	executor_begin(thread->arena, (unsigned int)thread->slot, 0);
	posted_take(thread);
	memset(&thread->call, 0, sizeof(thread->call));
	thread->call.whole = true;
	call_post(d, thread, posted_done);
	return !d->poster;
}

void posted_merge(struct deputy *d, struct thread *thread)
{
	if (d->poster != thread)
		return;
	d->merged = posted_take(thread);
	arena_slot(thread->arena, (unsigned int)thread->slot)->kept =
		d->merged; /* whatever becomes of the call behind them */
}

/* Room for a message that has to wait, @tail_len bytes of tail included; NULL when there are too many: the session has ended */
static struct held *held_new(struct deputy *d, size_t tail_len)
{
	struct held *held = d->held_bytes < HELD_BYTES_MAX ? calloc(1, sizeof(*held) + tail_len) : NULL;

	if (!held) {
		lost_end(d, "the worker made more calls than can be kept");
		return NULL;
	}
	held->tail_len = tail_len;
	d->held_bytes += sizeof(*held) + tail_len;
	*d->held_end = held;
	d->held_end = &held->next;
	uv_timer_start(&d->held_timer, posted_retry, RETRY_MS, RETRY_MS);
	return held;
}

/* Keep the call until it may be made */
static void call_hold(struct deputy *d, const struct wire_call *msg, const uint8_t *tail, size_t tail_len)
{
	struct held *held = held_new(d, tail_len);

	if (!held)
		return;
	held->msg = *msg;
	memcpy(held->tail, tail, tail_len);
}

/* May the call be made now? Or is it a posted one, which may wait? */
static bool is_admitted(struct deputy *d, const struct wire_call *msg)
{
	struct thread *thread = thread_find(d, (pid_t)msg->tid);

	if (d->poster && d->poster == thread && thread->state == TH_IDLE && call_merges(msg) &&
	    thread->posted_nr < POSTED_MAX)
		return true;
	return posted_settle(d);
}

/* The call is admitted */
static void call_admit(struct deputy *d, const struct wire_call *msg, const uint8_t *tail, size_t tail_len)
{
	struct thread *thread = thread_find(d, (pid_t)msg->tid);

	if (!(msg->flags & WIRE_CALL_POSTED)) {
		call_begin(d, msg, tail, tail_len);
		return;
	}
	if (!thread || !thread->task->arena_nr || thread->task->ending)
		return;
	d->stats.calls++;
	if (thread->state == TH_IDLE && write_post(d, thread, msg, tail, tail_len))
		return;
	if (tail_len || !posted_is_small(msg) || thread->state != TH_IDLE ||
	    (msg->nr == SYS_openat && !open_post(d, thread, msg)) ||
	    (msg->nr == SYS_rt_sigaction && !action_post(thread, msg))) {
		lost_end(d, "the worker posted a call that cannot be posted");
		return;
	}
	d->poster = thread;
	thread->posted[thread->posted_nr].nr = msg->nr;
	memcpy(thread->posted[thread->posted_nr++].arg, msg->arg, sizeof(thread->posted[0].arg));
}

void posted_call(struct deputy *d, const struct wire_call *msg, const uint8_t *tail, size_t tail_len)
{
	newborn_settle(d, (pid_t)msg->tid);
	if (d->held || !is_admitted(d, msg))
		call_hold(d, msg, tail, tail_len);
	else
		call_admit(d, msg, tail, tail_len);
}

/* May what is held first be done now? */
static bool is_due(struct deputy *d)
{
	return d->held->is_action ? posted_settle(d) : is_admitted(d, &d->held->msg);
}

/* Do what was held */
static void held_admit(struct deputy *d, struct held *held)
{
	if (held->is_action) {
		signal_default(d, &held->action);
		return;
	}
	call_admit(d, &held->msg, held->tail, held->tail_len);
	if (held->interrupted)
		signal_interrupt(d, held->msg.call);
}

void posted_drain(struct deputy *d)
{
	const char *broken = d->broken;

	if (d->draining)
		return;
	d->broken = NULL;
	if (broken)
		lost_end(d, broken);
	d->draining = true;
	while (d->held && is_due(d)) {
		struct held *held = d->held;

		d->held = held->next;
		if (!d->held) {
			d->held_end = &d->held;
			uv_timer_stop(&d->held_timer);
		}
		d->held_bytes -= sizeof(*held) + held->tail_len;
		held_admit(d, held);
		free(held);
	}
	d->draining = false;
}

void posted_default(struct deputy *d, const struct wire_default *msg)
{
	struct held *held;

	if (!d->held && posted_settle(d)) {
		signal_default(d, msg);
		return;
	}
	held = held_new(d, 0);
	if (!held)
		return;
	held->is_action = true;
	held->action = *msg;
}

void posted_interrupt(struct deputy *d, uint64_t call)
{
	for (struct held *held = d->held; held; held = held->next) {
		if (call && held->msg.call == call) {
			held->interrupted = true;
			return;
		}
	}
	signal_interrupt(d, call);
}

void posted_retry(uv_timer_t *timer)
{
	posted_drain(timer->data);
}

/* The loop is about to sleep */
static void on_prepare(uv_prepare_t *prepare)
{
	struct deputy *d = prepare->data;

	if (d->poster && !d->merged && d->poster->posted_nr)
		posted_settle(d);
	linger_prepare(d);
}

void posted_init(struct deputy *d)
{
	d->held_end = &d->held;
	d->held_timer.data = d->prepare.data = d;
	uv_timer_init(&d->loop, &d->held_timer);
	uv_prepare_init(&d->loop, &d->prepare);
	uv_prepare_start(&d->prepare, on_prepare);
}

void posted_clear(struct deputy *d)
{
	while (d->held) {
		struct held *next = d->held->next;

		free(d->held);
		d->held = next;
	}
	d->held_end = &d->held;
	d->held_bytes = 0;
	uv_timer_stop(&d->held_timer);
}
