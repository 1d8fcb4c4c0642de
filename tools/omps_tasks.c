// SPDX-License-Identifier: GPL-2.0-or-later
/* The tasks of a picture: what /proc adds to what the deputies tell, their order, their parents. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/omps.h"

/**
 * proc_read() - Read a file of /proc/PID
 * @pid:	The process
 * @name:	The file
 * @out:	Its beginning, terminated
 * @cap:	Size of @out
 *
 * Return: bytes read, or -1 when the process is gone.
 */
static ssize_t proc_read(pid_t pid, const char *name, char *out, size_t cap)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, out, cap - 1);
	close(fd);
	if (n >= 0)
		out[n] = '\0';
	return n;
}

/**
 * status_number() - Find a number in /proc/PID/status
 * @status:	The file
 * @key:	What it stands behind, from the line's end before on
 *
 * Return: the number, 0 when there is none.
 */
static pid_t status_number(const char *status, const char *key)
{
	const char *at = strstr(status, key);

	return at ? (pid_t)strtol(at + strlen(key), NULL, 10) : 0;
}

/**
 * rss_bytes() - Find out how much memory a process occupies
 * @pid:	The process
 */
static uint64_t rss_bytes(pid_t pid)
{
	unsigned long pages = 0;
	char line[128], *at;

	/* Pages in all, pages resident, ... */
	if (proc_read(pid, "statm", line, sizeof(line)) > 0 && (at = strchr(line, ' ')))
		pages = strtoul(at, NULL, 10);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/**
 * command_of() - Find out the command line of a process
 * @pid:	The process
 * @status:	Its /proc/PID/status
 *
 * Return: the words with blanks between them, or the name in brackets when there are none; NULL: no memory.
 */
static char *command_of(pid_t pid, const char *status)
{
	char line[OMPS_COMMAND_MAX], *name = NULL;
	ssize_t n = proc_read(pid, "cmdline", line, sizeof(line));

	while (n > 0 && !line[n - 1])
		n--;
	if (n > 0 && line[0]) {
		for (ssize_t i = 0; i < n; i++) {
			if (!line[i])
				line[i] = ' ';
		}
		line[n] = '\0';
		return strdup(line);
	}
	status = strchr(status, '\t') ? strchr(status, '\t') + 1 : status; /* its first line is the name's */
	return asprintf(&name, "[%.*s]", (int)strcspn(status, "\n"), status) < 0 ? NULL : name;
}

/**
 * may_be_at_home() - Can a process that no deputy traces be a member of a family of this user?
 * @status:	Its /proc/PID/status
 * @uid:	The user
 *
 * Its real user is he, or the one that a program with special rights has become.
 */
static bool may_be_at_home(const char *status, uid_t uid)
{
	uid_t theirs = (uid_t)status_number(status, "\nUid:");

	return theirs == uid || theirs == 0;
}

/**
 * task_look_up() - Find out what a deputy does not tell of a task
 * @task:	The task
 *
 * Return: 1, 0 when the task has ended or this deputy does not trace it, or -ENOMEM.
 */
static int task_look_up(struct omps_task *task)
{
	pid_t pid = (pid_t)task->told->pid;
	char status[4096];

	if (proc_read(pid, "status", status, sizeof(status)) <= 0)
		return 0;
	if (strcmp(task->told->state, REPORT_HOME) ? status_number(status, "\nTracerPid:") != task->deputy->pid
						   : !may_be_at_home(status, task->deputy->uid))
		return 0;
	task->threads = task->told->threads ? task->told->threads : (uint64_t)status_number(status, "\nThreads:");
	task->ppid = status_number(status, "\nPPid:");
	task->home_rss_bytes = rss_bytes(pid);
	task->command = command_of(pid, status);
	return task->command ? 1 : -ENOMEM;
}

/**
 * by_pid() - Order of tasks
 * @a:		One
 * @b:		The other
 */
static int by_pid(const void *a, const void *b)
{
	const struct omps_task *x = a, *y = b;

	return (x->told->pid > y->told->pid) - (x->told->pid < y->told->pid);
}

/**
 * is_below() - Is a task the other, or a descendant of it?
 * @task:	The task
 * @above:	The other
 */
static bool is_below(const struct omps_task *task, const struct omps_task *above)
{
	while (task && task != above)
		task = task->parent;
	return task != NULL;
}

/**
 * parents_find() - Hang tasks below their parents
 * @view:	The picture, its tasks in order
 *
 * The parents were looked up one after the other: a number that was given again in between could make a circle.
 */
static void parents_find(struct omps_view *view)
{
	/* From the last to the first, so that the first child ends up in front */
	for (size_t i = view->task_nr; i-- > 0;) {
		struct report_task told = { .pid = (uint64_t)view->task[i].ppid };
		struct omps_task *task = &view->task[i], *parent, key = { .told = &told };

		parent = bsearch(&key, view->task, view->task_nr, sizeof(key), by_pid);
		if (!parent || is_below(parent, task))
			continue;
		task->parent = parent;
		task->sibling = parent->child;
		parent->child = task;
	}
}

int omps_tasks_find(struct omps_view *view)
{
	size_t max = 0;

	for (size_t i = 0; i < view->deputy_nr; i++)
		max += view->deputy[i].report.task_nr;
	view->task = calloc(max ? max : 1, sizeof(*view->task));
	if (!view->task)
		return -ENOMEM;
	for (size_t i = 0; i < view->deputy_nr; i++) {
		const struct omps_deputy *deputy = &view->deputy[i];

		for (size_t j = 0; j < deputy->report.task_nr; j++) {
			struct omps_task *task = &view->task[view->task_nr];
			int found;

			*task = (struct omps_task){ .told = &deputy->report.task[j], .deputy = deputy };
			found = task_look_up(task);
			if (found < 0)
				return found;
			view->task_nr += (size_t)found;
		}
	}
	qsort(view->task, view->task_nr, sizeof(*view->task), by_pid);
	parents_find(view);
	return 0;
}

void omps_view_free(struct omps_view *view)
{
	for (size_t i = 0; i < view->task_nr; i++)
		free(view->task[i].command);
	for (size_t i = 0; i < view->deputy_nr; i++)
		report_free(&view->deputy[i].report);
	free(view->task);
	free(view->deputy);
	*view = (struct omps_view){ 0 };
}
