/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters of the guests' own: see remote/ownfilter.h for the theory of operation. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "remote/batch.h"
#include "remote/calls.h"
#include "remote/filter.h"
#include "remote/ownfilter.h"
#include "remote/session.h"
#include "tracee.h"

/* Programs that are on their way from one body to the next; one that then stays at home is never fetched */
#define KEPT_MAX 1024u

/* What SECCOMP_SET_MODE_FILTER may be told; others are errors before anything else is looked at */
#define FLAGS_KNOWN 0x3fu

/**
 * struct ownfilter - A filter; the chain goes on with older ones
 * @refs:	Threads and newer filters that have it, and the session
 * @older:	Installed before, or NULL
 * @nr:		Call that it was installed with
 * @arg:	Its first two arguments; the last time it is installed is no time to synchronize threads
 * @len:	Instructions
 * @code:	.
 */
struct ownfilter {
	unsigned int refs;
	struct ownfilter *older;
	uint32_t nr;
	uint64_t arg[2];
	unsigned short len;
	struct sock_filter code[];
};

/**
 * struct kept_filters - What the next body of a process gets
 * @next:	Next one
 * @pid:	Process
 * @filters:	Its chain
 */
struct kept_filters {
	struct kept_filters *next;
	uint32_t pid;
	struct ownfilter *filters;
};

/* What strict mode lets a thread do */
static const struct sock_filter strict[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 5),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 4, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

/**
 * chain_get() - One more has this chain
 */
static struct ownfilter *chain_get(struct ownfilter *chain)
{
	if (chain)
		chain->refs++;
	return chain;
}

/**
 * chain_put() - One less
 */
static void chain_put(struct ownfilter *chain)
{
	while (chain && !--chain->refs) {
		struct ownfilter *older = chain->older;

		free(chain);
		chain = older;
	}
}

/**
 * program_read() - Take down the filter that the thread is about to install; 0 or negative errno
 */
static int program_read(struct thread *thread, uint64_t at)
{
	struct sock_fprog program;
	struct ownfilter *filter;
	int err = tracee_read(thread->outer, at, &program, sizeof(program));

	if (err)
		return -EFAULT;
	if (!program.len || program.len > BPF_MAXINSNS)
		return -EINVAL;
	filter = malloc(sizeof(*filter) + program.len * sizeof(*filter->code));
	if (!filter)
		return -ENOMEM;
	*filter = (struct ownfilter){ .refs = 1, .nr = thread->call.nr, .len = program.len };
	memcpy(filter->arg, thread->call.arg, sizeof(filter->arg));
	chain_put(thread->filter_new);
	thread->filter_new = filter;
	if (tracee_read(thread->outer, (uintptr_t)program.filter, filter->code, program.len * sizeof(*filter->code))) {
		chain_put(filter);
		thread->filter_new = NULL; /* the kernel finds out later, too */
	}
	return 0;
}

/**
 * install_trace() - stop_action: the call is made again, with a stop at its end
 */
static void install_trace(struct thread *thread, struct user_regs_struct *regs)
{
	(void)regs;
	thread->trace = TRACE_ENTRY;
}

/**
 * install_allowed() - Home has said whether the thread may install a filter
 */
static void install_allowed(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	if (ret < 0 || !thread->filter_new)
		call_return(thread, ret < 0 ? ret : -EFAULT);
	else
		call_park(thread, install_trace);
}

static const struct handler install_handler = { SYS_seccomp, NULL, install_allowed };

/**
 * install_begin() - A filter is to be installed, which is at @at
 */
static void install_begin(struct thread *thread, uint64_t at)
{
	const uint64_t arg[6] = { SECCOMP_SET_MODE_FILTER };
	bool known = thread->call.nr != SYS_seccomp || !((uint32_t)thread->call.arg[1] & ~FLAGS_KNOWN);

	if (thread->trace == TRACE_CALL || !known || program_read(thread, at)) {
		call_continue(thread); /* the kernel finds what is wrong, in its own order */
		return;
	}
	thread->call.handler = &install_handler;
	call_send(thread, SYS_seccomp, arg, 0, NULL, 0);
}

/**
 * strict_install() - stop_action: install the filter that stands for strict mode
 */
static void strict_install(struct thread *thread, struct user_regs_struct *regs)
{
	int64_t ret = filter_inject(thread->outer, regs, strict, sizeof(strict) / sizeof(*strict), 0);

	thread->strict = !ret;
	regs->rax = (unsigned long long)ret;
	regs->orig_rax = (unsigned long long)-1;
}

/**
 * strict_begin() - Strict mode; a thread that has filters cannot have it
 */
static void strict_begin(struct thread *thread)
{
	if (thread->filters || thread->strict)
		call_return(thread, -EINVAL);
	else
		call_park(thread, strict_install);
}

