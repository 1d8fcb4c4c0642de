/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that a signalfd is for: read from it while blocked, handled while not, also once it is closed, and in children. */
#include <pthread.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

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

static void mask(int how, uint64_t set)
{
	MUST(SYS(rt_sigprocmask, how, &set, NULL, 8));
}

static uint64_t pending(void)
{
	uint64_t now = 0;

	MUST(SYS(rt_sigpending, &now, 8));
	return now;
}

static void read_one(int fd)
{
	struct signalfd_siginfo info = { 0 };

	SHOW(read(fd, &info, sizeof(info)));
	SHOW(info.ssi_signo);
	SHOW(info.ssi_code);
	SHOW(info.ssi_int);
}

static void blocked(int fd)
{
	TITLE("blocked: read from it");
	kill(getpid(), SIGUSR1);
	SHOW_HEX(pending());
	read_one(fd);
	SHOW_HEX(pending());
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 7 });
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 8 });
	kill(getpid(), SIGUSR2); /* not one of its signals */
	SHOW_HEX(pending());
	read_one(fd);
	read_one(fd);
	read_one(fd); /* no more */
	SHOW_HEX(pending());
	mask(SIG_UNBLOCK, bit(SIGUSR2));
	SHOW(got[SIGUSR2]);
}

static void unblocked(int fd)
{
	TITLE("not blocked: the handler runs");
	mask(SIG_UNBLOCK, bit(SIGUSR1));
	got[SIGUSR1] = 0;
	kill(getpid(), SIGUSR1);
	SHOW(got[SIGUSR1]);
	read_one(fd);

	TITLE("pending, then unblocked");
	mask(SIG_BLOCK, bit(SIGUSR1));
	got[SIGUSR1] = 0;
	kill(getpid(), SIGUSR1);
	SHOW_HEX(pending());
	mask(SIG_UNBLOCK, bit(SIGUSR1));
	SHOW(got[SIGUSR1]);
	SHOW_HEX(pending());
	mask(SIG_BLOCK, bit(SIGUSR1));
	kill(getpid(), SIGUSR1);
	read_one(fd);
}

static void waited(int fd)
{
	static const struct timespec none;
	uint64_t set = bit(SIGUSR1);
	siginfo_t info;

	TITLE("sigtimedwait takes it");
	kill(getpid(), SIGUSR1);
	SHOW(SYS(rt_sigtimedwait, &set, &info, NULL, 8));
	SHOW(info.si_code);
	SHOW_HEX(pending());
	SHOW(SYS(rt_sigtimedwait, &set, &info, &none, 8));
	kill(getpid(), SIGUSR1);
	SHOW(SYS(rt_sigtimedwait, &set, &info, &none, 8));
	read_one(fd);
	kill(getpid(), SIGUSR1);
	read_one(fd);

	TITLE("sigsuspend lets it in");
	got[SIGUSR1] = 0;
	kill(getpid(), SIGUSR1);
	set = 0;
	SHOW(SYS(rt_sigsuspend, &set, 8));
	SHOW(got[SIGUSR1]);
}

/* What waits when the signalfd is made */
static void before(void)
{
	uint64_t set = bit(SIGUSR2) | bit(SIGRTMIN + 1);
	int fd;

	TITLE("pending before it is made");
	mask(SIG_BLOCK, set);
	kill(getpid(), SIGUSR2);
	raise(SIGUSR2);
	sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 1 });
	sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 2 });
	SHOW(SYS(signalfd4, 99, &set, 8, SFD_NONBLOCK));
	SHOW_HEX(pending());
	fd = MUST(SYS(signalfd4, -1, &set, 8, SFD_NONBLOCK));
	SHOW_HEX(pending());
	for (int i = 0; i < 5; i++)
		read_one(fd);
	SHOW_HEX(pending());
	got[SIGUSR2] = 0;
	kill(getpid(), SIGUSR2);
	mask(SIG_UNBLOCK, bit(SIGUSR2));
	SHOW(got[SIGUSR2]);
	close(fd);
}

static volatile int stage;
static volatile pid_t taker;

static void on_taken(int sig)
{
	taker = gettid();
	got[sig]++;
}

/* Takes the signal, without a call by which that could be known; then no more */
static void *take(void *arg)
{
	mask(SIG_UNBLOCK, bit(SIGUSR1));
	*(volatile pid_t *)arg = gettid();
	while (stage < 1)
		;
	mask(SIG_BLOCK, bit(SIGUSR1));
	stage = 2;
	while (stage < 3)
		;
	return NULL;
}

static void threads(int fd)
{
	volatile pid_t tid = 0;
	pthread_t thread;

	TITLE("another thread takes it");
	handle(SIGUSR1, on_taken, 0);
	got[SIGUSR1] = 0;
	pthread_create(&thread, NULL, take, (void *)&tid);
	while (!tid)
		getppid();
	kill(getpid(), SIGUSR1);
	while (!got[SIGUSR1])
		getppid();
	SHOW(taker == tid);
	read_one(fd);
	stage = 1;
	while (stage < 2)
		getppid();
	kill(getpid(), SIGUSR1);
	SHOW_HEX(pending());
	read_one(fd);
	stage = 3;
	pthread_join(thread, NULL);
	SHOW(got[SIGUSR1]);
	handle(SIGUSR1, on_signal, 0);
}

/* A child that takes it: by its handler; and by the default action, while it waits */
static void children(void)
{
	int status, ready[2];
	pid_t pid;
	char byte;

	for (int deadly = 0; deadly < 2; deadly++) {
		TITLE(deadly ? "a child dies of it" : "a child handles it");
		got[SIGUSR1] = 0;
		MUST(pipe(ready));
		pid = MUST(fork());
		if (!pid) {
			if (deadly)
				handle(SIGUSR1, SIG_DFL, 0);
			mask(SIG_UNBLOCK, bit(SIGUSR1));
			MUST(write(ready[1], "", 1));
			while (!got[SIGUSR1])
				pause();
			_exit(got[SIGUSR1]);
		}
		MUST(read(ready[0], &byte, 1));
		/* It may not be in its pause yet when the first one comes */
		while (!waitpid(pid, &status, WNOHANG)) {
			kill(pid, SIGUSR1);
			usleep(1000);
		}
		SHOW(WIFSIGNALED(status) ? WTERMSIG(status) : 1000 + !!WEXITSTATUS(status));
		close(ready[0]);
		close(ready[1]);
	}
}

static void closed(int fd)
{
	TITLE("closed");
	close(fd);
	got[SIGUSR1] = 0;
	kill(getpid(), SIGUSR1);
	SHOW_HEX(pending());
	mask(SIG_UNBLOCK, bit(SIGUSR1));
	SHOW(got[SIGUSR1]);
	got[SIGUSR1] = 0;
	kill(getpid(), SIGUSR1);
	SHOW(got[SIGUSR1]);
}

int main(void)
{
	uint64_t set = bit(SIGUSR1) | bit(SIGRTMIN);
	int fd;

	handle(SIGUSR1, on_signal, 0);
	handle(SIGUSR2, on_signal, 0);
	handle(SIGRTMIN, on_signal, 0);
	mask(SIG_BLOCK, set | bit(SIGUSR2));
	fd = MUST(SYS(signalfd4, -1, &set, 8, SFD_NONBLOCK));
	blocked(fd);
	unblocked(fd);
	waited(fd);
	before();
	threads(fd);
	children();
	closed(fd);
	return 0;
}
