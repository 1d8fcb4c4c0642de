/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What processes do with signals that matter at home: see remote/actions.h. */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "remote/actions.h"
#include "remote/calls.h"
#include "remote/filter.h"
#include "remote/session.h"
#include "tracee.h"

#define CLEAR_SIGHAND 0x100000000ull /* CLONE_CLEAR_SIGHAND, which not every C library has */

static const int signals[ACTIONS_NR] = { SIGCHLD, SIGTTIN, SIGTTOU };

bool action_inject(pid_t tid, const struct user_regs_struct *regs, int signo, uint64_t new, uint64_t old)
{
	const uint64_t arg[6] = { (uint64_t)signo, new, old, sizeof(uint64_t), FILTER_PASS };
	int err;

	return !tracee_syscall(tid, regs->rip - 2, SYS_rt_sigaction, arg, &err);
}

void actions_begin(struct guest *guest, uint64_t ignored)
{
	for (unsigned int i = 0; i < ACTIONS_NR; i++) {
		bool ignores = ignored & 1ull << (signals[i] - 1);

		guest->actions[i] = (struct action){ true, (uint64_t)(uintptr_t)(ignores ? SIG_IGN : SIG_DFL), 0 };
	}
}

void actions_inherit(struct guest *child, struct guest *parent, uint64_t flags)
{
	memcpy(child->actions, parent->actions, sizeof(child->actions));
	/* What both of them set, or none of them has */
	for (unsigned int i = 0; i < ACTIONS_NR && (flags & (CLONE_SIGHAND | CLEAR_SIGHAND)); i++) {
		child->actions[i].known = false;
		if (flags & CLONE_SIGHAND)
			parent->actions[i].known = false;
	}
}

/**
 * action_of() - What is known of the process' action for a signal, or NULL if the signal does not matter
 */
static struct action *action_of(struct guest *guest, int signo)
{
	for (unsigned int i = 0; i < ACTIONS_NR; i++)
		if (signals[i] == signo)
			return &guest->actions[i];
	return NULL;
}

void action_set_begin(struct thread *thread)
{
	const uint64_t *arg = thread->call.arg;
	struct action *now = action_of(thread->guest, (int)arg[0]);
	struct kernel_action new;

	if (!now) {
		call_continue(thread);
		return;
	}
	if (!now->known || arg[3] != sizeof(new.mask) ||
	    (arg[1] && tracee_read(thread->outer, arg[1], &new, sizeof(new)))) {
		now->known = false;
		call_forward(thread);
		return;
	}
	if (arg[1] && (new.handler != now->handler || new.flags != now->flags)) {
		const uint64_t posted[6] = { arg[0], new.handler, new.flags, new.restorer, new.mask };

		call_post(thread, SYS_rt_sigaction, posted, NULL, 0, 0);
		/* It will be another one when the handler has run */
		*now = (struct action){ (new.flags &SA_RESETHAND) == 0, new.handler, new.flags };
	}
	call_continue(thread);
}
