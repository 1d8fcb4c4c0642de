/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * SIGCHLD as an event of the loop, for who traces: stops are frequent, and libuv's own way of watching a signal costs a
 * handler, a pipe to write to, and two reads of it. Here the signal stays blocked and is read from a signalfd.
 *
 * To ask the kernel for any child that has something to tell costs it a look at each; with a thousand of them, 30 us. So
 * the one that the signal names is asked first. But one signal may stand for many, that is why the others have to be
 * looked at, too: at once where that is cheap, otherwise when some time has passed since the last look, a multiple of
 * what it costs.
 */
#ifndef OM_CHILDWATCH_H
#define OM_CHILDWATCH_H

#include <sys/resource.h>
#include <sys/types.h>
#include <uv.h>

/**
 * struct childwatch - Watches for SIGCHLD
 * @poll:	Handle in the event loop
 * @timer:	When all children are looked at next, if that was put off
 * @fd:		The signalfd
 * @hint:	Who has something to tell, 0 = perhaps all
 * @look_ns:	What the last look at all children has cost
 * @looked_ns:	When that was
 * @changed:	Called when something happened to a child or tracee: childwatch_wait() until nothing is left
 * @ctx:	Its argument
 */
struct childwatch {
	uv_poll_t poll;
	uv_timer_t timer;
	int fd;
	pid_t hint;
	uint64_t look_ns, looked_ns;
	void (*changed)(void *ctx);
	void *ctx;
};

/* Start watching. SIGCHLD is blocked from now on, also in what is forked. 0 or negative errno. */
int childwatch_open(struct childwatch *watch, uv_loop_t *loop, void (*changed)(void *ctx), void *ctx);
/* The next one that has something to tell, as wait4(2); 0: nobody has, or it is too early to look */
pid_t childwatch_wait(struct childwatch *watch, int *status, struct rusage *used);
/* Stop watching; the loop needs one more turn to let go of the handle */
void childwatch_close(struct childwatch *watch);

#endif
