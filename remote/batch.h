/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batches of system calls in a body that is being built: see include/parasite.h. The parasite makes them; those that
 * the filter traps are let through, for no guest code runs yet and the calls are the remote's own. The first call
 * that fails makes the rest of the batches do nothing, so that a sequence of calls needs one look at the result, at
 * its end.
 */
#ifndef OM_REMOTE_BATCH_H
#define OM_REMOTE_BATCH_H

#include <stdint.h>

#include "parasite.h"
#include "remote/sandbox.h"

/* Descriptors that a body may have at a time for its calls; they are numbered from 0 */
#define BATCH_FDS 16

/**
 * struct batch - Calls on their way into a body
 * @body:	Body, stopped in the parasite
 * @nr:		Calls gathered
 * @fd:		Descriptors of ours that the body has, or gets with this batch, under their index here
 * @fd_nr:	Their number
 * @given:	How many of them it has
 * @carrier:	Which call it gets the others with, or -1
 * @err:	The first failure, negative errno
 */
struct batch {
	struct guest_body *body;
	unsigned int nr;
	int fd[BATCH_FDS];
	unsigned int fd_nr, given;
	int carrier;
	int err;
};

void batch_init(struct batch *batch, struct guest_body *body);
/* Add a call; makes what was gathered when the batch is full */
void batch_add(struct batch *batch, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
	       uint64_t a5);
/*
 * What calls that are added from now on, until batch_fds_close(), say for our descriptor @fd: an argument that the filter
 * lets through
 */
uint64_t batch_fd(struct batch *batch, int fd);
/* Add the calls that close them */
void batch_fds_close(struct batch *batch);
/* Begin a batch; calls may be put into slot 0 directly then, if batch_take() is told of their number */
void batch_begin(struct batch *batch);
void batch_take(struct batch *batch, int nr);
/* Make what was gathered: 0, or the first failure of this or an earlier call; -ESRCH when the body has died */
int batch_run(struct batch *batch);

/* Bytes of the slot's data area, for what pointers point to: here, and its address in the body */
uint8_t *batch_data(const struct batch *batch);
uint64_t batch_data_addr(const struct batch *batch);

#endif
