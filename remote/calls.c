/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trapped calls of guests: see remote/calls.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "log.h"
#include "remote/again.h"
#include "remote/ahead.h"
#include "remote/calls.h"
#include "remote/fork.h"
#include "remote/keeps.h"
#include "remote/listener.h"
#include "remote/live.h"
#include "remote/merge.h"
#include "remote/notify.h"
#include "remote/promises.h"
#include "remote/session.h"
#include "remote/signals.h"
#include "remote/title.h"
#include "remote/writes.h"

#define PIECE_BYTES (128u << 10)      /* of the data of a large write, in one message */
#define STREAM_MIN  (2 * PIECE_BYTES) /* a write of fewer bytes is one message */

/* How long a posted call may wait for another message to go with */
#define LATER_MS 10 /* a shorter one has the kernel set its clock anew for each wait: 10 us on virtual machines */

/**
 * mem_readv() - guest_mem's readv
 */
static ssize_t mem_readv(void *ctx, const struct iovec *local, int local_nr, const struct iovec *remote, int remote_nr)
{
	const struct thread *thread = ctx;
	ssize_t n =
		process_vm_readv(thread->outer, local, (unsigned long)local_nr, remote, (unsigned long)remote_nr, 0);

	return n < 0 ? -errno : n;
}

/**
 * mem_writev() - guest_mem's writev
 */
static ssize_t mem_writev(void *ctx, const struct iovec *local, int local_nr, const struct iovec *remote, int remote_nr)
{
	const struct thread *thread = ctx;
	ssize_t n =
		process_vm_writev(thread->outer, local, (unsigned long)local_nr, remote, (unsigned long)remote_nr, 0);

	return n < 0 ? -errno : n;
}

struct guest_mem call_memory(struct thread *thread)
{
	return (struct guest_mem){ thread, mem_readv, mem_writev };
}

struct thread *call_maker(const struct session *session, uint64_t id)
{
	const struct guest_table *table = &session->guests;

	return id % THREADS_MAX < table->index_nr ? table->thread[id % THREADS_MAX] : NULL;
}

struct thread *call_find(const struct session *session, uint64_t id)
{
	struct thread *thread = call_maker(session, id);

	return id && thread && thread->call.id == id ? thread : NULL;
}

/**
 * call_end() - The thread leaves its call
 */
static void call_end(struct thread *thread)
{
	if (thread->call.planned)
		sysplan_release(&thread->call.plan);
	thread->call.planned = false;
	thread->call.id = 0;
	thread_move(thread, THREAD_RUNNING);
}

bool call_is_restart(int64_t ret)
{
	return ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK;
}

bool call_is_interrupted(int64_t ret)
{
	return ret == -EINTR || call_is_restart(ret);
}

void call_return(struct thread *thread, int64_t ret)
{
	struct call *call = &thread->call;

	if (thread->guest->doomed)
		return; /* it stays where it is until it is killed: who has sent himself the signal does not come back */
	log_debug("thread %u: returns %lld", thread->tid, (long long)ret);
	thread->answered = call_is_restart(ret) ? (int)ret : 0;
	/* Restart codes are looked at where signals are delivered, and another thread may take this one: go there */
	if (call_is_restart(ret))
		ptrace(PTRACE_INTERRUPT, thread->outer, 0, 0);
	call_end(thread);
	notify_answer(listener_fd(thread->guest->listener), call->notif, ret);
}

void call_continue(struct thread *thread)
{
	if (thread->guest->doomed)
		return;
	thread->answered = 1; /* its restart codes are the worker's own kernel's */
	call_end(thread);
	notify_continue(listener_fd(thread->guest->listener), thread->call.notif);
}

void call_park(struct thread *thread, stop_action action)
{
	thread->at_stop = action;
	call_return(thread, -ERESTARTNOINTR);
}

