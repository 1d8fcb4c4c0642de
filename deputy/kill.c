/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * When kill(2) has returned, the signal is pending: whoever learns that it has returned, from the sender or by joining him,
 * finds it so. But the home thread that gets it has to be stopped by it before the worker can be told, and that takes longer
 * than the answer to the sender. So that is looked for, before he has his answer, where the receiver is one of the family.
 *
 * The kernel takes a signal from the receiver's pending ones before it stops the receiver for it. So what is waited for is that
 * it neither is pending there, unless blocked, nor that the receiver is still on its way: he sleeps, in the parasite or in a call. When
 * one of several has been stopped, it does not matter any more that others run.
 *
 * Who sends himself a signal has been stopped by it before the call could return, if there is no other thread that could get it.
 * If there is, he is one of the receivers: one that was to get it may exit, and he gets it in its place.
 */
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/fork.h"
#include "deputy/kill.h"
#include "deputy/trace.h"

/* Enough where CPUs are scarce; a receiver that is busy at home is not waited for longer */
#define AWAIT_NS      (50u * 1000 * 1000)
#define GROUP_MAX     256u /* processes of a group that are waited for */
#define RECEIVERS_MAX 16u  /* the kernel gives it to the first thread that does not block it */

/* What names the receiver: a thread, a process or a group of them as of kill(2), a pidfd */
enum target { TARGET_THREAD, TARGET_PROCESS, TARGET_PIDFD };

/* Where the receiver and the signal are among the arguments */
static const struct {
	uint32_t nr;
	uint8_t target, signo;
	enum target kind;
} kill_table[] = {
	{ SYS_kill, 0, 1, TARGET_PROCESS },
	{ SYS_rt_sigqueueinfo, 0, 1, TARGET_PROCESS },
	{ SYS_tkill, 0, 1, TARGET_THREAD },
	{ SYS_tgkill, 1, 2, TARGET_THREAD },
	{ SYS_rt_tgsigqueueinfo, 1, 2, TARGET_THREAD },
	{ SYS_pidfd_send_signal, 0, 1, TARGET_PIDFD },
};

/* Take the thread's stop, if there is one that the signal has made: true; or one that was asked for, to set its mask */
static bool stop_take(struct deputy *d, struct thread *thread, int signo)
{
	const int asked = PTRACE_EVENT_STOP << 8 | SIGTRAP;
	siginfo_t info = { 0 };
	int status;

	/* Whatever else has happened to it is for the event loop, which expects that anything may be gone after it */
	if (waitid(P_PID, (id_t)thread->tid, &info, WSTOPPED | WNOHANG | WNOWAIT | __WALL) ||
	    info.si_pid != thread->tid || info.si_code != CLD_TRAPPED ||
	    (info.si_status != signo && info.si_status != asked) ||
	    waitpid(thread->tid, &status, WNOHANG | __WALL) != thread->tid)
		return false;
	trace_dispatch(d, thread, status);
	return info.si_status == signo;
}

/* Is the thread still to be stopped by the signal? Where it has been stopped already, *@taken is set */
static bool is_awaited(struct deputy *d, pid_t tid, int signo, bool *taken)
{
	struct thread *thread = thread_find(d, tid);
	uint64_t set = 1ull << (signo - 1);
	struct sigstate state;

	if (!thread || (thread->state != TH_IDLE && thread->state != TH_BUSY) || thread->task->stopped)
		return false;
	if (tracee_sigstate(tid, &state))
		return false;
	/* Behind that: what is stopped between the two is seen */
	if (stop_take(d, thread, signo)) {
		*taken = true;
		return false;
	}
	if ((state.blocked | state.ignored) & set)
		return false;
	return ((state.pending | state.shared_pending) & set) || (state.runs && !*taken);
}

/* Wait until those who may have got it have been stopped by it, or have not */
static void stops_await(struct deputy *d, const pid_t *tids, unsigned int nr, int signo)
{
	uint64_t end = uv_hrtime() + AWAIT_NS;
	bool awaited, taken = false;

	do {
		awaited = false;
		for (unsigned int i = 0; i < nr; i++)
			awaited |= is_awaited(d, tids[i], signo, &taken);
	} while (awaited && uv_hrtime() < end && !sched_yield());
}

/* The signal has been sent to @target: is that one of ours? */
static void receiver_await(struct deputy *d, pid_t sender, pid_t target, bool is_thread, int signo)
{
	struct thread *to = thread_find(d, target);
	bool alone = is_thread || (to && !to->task->threads->sibling);
	pid_t tids[RECEIVERS_MAX];
	unsigned int nr = 0;

	if (!to)
		return;
	for (struct thread *t = is_thread ? to : to->task->threads; t && nr < RECEIVERS_MAX;
	     t = is_thread ? NULL : t->sibling) {
		if (t->tid != sender || !alone)
			tids[nr++] = t->tid;
	}
	for (unsigned int i = 0; i < nr; i++)
		newborn_settle(d, tids[i]);
	stops_await(d, tids, nr, signo);
}

/* It has been sent to a group, or to all that there are */
static void group_await(struct deputy *d, pid_t sender, pid_t target, int signo)
{
	pid_t group = target ? -target : getpgid(sender), pids[GROUP_MAX];
	unsigned int nr = 0;

	/* Any of them may be gone when another one has been waited for */
	for (const struct task *t = d->tasks; t && nr < GROUP_MAX; t = t->next) {
		if (target == -1 || getpgid(t->pid) == group)
			pids[nr++] = t->pid;
	}
	for (unsigned int i = 0; i < nr; i++)
		receiver_await(d, sender, pids[i], false, signo);
}

/* The call has been made */
static void kill_done(struct deputy *d, struct thread *thread, int64_t ret)
{
	const uint64_t *arg = thread->call.arg;
	pid_t sender = thread->tid, target;
	size_t i = 0;
	int signo;

	while (kill_table[i].nr != thread->call.nr)
		i++;
	target = (pid_t)arg[kill_table[i].target];
	signo = (int)arg[kill_table[i].signo];
	if (!ret && kill_table[i].kind == TARGET_PIDFD)
		target = (pid_t)task_pidfd_number(thread->task, target);
	if (!ret && signo > 0 && signo <= 64 && signo != SIGKILL && signo != SIGSTOP && signo != SIGTRAP) {
		if (target > 0)
			receiver_await(d, sender, target, kill_table[i].kind == TARGET_THREAD, signo);
		else if (kill_table[i].kind == TARGET_PROCESS)
			group_await(d, sender, target, signo);
	}
	call_row_finish(d, thread, ret);
}

int kill_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	return call_row_begin(d, thread, tail, tail_len, kill_done);
}
