/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals between home and a guest: see remote/signals.h. */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "log.h"
#include "remote/calls.h"
#include "remote/live.h"
#include "remote/session.h"
#include "remote/shm.h"
#include "remote/signals.h"
#include "remote/sigqueue.h"
#include "remote/stops.h"
#include "remote/timers.h"
#include "tracee.h"

#define SIGNALS 64

/* Set with one signal */
#define SET(signo) (1ull << ((signo)-1))
/* Signals whose default action the process survives */
#define STOP_SIGNALS (SET(SIGSTOP) | SET(SIGTSTP) | SET(SIGTTIN) | SET(SIGTTOU))

/* Whose default action is to be ignored; SIGCONT's effect has happened at home */
#define DEFAULT_IGNORED (SET(SIGCHLD) | SET(SIGURG) | SET(SIGWINCH) | SET(SIGCONT))

static_assert(sizeof(siginfo_t) == SIGINFO_LEN, "the wire carries the kernel's struct");

enum verdict { VERDICT_IGNORE, VERDICT_HANDLE, VERDICT_DEFAULT };

/**
 * disposition() - What happens when @signo is delivered
 */
static enum verdict disposition(int signo, const struct sigstate *state)
{
	if (state->caught & SET(signo))
		return VERDICT_HANDLE;
	return (state->ignored | DEFAULT_IGNORED) & SET(signo) ? VERDICT_IGNORE : VERDICT_DEFAULT;
}

/**
 * has_tempmask() - The thread waits in a call with a temporary mask
 */
static bool has_tempmask(const struct thread *thread)
{
	return thread->state == THREAD_CALLING && thread->call.planned && thread->call.plan.has_tempmask;
}

uint64_t signals_mask(const struct thread *thread, const struct sigstate *state)
{
	return has_tempmask(thread) ? thread->call.plan.tempmask : state->blocked;
}

/**
 * blocked_now() - Signals that the thread would not take
 *
 * A signal that rt_sigtimedwait waits for is not blocked for the kernel, but it is taken by the call, and not
 * delivered.
 */
static uint64_t blocked_now(const struct thread *thread, const struct sigstate *state)
{
	uint64_t blocked = signals_mask(thread, state);

	return thread->trace == TRACE_CALL ? blocked | thread->waiting : blocked;
}

/**
 * taker_find() - The thread that will take @signo, as the kernel chooses: the leader, else the first that has it
 * unblocked
 * @only:	The one thread it is meant for, or NULL
 * @state:	Set to the state of the taker; of the last thread looked at when there is none
 */
static struct thread *taker_find(struct guest *guest, struct thread *only, int signo, struct sigstate *state)
{
	for (struct thread *t = only ? only : guest->threads; t; t = only ? NULL : t->next) {
		if (t->exiting || tracee_sigstate(t->outer, state))
			continue;
		if (!(blocked_now(t, state) & SET(signo)))
			return t;
	}
	return NULL;
}

/**
 * mask_address() - Where the temporary mask of the thread's call is in its memory; 0 when it cannot be told
 */
static uint64_t mask_address(struct thread *thread)
{
	const struct sysplan *plan = &thread->call.plan;
	uint64_t addr = 0;

	for (int i = 0; i < 6; i++) {
		const struct sysarg *arg = &plan->row->arg[i];

		if (arg->kind != ARG_MEM || arg->size != SIZE_SHAPE)
			continue;
		if (arg->ref == SHAPE_MASK)
			addr = thread->call.arg[i];
		else if (arg->ref == SHAPE_MASK_PAIR &&
			 tracee_read(thread->outer, thread->call.arg[i], &addr, sizeof(addr)))
			addr = 0;
	}
	return addr;
}

/**
 * call_interrupt() - Have home take the thread out of its call
 * @signo:	For this signal, which has been queued
 */
static void call_interrupt(struct thread *thread, int signo, const struct sigstate *state)
{
	struct wire_interrupt msg = { thread->call.id };

	if (thread->state != THREAD_CALLING || !thread->call.id)
		return;
	if (has_tempmask(thread) && (state->blocked & SET(signo))) {
		thread->mask_addr = mask_address(thread);
		thread->suspend = thread->mask_addr ? SUSPEND_WANTED : SUSPEND_NONE;
	}
	if (!thread->call.interrupted)
		session_send(thread->guest->session, WIRE_INTERRUPT, &msg);
	thread->call.interrupted = true;
}

/**
 * pass_send() - The call that home holds because of the signal goes on
 */