void call_send(struct thread *thread, uint32_t nr, const uint64_t arg[6], uint32_t flags, const void *tail,
	       size_t tail_len)
{
	struct session *session = thread->guest->session;
	struct wire_call msg = { .tid = thread->tid, .nr = nr, .flags = flags };
	struct iovec piece = { (void *)tail, tail_len };

	if (session->objects.watched)
		live_sync(session); /* whoever learns of this call may look at the files */
	session->news += !thread->call.silent;
	thread->call.written = session->objects.written;
	thread->call.id = call_number(thread);
	if (nr == SYS_clone && !(arg[0] & CLONE_THREAD))
		thread->call.id |= CALL_MAKES_PROCESS;
	msg.call = thread->call.id;
	memcpy(msg.arg, arg, sizeof(msg.arg));
	log_debug("thread %u: goes home: %s", thread->tid, sysdef_name(nr));
	channel_send(session->channel, WIRE_CALL, &msg, &piece, tail_len ? 1 : 0);
}

uint64_t call_number(const struct thread *thread)
{
	return ++thread->guest->session->serial * THREADS_MAX + thread->index;
}

void call_post(struct thread *thread, uint32_t nr, const uint64_t arg[6], const void *tail, size_t tail_len,
	       uint64_t asks)
{
	struct session *session = thread->guest->session;
	struct wire_call msg = { .call = asks, .tid = thread->tid, .nr = nr, .flags = WIRE_CALL_POSTED };
	struct iovec piece = { (void *)tail, tail_len };

	if (asks)
		msg.flags |= WIRE_CALL_AHEAD;
	session->posts++;
	memcpy(msg.arg, arg, sizeof(msg.arg));
	log_debug("thread %u: posted: %s", thread->tid, sysdef_name(nr));
	channel_queue(session->channel, WIRE_CALL, &msg, &piece, tail_len ? 1 : 0);
	if (!uv_is_active((uv_handle_t *)&session->later))
		uv_timer_start(&session->later, session_later, LATER_MS, 0);
}

/**
 * part_stream() - Send the @len bytes of a large write in pieces, so that home can begin with it when the first is there
 */
static void part_stream(struct thread *thread, uint32_t flags, const uint8_t *data, size_t len)
{
	struct channel *channel = thread->guest->session->channel;
	struct wire_data msg;
	struct iovec piece;

	call_send(thread, thread->call.nr, thread->call.plan.arg, flags | WIRE_CALL_STREAMED, NULL, 0);
	msg.call = thread->call.id;
	for (size_t at = 0; at < len; at += piece.iov_len) {
		piece.iov_base = (void *)(data + at);
		piece.iov_len = len - at < PIECE_BYTES ? len - at : PIECE_BYTES;
		if (channel_send(channel, WIRE_DATA, &msg, &piece, 1) < 0)
			return;
	}
}

/**
 * part_send() - Send what was gathered into the session's buffer
 */
static void part_send(struct thread *thread, size_t len)
{
	const struct call *call = &thread->call;
	const uint8_t *tail = thread->guest->session->buffer;
	uint32_t flags = (sysplan_more(&call->plan) ? WIRE_CALL_MORE : 0) | ahead_flags(thread);

	/* All of it could be read, and is behind its length */
	if (call->nr == SYS_write && call->plan.arg[2] >= STREAM_MIN && len == sizeof(uint32_t) + call->plan.arg[2])
		part_stream(thread, flags, tail + sizeof(uint32_t), len - sizeof(uint32_t));
	else
		call_send(thread, call->nr, call->plan.arg, flags, tail, len);
}

/**
 * opens_proc() - Is the call, whose gathered arguments are these, an open of something in /proc?
 */
static bool opens_proc(const struct call *call, const uint8_t *tail, size_t len)
{
	static const char proc[] = "/proc/";

	return (call->nr == SYS_open || call->nr == SYS_openat) && len > sizeof(uint32_t) + sizeof(proc) &&
	       !memcmp(tail + sizeof(uint32_t), proc, sizeof(proc) - 1);
}

