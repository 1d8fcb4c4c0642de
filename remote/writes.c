/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes that return before they are made: see remote/writes.h. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "remote/ahead.h"
#include "remote/calls.h"
#include "remote/session.h"
#include "remote/writes.h"

#define OFFSET_MAX  (1ll << 42) /* far from where files end */
#define LATER_BYTES 8192	/* less data than that wait for company */
#define PAGE	    4096u
#define USER_END    (1ull << 47)
#define REFUSED(fd) (INT_MIN + (fd)) /* guest->written: there is no credit for that descriptor, do not ask again */

/**
 * is_alone() - Is the thread the only one of the session?
 */
static bool is_alone(const struct thread *thread)
{
	const struct guest_table *table = &thread->guest->session->guests;

	return table->guests_nr == 1 && thread->guest->threads == thread && !thread->next;
}

void writes_forget(struct guest *guest, int fd)
{
	for (unsigned int i = 0; i < CREDITS; i++)
		if (fd < 0 || guest->credit[i].fd == fd)
			guest->credit[i].left = 0;
	if (fd < 0 || guest->written == REFUSED(fd))
		guest->written = -1;
}

uint32_t writes_flags(struct thread *thread)
{
	struct guest *guest = thread->guest;
	int fd = (int)thread->call.arg[0];
	bool again = guest->written == fd;

	if (fd < 0 || guest->written == REFUSED(fd))
		return 0;
	guest->written = fd;
	guest->asked = again;
	return again && is_alone(thread) && !guest->loud && !guest->session->objects.watched ? WIRE_CALL_AHEAD : 0;
}

void writes_answered(struct thread *thread, bool credited)
{
	struct guest *guest = thread->guest;

	if (guest->asked && !credited)
		guest->written = REFUSED((int)thread->call.arg[0]);
	guest->asked = false;
}

bool writes_take(struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	struct guest *guest = thread->guest;
	struct wire_room room;
	unsigned int slot = 0;
	int fd = (int)thread->call.arg[0];

	if (tail_len != sizeof(room))
		return false;
	memcpy(&room, tail, sizeof(room));
	/* The place of the same descriptor, or one whose credit is used up, or any */
	for (unsigned int i = 0; i < CREDITS; i++)
		if (guest->credit[i].fd == fd || (guest->credit[slot].fd != fd && !guest->credit[i].left))
			slot = i;
	guest->credit[slot] = (struct credit){ fd, room.credit, room.dev, room.ino };
	return true;
}

/**
 * is_readable() - Is all of that memory there? It stays: the only thread that could change that is in this call
 */
static bool is_readable(const struct thread *thread, uint64_t addr, uint64_t len)
{
	struct iovec remote[WIRE_DATA_MAX / PAGE + 2], local;
	uint8_t bytes[WIRE_DATA_MAX / PAGE + 2];
	unsigned long nr = 0;

	for (uint64_t at = addr; at < addr + len; at = (at | (PAGE - 1)) + 1)
		remote[nr++] = (struct iovec){ (void *)(uintptr_t)at, 1 };
	local = (struct iovec){ bytes, nr };
	return process_vm_readv(thread->outer, &local, 1, remote, nr, 0) == (ssize_t)nr;
}

/**
 * data_pull() - channel_source's pull: bytes of the guest's call
 */
static int data_pull(void *ctx, size_t offset, void *buf, size_t len)
{
	const struct thread *thread = ctx;
	struct iovec local = { buf, len }, remote = { (void *)(uintptr_t)(thread->call.arg[1] + offset), len };

	return process_vm_readv(thread->outer, &local, 1, &remote, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}

/**
 * data_post() - Post the thread's write; false when its data cannot be read: home will say what comes of that
 */
static bool data_post(struct thread *thread, const uint64_t arg[6])
{
	struct session *session = thread->guest->session;
	struct wire_call msg = { .tid = thread->tid, .nr = thread->call.nr, .flags = WIRE_CALL_POSTED };
	struct channel_source source = { data_pull, thread, arg[2] };

	if (arg[2] < LATER_BYTES) {
		if (data_pull(thread, 0, session->buffer, arg[2]) < 0)
			return false;
		call_post(thread, thread->call.nr, arg, session->buffer, arg[2]);
		return true;
	}
	if (!is_readable(thread, arg[1], arg[2]))
		return false;
	memcpy(msg.arg, arg, sizeof(msg.arg));
	channel_send_from(session->channel, WIRE_CALL, &msg, &source);
	return true;
}

bool writes_serve(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	struct guest *guest = thread->guest;
	struct credit *credit = NULL;

	for (unsigned int i = 0; i < CREDITS; i++)
		if (guest->credit[i].left && guest->credit[i].fd == (int)arg[0])
			credit = &guest->credit[i];
	if (!credit || !arg[2] || arg[2] > credit->left || arg[2] > WIRE_DATA_MAX || !is_alone(thread) ||
	    guest->session->objects.watched)
		return false;
	if (thread->call.nr == SYS_pwrite64 && ((int64_t)arg[3] < 0 || (int64_t)arg[3] > OFFSET_MAX))
		return false;
	if (arg[1] > USER_END - arg[2] || !data_post(thread, arg))
		return false;
	credit->left -= arg[2];
	ahead_changed(thread, credit->dev, credit->ino);
	*ret = (int64_t)arg[2];
	return true;
}
