/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stops and deaths of guest threads: waitpid, a table by kind of stop, and what each means. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "log.h"
#include "remote/calls.h"
#include "remote/early.h"
#include "remote/fork.h"
#include "remote/keeps.h"
#include "remote/ownfilter.h"
#include "remote/session.h"
#include "remote/signals.h"
#include "remote/sigqueue.h"
#include "remote/stops.h"
#include "remote/usage.h"
#include "remote/waits.h"
#include "tracee.h"

#define SYSCALL_STOP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

void thread_resume(struct thread *thread, int signo)
{
	thread_move(thread, THREAD_RUNNING);
	ptrace(thread->trace == TRACE_NONE ? PTRACE_CONT : PTRACE_SYSCALL, thread->outer, 0, (long)signo);
}

void thread_go_on(struct thread *thread)
{
	if (thread->guest->frozen)
		ptrace(PTRACE_INTERRUPT, thread->outer, 0, 0);
	thread_resume(thread, 0);
}

/**
 * on_stop() - The stop that PTRACE_INTERRUPT has asked for
 *
 * It has up to two purposes: to do something with the thread on its way out of a call, and to freeze it. What was
 * done may be to send a call home: then its result lets the thread go on.
 */
static void on_stop(struct thread *thread)
{
	struct user_regs_struct regs;
	stop_action action = thread->at_stop;

	thread->at_stop = NULL;
	if (action && !tracee_regs_get(thread->outer, &regs)) {
		action(thread, &regs);
		tracee_regs_set(thread->outer, &regs);
	}
	if (!thread->guest->frozen && !thread->call.id)
		thread_resume(thread, 0);
}

/**
 * info_mend() - rt_sigtimedwait has returned a signal: put right what it has written about it
 */
static void info_mend(struct thread *thread, const struct user_regs_struct *regs)
{
	siginfo_t info;

	if ((int64_t)regs->rax <= 0)
		return;
	if (!regs->rsi)
		sigqueue_take_any(thread, (int)regs->rax);
	else if (!tracee_read(thread->outer, regs->rsi, &info, sizeof(info)) && sigqueue_take(thread->guest, &info))
		tracee_write(thread->outer, regs->rsi, &info, sizeof(info));
}

/**
 * on_syscall() - Entry or end of a traced call
 *
 * A handler may run before the call is reached; what comes then is another call's entry.
 */
static void on_syscall(struct thread *thread)
{
	struct user_regs_struct regs;

	if (tracee_regs_get(thread->outer, &regs))
		return; /* killed */
	if (thread->trace == TRACE_CLONE && (int64_t)regs.rax > 0) {
		regs.rax = thread->newborn;
		tracee_regs_set(thread->outer, &regs);
	}
	if (thread->trace == TRACE_ENTRY && regs.orig_rax == thread->call.nr) {
		thread->trace = TRACE_CALL;
	} else if (thread->trace == TRACE_MASK) {
		thread->trace = TRACE_NONE;
		keeps_changed(thread, &regs);
		return;
	} else {
		if (thread->trace == TRACE_CALL && thread->call.nr == SYS_rt_sigtimedwait)
			info_mend(thread, &regs);
		else if (thread->trace == TRACE_CALL)
			ownfilter_made(thread, (int64_t)regs.rax);
		thread->trace = TRACE_NONE;
	}
	thread_resume(thread, 0);
}

/**
 * on_seccomp() - A call that a filter sends to its tracer
 */
static void on_seccomp(struct thread *thread)
{
	unsigned long data = 0;

	if (!ptrace(PTRACE_GETEVENTMSG, thread->outer, 0, &data) && data == KEEPS_TRACE)
		keeps_stopped(thread);
	else
		fork_stopped(thread);
}

/**
 * on_other() - A stop without meaning here
 */
static void on_other(struct thread *thread)
{
	thread_resume(thread, 0);
}

