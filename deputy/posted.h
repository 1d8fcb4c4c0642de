/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls whose results the guest has already, and the order that they ask for: see deputy/posted.c. */
#ifndef OM_DEPUTY_POSTED_H
#define OM_DEPUTY_POSTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct deputy;
struct thread;
struct wire_call;
struct wire_default;

#define POSTED_MAX 32 /* posted calls that wait for company */

/**
 * struct posted - A call that the guest has the result of
 * @nr:		Number
 * @arg:	Arguments; of an open the last two are what was promised, and the descriptor that the guest has
 */
struct posted {
	uint32_t nr;
	uint64_t arg[6];
};

void posted_init(struct deputy *d);
bool posted_is_small(const struct wire_call *msg); /* may it be posted, and wait for company? */
void posted_call(struct deputy *d, const struct wire_call *msg, const uint8_t *tail,
		 size_t tail_len);				       /* CALL has come */
void posted_default(struct deputy *d, const struct wire_default *msg); /* DEFAULT has come: behind what was posted */
void posted_interrupt(struct deputy *d, uint64_t call);	     /* INTERRUPT has come, perhaps for a call that is held */
void posted_merge(struct deputy *d, struct thread *thread);  /* into the batch that was begun in the thread's slot */
void posted_forget(struct deputy *d, struct thread *thread); /* its posted calls are made, or never will be */
void posted_drain(struct deputy *d); /* make the calls that were held and need not wait any more */
void posted_retry(uv_timer_t *timer);
void posted_clear(struct deputy *d); /* nobody waits for the calls that are held */

#endif
