/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stops and deaths of home threads: waitpid, a table by kind of stop, and what each means. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "deputy/cancel.h"
#include "deputy/deputy.h"
#include "deputy/exec.h"
#include "deputy/fork.h"
#include "deputy/home.h"
#include "deputy/outbox.h"
#include "deputy/signal.h"
#include "deputy/times.h"
#include "deputy/trace.h"

/* Signals whose stop, reported as an event, is a group stop */
static bool is_stop_signal(int signo)
{
	return signo == SIGSTOP || signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU;
}

int thread_resume(struct thread *thread, int signo)
{
	return ptrace(PTRACE_CONT, thread->tid, 0, (long)signo) < 0 ? -errno : 0;
}

void thread_died(struct deputy *d, struct thread *thread)
{
	struct task *task = thread->task;
	struct wire_drop msg = { (uint32_t)task->pid };
	pid_t parent = task->parent;

	if (thread->tid != task->pid) {
		thread_remove(d, thread);
		return;
	}
	/* It and the answer to a parent that waits go together */
	if (d->channel)
		channel_cork(d->channel);
	if (task->migrated)
		deputy_send(d, WIRE_DROP, &msg, sizeof(msg), NULL, 0);
	times_task_died(d, task);
	task_remove(d, task);
	times_child_died(d, parent);
	if (d->channel)
		channel_uncork(d->channel);
}

/* Our own stop has made a call that never restarts return EINTR: it is made again */
static void call_undisturb(const struct thread *thread)
{
	struct user_regs_struct regs;

	if (thread->state != TH_BUSY || thread->call.code || tracee_regs_get(thread->tid, &regs) ||
	    !call_interrupted(thread, &regs))
		return;
	call_again(thread, &regs);
	tracee_regs_set(thread->tid, &regs);
}

/* A group stop begins, or the stop that its end or our own PTRACE_INTERRUPT causes */
static void on_event_stop(struct deputy *d, struct thread *thread, int signo)
{
	struct task *task = thread->task;

	if (is_stop_signal(signo)) {
		struct wire_stop msg = { (uint32_t)task->pid };

		home_mask_update(thread);
		ptrace(PTRACE_LISTEN, thread->tid, 0, 0);
		if (!task->stopped && task->migrated)
			deputy_send(d, WIRE_STOP, &msg, sizeof(msg), NULL, 0);
		task->stopped = true;
		return;
	}
	if (task->stopped || thread->acted) {
		struct wire_cont msg = { (uint32_t)task->pid };

		task->stopped = false;
		thread->acting = 0;
		thread->acted = false;
		if (task->migrated)
			deputy_send(d, WIRE_CONT, &msg, sizeof(msg), NULL, 0);
	}
	if (thread->state != TH_NATIVE) {
		home_mask_update(thread);
		if (cancel_wanted(thread))
			cancel_at_stop(thread);
		else
			call_undisturb(thread);
	}
	thread_resume(thread, 0);
}

/* The program has been replaced (by omrun's own exec, or by one that the guest asked for) */
static void on_exec(struct deputy *d, struct thread *thread, int signo)
{
	(void)signo;
	exec_done(d, thread);
}

/*
 * A SIGTRAP: perhaps of the parasite's int3, by which it says that the call has finished. Somebody may have sent one just then:
 * if that was pending already, the kernel makes one of both (legacy_queue() in kernel/signal.c), with what the first one said;
 * else it comes before the other, which is dropped then. True: that is done
 */
static bool on_trap(struct deputy *d, struct thread *thread)
{
	bool done = thread->state == TH_BUSY && executor_done(thread->arena, (unsigned int)thread->slot), own;
	struct user_regs_struct regs;
	siginfo_t info;

	if (ptrace(PTRACE_GETSIGINFO, thread->tid, 0, &info) < 0 || tracee_regs_get(thread->tid, &regs) < 0)
		return true; /* killed meanwhile */
	if (regs.rip != thread->task->code + parasite_labels()->trap_end)
		return false;
	own = info.si_code == SI_KERNEL;
	if (own)
		thread_resume(thread, 0);
	else
		signal_stop(d, thread, SIGTRAP);
	if (done)
		call_finish(d, thread);
	return true;
}

/* A stop at the delivery of a signal */
static void on_signal(struct deputy *d, struct thread *thread, int signo)
{
	if (thread->state == TH_NATIVE) {
		thread_resume(thread, signo);
		return;
	}
	if (signo != SIGTRAP || !on_trap(d, thread))
		signal_stop(d, thread, signo);
}

/* What a stop means, by its ptrace event (0: delivery of a signal) */
static const struct {
	int event;
	void (*handle)(struct deputy *d, struct thread *thread, int signo);
} stop_table[] = {
	{ 0, on_signal },
	{ PTRACE_EVENT_STOP, on_event_stop },
	{ PTRACE_EVENT_EXEC, on_exec },
};

void trace_dispatch(struct deputy *d, struct thread *thread, int status)
{
	if (!WIFSTOPPED(status)) {
		thread_died(d, thread);
		return;
	}
	if (thread->state == TH_BORN) {
		newborn_enter(thread);
		return;
	}
	for (size_t i = 0; i < sizeof(stop_table) / sizeof(*stop_table); i++) {
		if (stop_table[i].event == status >> 16) {
			stop_table[i].handle(d, thread, WSTOPSIG(status));
			return;
		}
	}
	thread_resume(thread, 0);
}

bool trace_await(struct deputy *d, struct thread *thread)
{
	int status, err = tracee_wait(thread->tid, &status);

	if (err && err != -ESRCH)
		return false;
	trace_dispatch(d, thread, status);
	return true;
}

void trace_drain(struct deputy *d)
{
	struct rusage used;
	int status;
	pid_t tid;

	while ((tid = childwatch_wait(&d->watch, &status, &used)) > 0) {
		struct thread *thread = thread_find(d, tid);

		if (thread)
			trace_dispatch(d, thread, status);
		else
			stray_seen(d, tid, WIFSTOPPED(status));
	}
	fork_strays(d);
}
