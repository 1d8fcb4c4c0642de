/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A task's limits are kept at home, which knows who may change them. Those that home's kernel does not enforce for what
 * happens here (rows that say BOTH) are set here, too, by the remote: the guest has no privilege to raise one, which its
 * home process may have had. What the guest sees is home's; so only the lower value counts here, and the upper one stays
 * what the sandbox was given. CPU time is different, since its upper limit is one that kills.
 */
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "remote/calls.h"
#include "remote/limits.h"
#include "remote/session.h"
#include "tracee.h"

/**
 * limit_set() - Make the limit of process @outer what home's is, as far as this node allows
 */
static void limit_set(pid_t outer, int resource, struct rlimit limit)
{
	struct rlimit here;

	if (resource == RLIMIT_CPU && !prlimit(outer, RLIMIT_CPU, &limit, NULL))
		return; /* raised, too */
	if (prlimit(outer, (__rlimit_resource_t)resource, NULL, &here) < 0)
		return; /* it has died */
	if (resource != RLIMIT_CPU || limit.rlim_max > here.rlim_max)
		limit.rlim_max = here.rlim_max;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	prlimit(outer, (__rlimit_resource_t)resource, &limit, NULL);
}

void limits_set_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	struct call *call = &thread->call;
	bool other = call->nr == SYS_prlimit64 && call->arg[0];
	const struct guest *guest =
		other ? guest_by_pid(thread->guest->session, (uint32_t)call->arg[0]) : thread->guest;
	const uint64_t *arg = call->arg + (call->nr == SYS_prlimit64);
	struct rlimit limit;

	/* The new limit before the old one is written, which may be to the same place */
	if (ret >= 0 && call->plan.row->where == SYS_BOTH && guest && arg[1] &&
	    !tracee_read(thread->outer, arg[1], &limit, sizeof(limit)))
		limit_set(guest->outer, (int)arg[0], limit);
	if (call_scatter(thread, &ret, tail, tail_len))
		call_return(thread, ret);
}