/* What a stop means, by its ptrace event (0: delivery of a signal). Events of forks are seen by fork.c. */
static const struct {
	int event;
	void (*handle)(struct thread *thread);
} stop_table[] = {
	{ 0, signals_delivery },
	{ PTRACE_EVENT_STOP, on_stop },
	{ PTRACE_EVENT_SECCOMP, on_seccomp },
};

/**
 * stop_dispatch() - A thread has stopped
 */
static void stop_dispatch(struct thread *thread, int status)
{
	void (*handle)(struct thread * thread) = on_other;

	if (thread->guest->state != GUEST_LIVE)
		return; /* being built, or about to die */
	if (thread->born) {
		fork_settle(thread);
		return;
	}
	thread_move(thread, THREAD_STOPPED);
	for (size_t i = 0; i < sizeof(stop_table) / sizeof(*stop_table); i++)
		if (stop_table[i].event == status >> 16)
			handle = stop_table[i].handle;
	if (WSTOPSIG(status) == SYSCALL_STOP)
		handle = on_syscall;
	handle(thread);
}

/**
 * death_explain() - Why a guest has died that neither home nor its program ended
 */
static void death_explain(struct session *session, int status, char *out, size_t cap)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && usage_oom_kills() > session->oom_kills)
		snprintf(out, cap, "killed on the worker: out of memory");
	else if (WIFSIGNALED(status))
		snprintf(out, cap, "killed on the worker: %s", strsignal(WTERMSIG(status)));
	else
		snprintf(out, cap, "ended on the worker with status %d", WEXITSTATUS(status));
}

/**
 * limit_reached() - The kernel killed the process for using more CPU time than it may
 */
static bool limit_reached(const struct guest *guest, int status, const struct rusage *used)
{
	uint64_t seconds = (uint64_t)(used->ru_utime.tv_sec + used->ru_stime.tv_sec);

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && guest->cpu_limit_s &&
	       seconds + 1 >= guest->cpu_limit_s;
}

/**
 * filter_death() - A filter of the program's own has killed the thread, and the process if that was the last one
 */
static void filter_death(const struct thread *thread, int signo)
{
	struct guest *guest = thread->guest;

	if (guest->threads->next) {
		newborn_end(guest->session, thread->tid, SYS_exit);
		return;
	}
	signals_killed(guest, signo);
	guest_kill(guest);
}

/**
 * thread_died() - A thread is dead and reaped
 * @used:	By the process
 */
static void thread_died(struct thread *thread, int status, const struct rusage *used)
{
	struct guest *guest = thread->guest;
	struct session *session = guest->session;
	struct wire_gone msg = { .pid = guest->pid, .tid = thread->tid, .status = status };
	char text[128];

	if (guest->state != GUEST_DYING && limit_reached(guest, status, used)) {
		signals_killed(guest, SIGKILL);
		guest_kill(guest);
	} else if (guest->state != GUEST_DYING && !thread->exiting && ownfilter_death(thread, status)) {
		filter_death(thread, ownfilter_death(thread, status));
	} else if (guest->state != GUEST_DYING && !thread->exiting) {
		death_explain(session, status, text, sizeof(text));
		log_warn("guest %u: %s", guest->pid, text);
		session_send_text(session, WIRE_GONE, &msg, text);
		guest_kill(guest);
	}
	if (thread_gone(thread))
		waits_gone(session);
}

void stops_drain(struct session *session)
{
	struct rusage used;
	int status;
	pid_t tid;

	while ((tid = childwatch_wait(&session->watch, &status, &used)) > 0) {
		struct thread *thread = thread_by_outer(session, tid);

		if (thread && WIFSTOPPED(status))
			stop_dispatch(thread, status);
		else if (thread)
			thread_died(thread, status, &used);
		else if (session->sandbox && tid == sandbox_init_pid(session->sandbox) && !WIFSTOPPED(status))
			session_end(session, "the sandbox has ended");
		else if (paging_has_ended(&session->objects.paging, tid))
			session_end(session, "the pager has ended");
		else if (!WIFSTOPPED(status))
			early_died(session, tid);
	}
}
