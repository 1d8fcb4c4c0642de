/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's thread that is stopped at a clone makes it, as we want it: see remote/fork.h. */
#ifndef OM_REMOTE_CLONE_H
#define OM_REMOTE_CLONE_H

#include <sys/user.h>

#include "remote/guest.h"

/* What the thread's call->arg holds while home forks: the arguments of the clone(2) to be made */
enum fork_arg { FORK_FLAGS, FORK_STACK, FORK_PARENT_TID, FORK_CHILD_TID, FORK_TLS, FORK_PIDFD };

/**
 * struct born - What a newborn needs at its first stop
 * @before:	Registers with which its parent made the call. A call keeps all but rax, rcx, r11, and programs use that.
 * @mask:	The parent's signal mask
 * @clear_sighand: It begins with no signal handled (CLONE_CLEAR_SIGHAND)
 */
struct born {
	struct user_regs_struct before;
	uint64_t mask;
	bool clear_sighand;
};

/*
 * Have the stopped thread make the clone that its call->arg describes. @born is filled in; the thread stays stopped behind
 * it, with the registers and the signal mask that it had, but for the result.
 *
 * Return: the child's outer number, or negative errno: what the call has returned, or -ESRCH when the thread was killed
 */
pid_t clone_make(const struct thread *thread, struct born *born);

/* The child @outer is in its first stop: give it what the clone needed otherwise */
void born_settle(pid_t outer, const struct born *born);

#endif