int call_forward_with(struct thread *thread, const void *front, size_t front_len)
{
	struct guest_mem mem = call_memory(thread);
	uint8_t *buffer = thread->guest->session->buffer;
	struct call *call = &thread->call;
	ssize_t len;

	if (front_len)
		memcpy(buffer, front, front_len);
	len = sysplan_gather(&call->plan, call->nr, call->arg, &mem, buffer + front_len, SYSPLAN_TAIL_MAX - front_len);
	if (len < 0)
		return (int)len;
	call->planned = true;
	if (call->plan.has_tempmask)
		keeps_tell(thread);
	if (opens_proc(call, buffer + front_len, (size_t)len))
		titles_sync(thread->guest->session);
	part_send(thread, (size_t)len + front_len);
	signals_unmasked(thread);
	return 0;
}

void call_forward(struct thread *thread)
{
	int err = call_forward_with(thread, NULL, 0);

	if (err)
		call_return(thread, err);
}

/**
 * call_finish() - Home has said what the call returns
 */
static void call_finish(struct thread *thread, int64_t ret)
{
	bool wanted = thread->suspend == SUSPEND_WANTED;

	thread->suspend = SUSPEND_NONE;
	if (call_is_interrupted(ret) && wanted) {
		call_park(thread, signals_suspend);
		return;
	}
	if (ret == -ERESTART_RESTARTBLOCK)
		ret = -EINTR; /* the restart block is home's, and a handler runs: else it had not come back */
	if (ret >= 0 && thread->call.plan.row->where == SYS_BOTH)
		call_continue(thread);
	else
		call_return(thread, ret);
}

bool call_scatter(struct thread *thread, int64_t *ret, const uint8_t *tail, size_t tail_len)
{
	struct guest_mem mem = call_memory(thread);

	if (sysplan_scatter(&thread->call.plan, ret, tail, tail_len, &mem) != -EPROTO)
		return true;
	session_end(thread->guest->session, "the deputy sent a result that does not match the table");
	return false;
}

void call_complete(struct thread *thread, int64_t ret, uint32_t flags, const uint8_t *tail, size_t tail_len)
{
	struct guest_mem mem = call_memory(thread);
	struct call *call = &thread->call;
	ssize_t len;

	/* What home took the thread out of may not come with what it has written so far */
	if ((tail_len || !call_is_interrupted(ret)) && !call_scatter(thread, &ret, tail, tail_len))
		return;
	if (!call->interrupted && sysplan_next(&call->plan, ret, flags & WIRE_RESULT_REGULAR)) {
		len = sysplan_gather_next(&call->plan, &mem, thread->guest->session->buffer, SYSPLAN_TAIL_MAX);
		if (len >= 0) {
			part_send(thread, (size_t)len);
			return;
		}
		ret = len;
	}
	call_finish(thread, sysplan_finish(&call->plan, ret));
}

void call_result(struct session *session, const struct wire_result *msg, const uint8_t *tail, size_t tail_len)
{
	struct thread *thread = call_find(session, msg->call);

	session->news += !thread || !thread->call.silent;
	if (!thread) { /* it has died */
		if ((msg->call & CALL_MAKES_PROCESS) && msg->ret > 0 && msg->ret <= INT32_MAX)
			newborn_end(session, (uint32_t)msg->ret, SYS_exit_group);
		else if (!writes_renewed(session, msg, tail, tail_len))
			session_end(session, "the deputy gave a credit that cannot be");
		return;
	}
	thread->call.id = 0;
	merge_seen(&session->objects, thread->call.written);
	if (!ahead_take(thread, msg->ret, msg->flags, tail, &tail_len)) {
		session_end(session, "the deputy told of a file that was not opened");
		return;
	}
	again_take(thread, msg->ret, tail, tail_len);
	if (thread->call.handler && thread->call.handler->result)
		thread->call.handler->result(thread, msg->ret, tail, tail_len);
	else
		call_complete(thread, msg->ret, msg->flags, tail, tail_len);
}

/**
 * refused_result() - Home has looked at the descriptor of a command that is made nowhere
 */
