/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Processor time is used on the worker, and asked for at home: by a parent that waits, by getrusage and times for
 * children. The kernel at home knows only what the home process has used, so its answers are completed: the remote tells
 * what a task has used before it exits; when it has died, that is kept until its parent has waited for it, and then
 * counts as the parent's children's.
 *
 * A thread that waits for children would be stopped by the SIGCHLD of the one that it has waited for, and held until the
 * worker has said that nothing handles it. Where there is no handler, SIGCHLD is blocked while it waits, taken, and sent to
 * the guest before the answer (there it may be blocked, and so be kept):
 *
 *	rt_sigprocmask(SIG_BLOCK), wait4 or waitid, rt_sigtimedwait, rt_sigprocmask(SIG_UNBLOCK)
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/home.h"
#include "deputy/sent.h"
#include "deputy/times.h"
#include "deputy/usage.h"

/* struct tms counts in this, whatever the kernel's own tick is */
#define TICKS_PER_S 100u

#define CHILD_BIT (1ull << (SIGCHLD - 1))

/* How long a wait is awaited: a child that lives will live longer than that */
#define WAIT_SPIN_US 5

/* First bytes of the slot's data in a quiet wait; the call's own follow */
#define DATA_SET  0
#define DATA_TIME 16
#define DATA_INFO 64
#define DATA_CALL 256

/* The calls of its batch */
enum quiet { QUIET_BLOCK, QUIET_WAIT, QUIET_TAKE, QUIET_UNBLOCK };

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

/* The quiet wait has ended: send on the SIGCHLD that came meanwhile, then the answer */
static void quiet_done(struct deputy *d, struct thread *thread, int64_t unblocked)
{
	const struct arena *arena = thread->arena;
	unsigned int slot = (unsigned int)thread->slot;
	int64_t ret = executor_ret(arena, slot, QUIET_WAIT);
	siginfo_t info;

	thread->waits = false;
	if (d->channel)
		channel_cork(d->channel);
	if (executor_ret(arena, slot, QUIET_TAKE) == SIGCHLD && d->channel) {
		memcpy(&info, arena_data(arena, slot) + DATA_INFO, sizeof(info));
		signal_pass_on(d, thread->task, &info);
	}
	if (unblocked)
		ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0); /* it was cancelled before: its mask is set at that stop */
	if (ret == -EINTR && thread->call.code)
		call_interrupted_answer(d, thread);
	else
		(thread->call.nr == SYS_wait4 ? wait4_done : waitid_done)(d, thread, ret);
	if (d->channel)
		channel_uncork(d->channel);
}

/* Wait with SIGCHLD blocked */
static int quiet_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	const uint64_t *a = thread->call.home_arg, set = CHILD_BIT;
	const struct arena *arena = thread->arena;
	unsigned int slot = (unsigned int)thread->slot;
	uint64_t at = arena_data_addr(arena, slot);
	uint8_t *data = arena_data(arena, slot);
	int err = call_place(thread, tail, tail_len, DATA_CALL);

	if (err)
		return err;
	memset(data, 0, DATA_CALL);
	memcpy(data + DATA_SET, &set, sizeof(set));
	executor_begin(arena, slot, 0);
	executor_add(arena, slot, SYS_rt_sigprocmask, SIG_BLOCK, at + DATA_SET, 0, sizeof(set), 0, 0);
	executor_add(arena, slot, thread->call.nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	executor_add(arena, slot, SYS_rt_sigtimedwait, at + DATA_SET, at + DATA_INFO, at + DATA_TIME, sizeof(set), 0,
		     0);
	executor_add(arena, slot, SYS_rt_sigprocmask, SIG_UNBLOCK, at + DATA_SET, 0, sizeof(set), 0, 0);
	thread->waits = thread->call.whole = true;
	call_post_unawaited(thread, quiet_done);
	call_await(d, thread, WAIT_SPIN_US);
	return 0;
}

/* Wait for a child: @flags of the call, @finish when it has returned */
static int wait_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len, uint64_t flags,
		      call_finisher finish)
{
	uint64_t blocked = thread->inflight | thread->passed | home_kept(thread);

	if (flags & WNOHANG || thread->task->catches_child || blocked & CHILD_BIT)
		return call_row_begin(d, thread, tail, tail_len, finish);
	return quiet_begin(d, thread, tail, tail_len);
}

int times_wait4(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	return wait_begin(d, thread, tail, tail_len, thread->call.arg[2], wait4_done);
}

int times_waitid(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	return wait_begin(d, thread, tail, tail_len, thread->call.arg[3], waitid_done);
}

void times_child_died(struct deputy *d, pid_t parent)
{
	struct task *task = parent ? task_find(d, parent) : NULL;
	struct thread *thread = task ? task->threads : NULL;

	while (thread && !(thread->waits && thread->state == TH_BUSY))
		thread = thread->sibling;
	if (thread)
		call_back(d, thread);
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
