/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rt_sigprocmask, rt_sigpending, rt_sigsuspend, rt_sigtimedwait, pause. */
#include "show.h"

static volatile int got[65];

static void on_signal(int sig)
{
	got[sig]++;
}

static uint64_t bit(int sig)
{
	return 1ull << (sig - 1);
}

static void masks(void)
{
	uint64_t set, old, *last = edge(8);

	TITLE("rt_sigprocmask");
	set = bit(SIGUSR1) | bit(SIGUSR2) | bit(SIGKILL) | bit(SIGSTOP);
	SHOW(SYS(rt_sigprocmask, SIG_BLOCK, &set, &old, 8));
	SHOW_HEX(old);
	set = bit(SIGUSR2);
	SHOW(SYS(rt_sigprocmask, SIG_UNBLOCK, &set, &old, 8));
	SHOW_HEX(old);
	set = -1;
	SHOW(SYS(rt_sigprocmask, SIG_SETMASK, &set, &old, 8));
	SHOW_HEX(old);
	SHOW(SYS(rt_sigprocmask, SIG_SETMASK, NULL, &old, 8));
	SHOW_HEX(old);
	SHOW(SYS(rt_sigprocmask, 99, NULL, &old, 8));
	SHOW(SYS(rt_sigprocmask, 99, &set, &old, 8));
	SHOW(SYS(rt_sigprocmask, SIG_BLOCK, &set, &old, 4));
	SHOW(SYS(rt_sigprocmask, SIG_BLOCK, BAD, &old, 8));
	SHOW(SYS(rt_sigprocmask, SIG_BLOCK, &set, BAD, 8));
	SHOW(SYS(rt_sigprocmask, SIG_BLOCK, NULL, last, 8));
	SHOW(SYS(rt_sigprocmask, SIG_BLOCK, NULL, (char *)last + 1, 8));
	set = 0;
	SHOW(SYS(rt_sigprocmask, SIG_SETMASK, &set, NULL, 8));
}

static void pending(void)
{
	uint64_t set, now;

	TITLE("rt_sigpending");
	set = bit(SIGUSR1) | bit(SIGUSR2) | bit(SIGRTMIN);
	handle(SIGUSR1, on_signal, 0);
	handle(SIGUSR2, on_signal, 0);
	handle(SIGRTMIN, on_signal, 0);
	SYS(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	SHOW(SYS(rt_sigpending, &now, 8));
	SHOW_HEX(now);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	raise(SIGUSR2);
	for (int i = 0; i < 3; i++)
		sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i});
	SHOW(SYS(rt_sigpending, &now, 8));
	SHOW_HEX(now);
	SHOW(SYS(rt_sigpending, &now, 4));
	SHOW_HEX(now);
	SHOW(SYS(rt_sigpending, &now, 16));
	SHOW(SYS(rt_sigpending, BAD, 8));
	handle(SIGUSR1, SIG_IGN, 0);
	SHOW(SYS(rt_sigpending, &now, 8));
	SHOW_HEX(now);
	SYS(rt_sigprocmask, SIG_UNBLOCK, &set, NULL, 8);
	SHOW_NUM(got[SIGUSR1]);
	SHOW_NUM(got[SIGUSR2]);
	SHOW_NUM(got[SIGRTMIN]);
}

static void suspending(void)
{
	uint64_t set = bit(SIGUSR1) | bit(SIGALRM), none = 0, other = bit(SIGUSR1), now;

	TITLE("rt_sigsuspend");
	memset((void *)got, 0, sizeof(got));
	handle(SIGUSR1, on_signal, SA_RESTART);
	handle(SIGALRM, on_signal, SA_RESTART);
	SYS(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	kill(getpid(), SIGUSR1);
	SHOW(SYS(rt_sigsuspend, &none, 8));
	SHOW_NUM(got[SIGUSR1]);
	kill(getpid(), SIGUSR1);
	ticks_start(30);
	SHOW(SYS(rt_sigsuspend, &other, 8));
	ticks_stop();
	SHOW_NUM(got[SIGUSR1]);
	SHOW_TRUE(got[SIGALRM] >= 1);
	SYS(rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
	SHOW_HEX(now);
	SHOW(SYS(rt_sigsuspend, &none, 4));
	SHOW(SYS(rt_sigsuspend, BAD, 8));
	SYS(rt_sigprocmask, SIG_UNBLOCK, &set, NULL, 8);
	SHOW_NUM(got[SIGUSR1]);
	ticks_start(30);
	SHOW(SYS(pause));
	ticks_stop();
}

static void show_info(const siginfo_t *info)
{
	printf("  signo %d code %d value %d pid mine %d uid mine %d\n", info->si_signo, info->si_code,
	       info->si_code == SI_QUEUE ? info->si_value.sival_int : 0, info->si_pid == getpid(),
	       info->si_uid == getuid());
}

static void waiting(void)
{
	struct timespec ts = {0, 20000000};
	uint64_t set = bit(SIGUSR1) | bit(SIGUSR2) | bit(SIGRTMIN) | bit(SIGALRM), one = bit(SIGRTMIN);
	siginfo_t info, *last = edge(128);

	TITLE("rt_sigtimedwait");
	SYS(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	SHOW(SYS(rt_sigtimedwait, &set, &info, &ts, 8));
	kill(getpid(), SIGUSR2);
	raise(SIGUSR1);
	sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 5});
	sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 6});
	SHOW(SYS(rt_sigtimedwait, &one, &info, NULL, 8));
	show_info(&info);
	for (int i = 0; i < 3; i++) {
		SHOW(SYS(rt_sigtimedwait, &set, &info, NULL, 8));
		show_info(&info);
	}
	ts.tv_nsec = 0;
	SHOW(SYS(rt_sigtimedwait, &set, &info, &ts, 8));
	alarm(1);
	SHOW(SYS(rt_sigtimedwait, &set, &info, NULL, 8));
	SHOW_NUM(info.si_code);
	kill(getpid(), SIGUSR1);
	SHOW(SYS(rt_sigtimedwait, &set, NULL, NULL, 8));
	kill(getpid(), SIGUSR1);
	SHOW(SYS(rt_sigtimedwait, &set, last, NULL, 8));
	kill(getpid(), SIGUSR1);
	SHOW(SYS(rt_sigtimedwait, &set, (char *)last + 1, NULL, 8));
	SHOW(SYS(rt_sigtimedwait, &set, &info, &ts, 8));
	SHOW(SYS(rt_sigtimedwait, BAD, &info, &ts, 8));
	SHOW(SYS(rt_sigtimedwait, &set, &info, BAD, 8));
	SHOW(SYS(rt_sigtimedwait, &set, &info, &ts, 4));
	ts.tv_nsec = 1000000000;
	SHOW(SYS(rt_sigtimedwait, &set, &info, &ts, 8));
	ts = (struct timespec){-1, 0};
	SHOW(SYS(rt_sigtimedwait, &set, &info, &ts, 8));
	/* An ignored signal that is blocked can be waited for */
	handle(SIGUSR1, SIG_IGN, 0);
	kill(getpid(), SIGUSR1);
	SHOW(SYS(rt_sigtimedwait, &set, &info, &(struct timespec){.tv_nsec = 1000}, 8));
}

int main(void)
{
	masks();
	pending();
	suspending();
	waiting();
	return 0;
}
