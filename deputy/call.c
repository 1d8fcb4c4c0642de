/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forwarded calls: arguments into the slot, the call by the home thread, results back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deputy/ahead.h"
#include "deputy/call.h"
#include "deputy/deputy.h"
#include "deputy/fork.h"
#include "deputy/handlers.h"
#include "deputy/inflow.h"
#include "deputy/listing.h"
#include "deputy/lost.h"
#include "deputy/object.h"
#include "deputy/outbox.h"
#include "deputy/posted.h"
#include "deputy/promise.h"
#include "deputy/stock.h"
#include "deputy/trace.h"
#include "deputy/writes.h"
#include "sysdef.h"

/* The call has been answered: let go of what belongs to it */
static void call_end(struct thread *thread)
{
	thread->call.id = 0;
	if (thread->call.planned)
		sysplan_release(&thread->call.plan);
	thread->call.planned = false;
	if (thread->passed) {
		/* The signals that were blocked for this call alone: on_event_stop() sets the mask */
		thread->passed = 0;
		ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0);
	}
}

void call_answer(struct deputy *d, struct thread *thread, int64_t ret, const struct iovec *tail, int tail_nr)
{
	struct wire_result msg = { thread->call.id, ret, thread->call.flags };

	for (int i = 0; i < tail_nr; i++)
		d->stats.bytes_out += tail[i].iov_len;
	listings_check(d);
	if (d->channel)
		channel_send(d->channel, WIRE_RESULT, &msg, tail, tail_nr);
	if (!d->watches)
		listings_note(d, thread, ret); /* behind the answer: to read a directory takes a while */
	d->answered = true;
	call_end(thread);
}

void call_answer_ordered(struct deputy *d, struct thread *thread, int64_t ret, const void *tail, size_t tail_len)
{
	struct wire_result msg = { thread->call.id, ret, thread->call.flags };

	deputy_send(d, WIRE_RESULT, &msg, sizeof(msg), tail, tail_len);
	call_end(thread);
}

/* Join pieces that are too many for one send; the copy is malloc'ed, NULL when there is no memory */
static void *pieces_join(struct iovec *iov, int nr)
{
	size_t len = 0;
	uint8_t *all, *at;

	for (int i = 0; i < nr; i++)
		len += iov[i].iov_len;
	at = all = malloc(len ? len : 1);
	for (int i = 0; all && i < nr; i++)
		at = mempcpy(at, iov[i].iov_base, iov[i].iov_len);
	iov[0] = (struct iovec){ all, all ? len : 0 };
	return all;
}

/* Answer with what the row says the call has written */
void call_row_finish(struct deputy *d, struct thread *thread, int64_t ret)
{
	int nr = sysplan_collect(&thread->call.plan, ret, d->iov, SYSPLAN_IOV_MAX);
	bool ordered = d->live_nr && ret >= 0 && objects_written(d, thread, ret);
	void *joined = NULL;

	if (nr > CHANNEL_TAIL_PIECES_MAX || (ordered && nr > 0)) {
		joined = pieces_join(d->iov, nr);
		nr = 1;
	}
	if (ordered)
		call_answer_ordered(d, thread, ret, nr > 0 ? d->iov[0].iov_base : NULL, nr > 0 ? d->iov[0].iov_len : 0);
	else
		call_answer(d, thread, ret, d->iov, nr < 0 ? 0 : nr);
	free(joined);
}

void call_interrupted_answer(struct deputy *d, struct thread *thread)
{
	int nr = thread->call.planned ? sysplan_collect(&thread->call.plan, -EINTR, d->iov, SYSPLAN_IOV_MAX) : 0;

	call_answer(d, thread, thread->call.code, d->iov, nr < 0 ? 0 : nr);
}