static void refused_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	struct sysdef resolved;

	(void)tail;
	(void)tail_len;
	if (ret >= 0)
		ret = -(int64_t)sysdef_resolve(thread->call.nr, thread->call.arg, &resolved)->ret;
	call_return(thread, ret);
}

/**
 * call_refuse() - The call is made nowhere
 *
 * The kernel looks at a descriptor before it looks at what is wanted of it. So home is asked for something that changes
 * nothing, and that fails where every command does.
 */
static void call_refuse(struct thread *thread, const struct sysdef *row)
{
	static const struct handler refused = { SYS_fcntl, NULL, refused_result };
	const uint64_t arg[6] = { thread->call.arg[0], F_GETSIG };

	if (sysdef_row(thread->call.nr)->where == SYS_DENY || row->arg[0].kind != ARG_FD) {
		call_return(thread, -(int64_t)row->ret);
		return;
	}
	thread->call.handler = &refused;
	call_send(thread, SYS_fcntl, arg, 0, NULL, 0);
}

/**
 * call_arrived() - A thread has made a call
 * Return: its number when it was sent home, else 0
 */
static uint64_t call_arrived(struct session *session, int listener, const struct seccomp_notif *notif)
{
	struct thread *thread = thread_by_outer(session, (pid_t)notif->pid);
	struct sysdef resolved;
	const struct sysdef *row;
	struct call *call;

	if (!thread || thread->state != THREAD_RUNNING || thread->guest->state != GUEST_LIVE) {
		/* Dropped meanwhile: it dies in its call */
		if (!thread || thread->guest->state == GUEST_LIVE)
			log_warn("a call of thread %u that was not expected", notif->pid);
		notify_answer(listener, notif->id, -ENOSYS);
		return 0;
	}
	call = &thread->call;
	call->id = 0;
	call->notif = notif->id;
	call->nr = (uint32_t)notif->data.nr;
	memcpy(call->arg, notif->data.args, sizeof(call->arg));
	call->interrupted = false;
	call->silent = false;
	call->handler = handler_find(call->nr);
	thread->suspend = SUSPEND_NONE;
	log_debug("thread %u: %s", thread->tid, sysdef_name(call->nr));
	thread_move(thread, THREAD_CALLING);
	keeps_tell(thread);
	if (thread->guest->signals_nr && signals_deliverable(thread)) {
		call_return(thread,
			    -ERESTARTNOINTR); /* the signal first: nothing would take the thread out of the call */
		return 0;
	}
	if (ahead_serve(thread) || promise_serve(thread) || listing_serve(thread) || again_serve(thread))
		return 0;
	row = sysdef_resolve(call->nr, call->arg, &resolved);
	if (row->where == SYS_DENY)
		call_refuse(thread, row);
	else if (call->handler && call->handler->begin)
		call->handler->begin(thread);
	else if (row->where == SYS_LOCAL)
		call_continue(thread);
	else
		call_forward(thread);
	return thread->state == THREAD_CALLING ? call->id : 0;
}

void call_await(struct session *session, uint64_t id, int listener)
{
	struct pollfd sources[] = {
		{ .fd = channel_fd(session->channel), .events = POLLIN },
		{ .fd = listener, .events = POLLIN },
		{ .fd = session->watch.fd, .events = POLLIN },
	};

	if (!aspin_begin(&session->linger))
		return;
	do {
		sources[0].events = channel_backlog(session->channel) ? POLLIN | POLLOUT : POLLIN;
		if (poll(sources, sizeof(sources) / sizeof(*sources), 0) <= 0)
			continue;
		if (sources[0].revents && (channel_poll(session->channel) < 0 || session->ended))
			return;
	} while (call_find(session, id) && !sources[1].revents && !sources[2].revents && aspin_on(&session->linger));
	aspin_end(&session->linger, !call_find(session, id));
}

void call_serve(struct session *session, int listener)
{
	struct seccomp_notif notif;
	uint64_t id;

	if (notify_receive(listener, &notif))
		return; /* taken out of its call meanwhile */
	id = call_arrived(session, listener, &notif);
	if (id)
		call_await(session, id, listener);
}
