/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of descriptors: see remote/known.h. */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "remote/ahead.h"
#include "remote/known.h"
#include "remote/places.h"
#include "remote/session.h"
#include "remote/writes.h"

bool known_is(const struct guest *guest, enum known what, uint64_t fd)
{
	return fd < KNOWN_FDS && guest->known[what][fd / 64] & 1ull << fd % 64;
}

void known_set(struct thread *thread, enum known what, uint64_t fd)
{
	struct guest *guest = thread->guest;

	if (fd < KNOWN_FDS && !guest->loud && thread->call.closes == guest->closes)
		guest->known[what][fd / 64] |= 1ull << fd % 64;
}

void known_unset(struct guest *guest, enum known what, uint64_t fd)
{
	if (fd < KNOWN_FDS)
		guest->known[what][fd / 64] &= ~(1ull << fd % 64);
}

void known_cloexec(struct thread *thread, uint64_t fd, bool closes)
{
	known_unset(thread->guest, KNOWN_CLOEXEC, fd);
	known_set(thread, KNOWN_FD_FLAGS, fd);
	if (closes)
		known_set(thread, KNOWN_CLOEXEC, fd);
}

void known_clear(struct guest *guest, uint64_t fd)
{
	guest->closes++;
	writes_forget(guest, (int)fd);
	place_forget(guest, (int)fd);
	ahead_forget(guest, (int)fd);
	for (enum known what = 0; what < KNOWN_NR; what++)
		known_unset(guest, what, fd);
}

void known_inherit(struct guest *child, struct guest *parent, bool same_files)
{
	parent->loud |= same_files;
	child->loud = parent->loud;
	if (parent->loud)
		memset(parent->known, 0, sizeof(parent->known));
	memset(parent->known[KNOWN_PRIVATE], 0, sizeof(parent->known[KNOWN_PRIVATE]));
	memset(parent->known[KNOWN_SINGLE], 0, sizeof(parent->known[KNOWN_SINGLE]));
	place_forget(parent, -1);
	memcpy(child->known, parent->known, sizeof(child->known));
	child->fdmap = parent->fdmap;
}

/**
 * is_dup() - Does the call copy a descriptor?
 */
static bool is_dup(const struct call *call)
{
	return call->nr == SYS_dup || call->nr == SYS_dup2 || call->nr == SYS_dup3 ||
	       (call->nr == SYS_fcntl && ((int)call->arg[1] == F_DUPFD || (int)call->arg[1] == F_DUPFD_CLOEXEC));
}

/**
 * sets_flags() - The flags of the open file are others behind the call
 */
static bool sets_flags(const struct call *call)
{
	uint32_t cmd = (uint32_t)call->arg[1];

	return (call->nr == SYS_fcntl && cmd == F_SETFL) ||
	       (call->nr == SYS_ioctl && (cmd == FIONBIO || cmd == FIOASYNC));
}

void known_call(struct thread *thread)
{
	const struct call *call = &thread->call;
	uint64_t fd = (uint32_t)call->arg[0];

	if (call->nr == SYS_pidfd_getfd) {
		for (struct guest *g = thread->guest->session->guests.guests; g; g = g->next)
			known_forget(g);
	} else if (is_dup(call) || sets_flags(call)) {
		known_unset(thread->guest, KNOWN_SINGLE, fd);
		place_forget(thread->guest, (int)fd);
	} else if (call->nr == SYS_ioctl || (call->nr == SYS_fcntl && (int)call->arg[1] == F_SETFD)) {
		known_unset(thread->guest, KNOWN_FD_FLAGS, fd);
	}
}

void known_copied(struct thread *thread, int64_t ret)
{
	/* But for its own flags */
	for (enum known what = 0; what < KNOWN_FD_FLAGS && ret >= 0 && is_dup(&thread->call); what++) {
		if (known_is(thread->guest, what, (uint32_t)thread->call.arg[0]))
			known_set(thread, what, (uint64_t)ret);
	}
}

void known_forget(struct guest *guest)
{
	guest->closes++;
	memset(guest->known, 0, sizeof(guest->known));
	writes_forget(guest, -1);
	place_forget(guest, -1);
	ahead_forget(guest, -1);
}
