/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A trapped call of a guest comes as a notification. Its arguments are gathered (sysplan), it goes home as CALL, home's
 * RESULT is scattered into the guest's memory, and the notification is answered:
 *
 *	call_serve ──► call_arrived ─┬─► (row: home) ───────► call_forward ─► CALL ··· RESULT ─► call_result ─► call_return
 *	                             └─► handler->begin ─┬──►       "                    │
 *	                                                 │                   handler->result
 *	                                                 └─► call_return, call_continue, call_park
 *
 * Calls that need more than their row says have a handler (handlers.c, fork.c).
 *
 * A thread has one call at a time. The number of a call on the wire is a serial number with the index of its thread
 * in the low bits, so that RESULT finds it without a search, and one that comes for a call of the past finds nothing.
 * The highest bit says that the call makes a process, for which nobody else will see to when its parent has died.
 *
 * The round trip is what the guest waits for, so after a CALL the remote reads from the channel actively for a while
 * before it goes back to its event loop.
 */
#ifndef OM_REMOTE_CALLS_H
#define OM_REMOTE_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "remote/guest.h"
#include "wire.h"

/* The kernel's restart codes (include/linux/errno.h); they never reach user space */
enum {
	ERESTARTSYS = 512,
	ERESTARTNOINTR = 513,
	ERESTARTNOHAND = 514,
	ERESTART_RESTARTBLOCK = 516,
};

/**
 * struct handler - Special treatment of a call
 * @nr:		System call
 * @begin:	The call has come: forward it, or deal with it. NULL: forward it.
 * @result:	Home has answered. NULL: as for any call.
 */
struct handler {
	uint32_t nr;
	void (*begin)(struct thread *thread);
	void (*result)(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);
};

/* Handler of a call, or NULL (handlers.c) */
const struct handler *handler_find(uint32_t nr);

#define CALL_MAKES_PROCESS (1ull << 63) /* in the number of a call */

/* Serve the call that waits at a listener; one that goes home is awaited for a while */
void call_serve(struct session *session, int listener);
/* RESULT has come */
void call_result(struct session *session, const struct wire_result *msg, const uint8_t *tail, size_t tail_len);
/* The thread that has, or whose predecessor in its place had, a call with the number @id, or NULL */
struct thread *call_maker(const struct session *session, uint64_t id);
/* The thread that waits for the result of call @id, or NULL */
struct thread *call_find(const struct session *session, uint64_t id);

/* Send the call home, or answer it, when its arguments cannot be gathered */
void call_forward(struct thread *thread);
/* The same with @front before its arguments; negative errno, and no answer, when they cannot be gathered */
int call_forward_with(struct thread *thread, const void *front, size_t front_len);
/* The memory of a thread, for sysplan */
struct guest_mem call_memory(struct thread *thread);
/* Wait actively, as long as it is worth it, until call @id has its result, or somebody else needs us */
void call_await(struct session *session, uint64_t id, int listener);
/* Send a call home that has no arguments in memory; gives it a number */
void call_send(struct thread *thread, uint32_t nr, const uint64_t arg[6], uint32_t flags, const void *tail,
	       size_t tail_len);
/* A number for a call of the thread's */
uint64_t call_number(const struct thread *thread);
/* Have home make a call that the guest has the result of; @asks: a write's number under which it asks for credit, or 0 */
void call_post(struct thread *thread, uint32_t nr, const uint64_t arg[6], const void *tail, size_t tail_len,
	       uint64_t asks);
/* The call was interrupted, and the kernel may make it again; it was left because of a signal, so or with EINTR */
bool call_is_restart(int64_t ret);
bool call_is_interrupted(int64_t ret);
/* What home's answer means for a call without a handler: scatter it, go on with the next part, or return */
void call_complete(struct thread *thread, int64_t ret, uint32_t flags, const uint8_t *tail, size_t tail_len);
/* Write home's answer into the guest's memory; false when the call cannot have such a one: the session has ended */
bool call_scatter(struct thread *thread, int64_t *ret, const uint8_t *tail, size_t tail_len);
/* Let the guest go on with @ret: a value, a negative errno, or a restart code */
void call_return(struct thread *thread, int64_t ret);
/* The guest's own kernel makes the call */
void call_continue(struct thread *thread);
/* Bring the thread to a stop on its way out of the call, and do @action there */
void call_park(struct thread *thread, stop_action action);

#endif
