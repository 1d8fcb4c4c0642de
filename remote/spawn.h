/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two halves of the sandbox's remote side share: the process that holds the guests, and the making of one. */
#ifndef OM_SPAWN_H
#define OM_SPAWN_H

#include <linux/filter.h>

#include "remote/init.h"
#include "remote/sandbox.h"

/**
 * struct sandbox - A sandbox as the remote sees it
 * @flags:	SANDBOX_*
 * @command:	The remote's end of the socket pair
 * @init:	Pid of init
 * @init_pidfd:	Refers to init
 * @last_pid:	Number of the last child of a guest, 0: not known
 * @filter:	The filter of all bodies
 * @vdso:	Where newborns have vvar and vdso: where init has them, and so the remote, whose fork it is
 */
struct sandbox {
	unsigned int flags;
	int command;
	pid_t init;
	int init_pidfd;
	pid_t last_pid;
	struct sock_fprog filter;
	struct vdso_map vdso;
};

/*
 * Ask init, passing descriptor @fd if it is not negative; the reply's descriptor goes to @fd_out when that is not NULL.
 * Returns the reply's error, or that of asking.
 */
int sandbox_request(struct sandbox *sb, const struct init_request *request, int fd, struct init_reply *reply,
		    int *fd_out);

#endif
