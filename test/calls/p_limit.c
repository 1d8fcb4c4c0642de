/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When there may be no more processes and threads: for an ordinary user, that is, and then until the limit is another one. */
#include <linux/sched.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/resource.h>

#include "show.h"

extern char **environ;

static void *thread_main(void *arg)
{
	return arg;
}

static void child_end(pid_t child)
{
	int status = 0;

	if (child > 0) {
		MUST(waitpid(child, &status, 0));
		SHOW_NUM(status);
	}
}

/* The numbers of children are not the same each time */
static void show_child(const char *what, pid_t child)
{
	printf("%s: %s\n", what, child < 0 ? strerror(errno) : "a child");
	child_end(child);
}

static void ways(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	char *argv[] = { "true", NULL };
	pthread_t thread;
	pid_t child;
	int err;

	child = fork();
	if (!child)
		_exit(1);
	show_child("fork", child);
	child = (pid_t)SYS(clone3, &args, sizeof(args));
	if (!child)
		_exit(2);
	show_child("clone3", child);
	child = vfork();
	if (!child)
		_exit(3);
	show_child("vfork", child);
	err = posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ);
	errno = err;
	show_child("spawn", err ? -1 : child);
	err = pthread_create(&thread, NULL, thread_main, NULL);
	printf("thread: %s\n", strerror(err));
	if (!err)
		pthread_join(thread, NULL);
}

int main(void)
{
	struct rlimit limit, before;

	MUST(getrlimit(RLIMIT_NPROC, &before));
	TITLE("as it was");
	ways();
	limit = before;
	limit.rlim_cur = 1;
	SHOW(setrlimit(RLIMIT_NPROC, &limit));
	TITLE("one process");
	ways();
	SHOW(setrlimit(RLIMIT_NPROC, &before));
	TITLE("as it was");
	ways();
	return 0;
}
