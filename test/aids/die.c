/* SPDX-License-Identifier: GPL-2.0-or-later */
/* die HOW [N]: end in one of the many ways that a process can end. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not known to the compiler, which would know better */
static volatile int *volatile nowhere = (int *)8;
static int (*volatile again)(int);

static int recurse(int n)
{
	volatile char room[8192];

	room[n & 8191] = n;
	return again(n + 1) + room[n & 8191];
}

static void on_signal(int sig)
{
	signal(sig, SIG_DFL);
	raise(sig);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 0, p[2];
	sigset_t all;
	struct rlimit limit = {1, 1};

	printf("dying: %s %d\n", how, n);
	fflush(stdout);
	sigfillset(&all);
	if (!strcmp(how, "exit"))
		exit(n);
	if (!strcmp(how, "_exit"))
		_exit(n);
	if (!strcmp(how, "exit-call"))
		syscall(SYS_exit, n);
	if (!strcmp(how, "return"))
		return n;
	if (!strcmp(how, "raise"))
		raise(n);
	if (!strcmp(how, "kill"))
		kill(getpid(), n);
	if (!strcmp(how, "handler")) {
		signal(n, on_signal);
		raise(n);
	}
	if (!strcmp(how, "blocked")) {
		/* Blocked, pending, and then let in */
		sigprocmask(SIG_BLOCK, &all, NULL);
		kill(getpid(), n);
		sigprocmask(SIG_UNBLOCK, &all, NULL);
	}
	if (!strcmp(how, "blocked-fault")) {
		/* A fault cannot be blocked */
		sigprocmask(SIG_BLOCK, &all, NULL);
		*nowhere = 1;
	}
	if (!strcmp(how, "ignored-fault")) {
		signal(SIGSEGV, SIG_IGN);
		*nowhere = 1;
	}
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "segv"))
		*nowhere = 1;
	if (!strcmp(how, "ill"))
		__asm__ volatile("ud2");
	if (!strcmp(how, "trap"))
		__asm__ volatile("int3");
	if (!strcmp(how, "fpe"))
		return *(volatile int *)&argc / *(volatile int *)&n;
	if (!strcmp(how, "overflow"))
		return (again = recurse)(0);
	if (!strcmp(how, "pipe")) {
		if (!pipe(p) && !close(p[0]) && write(p[1], "x", 1))
			return 1;
	}
	if (!strcmp(how, "alarm")) {
		alarm(1);
		for (;;)
			pause();
	}
	if (!strcmp(how, "alarm-busy")) {
		alarm(1);
		for (;;)
			;
	}
	if (!strcmp(how, "alarm-read")) {
		alarm(1);
		if (!pipe(p) && read(p[0], &n, 1))
			return 1;
	}
	if (!strcmp(how, "cpu")) {
		setrlimit(RLIMIT_CPU, &limit);
		for (;;)
			;
	}
	if (!strcmp(how, "size")) {
		setrlimit(RLIMIT_FSIZE, &limit);
		FILE *f = fopen("limited", "w");
		setvbuf(f, NULL, _IONBF, 0);
		fputs("more than one byte", f);
		fputs("more than one byte", f);
	}
	printf("still alive\n");
	return 99;
}
