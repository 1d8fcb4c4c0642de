/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Members of the family that run at home, natively and untraced: programs that cannot go elsewhere, and those that the
 * user wants at home. The deputy does nothing for them and has no power over them; it knows which they are, and why, and
 * says so to monitors, until a pidfd tells it that they have ended. What they start is not the family's any more.
 *
 * When only such members are left, the connection is closed: none of them will ever need the worker again.
 */
#ifndef OM_DEPUTY_ABSENT_H
#define OM_DEPUTY_ABSENT_H

#include <sys/types.h>
#include <uv.h>

#define ABSENT_MAX 1024u /* known at a moment; further ones go without being shown */

struct deputy;

/**
 * struct absent - A member at home
 * @next:	Next of the deputy's
 * @deputy:	The deputy
 * @poll:	Waits for its end
 * @pid:	Its id
 * @pidfd:	The same, as a descriptor
 * @why:	Why it is there
 */
struct absent {
	struct absent *next;
	struct deputy *deputy;
	uv_poll_t poll;
	pid_t pid;
	int pidfd;
	char why[96];
};

/* The process stays at home, because of @why: 0 or negative errno */
int absent_add(struct deputy *d, pid_t pid, const char *why);

#endif
