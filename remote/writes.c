/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes that return before they are made: see remote/writes.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "remote/ahead.h"
#include "remote/calls.h"
#include "remote/known.h"
#include "remote/places.h"
#include "remote/session.h"
#include "remote/writes.h"
#include "usermem.h"

#define OFFSET_MAX  (1ll << 42)	     /* far from where files end */
#define LATER_BYTES 8192	     /* less data than that wait for company */
#define REFUSED(fd) (INT_MIN + (fd)) /* guest->written: there is no credit for that descriptor, do not ask again */

/**
 * is_only_one() - Do all other threads of the session wait in calls?
 */
static bool is_only_one(const struct session *session)
{
	return session->guests.calling_nr == session->guests.threads_nr;
}

void writes_forget(struct guest *guest, int fd)
{
	for (unsigned int i = 0; i < CREDITS; i++)
		if (fd < 0 || guest->credit[i].fd == fd)
			guest->credit[i].left = guest->credit[i].asks = 0;
	if (fd < 0 || guest->written == REFUSED(fd))
		guest->written = -1;
}

void writes_doubt(struct thread *thread)
{
	const struct call *call = &thread->call;
	struct session *session = thread->guest->session;

	if (call->nr == SYS_fcntl || call->nr == SYS_ioctl)
		writes_forget(thread->guest, (int)call->arg[0]);
	else
		writes_forget(thread->guest, -1);
	/* Others may have the same file, and may even have it open by the same open; or it is about their limits */
	if (session->guests.guests_nr > 1 &&
	    !(call->nr == SYS_fcntl && (int)call->arg[1] != F_SETFL && (int)call->arg[1] != F_ADD_SEALS))
		session->write_era++;
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
	guest->asked_era = guest->session->write_era;
	return again && is_only_one(guest->session) && !guest->loud && !guest->session->objects.watched
		       ? WIRE_CALL_AHEAD
		       : 0;
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
	guest->credit[slot] = (struct credit){
		.fd = fd,
		.given = room.credit,
		.left = room.credit,
		.dev = room.dev,
		.ino = room.ino,
		.era = guest->asked_era,
	};
	return true;
}

bool writes_renewed(struct session *session, const struct wire_result *msg, const uint8_t *tail, size_t tail_len)
{
	struct thread *thread = call_maker(session, msg->call);
	struct credit *credit = NULL;
	struct wire_room room;

	for (unsigned int i = 0; thread && msg->call && i < CREDITS; i++)
		if (thread->guest->credit[i].asks == msg->call)
			credit = &thread->guest->credit[i];
	if (!credit)
		return true; /* forgotten meanwhile, or a call of somebody who has died */
	if (!(msg->flags & WIRE_RESULT_AHEAD) || tail_len != sizeof(room) + sizeof(uint32_t))
		return false;
	memcpy(&room, tail, sizeof(room));
	credit->given = room.credit;
	credit->left = room.credit > credit->since ? room.credit - credit->since : 0;
	credit->asks = 0;
	return true;
}

/**
 * data_post() - Post the thread's write; false when its data cannot be read: home will say what comes of that
 */
static bool data_post(struct thread *thread, const uint64_t arg[6], uint64_t asks)
{
	struct session *session = thread->guest->session;
	struct iovec local = { session->buffer, arg[2] }, remote = { (void *)(uintptr_t)arg[1], arg[2] };

	if (process_vm_readv(thread->outer, &local, 1, &remote, 1, 0) != (ssize_t)arg[2])
		return false;
	call_post(thread, thread->call.nr, arg, session->buffer, arg[2], asks);
	thread->copied_fd = -1; /* it may have become longer */
	known_unset(thread->guest, KNOWN_PUNCTUAL, (uint32_t)arg[0]);
	if (arg[2] >= LATER_BYTES)
		channel_uncork(session->channel);
	return true;
}

bool writes_serve(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	struct guest *guest = thread->guest;
	const struct session *session = guest->session;
	struct credit *credit = NULL;
	uint64_t asks = 0;

	for (unsigned int i = 0; i < CREDITS; i++)
		if (guest->credit[i].left && guest->credit[i].fd == (int)arg[0] &&
		    guest->credit[i].era == session->write_era)
			credit = &guest->credit[i];
	if (!credit || !arg[2] || arg[2] > credit->left || arg[2] > WIRE_DATA_MAX || !is_only_one(session) ||
	    session->objects.watched)
		return false;
	if (thread->call.nr == SYS_pwrite64 && ((int64_t)arg[3] < 0 || (int64_t)arg[3] > OFFSET_MAX))
		return false;
	if (!credit->asks && credit->left - arg[2] < credit->given / 2)
		asks = call_number(thread);
	if (arg[1] > USER_END - arg[2] || !data_post(thread, arg, asks))
		return false;
	credit->left -= arg[2];
	credit->since = asks ? 0 : credit->since + arg[2];
	if (asks)
		credit->asks = asks;
	if (thread->call.nr == SYS_write)
		place_move(guest, (int)arg[0], (int64_t)arg[2]);
	ahead_changed(thread, credit->dev, credit->ino);
	*ret = (int64_t)arg[2];
	return true;
}
