/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * To wait for a certain thread that we trace, which has been asked to stop and will soon. (The loop waits for whichever
 * when there was a SIGCHLD, see childwatch.h.)
 *
 * The kernel does not tell of the end of a process's first thread before all others have been waited for. When the process
 * is killed while its first thread is waited for, the ends of the others must be seen to, or the wait never ends. Some of
 * these may not be known to anybody: their creator was killed before it could tell. What was seen so is kept until the loop
 * asks, as nobody expects threads to go away while another one is waited for.
 *
 * SIGCHLD wakes us where it is blocked, as it is where a loop watches it. What came before that was taken out of the
 * queue is found only by looking, so the wait for it has a limit.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tracee.h"

/**
 * struct ended - The end of a thread that was seen in between
 * @next:	The one seen before
 * @tid:	Its id
 * @status:	How, as of waitpid
 * @used:	What it has used
 */
struct ended {
	struct ended *next;
	pid_t tid;
	int status;
	struct rusage used;
};

static struct ended *ended_list;

/* Is the thread's end to be waited for? The stop of one that is traced is shown, too */
static bool has_ended(pid_t tid)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, (id_t)tid, &info, __WALL | WEXITED | WNOHANG | WNOWAIT) && info.si_pid &&
	       info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED;
}

/* Keep the end of a thread until the loop asks; 0 or -ENOMEM */
static int ended_keep(pid_t tid, int status, const struct rusage *used)
{
	struct ended *ended = calloc(1, sizeof(*ended));

	if (!ended)
		return -ENOMEM;
	*ended = (struct ended){ ended_list, tid, status, *used };
	ended_list = ended;
	return 0;
}

/* See to the ends of the threads that are in one process with @tid */
static void others_reap(pid_t tid)
{
	char path[64];
	struct dirent *entry;
	struct rusage used;
	int status;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)tid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		pid_t other = (pid_t)strtol(entry->d_name, NULL, 10);

		if (other <= 0 || other == tid || !has_ended(other) ||
		    wait4(other, &status, __WALL | WNOHANG, &used) != other)
			continue;
		if (ended_keep(other, status, &used))
			break;
	}
	if (dir)
		closedir(dir);
}

/* Take the end at @at out of the list; the thread's id */
static pid_t ended_take(struct ended **at, int *status, struct rusage *used)
{
	struct ended *ended = *at;
	pid_t tid = ended->tid;

	*status = ended->status;
	*used = ended->used;
	*at = ended->next;
	free(ended);
	return tid;
}

/* Wait for the next stop or end of @tid; the same, or -1 with errno. *@woken: there was a SIGCHLD */
static pid_t next_of(pid_t tid, int *status, struct rusage *used, bool *woken)
{
	const struct timespec little = { 0, 1000000 };
	sigset_t child;
	pid_t got;

	for (struct ended **at = &ended_list; *at; at = &(*at)->next) {
		if ((*at)->tid == tid)
			return ended_take(at, status, used);
	}
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (!(got = wait4(tid, status, __WALL | WNOHANG, used))) {
		if (sigtimedwait(&child, NULL, &little) == SIGCHLD)
			*woken = true;
		got = wait4(tid, status, __WALL | WNOHANG, used);
		if (got)
			break;
		others_reap(tid);
	}
	return got;
}

/* As next_of(), in the terms of tracee_wait(); @keep: the end is kept for the loop */
static int wait_for(pid_t tid, int *status, bool keep)
{
	struct rusage used;
	bool woken = false;
	pid_t got = next_of(tid, status, &used, &woken);
	int err = got < 0 ? -errno : WIFSTOPPED(*status) ? 0 : -ESRCH;

	if (err == -ESRCH && keep && got > 0 && ended_keep(tid, *status, &used))
		err = -ENOMEM;
	if (woken || ended_list)
		kill(getpid(), SIGCHLD); /* the loop is to look, too */
	return err;
}

int tracee_wait(pid_t tid, int *status)
{
	return wait_for(tid, status, false);
}

int tracee_stop_await(pid_t tid, int *status)
{
	return wait_for(tid, status, true);
}

pid_t tracee_ended(int *status, struct rusage *used)
{
	return ended_list ? ended_take(&ended_list, status, used) : 0;
}