static void pass_send(struct session *session, uint64_t held, int signo)
{
	struct wire_pass msg = { held, (uint32_t)signo };

	if (call_find(session, held))
		session_send(session, WIRE_PASS, &msg);
}

/**
 * default_send() - The default action of a signal is to happen
 */
static void default_send(struct guest *guest, uint32_t tid, const siginfo_t *info)
{
	struct wire_default msg = { .pid = guest->pid, .tid = tid };

	memcpy(msg.info, info, sizeof(msg.info));
	live_sync(guest->session); /* it may be the end of the guest, and not of its files */
	if (!(SET(info->si_signo) & STOP_SIGNALS)) {
		shm_leave(guest);
		guest->doomed = true;
	}
	session_send(guest->session, WIRE_DEFAULT, &msg);
}

/**
 * queue() - Queue a signal that has come from home
 */
static void queue(struct guest *guest, struct thread *only, const siginfo_t *info, const struct sigstate *state,
		  uint32_t from)
{
	int err = sigqueue_send(guest, only, info, state, from);

	if (err)
		sigqueue_taken(guest, from, info->si_signo);
	if (err && err != -ESRCH)
		log_warn("guest %u: signal %d is lost: %s", guest->pid, info->si_signo, strerror(-err));
}

/**
 * is_access_check() - The terminal at home sent it because a process in the background used it
 *
 * The kernel does not send it to who blocks it, which home's could not know: the call just goes on.
 */
static bool is_access_check(const siginfo_t *info, uint64_t held)
{
	return held && (info->si_signo == SIGTTOU || info->si_signo == SIGTTIN) && info->si_code == SI_KERNEL;
}

/**
 * signal_judge() - Decide what becomes of a signal, and say so
 * @held:	Number of the call that home holds because of it, 0: none
 * @from:	The home thread that has it blocked until TAKEN
 */
static void signal_judge(struct guest *guest, struct thread *only, const siginfo_t *info, uint64_t held, uint32_t from)
{
	struct sigstate state = { 0 };
	struct thread *taker = taker_find(guest, only, info->si_signo, &state);
	enum verdict verdict = taker ? disposition(info->si_signo, &state) : VERDICT_HANDLE;
	/* It waits here as long as it is blocked; but the new program may be the one that gets it */
	bool waits = !taker && !guest_execs(guest), queued;

	if (verdict == VERDICT_DEFAULT) {
		default_send(guest, only ? only->tid : 0, info);
		return;
	}
	queued = verdict == VERDICT_HANDLE && (taker || !is_access_check(info, held));
	if (queued)
		queue(guest, only, info, &state, waits ? 0 : from);
	if (!queued || waits)
		sigqueue_taken(guest, from, info->si_signo);
	if (verdict == VERDICT_HANDLE && taker)
		call_interrupt(taker, info->si_signo, &state);
	if (held && !(verdict == VERDICT_HANDLE && taker && taker->call.id == held))
		pass_send(guest->session, held, info->si_signo);
}

int signals_arrived(struct session *session, const struct wire_signal *msg)
{
	struct guest *guest = guest_by_pid(session, msg->pid);
	struct thread *only = NULL;
	uint32_t tid;
	siginfo_t info;

	memcpy(&info, msg->info, sizeof(info));
	if (info.si_signo < 1 || info.si_signo > SIGNALS || info.si_signo == SIGKILL || info.si_signo == SIGSTOP)
		return -EPROTO;
	tid = guest ? timers_mend(guest, &info) : 0;
	if (!tid)
		tid = msg->tid;
	if (tid)
		only = thread_by_tid(session, tid);
	if (!guest || (tid && (!only || only->guest != guest)))
		pass_send(session, msg->call, info.si_signo); /* nobody is there to take it */
	else
		signal_judge(guest, only, &info, msg->call, msg->from);
	return 0;
}

void signals_unmasked(struct thread *thread)
{
	struct sigstate state;
	uint64_t pending;

	if (!has_tempmask(thread) || tracee_sigstate(thread->outer, &state))
		return;
	pending = (state.pending | state.shared_pending) & ~thread->call.plan.tempmask;
	for (int signo = 1; signo <= SIGNALS; signo++) {
		if ((pending & SET(signo)) && disposition(signo, &state) != VERDICT_IGNORE) {
			call_interrupt(thread, signo, &state);
			return;
		}
	}
}

