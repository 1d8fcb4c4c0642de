/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Who writes a megabyte into a pipe natively has its first bytes read while the last ones are not yet written. So the data of a
 * large write come in pieces (DATA), and a write to a pipe begins with the first of them: it is made as several, each of what
 * has come until then. Nobody can tell, for a write of more than PIPE_BUF bytes to a pipe is no more than that: other writers'
 * data may come in between, and a signal, or the end of the readers, cuts it short after what was written. The first of
 * the several that is cut short is the last one made; what has been written by then is the result of all.
 *
 * A write to anything else is made when all has come: to a file it is one.
 *
 * While pieces come nobody waits for the home thread: it is looked after when the next one is there. They come one right
 * behind the other, so no INTERRUPT can be missed in between.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "deputy/call.h"
#include "deputy/deputy.h"
#include "deputy/fork.h"
#include "deputy/inflow.h"
#include "deputy/pipes.h"
#include "deputy/posted.h"
#include "deputy/task.h"
#include "executor.h"

static void part_written(struct deputy *d, struct thread *thread, int64_t ret);

/* Write what has come */
static void part_post(struct deputy *d, struct thread *thread)
{
	unsigned int slot = (unsigned int)thread->slot;
	struct call *call = &thread->call;

	call->part = call->got - call->done;
	executor_begin(thread->arena, slot, 0);
	executor_add(thread->arena, slot, SYS_write, call->arg[0], arena_data_addr(thread->arena, slot) + call->done,
		     call->part, 0, 0, 0);
	call_post_unawaited(thread, part_written);
	if (call->got == call->arg[2])
		call_await(d, thread, SPIN_US + (unsigned int)(call->part / SPIN_BYTES_PER_US));
}

/* It is written, or as much of it as could be */
static void part_written(struct deputy *d, struct thread *thread, int64_t ret)
{
	struct call *call = &thread->call;

	call->done += ret > 0 ? (uint64_t)ret : 0;
	if (ret > 0 && (uint64_t)ret == call->part && !call->code && call->done < call->arg[2]) {
		if (call->got > call->done)
			part_post(d, thread);
		return;
	}
	if (call->done)
		ret = (int64_t)call->done;
	else if (ret == -EINTR && call->code)
		ret = call->code;
	call_answer(d, thread, ret, NULL, 0);
}

int inflow_call(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	(void)d;
	(void)tail;
	thread->call.got = thread->call.done = 0;
	thread->call.whole = true;
	return tail_len ? -EPROTO : 0;
}

/* May the write be begun before all its data are there? */
static bool is_divisible(struct deputy *d, const struct wire_call *msg)
{
	struct thread *thread;
	bool pipe;
	int fd;

	newborn_settle(d, (pid_t)msg->tid);
	thread = thread_find(d, (pid_t)msg->tid);
	if (!thread || thread->state != TH_IDLE || d->poster || d->held)
		return false;
	fd = task_fd_copy(thread->task, (int)msg->arg[0]);
	pipe = fd >= 0 && pipe_is_stream(fd);
	if (fd >= 0)
		close(fd);
	return pipe;
}

int inflow_begin(struct deputy *d, const struct wire_call *msg, size_t tail_len)
{
	struct inflow *in = &d->inflow;

	if (in->msg.arg[2] || tail_len || msg->nr != SYS_write || (msg->flags & WIRE_CALL_POSTED) || !msg->arg[2] ||
	    msg->arg[2] > SYSPLAN_PART_MAX)
		return -EPROTO;
	in->msg = *msg;
	in->got = 0;
	if (is_divisible(d, msg)) {
		call_begin(d, msg, NULL, 0);
		return 0;
	}
	in->data = malloc(sizeof(uint32_t) + msg->arg[2]);
	return in->data ? 0 : -EPROTO;
}

/* A piece of a write that is made as they come; it may have been answered already, or nobody waits for it any more */
static void part_take(struct deputy *d, const struct inflow *in, const uint8_t *piece, size_t len)
{
	struct thread *thread = caller_find(d, in->msg.call);
	struct call *call = thread ? &thread->call : NULL;
	unsigned int slot = thread ? (unsigned int)thread->slot : 0;

	if (!thread || call->id != in->msg.call || call->got != in->got)
		return;
	memcpy(arena_data(thread->arena, slot) + call->got, piece, len);
	call->got += len;
	if (thread->state == TH_IDLE)
		part_post(d, thread);
	else if (thread->state == TH_BUSY && executor_done(thread->arena, slot))
		call_finish(d, thread);
	else if (thread->state == TH_BUSY && call->got == call->arg[2])
		call_await(d, thread, SPIN_US + (unsigned int)(call->part / SPIN_BYTES_PER_US));
}

int inflow_take(struct deputy *d, const struct wire_data *msg, const uint8_t *tail, size_t tail_len)
{
	struct inflow *in = &d->inflow, all;
	uint32_t total = (uint32_t)in->msg.arg[2];

	if (!total || msg->call != in->msg.call || !tail_len || tail_len > total - in->got)
		return -EPROTO;
	if (in->data)
		memcpy(in->data + sizeof(total) + in->got, tail, tail_len);
	else
		part_take(d, in, tail, tail_len);
	in->got += tail_len;
	if (in->got < total)
		return 0;
	all = *in;
	*in = (struct inflow){ 0 };
	if (!all.data)
		return 0;
	memcpy(all.data, &total, sizeof(total)); /* as the row lays it out */
	all.msg.flags &= ~WIRE_CALL_STREAMED;
	posted_call(d, &all.msg, all.data, sizeof(total) + total);
	free(all.data);
	return 0;
}

void inflow_clear(struct deputy *d)
{
	free(d->inflow.data);
	d->inflow = (struct inflow){ 0 };
}