void ownfilter_seccomp_begin(struct thread *thread)
{
	const uint64_t *arg = thread->call.arg;

	switch ((uint32_t)arg[0]) {
	case SECCOMP_SET_MODE_STRICT:
		if ((uint32_t)arg[1] || arg[2])
			call_return(thread, -EINVAL);
		else
			strict_begin(thread);
		break;
	case SECCOMP_SET_MODE_FILTER:
		install_begin(thread, arg[2]);
		break;
	default: /* what filters can do is asked of the kernel that has them */
		call_continue(thread);
	}
}

void ownfilter_prctl_begin(struct thread *thread)
{
	const uint64_t *arg = thread->call.arg;

	if ((int)arg[0] == PR_GET_SECCOMP)
		call_return(thread, thread->filters ? SECCOMP_MODE_FILTER : SECCOMP_MODE_DISABLED);
	else if ((int)arg[0] != PR_SET_SECCOMP)
		call_forward(thread);
	else if (arg[1] == SECCOMP_MODE_STRICT)
		strict_begin(thread);
	else if (arg[1] == SECCOMP_MODE_FILTER)
		install_begin(thread, arg[2]);
	else
		call_return(thread, -EINVAL);
}

void ownfilter_made(struct thread *thread, int64_t ret)
{
	struct ownfilter *filter = thread->filter_new;
	bool all = filter && filter->nr == SYS_seccomp && (filter->arg[1] & SECCOMP_FILTER_FLAG_TSYNC);

	thread->filter_new = NULL;
	if (ret || !filter) {
		chain_put(filter);
		return;
	}
	if (filter->nr == SYS_seccomp)
		filter->arg[1] &= ~(uint64_t)(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
	filter->older = thread->filters;
	thread->filters = filter;
	for (struct thread *t = thread->guest->threads; t && all; t = t->next) {
		if (t == thread)
			continue;
		chain_put(t->filters);
		t->filters = chain_get(filter);
	}
}

void ownfilter_inherit(struct thread *newborn, const struct thread *parent)
{
	newborn->filters = chain_get(parent->filters);
}

void ownfilter_forget(struct thread *thread)
{
	chain_put(thread->filters);
	chain_put(thread->filter_new);
}

/**
 * kept_take() - Take what was kept for a process
 */
static struct ownfilter *kept_take(struct session *session, uint32_t pid)
{
	struct kept_filters **at = &session->kept_filters, *kept;
	struct ownfilter *filters;

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	kept = *at;
	if (!kept)
		return NULL;
	*at = kept->next;
	filters = kept->filters;
	session->kept_filters_nr--;
	free(kept);
	return filters;
}

void ownfilter_keep(struct guest *guest)
{
	struct session *session = guest->session;
	const struct thread *thread = guest_execs(guest);
	struct kept_filters *kept;

	if (!thread || !thread->filters)
		return;
	chain_put(kept_take(session, guest->pid));
	kept = session->kept_filters_nr < KEPT_MAX ? malloc(sizeof(*kept)) : NULL;
	if (!kept) {
		session_end(session, "no room for the filters of programs that are being executed");
		return;
	}
	*kept = (struct kept_filters){ session->kept_filters, guest->pid, chain_get(thread->filters) };
	session->kept_filters = kept;
	session->kept_filters_nr++;
}

/**
 * filter_install() - Install a filter in the body that @batch is for
 */
static int filter_install(struct batch *batch, const struct ownfilter *filter)
{
	uint64_t at = batch_data_addr(batch);
	struct sock_fprog program = { .len = filter->len, .filter = (struct sock_filter *)(at + sizeof(program)) };

	memcpy(batch_data(batch), &program, sizeof(program));
	memcpy(batch_data(batch) + sizeof(program), filter->code, filter->len * sizeof(*filter->code));
	batch_add(batch, filter->nr, filter->arg[0], filter->arg[1], at, 0, 0, 0);
	return batch_run(batch);
}

/**
 * chain_install() - Install a chain, the oldest filter first
 */
static int chain_install(struct batch *batch, const struct ownfilter *chain)
{
	const struct ownfilter *done = NULL, *filter;
	int err = 0;

	while (done != chain && !err) {
		for (filter = chain; filter->older != done; filter = filter->older)
			;
		err = filter_install(batch, filter);
		done = filter;
	}
	return err;
}

int ownfilter_install(struct guest *guest, struct batch *batch)
{
	struct ownfilter *filters = kept_take(guest->session, guest->pid);

	guest->threads->filters = filters;
	return chain_install(batch, filters);
}

void ownfilter_clear(struct session *session)
{
	while (session->kept_filters)
		chain_put(kept_take(session, session->kept_filters->pid));
}

int ownfilter_death(const struct thread *thread, int status)
{
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS || !(thread->filters || thread->strict))
		return 0;
	return thread->strict ? SIGKILL : SIGSYS;
}
