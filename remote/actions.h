/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * What a process does with SIGCHLD, SIGTTIN and SIGTTOU matters at home, where its children and its terminal are; of the other
 * signals the worker's own kernel knows all (common/syslocal.c). A shell sets these three anew for each command that it
 * starts. So it is remembered here what home has: who sets that again need not ask, and who sets something else need not wait,
 * for the call cannot fail at home. It is posted (ahead.h), and made here.
 */
#ifndef OM_REMOTE_ACTIONS_H
#define OM_REMOTE_ACTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct guest;
struct thread;

#define ACTIONS_NR 3u

/**
 * struct action - What a process does with a signal
 * @known:	This is what home has
 * @handler:	Handler, SIG_DFL or SIG_IGN
 * @flags:	SA_* flags
 */
struct action {
	bool known;
	uint64_t handler, flags;
};

/**
 * struct kernel_action - struct sigaction as the system call wants it
 */
struct kernel_action {
	uint64_t handler, flags, restorer, mask;
};

/* Have stopped thread @tid, which is behind a system call, set what it does with @signo; @new and @old as of rt_sigaction(2). false: it did not */
bool action_inject(pid_t tid, const struct user_regs_struct *regs, int signo, uint64_t new, uint64_t old);
/* A program starts, with those signals ignored */
void actions_begin(struct guest *guest, uint64_t ignored);
/* @child was forked from @parent, with these flags of clone */
void actions_inherit(struct guest *child, struct guest *parent, uint64_t flags);
/* rt_sigaction */
void action_set_begin(struct thread *thread);

#endif
