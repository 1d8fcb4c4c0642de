/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals around an exec: none is lost, none comes twice, and each says where it comes from. */
#include <pthread.h>

#include "show.h"

#define SENT   40
#define ROUNDS 6

static char *self;

/* What is pending, taken one by one */
static void pending_show(void)
{
	struct timespec now = { 0 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN + 1);
	while (sigtimedwait(&set, &info, &now) > 0)
		printf("  %s code %d value %d from myself %d\n",
		       info.si_signo == SIGUSR1	  ? "USR1"
		       : info.si_signo == SIGUSR2 ? "USR2"
						  : "RT",
		       info.si_code, info.si_code == SI_QUEUE ? info.si_value.sival_int : 0, info.si_pid == getpid());
}

/* Take numbered signals until the last one; all of them, in order? */
static void numbered_show(void)
{
	siginfo_t info;
	sigset_t set;
	int expected = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	while (expected < SENT && sigwaitinfo(&set, &info) > 0) {
		if (info.si_value.sival_int != expected)
			printf("  %d instead of %d\n", info.si_value.sival_int, expected);
		expected = info.si_value.sival_int + 1;
	}
	printf("  %d in order\n", expected);
}

static void block_all(void)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

/* exec while signals of all kinds are pending */
static void pending_child(const char *how)
{
	union sigval value = { .sival_int = 7 };
	char c;
	int p[2];

	block_all();
	MUST(pipe(p));
	if (!fork()) {
		kill(getppid(), SIGUSR1);
		for (value.sival_int = 1; value.sival_int < 4; value.sival_int++)
			sigqueue(getppid(), SIGRTMIN + 1, value);
		_exit(0);
	}
	close(p[1]);
	read(p[0], &c, 1); /* the child has ended */
	raise(SIGUSR2);
	if (!strcmp(how, "failed")) {
		SHOW(execl("/nonexistent", "x", NULL));
		SHOW(execl("/etc/passwd", "x", NULL));
		pending_show();
		return;
	}
	execl(self, self, "pending", NULL);
}

/* exec again and again while signals come */
static void numbered_child(void)
{
	block_all();
	execl(self, self, "numbered", "0", NULL);
}

static void numbered_send(pid_t pid)
{
	union sigval value = { 0 };

	for (; value.sival_int < SENT; value.sival_int++) {
		sigqueue(pid, SIGRTMIN + 1, value);
		usleep(700);
	}
}

static void try(const char *name, void (*child)(void), void (*parent)(pid_t))
{
	int status;
	pid_t pid;

	printf("%s:\n", name);
	pid = fork();
	if (!pid) {
		child();
		exit(0);
	}
	usleep(1000);
	if (parent)
		parent(pid);
	MUST(waitpid(pid, &status, 0));
	printf("  status %#x\n", status);
}

static void pending_exec(void)
{
	pending_child("exec");
}

static void pending_failed(void)
{
	pending_child("failed");
}

/* An untouched signal ends whoever execs, sooner or later, but it ends him */
static void endless_child(void)
{
	execl(self, self, "endless", NULL);
}

static void endless_kill(pid_t pid)
{
	usleep(3000);
	kill(pid, SIGTERM);
}

int main(int argc, char **argv)
{
	char next[16];

	self = argv[0];
	if (argc > 1 && !strcmp(argv[1], "pending")) {
		pending_show();
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "endless"))
		endless_child();
	if (argc > 2 && atoi(argv[2]) < ROUNDS) {
		snprintf(next, sizeof(next), "%d", atoi(argv[2]) + 1);
		execl(self, self, "numbered", next, NULL);
	}
	if (argc > 2) {
		numbered_show();
		return 0;
	}
	try("pending at exec", pending_exec, NULL);
	try("pending at exec that fails", pending_failed, NULL);
	/* They may come before the child has blocked them */
	block_all();
	try("sent during exec", numbered_child, numbered_send);
	{
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
	}
	for (int i = 0; i < 5; i++)
		try("killed during exec", endless_child, endless_kill);
	return 0;
}
