/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes that return before they are made: see remote/writes.h. */
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "remote/ahead.h"
#include "remote/calls.h"
#include "remote/session.h"
#include "remote/writes.h"

#define OFFSET_MAX (1ll << 42) /* far from where files end */

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
}

uint32_t writes_flags(struct thread *thread)
{
	struct guest *guest = thread->guest;
	int fd = (int)thread->call.arg[0];
	bool again = guest->written == fd;

	guest->written = fd;
	return again && is_alone(thread) && !guest->loud && !guest->session->objects.watched ? WIRE_CALL_AHEAD : 0;
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

bool writes_serve(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	struct guest *guest = thread->guest;
	uint8_t *buffer = guest->session->buffer;
	struct iovec local = { buffer, arg[2] }, remote = { (void *)(uintptr_t)arg[1], arg[2] };
	struct credit *credit = NULL;

	for (unsigned int i = 0; i < CREDITS; i++)
		if (guest->credit[i].left && guest->credit[i].fd == (int)arg[0])
			credit = &guest->credit[i];
	if (!credit || !arg[2] || arg[2] > credit->left || arg[2] > WIRE_DATA_MAX || !is_alone(thread) ||
	    guest->session->objects.watched)
		return false;
	if (thread->call.nr == SYS_pwrite64 && ((int64_t)arg[3] < 0 || (int64_t)arg[3] > OFFSET_MAX))
		return false;
	if (process_vm_readv(thread->outer, &local, 1, &remote, 1, 0) != (ssize_t)arg[2])
		return false; /* home will say what comes of that */
	credit->left -= arg[2];
	ahead_changed(thread, credit->dev, credit->ino);
	call_post(thread, thread->call.nr, arg, buffer, arg[2]);
	*ret = (int64_t)arg[2];
	return true;
}
