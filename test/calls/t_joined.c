/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A signal is there when the call that has sent it returns: who has joined the sender has handled it, or finds it pending,
 * or takes it without waiting.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 40

static pthread_t leader;
static pid_t leader_tid;
static volatile sig_atomic_t handled;

static void handler(int sig)
{
	handled += sig == SIGPROF;
}

static void by_pthread_kill(void)
{
	pthread_kill(leader, SIGPROF);
}

static void by_tkill(void)
{
	syscall(SYS_tkill, leader_tid, SIGPROF);
}

static void by_kill(void)
{
	kill(getpid(), SIGPROF);
}

static void by_sigqueue(void)
{
	sigqueue(getpid(), SIGPROF, (union sigval){ .sival_int = 1 });
}

static void by_group(void)
{
	kill(0, SIGPROF);
}

static int own_pidfd;

static void by_pidfd(void)
{
	syscall(SYS_pidfd_send_signal, own_pidfd, SIGPROF, NULL, 0);
}

static const struct way {
	const char *name;
	void (*send)(void);
} ways[] = {
	{ "pthread_kill", by_pthread_kill }, { "tkill", by_tkill }, { "kill", by_kill }, { "sigqueue", by_sigqueue },
	{ "group", by_group },		     { "pidfd", by_pidfd },
};

static sigset_t set;

/* What is for the process shall not be for this thread */
static void *sender(void *way)
{
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	((const struct way *)way)->send();
	return NULL;
}

/* Have another thread send it, and join that */
static void sent(const struct way *way)
{
	pthread_t t;

	pthread_create(&t, NULL, sender, (void *)way);
	pthread_join(t, NULL);
}

int main(void)
{
	const struct timespec now = { 0 };
	sigset_t pending;

	leader = pthread_self();
	leader_tid = gettid();
	setpgid(0, 0);
	own_pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGPROF);
	for (size_t w = 0; w < sizeof(ways) / sizeof(*ways); w++) {
		int was_handled = 0, was_pending = 0, was_taken = 0;

		for (int i = 0; i < ROUNDS; i++) {
			signal(SIGPROF, handler);
			handled = 0;
			sent(&ways[w]);
			was_handled += handled;
			/* If it came now, it would be the end */
			signal(SIGPROF, SIG_DFL);
		}
		signal(SIGPROF, handler);
		pthread_sigmask(SIG_BLOCK, &set, NULL);
		for (int i = 0; i < ROUNDS; i++) {
			sent(&ways[w]);
			sigpending(&pending);
			was_pending += sigismember(&pending, SIGPROF);
			was_taken += sigtimedwait(&set, NULL, &now) == SIGPROF;
		}
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
		printf("%s: %d handled, %d pending, %d taken of %d\n", ways[w].name, was_handled, was_pending, was_taken,
		       ROUNDS);
	}
	return 0;
}
