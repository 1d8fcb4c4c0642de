/* SPDX-License-Identifier: GPL-2.0-or-later */
/* births: how long it takes to make a thread or process and see it end: `births KIND COUNT` prints seconds for one. */
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/**
 * reap() - Wait for a child that must have ended well
 * @pid:	The child, or what fork() returned
 */
static int reap(pid_t pid)
{
	int status;

	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static int birth_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return reap(pid);
}

static int birth_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	return reap(pid);
}

static int birth_spawn(void)
{
	char name[] = "true", *argv[] = { name, NULL };
	pid_t pid;

	return posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) ? -1 : reap(pid);
}

/**
 * thread_main() - What a thread does
 * @arg:	Not used
 */
static void *thread_main(void *arg)
{
	return arg;
}

static int birth_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, thread_main, NULL) || pthread_join(thread, NULL) ? -1 : 0;
}

/**
 * struct row - A kind of birth
 * @name:	Its name on the command line
 * @birth:	Makes one and sees its end, 0 or -1
 */
struct row {
	const char *name;
	int (*birth)(void);
};

static const struct row table[] = {
	{ "fork", birth_fork },
	{ "vfork", birth_vfork },
	{ "spawn", birth_spawn },
	{ "thread", birth_thread },
};

/**
 * measure() - Print how long a birth takes
 * @row:	Its kind
 * @count:	How many to make
 *
 * Return: exit status.
 */
static int measure(const struct row *row, unsigned long count)
{
	struct timespec start, end;

	if (row->birth())
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned long i = 0; i < count; i++)
		if (row->birth())
			return 1;
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.9f\n",
	       ((double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9) / (double)count);
	return 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(argv[1], table[i].name))
			return measure(&table[i], strtoul(argv[2], NULL, 10));
	fputs("usage: births fork|vfork|spawn|thread COUNT\n", stderr);
	return 2;
}