bool signals_deliverable(const struct thread *thread)
{
	struct guest *guest = thread->guest;
	struct sigstate state, first;
	uint64_t shared;

	if (tracee_sigstate(thread->outer, &state))
		return false;
	if (state.pending & ~state.blocked)
		return true;
	shared = state.shared_pending & ~state.blocked;
	if (!shared)
		return false;
	/* Another thread may be the one that the kernel has woken for it */
	return taker_find(guest, NULL, __builtin_ctzll(shared) + 1, &first) == thread;
}

void signals_suspend(struct thread *thread, struct user_regs_struct *regs)
{
	thread->saved[0] = regs->rdi;
	thread->saved[1] = regs->rsi;
	thread->saved[2] = regs->orig_rax;
	regs->rdi = thread->mask_addr;
	regs->rsi = sizeof(uint64_t);
	regs->rax = SYS_rt_sigsuspend;
	regs->orig_rax = (unsigned long long)-1;
	regs->rip -= 2; /* onto the syscall instruction again */
	thread->suspend = SUSPEND_MADE;
}

/**
 * registers_mend() - What the guest's call looks like to the kernel when a signal is delivered
 *
 * A call that became an rt_sigsuspend is itself again. A trapped call that the signal met before the remote had
 * received it has not begun: it is made after the handler, whatever SA_RESTART says, also if it is one that never
 * returns EINTR.
 */
static int registers_mend(struct thread *thread)
{
	struct user_regs_struct regs;
	int err = tracee_regs_get(thread->outer, &regs);
	bool changed = false;

	if (err)
		return err;
	if (thread->suspend == SUSPEND_MADE && regs.orig_rax == SYS_rt_sigsuspend) {
		regs.rdi = thread->saved[0];
		regs.rsi = thread->saved[1];
		regs.orig_rax = thread->saved[2];
		thread->suspend = SUSPEND_NONE;
		changed = true;
	}
	if ((int64_t)regs.orig_rax >= 0 && (int64_t)regs.rax == -ERESTARTSYS && !thread->answered) {
		const uint64_t arg[6] = { regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9 };

		/* A local call with a handler is one that the filter traps in a sandbox without pid namespace */
		if (!sysdef_is_local((int64_t)regs.orig_rax, arg) || handler_find((uint32_t)regs.orig_rax)) {
			regs.rax = (unsigned long long)-ERESTARTNOINTR;
			changed = true;
		}
	}
	thread->answered = 0;
	return changed ? tracee_regs_set(thread->outer, &regs) : 0;
}

void signals_delivery(struct thread *thread)
{
	struct guest *guest = thread->guest;
	struct sigstate state;
	siginfo_t info;
	int signo;

	if (ptrace(PTRACE_GETSIGINFO, thread->outer, 0, &info) < 0 || registers_mend(thread) ||
	    tracee_sigstate(thread->outer, &state))
		return; /* killed */
	signo = info.si_signo;
	if (signo == SIGBUS && paging_is_lost(&guest->session->objects.paging)) {
		session_end(guest->session, "the connection for pages is lost");
		return;
	}
	if (sigqueue_take(guest, &info))
		ptrace(PTRACE_SETSIGINFO, thread->outer, 0, &info);
	switch (signo == SIGSTOP ? VERDICT_IGNORE : disposition(signo, &state)) {
	case VERDICT_IGNORE: /* a SIGSTOP here is this node's administrator's: guests are stopped at home */
		thread_resume(thread, 0);
		break;
	case VERDICT_HANDLE:
		thread_resume(thread, signo);
		break;
	case VERDICT_DEFAULT:
		thread->defaulted = true;
		default_send(guest, thread->tid, &info);
		break;
	}
}

void signals_killed(struct guest *guest, int signo)
{
	siginfo_t info = { .si_signo = signo, .si_code = SI_KERNEL };

	default_send(guest, 0, &info);
}

void signals_freeze(struct guest *guest)
{
	guest->frozen = true;
	for (struct thread *t = guest->threads; t && guest->state == GUEST_LIVE; t = t->next)
		if (t->state == THREAD_RUNNING || t->state == THREAD_CALLING)
			ptrace(PTRACE_INTERRUPT, t->outer, 0, 0);
}

void signals_thaw(struct guest *guest)
{
	guest->frozen = false;
	for (struct thread *t = guest->threads; t && guest->state == GUEST_LIVE; t = t->next) {
		/* One that home makes a fork for goes on when home has answered */
		if (t->state != THREAD_STOPPED || t->call.id)
			continue;
		t->defaulted = false;
		thread_resume(t, 0);
	}
}
