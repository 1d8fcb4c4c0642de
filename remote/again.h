/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same question twice in a row: interpreters ask for the attributes of a file once to see that it is there, and
 * again to see how old it is. As with what is said ahead (remote/ahead.h), who has learned nothing in between cannot
 * tell whether home was asked now or then; so the second answer is the first.
 */
#ifndef OM_REMOTE_AGAIN_H
#define OM_REMOTE_AGAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thread;

/* Answer the thread's call if it is its last one again; true when it was. Else take note of it */
bool again_serve(struct thread *thread);
/* Home has answered the thread's call */
void again_take(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);
/* Forget it */
void again_drop(struct thread *thread);

#endif