void call_finish(struct deputy *d, struct thread *thread)
{
	const struct arena *arena = thread->arena;
	const struct slot *slot = arena_slot(arena, (unsigned int)thread->slot);
	struct call *call = &thread->call;
	int64_t ret = slot->done ? slot->call[slot->done - 1].ret : -EINTR;
	pid_t newborn = 0;

	thread_state_set(thread, TH_IDLE);
	posted_forget(d, thread);
	if (ret == SLOT_UNBEGUN) {
		/* It is made after the handler, as if the signal had come a little earlier: SLOT_UNBEGUN is ERESTARTNOINTR */
		ret = -EINTR;
		if (!call->code)
			call->code = SLOT_UNBEGUN;
	}
	if (thread->newborn_slot >= 0) {
		ret = newborn_adopt(d, thread, ret);
		newborn = ret > 0 ? (pid_t)ret : 0;
	}
	if (thread->task->ending)
		task_end_post(d, thread);
	else if (ret == -EINTR && call->code && !call->whole)
		call_interrupted_answer(d, thread);
	else
		(call->finish ? call->finish : call_row_finish)(d, thread, ret);
	if (newborn)
		newborn_await(d, newborn);
	posted_drain(d);
}

/* How long to wait actively. For a large posted write not at all: others have work, the remote with what comes next */
static unsigned int spin_us(const struct call *call)
{
	if (!call->id && call->bytes > SPIN_US * SPIN_BYTES_PER_US)
		return 0;
	return SPIN_US + call->bytes / SPIN_BYTES_PER_US;
}

void call_post_unawaited(struct thread *thread, call_finisher finish)
{
	thread->call.finish = finish;
	thread_state_set(thread, TH_BUSY);
	executor_post(thread->arena, (unsigned int)thread->slot);
}

void call_await(struct deputy *d, struct thread *thread, unsigned int us)
{
	const struct arena *arena = thread->arena;
	unsigned int slot = (unsigned int)thread->slot;

	if (executor_spin(arena, slot, us)) {
		d->stats.spun++;
		call_finish(d, thread);
	} else if (!executor_listen(arena, slot)) {
		call_finish(d, thread);
	}
}

void call_post(struct deputy *d, struct thread *thread, call_finisher finish)
{
	call_post_unawaited(thread, finish);
	call_await(d, thread, spin_us(&thread->call));
}

void call_back(struct deputy *d, struct thread *thread)
{
	/* If it has ended already, it stops */
	if (executor_unlisten(thread->arena, (unsigned int)thread->slot))
		call_await(d, thread, SPIN_US);
}

/* A thread of the task that makes its last call, or NULL */
static struct thread *exits_find(const struct task *task)
{
	struct thread *thread = task->exits_nr ? task->threads : NULL;

	while (thread && !thread->exits)
		thread = thread->sibling;
	return thread;
}

/*
 * On the worker a thread that exits is gone at once, and who has joined it may look for it here: see the ends of those
 * that are on their way out.
 */
static void exits_settle(struct deputy *d, struct task *task)
{
	struct thread *thread;

	while (!task->stopped && (thread = exits_find(task)) && trace_await(d, thread))
		;
}

/* The devices that never keep a reader waiting: null, zero, full, random, urandom (Documentation/admin-guide/devices.txt) */
static bool is_memory_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && major(st->st_rdev) == 1 && minor(st->st_rdev) >= 3;
}

/* A receive that is to fill its buffer, from a socket that has no messages: it waits for the next part, too */
static bool fills_buffer(const struct thread *thread, const struct wire_call *msg)
{
	int type = 0, fd;
	socklen_t len = sizeof(type);

	if (msg->nr != SYS_recvfrom || (msg->arg[3] & (MSG_WAITALL | MSG_PEEK)) != MSG_WAITALL)
		return false;
	fd = task_fd_copy(thread->task, (int)msg->arg[0]);
	if (fd < 0)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		type = 0;
	close(fd);
	return type == SOCK_STREAM;
}

/* The caller has more to transfer: say whether its descriptor is a regular file, where that is one call in parts */
static uint32_t regular_flag(const struct thread *thread, const struct wire_call *msg)
{
	char path[64];
	struct stat st;

	if (!(msg->flags & WIRE_CALL_MORE))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)thread->tid, (int)msg->arg[0]);
	if (stat(path, &st))
		return 0;
	return S_ISREG(st.st_mode) || is_memory_device(&st) || fills_buffer(thread, msg) ? WIRE_RESULT_REGULAR : 0;
}

