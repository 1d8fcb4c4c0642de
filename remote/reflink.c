/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that cannot share blocks: see remote/reflink.h. */
#include <errno.h>
#include <linux/fs.h>
#include <sys/syscall.h>

#include "remote/known.h"
#include "remote/places.h"
#include "remote/reflink.h"
#include "remote/session.h"

/**
 * is_source() - Is descriptor @fd for reading a regular file?
 */
static bool is_source(const struct guest *guest, uint64_t fd)
{
	return known_is(guest, KNOWN_SEEKABLE, fd) && known_is(guest, KNOWN_QUIET, fd);
}

/**
 * is_target() - Is it for writing one, and not for appending?
 */
static bool is_target(const struct guest *guest, uint64_t fd)
{
	return known_is(guest, KNOWN_SINGLE, fd) && !known_is(guest, KNOWN_QUIET, fd);
}

bool reflink_serve(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	const struct guest *guest = thread->guest;
	uint64_t to = (uint32_t)arg[0], from = (uint32_t)arg[2], dev;

	thread->clones = 0;
	if ((uint32_t)arg[1] != FICLONE || !is_target(guest, to) || !is_source(guest, from))
		return false;
	dev = place_dev(thread, (int)to);
	if (!dev || dev != place_dev(thread, (int)from))
		return false;
	*ret = -EOPNOTSUPP;
	if (dev == guest->session->no_clones)
		return true;
	thread->clones = dev;
	return false;
}

void reflink_answered(struct thread *thread, int64_t ret)
{
	if (thread->call.nr == SYS_ioctl && thread->clones && ret == -EOPNOTSUPP)
		thread->guest->session->no_clones = thread->clones;
}
