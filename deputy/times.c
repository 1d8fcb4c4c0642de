/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Processor time is used on the worker, and asked for at home: by a parent that waits, by getrusage and times for
 * children. The kernel at home knows only what the home process has used, so its answers are completed: the remote tells
 * what a task has used before it exits; when it has died, that is kept until its parent has waited for it, and then
 * counts as the parent's children's.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deputy/deputy.h"

/* struct tms counts in this, whatever the kernel's own tick is */
#define TICKS_PER_S 100u

/* Add microseconds to a struct timeval */
static void timeval_add(struct timeval *t, uint64_t us)
{
	us += (uint64_t)t->tv_usec;
	t->tv_sec += (time_t)(us / 1000000);
	t->tv_usec = (suseconds_t)(us % 1000000);
}

/* Complete a struct rusage, if there is one */
static void rusage_add(struct rusage *r, const struct usage *u)
{
	if (!r)
		return;
	timeval_add(&r->ru_utime, u->utime_us);
	timeval_add(&r->ru_stime, u->stime_us);
	if (r->ru_maxrss < (long)(u->peak_bytes / 1024))
		r->ru_maxrss = (long)(u->peak_bytes / 1024);
}

/* Add what a child has used to what other children have */
static void usage_add(struct usage *all, const struct usage *child)
{
	all->utime_us += child->utime_us;
	all->stime_us += child->stime_us;
	if (all->peak_bytes < child->peak_bytes)
		all->peak_bytes = child->peak_bytes;
}

void times_task_died(struct deputy *d, const struct task *task)
{
	struct dead *dead = &d->dead[d->dead_next++ % DEAD_MAX];

	dead->pid = task->pid;
	dead->usage = task->usage;
	usage_add(&dead->usage, &task->reaped);
}

/* The parent has waited for @pid: what it had used, which is the parent's children's now (unless it was only looked at) */
static struct usage dead_take(struct deputy *d, struct task *parent, pid_t pid, bool keep)
{
	for (unsigned int i = 0; i < DEAD_MAX; i++) {
		struct usage u = d->dead[i].usage;

		if (d->dead[i].pid != pid)
			continue;
		if (!keep) {
			d->dead[i].pid = 0;
			usage_add(&parent->reaped, &u);
		}
		return u;
	}
	return (struct usage){ 0 };
}

/* wait4 has returned */
static void wait4_done(struct deputy *d, struct thread *thread, int64_t ret)
{
	const int *status = call_pointer(thread, thread->call.home_arg[1], sizeof(*status));
	struct rusage *r = call_pointer(thread, thread->call.home_arg[3], sizeof(*r));
	struct usage u;

	if (ret > 0 && (!status || !(WIFSTOPPED(*status) || WIFCONTINUED(*status)))) {
		u = dead_take(d, thread->task, (pid_t)ret, false);
		rusage_add(r, &u);
	}
	call_row_finish(d, thread, ret);
}

int times_wait4(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	return call_row_begin(d, thread, tail, tail_len, wait4_done);
}

/* waitid has returned */
static void waitid_done(struct deputy *d, struct thread *thread, int64_t ret)
{
	const siginfo_t *info = call_pointer(thread, thread->call.home_arg[2], sizeof(*info));
	struct rusage *r = call_pointer(thread, thread->call.home_arg[4], sizeof(*r));
	struct usage u;

	if (!ret && info && info->si_pid &&
	    (info->si_code == CLD_EXITED || info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED)) {
		u = dead_take(d, thread->task, info->si_pid, thread->call.arg[3] & WNOWAIT);
		rusage_add(r, &u);
	}
	call_row_finish(d, thread, ret);
}

int times_waitid(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	return call_row_begin(d, thread, tail, tail_len, waitid_done);
}

/* getrusage(RUSAGE_CHILDREN) has returned; the others are the worker's to answer */
static void getrusage_done(struct deputy *d, struct thread *thread, int64_t ret)
{
	struct rusage *r = call_pointer(thread, thread->call.home_arg[1], sizeof(*r));

	if (!ret && (int)thread->call.arg[0] == RUSAGE_CHILDREN)
		rusage_add(r, &thread->task->reaped);
	call_row_finish(d, thread, ret);
}

int times_getrusage(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	return call_row_begin(d, thread, tail, tail_len, getrusage_done);
}

/* times has returned; what the task itself has used, the remote will add */
static void times_done(struct deputy *d, struct thread *thread, int64_t ret)
{
	struct tms *t = call_pointer(thread, thread->call.home_arg[0], sizeof(*t));

	if (ret >= 0 && t) {
		t->tms_cutime += (clock_t)(thread->task->reaped.utime_us * TICKS_PER_S / 1000000);
		t->tms_cstime += (clock_t)(thread->task->reaped.stime_us * TICKS_PER_S / 1000000);
	}
	call_row_finish(d, thread, ret);
}

int times_times(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	return call_row_begin(d, thread, tail, tail_len, times_done);
}
