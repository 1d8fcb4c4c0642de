/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the remote and init, the first process of a sandbox: see remote/sandbox.h for the theory of operation.
 *
 * They talk over a SOCK_SEQPACKET pair, one request, one reply (fdpass.h). The first request is INIT_SETTLE.
 */
#ifndef OM_INIT_H
#define OM_INIT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The result of a system call as an error: 0 or negative errno */
static inline int error_of(long ret)
{
	return ret < 0 ? -errno : 0;
}

enum init_op {
	INIT_SETTLE,	/* the id maps are written: make the sandbox empty */
	INIT_CONFIGURE, /* clock offsets of the bodies to come */
	INIT_NEXT_PID,	/* number of the next fork */
	INIT_SPAWN,	/* give birth; the request carries the arena's memfd, the reply the pidfd */
	INIT_MOUNT,	/* make a file system of pages (fusemount.c); the reply has its mount */
	INIT_DEVICE,	/* the reply has the descriptor by which it is served; init keeps none */
};

/**
 * struct init_setup - What newborns have to know about the sandbox they are in
 * @namespaces:	It is in namespaces of its own
 * @groups:	Init may (and shall) drop its supplementary groups
 * @guest_id:	User and group id of the guests, or -1 to keep init's
 */
struct init_setup {
	bool namespaces;
	bool groups;
	int guest_id;
};

/**
 * struct init_request - What the remote asks
 * @op:		What to do
 * @setup:	INIT_SETTLE
 * @slots:	INIT_SPAWN: slots of the arena
 * @pid:	INIT_SPAWN, INIT_NEXT_PID: the number
 * @arena_addr:	INIT_SPAWN: where the arena goes
 * @offset_ns:	INIT_CONFIGURE: offsets of CLOCK_MONOTONIC and CLOCK_BOOTTIME
 */
struct init_request {
	enum init_op op;
	struct init_setup setup;
	unsigned int slots;
	pid_t pid;
	uint64_t arena_addr;
	int64_t offset_ns[2];
};

/**
 * struct init_reply - What init answers
 * @error:	0 or negative errno
 * @stage:	What it was doing, in words. Init is a fork of the remote: its constants are at the same place.
 * @arena_taken: INIT_SPAWN: -EEXIST is about the arena's address, not about the number
 */
struct init_reply {
	int error;
	const char *stage;
	bool arena_taken;
};

/* The life of init, with its end of the socket pair. Ends when the remote closes the other. */
void init_run(int command) __attribute__((noreturn));

#endif
