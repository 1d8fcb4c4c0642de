/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Home says which number a child has, and until then the worker could only wait; but numbers mostly count on as they did
 * the last times. So while the CALL travels the worker makes the child with the number that home is going to say, and
 * stops it before its first instruction; the parent is stopped behind its clone. When home has said that very number,
 * both only go on. When it has said another one, or none, the child is killed and the parent brought back to its call,
 * as if nothing had been:
 *
 *	PTRACE_EVENT_SECCOMP ─► CALL(clone) ─► early_begin ··· RESULT ─┬─ the number ─► early_take
 *	                                                               └─ another ────► the parent returns, and it is as without
 *
 * Nobody may see a child that was in vain. It has run nothing; the kernel may have written to no memory but its own; its
 * number is nobody's. So it must be a process, with memory of its own or one whose parent waits for it, and its parent has
 * no other threads that could do something meanwhile which the child would have, or lack.
 *
 * It is done only after some numbers in a row that could have been foretold, and after a wrong one, which costs a second
 * fork, after twice as many.
 */
#ifndef OM_REMOTE_EARLY_H
#define OM_REMOTE_EARLY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct session;
struct thread;
struct early;

/**
 * struct births - What numbers home has given, and will give
 * @last:	The last one, 0: none yet
 * @step:	How much more it was than the one before
 * @regular:	How often in a row that was the same step as before
 * @doubt:	How much more often it has to be so, because of what was foretold wrongly
 * @early:	The child that is made ahead, or NULL: one at a time
 */
struct births {
	uint32_t last, step;
	unsigned int regular, doubt;
	struct early *early;
};

/* Home has given a child the number @tid */
void births_note(struct births *births, uint32_t tid);

/* The thread, stopped at a clone, has asked home: make its child, if that is wise */
void early_begin(struct thread *thread);

/*
 * Home has answered with @ret. The outer number of the child, which is in its first stop, and its parent stopped behind the
 * clone; 0: there is none, and the parent is stopped before the clone; -ESRCH: the parent has been killed
 */
pid_t early_take(struct thread *thread, int64_t ret);

/* The number @tid is somebody else's: no child made early has it any more */
void early_yield(struct session *session, uint32_t tid);

/* The thread is dead */
void early_forget(struct thread *thread);

/* The process @outer, which is not known otherwise, has died */
void early_died(struct session *session, pid_t outer);

#endif
