/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the sandbox's remote side share: the process that holds the guests, and the making of one. */
#ifndef OM_SPAWN_H
#define OM_SPAWN_H

#include <linux/filter.h>

#include "remote/init.h"
#include "remote/sandbox.h"

/**
 * struct foreseen - A body that nobody has asked for yet
 * @body:	The body
 * @pid:	What it was made with, as for sandbox_spawn()
 * @arena_addr:	The same
 * @slots:	The same
 * @there:	There is one
 * @aged:	It has been there for a while
 * @made:	How many there have been
 * @taken:	How many of them were asked for
 */
struct foreseen {
	struct guest_body body;
	pid_t pid;
	uint64_t arena_addr;
	unsigned int slots;
	bool there;
	bool aged;
	unsigned int made;
	unsigned int taken;
};

/**
 * struct sandbox - A sandbox as the remote sees it
 * @flags:	SANDBOX_*
 * @command:	The remote's end of the socket pair
 * @init:	Pid of init
 * @init_pidfd:	Refers to init
 * @last_pid:	Number of the last child of a guest, 0: not known
 * @filter:	The filter of all bodies
 * @vdso:	Where newborns have vvar and vdso: where init has them, and so the remote, whose fork it is
 * @foreseen:	A body made ahead
 */
struct sandbox {
	unsigned int flags;
	int command;
	pid_t init;
	int init_pidfd;
	pid_t last_pid;
	struct sock_fprog filter;
	struct vdso_map vdso;
	struct foreseen foreseen;
};

/*
 * Ask init, passing descriptor @fd if it is not negative; the reply's descriptor goes to @fd_out when that is not NULL.
 * Returns the reply's error, or that of asking.
 */
int sandbox_request(struct sandbox *sb, const struct init_request *request, int fd, struct init_reply *reply,
		    int *fd_out);

/* sandbox_spawn() where none is foreseen */
int body_new(struct sandbox *sb, pid_t pid, uint64_t arena_addr, unsigned int slots, struct guest_body *out);

/* Kill a body that has not become a guest, and wait for its end if it was seized */
void body_kill(const struct guest_body *body);

#endif
