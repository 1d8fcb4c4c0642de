/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forwarded calls: see deputy/call.c for the theory of operation. */
#ifndef OM_DEPUTY_CALL_H
#define OM_DEPUTY_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sysplan.h"

struct deputy;
struct iovec;
struct thread;
struct wire_call;

#define SPIN_US		  50	/* how long a finished call is awaited before the deputy turns to other work */
#define SPIN_BYTES_PER_US 2048u /* and how much longer for a call that moves data: a slow memory's speed */

/* What is done when a batch has been made; @ret is what its last call returned */
typedef void (*call_finisher)(struct deputy *d, struct thread *thread, int64_t ret);
/* What makes the call that was placed */
typedef void (*call_goer)(struct deputy *d, struct thread *thread);

/**
 * struct call - The call that a home thread is making for its guest
 * @id:		The remote's number for it, 0 = none
 * @nr:		System call number
 * @arg:	Arguments as the guest gave them
 * @home_arg:	Arguments of the call at home
 * @plan:	Where its arguments lie in the slot
 * @planned:	@plan is in use
 * @finish:	What happens when its batch is done, or NULL: the answer is as its row says
 * @code:	Kernel restart code that replaces -EINTR after an interruption, 0 = none
 * @bytes:	Data that it is about
 * @submitted:	io_submit: what it returned
 * @flags:	WIRE_RESULT_* flags of the answer
 * @whole:	@finish deals with an interruption itself
 * @asks:	The number under which a posted write asks for credit, 0 = it does not
 * @row_finish:	@finish of a call that is as its row says, or NULL
 * @trimmed:	What goes on when objects that nobody maps have ended (trim.c), NULL: it does not wait for that
 * @asked:	The worker has been asked for this one
 * @got:	Of a write whose data come in pieces (inflow.c): bytes that have come,
 * @done:	that were written,
 * @part:	that are being written
 */
struct call {
	uint64_t id;
	uint32_t nr;
	uint64_t arg[6];
	uint64_t home_arg[6];
	struct sysplan plan;
	bool planned;
	call_finisher finish;
	int64_t code;
	uint32_t bytes;
	int64_t submitted;
	uint32_t flags;
	bool whole;
	uint64_t asks;
	call_finisher row_finish;
	call_goer trimmed;
	bool asked;
	uint64_t got, done, part;
};

void call_begin(struct deputy *d, const struct wire_call *msg, const uint8_t *tail, size_t tail_len);
/* Post the batch that was put into the thread's slot; @finish (or NULL: by the table) is called with the last result */
void call_post(struct deputy *d, struct thread *thread, call_finisher finish);
/* The same without waiting at all for its end, which is seen as a stop if it was begun with SLOT_ONE_SHOT */
void call_post_unawaited(struct thread *thread, call_finisher finish);
/* Wait actively for its end; when it does not come, have the thread trap */
void call_await(struct deputy *d, struct thread *thread, unsigned int us);
/* A batch at whose end the thread would trap is about to end: wait actively for that */
void call_back(struct deputy *d, struct thread *thread);
void call_finish(struct deputy *d, struct thread *thread);		    /* its batch is done */
void call_row_finish(struct deputy *d, struct thread *thread, int64_t ret); /* answer as the row says */
void call_answer(struct deputy *d, struct thread *thread, int64_t ret, const struct iovec *tail, int tail_nr);
/* It was interrupted: the kernel's own code goes to the worker's, with what is written even then */
void call_interrupted_answer(struct deputy *d, struct thread *thread);
/* The same as call_answer(), behind everything that the answer refers to */
void call_answer_ordered(struct deputy *d, struct thread *thread, int64_t ret, const void *tail, size_t tail_len);
/* Lay the call out from byte @skip of the slot's data on, arguments in call.home_arg; 0 or negative errno */
int call_place(struct thread *thread, const uint8_t *tail, size_t tail_len, size_t skip);
/* Lay it out and post it as its row says; @finish as for call_post() */
int call_row_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len, call_finisher finish);
/* Can posted calls be made in the same batch? */
bool call_merges(const struct wire_call *msg);
/* Where the deputy sees what a pointer of call.home_arg points to, @len bytes; NULL when it is not in the slot's data */
void *call_pointer(const struct thread *thread, uint64_t home_addr, size_t len);

#endif
