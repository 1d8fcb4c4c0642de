/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * SIGCHLD as an event of the loop, for who traces: stops are frequent, and libuv's own way of watching a signal costs a
 * handler, a pipe to write to, and two reads of it. Here the signal stays blocked and is read from a signalfd.
 */
#ifndef OM_CHILDWATCH_H
#define OM_CHILDWATCH_H

#include <uv.h>

/**
 * struct childwatch - Watches for SIGCHLD
 * @poll:	Handle in the event loop
 * @fd:		The signalfd
 * @changed:	Called when something happened to a child or tracee: waitpid until nothing is left
 * @ctx:	Its argument
 */
struct childwatch {
	uv_poll_t poll;
	int fd;
	void (*changed)(void *ctx);
	void *ctx;
};

/* Start watching. SIGCHLD is blocked from now on, also in what is forked. 0 or negative errno. */
int childwatch_open(struct childwatch *watch, uv_loop_t *loop, void (*changed)(void *ctx), void *ctx);
/* Stop watching; the loop needs one more turn to let go of the handle */
void childwatch_close(struct childwatch *watch);

#endif
