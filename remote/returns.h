/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals that wait here, blocked, when a signalfd is made for them (remote/keeps.h): it is home where they have to wait for
 * that. So they are dropped here, and when the signalfd is there, or is not, the home process sends them to itself, with all
 * that they say.
 */
#ifndef OM_REMOTE_RETURNS_H
#define OM_REMOTE_RETURNS_H

#include <stdbool.h>
#include <stdint.h>

struct thread;

/* The thread calls signalfd for the signals of @mask. True: some wait, it is parked and will make the call again */
bool returns_begin(struct thread *thread, uint64_t mask);
/* The call returns @ret, as soon as they are at home */
void returns_finish(struct thread *thread, int64_t ret);
/* The thread is gone */
void returns_forget(struct thread *thread);

#endif
