/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rt_sigaction, kill, tgkill, tkill, rt_sigqueueinfo: what handlers get, flags, order, nesting, dispositions. */
#include <sys/resource.h>
#include <ucontext.h>

#include "show.h"

static volatile sig_atomic_t depth, trace_nr;
static volatile int trace[64];

static void on_signal(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	uint64_t mask;

	SYS(rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	printf("  handler: sig %d signo %d code %d errno %d value %d pid mine %d uid mine %d mask %#lx saved mask "
	       "%#lx\n",
	       sig, info->si_signo, info->si_code, info->si_errno,
	       info->si_code == SI_QUEUE ? info->si_value.sival_int : 0, info->si_pid == getpid(),
	       info->si_uid == getuid(), mask, *(uint64_t *)&uc->uc_sigmask);
}

static void sending(void)
{
	union sigval value = {.sival_int = 1234};
	siginfo_t info = {.si_signo = SIGRTMIN, .si_code = SI_QUEUE};

	TITLE("sending to oneself");
	handle_info(SIGUSR1, on_signal, 0);
	handle_info(SIGUSR2, on_signal, SA_NODEFER);
	handle_info(SIGRTMIN, on_signal, 0);
	SHOW(SYS(kill, getpid(), SIGUSR1));
	SHOW(SYS(tkill, gettid(), SIGUSR1));
	SHOW(SYS(tgkill, getpid(), gettid(), SIGUSR2));
	SHOW(raise(SIGUSR2));
	SHOW(sigqueue(getpid(), SIGRTMIN, value));
	info.si_value.sival_int = 77;
	info.si_pid = getpid();
	info.si_uid = getuid();
	SHOW(SYS(rt_sigqueueinfo, getpid(), SIGRTMIN, &info));
	SHOW(SYS(rt_tgsigqueueinfo, getpid(), gettid(), SIGRTMIN, &info));
	info.si_code = -60;
	SHOW(SYS(rt_sigqueueinfo, getpid(), SIGRTMIN, &info));
	SHOW(SYS(kill, 0, 0));
	SHOW(SYS(kill, getpid(), 0));
	TITLE("errors");
	SHOW(SYS(kill, getpid(), 65));
	SHOW(SYS(kill, getpid(), -1));
	SHOW(SYS(kill, 0x7ffffff0, 0));
	SHOW(SYS(kill, -0x7ffffff0, 0));
	SHOW(SYS(kill, 0x80000000, 0));
	SHOW(SYS(kill, 1, 0));
	SHOW(SYS(tkill, 0, SIGUSR1));
	SHOW(SYS(tkill, -1, SIGUSR1));
	SHOW(SYS(tkill, 0x7ffffff0, SIGUSR1));
	SHOW(SYS(tgkill, getpid(), 0x7ffffff0, 0));
	SHOW(SYS(tgkill, 0x7ffffff0, gettid(), 0));
	SHOW(SYS(tgkill, -1, gettid(), 0));
	SHOW(SYS(rt_sigqueueinfo, getpid(), SIGRTMIN, BAD));
	SHOW(SYS(rt_sigqueueinfo, getpid(), 65, &info));
	info.si_code = SI_USER;
	SHOW(SYS(rt_sigqueueinfo, 1, SIGRTMIN, &info));
	SHOW(SYS(rt_sigqueueinfo, 0x7ffffff0, SIGRTMIN, &info));
}

static void actions(void)
{
	struct sigaction sa, old;
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} raw = {0}, *last = edge(sizeof(raw));

	TITLE("rt_sigaction");
	sa = (struct sigaction){.sa_handler = SIG_IGN, .sa_flags = SA_RESTART | SA_NODEFER};
	sigaddset(&sa.sa_mask, SIGHUP);
	SHOW(sigaction(SIGHUP, &sa, NULL));
	SHOW(sigaction(SIGHUP, NULL, &old));
	SHOW_TRUE(old.sa_handler == SIG_IGN);
	SHOW_HEX(old.sa_flags & ~0x04000000);
	SHOW(sigismember(&old.sa_mask, SIGHUP));
	for (int sig = 0; sig <= 66; sig++) {
		errno = 0;
		long r = SYS(rt_sigaction, sig, NULL, &raw, 8);
		if (r || raw.handler)
			printf("  %d: %ld %s %s\n", sig, r, r ? show_errno(errno) : "",
			       raw.handler ? "not default" : "");
	}
	raw.handler = SIG_IGN;
	SHOW(SYS(rt_sigaction, SIGKILL, &raw, NULL, 8));
	SHOW(SYS(rt_sigaction, SIGSTOP, &raw, NULL, 8));
	SHOW(SYS(rt_sigaction, SIGKILL, NULL, &raw, 8));
	SHOW(SYS(rt_sigaction, SIGHUP, BAD, NULL, 8));
	SHOW(SYS(rt_sigaction, SIGHUP, NULL, BAD, 8));
	SHOW(SYS(rt_sigaction, SIGHUP, NULL, &raw, 4));
	SHOW(SYS(rt_sigaction, SIGHUP, NULL, last, 8));
	SHOW(SYS(rt_sigaction, SIGHUP, NULL, (char *)last + 8, 8));
	TITLE("SA_RESETHAND");
	handle_info(SIGUSR1, on_signal, SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	SHOW_TRUE(old.sa_handler == SIG_DFL);
	TITLE("ignored and default");
	handle(SIGUSR1, SIG_IGN, 0);
	SHOW(raise(SIGUSR1));
	SHOW(raise(SIGCHLD));
	SHOW(raise(SIGURG));
	SHOW(raise(SIGWINCH));
	SHOW(raise(SIGCONT));
}

static void on_traced(int sig)
{
	trace[trace_nr++] = sig;
	if (sig == SIGUSR1 && depth++ < 1)
		raise(SIGUSR2);
	trace[trace_nr++] = -sig;
}

static void show_trace(void)
{
	for (int i = 0; i < trace_nr; i++) {
		int sig = trace[i], rt = abs(sig) - SIGRTMIN;

		if (rt >= 0)
			printf(" %sRT%d", sig < 0 ? "-" : "", rt);
		else
			printf(" %d", sig);
	}
	printf("\n");
	trace_nr = depth = 0;
}

static void order(void)
{
	static const int sigs[] = {SIGUSR2, SIGUSR1, SIGHUP, SIGTERM};
	sigset_t all, old;

	TITLE("order of pending signals");
	for (size_t i = 0; i < NELEM(sigs); i++)
		handle(sigs[i], on_traced, 0);
	for (int i = 0; i < 4; i++)
		handle(SIGRTMIN + i, on_traced, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	for (int i = 3; i >= 0; i--) {
		sigqueue(getpid(), SIGRTMIN + i, (union sigval){.sival_int = i});
		sigqueue(getpid(), SIGRTMIN + i, (union sigval){.sival_int = i});
	}
	for (size_t i = 0; i < NELEM(sigs); i++) {
		kill(getpid(), sigs[i]);
		kill(getpid(), sigs[i]);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	show_trace();
	TITLE("nested");
	raise(SIGUSR1);
	show_trace();
	TITLE("masked while handled");
	struct sigaction sa = {.sa_handler = on_traced};
	sigaddset(&sa.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	show_trace();
}

/* The limit of queued signals: real-time ones that do not fit are refused */
static void queue_limit(void)
{
	struct rlimit limit;
	sigset_t set;
	int n = 0;

	TITLE("RLIMIT_SIGPENDING");
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 5);
	sigprocmask(SIG_BLOCK, &set, NULL);
	getrlimit(RLIMIT_SIGPENDING, &limit);
	limit.rlim_cur = 0;
	SHOW(setrlimit(RLIMIT_SIGPENDING, &limit));
	while (n < 100 && !sigqueue(getpid(), SIGRTMIN + 5, (union sigval){.sival_int = n}))
		n++;
	SHOW_STR(n == 100 ? "no limit" : show_errno(errno));
	handle(SIGRTMIN + 5, SIG_IGN, 0);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Registers survive a handler that uses all of them, also the floating-point ones */
static void on_busy(int sig UNUSED)
{
	volatile double x = 1;

	for (int i = 1; i < 50; i++)
		x = x * i / (i + 1) + 3;
	asm volatile("fninit; fld1; fldpi; vzeroall" ::: "memory", "xmm0", "xmm1", "xmm7", "xmm15");
	trace_nr++;
}

static void registers(void)
{
	double a = 1.5, b = 2.25, sum = 0;
	long double c = 3.125L;

	TITLE("floating point across handlers");
	handle(SIGALRM, on_busy, 0);
	trace_nr = 0;
	ticks_start(5);
	for (long i = 0; trace_nr < 10; i++) {
		sum = a * b + (double)c;
		if (sum != 6.5) {
			printf("broken\n");
			break;
		}
	}
	ticks_stop();
	SHOW_TRUE(sum == 6.5);
	trace_nr = 0;
}

int main(void)
{
	sending();
	actions();
	order();
	queue_limit();
	registers();
	return 0;
}
