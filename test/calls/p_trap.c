/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGTRAP from kill(2) and its like is a signal as any other, whenever it comes. */
#include "show.h"

#define ROUNDS 300

static volatile sig_atomic_t caught, from_me;

static void on_trap(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	caught++;
	from_me += info->si_pid == getpid() && info->si_code <= 0;
}

static void *raiser(void *ctx)
{
	(void)ctx;
	for (int i = 0; i < ROUNDS; i++)
		raise(SIGTRAP);
	return NULL;
}

/* Each is delivered before raise() returns */
static void raised(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	char byte;
	int fd = MUST(open("/dev/zero", O_RDONLY));

	sigaction(SIGTRAP, &action, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		raise(SIGTRAP);
		read(fd, &byte, 1);
		kill(getpid(), SIGTRAP);
	}
	raiser(NULL);
	printf("  %d caught, %d from me\n", (int)caught, (int)from_me);
	fflush(stdout);
}

/* Somebody else sends them while calls are made: all calls return, and some of the signals arrive, for equal ones are merged */
static void sent(pid_t child, int done)
{
	char byte;

	do {
		kill(child, SIGTRAP);
		usleep(200);
	} while (read(done, &byte, 1) != 1);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_RESTART };
	int pair[2], status;
	pid_t child;

	puts("raised");
	raised();
	child = fork();
	if (!child) {
		caught = from_me = 0;
		raised();
		_exit(3);
	}
	MUST(waitpid(child, &status, 0));
	printf("status %#x\nsent\n", status);
	fflush(stdout);
	sigaction(SIGTRAP, &action, NULL);
	MUST(pipe2(pair, O_NONBLOCK));
	child = fork();
	if (!child) {
		struct stat st;
		int good = 0;

		caught = 0;
		for (int i = 0; i < 2000; i++)
			good += !stat("/", &st) && getppid() > 0;
		while (!caught)
			usleep(1000);
		printf("  %d calls, caught %s\n", good, caught ? "some" : "none");
		fflush(stdout);
		MUST(write(pair[1], "x", 1));
		_exit(4);
	}
	sent(child, pair[0]);
	MUST(waitpid(child, &status, 0));
	printf("status %#x\n", status);
	signal(SIGTRAP, SIG_DFL);
	child = fork();
	if (!child) {
		raise(SIGTRAP);
		_exit(5);
	}
	MUST(waitpid(child, &status, 0));
	printf("by default %#x\n", status & 0x7f);
	return 0;
}
