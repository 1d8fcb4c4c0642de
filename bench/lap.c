/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lap: run a command once and note in a file how long it took: `wall user sys status`, times in seconds.
 *
 *   lap RESULT LIMIT COMMAND [ARG...]
 *
 * The times of user and sys are those of the process here: of a program that computes on another node, what it costs
 * its home. After LIMIT seconds the command is killed. The exit status is the command's, or 128 and its signal.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static volatile pid_t child;

/**
 * on_alarm() - The time is over
 * @signo:	SIGALRM
 */
static void on_alarm(int signo)
{
	(void)signo;
	kill(child, SIGKILL);
}

/**
 * now() - Seconds on the monotonic clock
 */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/**
 * seconds() - A time as a number
 * @t:		The time
 */
static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	double start, wall;
	pid_t pid;
	FILE *out;
	int status, err;

	if (argc < 4) {
		fputs("usage: lap RESULT LIMIT COMMAND [ARG...]\n", stderr);
		return 125;
	}
	out = fopen(argv[1], "we");
	if (!out) {
		fprintf(stderr, "lap: %s: %s\n", argv[1], strerror(errno));
		return 125;
	}
	start = now();
	err = posix_spawnp(&pid, argv[3], NULL, NULL, argv + 3, environ);
	if (err) {
		fprintf(stderr, "lap: %s: %s\n", argv[3], strerror(err));
		return 127;
	}
	child = pid;
	signal(SIGALRM, on_alarm);
	alarm((unsigned int)strtoul(argv[2], NULL, 10));
	while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
		continue;
	wall = now() - start;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	fprintf(out, "%.6f %.6f %.6f %d\n", wall, seconds(usage.ru_utime), seconds(usage.ru_stime), status);
	return fclose(out) ? 125 : status;
}