int call_place(struct thread *thread, const uint8_t *tail, size_t tail_len, size_t skip)
{
	const struct arena *arena = thread->arena;
	unsigned int slot = (unsigned int)thread->slot;
	struct call *call = &thread->call;
	int err = sysplan_place(&call->plan, call->nr, call->arg, tail, tail_len, arena_data(arena, slot) + skip,
				arena_data_addr(arena, slot) + skip, SLOT_DATA_SIZE - skip, call->home_arg);

	if (err)
		return err;
	call->planned = true;
	/* The remote answers these by itself: who asks for them here is not our remote */
	if (call->plan.row->where == SYS_DENY || call->plan.row->where == SYS_LOCAL)
		return -EPROTO;
	return 0;
}

void *call_pointer(const struct thread *thread, uint64_t home_addr, size_t len)
{
	uint64_t at = home_addr - arena_data_addr(thread->arena, (unsigned int)thread->slot);

	return at <= SLOT_DATA_SIZE - len ? arena_data(thread->arena, (unsigned int)thread->slot) + at : NULL;
}

int call_row_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len, call_finisher finish)
{
	const uint64_t *a = thread->call.home_arg;
	int err = call_place(thread, tail, tail_len, 0);

	if (err)
		return err;
	executor_begin(thread->arena, (unsigned int)thread->slot, 0);
	posted_merge(d, thread);
	executor_add(thread->arena, (unsigned int)thread->slot, thread->call.nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	call_post(d, thread, finish);
	return 0;
}

/* Make the call that its row describes */
static int row_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	return call_row_begin(d, thread, tail, tail_len, thread->call.row_finish);
}

bool call_merges(const struct wire_call *msg)
{
	return !handler_find(msg) && !(msg->flags & WIRE_CALL_POSTED && !posted_is_small(msg));
}

/* How a call that its row describes is finished, when its caller would like to know what comes next */
static call_finisher finisher_find(const struct deputy *d, const struct wire_call *msg)
{
	call_finisher finish;

	if (!(msg->flags & WIRE_CALL_AHEAD))
		return d->watches ? NULL : stock_finisher(msg);
	finish = d->watches ? NULL : ahead_finisher(msg);
	return finish ? finish : write_finisher(msg);
}

/* How much data the call is about, at most a slot full: it takes the longer */
static uint32_t transfer_bytes(const struct wire_call *msg, size_t tail_len)
{
	const struct sysdef *row = sysdef_row(msg->nr);
	uint64_t bytes = row->traits & SYS_SPLIT && row->arg[2].kind == ARG_SIZE ? msg->arg[2] : 0;

	bytes = bytes > tail_len ? bytes : tail_len;
	return bytes < SLOT_DATA_SIZE ? (uint32_t)bytes : SLOT_DATA_SIZE;
}

void call_begin(struct deputy *d, const struct wire_call *msg, const uint8_t *tail, size_t tail_len)
{
	struct thread *thread = thread_find(d, (pid_t)msg->tid);
	call_handler handler = msg->flags & WIRE_CALL_STREAMED ? inflow_call : handler_find(msg);
	int err;

	if (!thread || !thread->task->arena_nr || thread->task->ending)
		return; /* it has died, or will; DROP is on its way */
	if (thread->state != TH_IDLE) {
		lost_end(d, "the worker made two calls at once for one thread");
		return;
	}
	exits_settle(d, thread->task);
	d->stats.calls++;
	d->stats.bytes_in += tail_len;
	thread->call.id = msg->call;
	caller_set(d, thread, msg->call);
	thread->call.nr = msg->nr;
	thread->call.code = 0;
	thread->call.whole = false;
	memcpy(thread->call.arg, msg->arg, sizeof(thread->call.arg));
	thread->call.flags = regular_flag(thread, msg);
	thread->call.bytes = transfer_bytes(msg, tail_len);
	if (msg->nr == SYS_inotify_init || msg->nr == SYS_inotify_init1 || msg->nr == SYS_fanotify_init)
		d->watches = true; /* what is read ahead would show there */
	thread->call.row_finish = finisher_find(d, msg);
	if (msg->nr == SYS_unshare || msg->nr == SYS_setns)
		thread->task->ids_known = false;
	listings_guard(d, msg);
	promises_guard(d, msg);
	if (write_late(d, thread, &thread->call.row_finish))
		return;
	if (stock_read(d, thread, tail, tail_len))
		return;
	err = (handler ? handler : row_begin)(d, thread, tail, tail_len);
	if (err == -EPROTO)
		lost_end(d, "the worker sent a call that does not match the table");
	else if (err)
		call_answer(d, thread, err, NULL, 0);
}
