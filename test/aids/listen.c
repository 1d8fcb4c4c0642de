/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listen HOW: print `ready`, then a line for each signal, while the time is spent as HOW says. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(1);
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	char text[100];

	(void)context;
	snprintf(text, sizeof(text), "got %d code %d from parent %d\n", sig, info->si_code, info->si_pid == getppid());
	say(text);
}

static void *other(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	static const int sigs[] = {SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGALRM};
	const char *how = argc > 1 ? argv[1] : "pause";
	struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
	volatile double x = 1;
	sigset_t none, all;
	pthread_t thread;
	FILE *file;
	int p[2], c;

	for (size_t i = 0; i < sizeof(sigs) / sizeof(*sigs); i++)
		sigaction(sigs[i], &sa, NULL);
	/* Who wants to know the pid leaves a file for it */
	file = fopen("pid", "r+");
	if (file) {
		fprintf(file, "%d\n", getpid());
		fclose(file);
	}
	if (pipe(p))
		return 1;
	sigemptyset(&none);
	sigfillset(&all);
	if (!strcmp(how, "blocked") || !strcmp(how, "suspend") || !strcmp(how, "wait"))
		sigprocmask(SIG_BLOCK, &all, NULL);
	/* The leader ends, the process does not */
	if (!strcmp(how, "others")) {
		pthread_create(&thread, NULL, other, NULL);
		say("ready\n");
		pthread_exit(NULL);
	}
	say("ready\n");
	for (;;) {
		if (!strcmp(how, "busy"))
			x = x * 1.0000001;
		else if (!strcmp(how, "read"))
			c = read(p[0], &c, 1);
		else if (!strcmp(how, "sleep"))
			sleep(100);
		else if (!strcmp(how, "poll"))
			poll(NULL, 0, -1);
		else if (!strcmp(how, "select"))
			select(0, NULL, NULL, NULL, NULL);
		else if (!strcmp(how, "suspend") || !strcmp(how, "blocked"))
			sigsuspend(how[0] == 's' ? &none : &all);
		else if (!strcmp(how, "wait")) {
			siginfo_t info;

			on_signal(sigwaitinfo(&all, &info), &info, NULL);
		} else if (!strcmp(how, "calls"))
			getppid();
		else
			pause();
	}
}
