/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process has a new program: it is placed on the worker before its first instruction, or stays at home and says why. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "deputy/absent.h"
#include "deputy/aio.h"
#include "deputy/arguments.h"
#include "deputy/deputy.h"
#include "deputy/exec.h"
#include "deputy/home.h"
#include "deputy/launch.h"
#include "deputy/lost.h"
#include "deputy/object.h"
#include "deputy/outbox.h"
#include "deputy/sent.h"
#include "deputy/ship.h"
#include "deputy/shm.h"
#include "deputy/slots.h"
#include "deputy/stays.h"

/* Does the user want this later program elsewhere? */
static bool wanted_away(const struct deputy *d)
{
	double load;

	switch (d->children) {
	case CHILDREN_HOME:
		return false;
	case CHILDREN_BEST: /* at home as long as a processor is idle there: nothing is nearer to its files */
		return getloadavg(&load, 1) != 1 || load >= (double)sysconf(_SC_NPROCESSORS_ONLN);
	default:
		return true;
	}
}

/* Last part of the path of the program that the process has, without what the kernel adds when it was replaced */
static void program_name(const char *pid, char *out, size_t cap)
{
	char path[64], target[4096], *slash, *deleted;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	slash = strrchr(target, '/');
	deleted = strstr(target, " (deleted)");
	if (deleted)
		*deleted = '\0';
	snprintf(out, cap, "%s", slash ? slash + 1 : "");
}

/*
 * Is it the tool that has started us? Then the user wants what it starts on a node of its own. There the tool has a deputy
 * trace it, so we must not; it runs at home, as it does when a shell at home starts it.
 */
static bool is_our_tool(pid_t pid)
{
	static char ours[64];
	char number[16], theirs[64];

	snprintf(number, sizeof(number), "%d", (int)pid);
	program_name(number, theirs, sizeof(theirs));
	if (!ours[0])
		program_name("self", ours, sizeof(ours));
	return ours[0] && !strcmp(theirs, ours);
}

/* Let the process go on natively, without us; @why is told while the tool's stderr is there, NULL: it was asked for */
static void release_home(struct deputy *d, struct task *task, const char *why)
{
	char name[32] = "?", path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)task->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, name, sizeof(name) - 1);
		name[n > 0 ? n - 1 : 0] = '\0';
		close(fd);
	}
	if (d->err >= 0 && why)
		dprintf(d->err, "%s: %s: runs at home: %s\n", d->prog, name, why);
	ptrace(PTRACE_SETOPTIONS, task->pid, 0, 0);
	ptrace(PTRACE_DETACH, task->pid, 0, 0);
	if (!is_our_tool(task->pid)) /* it has a deputy that tells of it */
		absent_add(d, task->pid, why ? why : "--children");
	task_remove(d, task);
}

/* The other threads of the process died in its exec, and this one took the leader's id */
static void others_remove(struct deputy *d, struct task *task, const struct thread *leader)
{
	for (struct thread *t = task->threads, *next; t; t = next) {
		next = t->sibling;
		if (t != leader)
			thread_remove(d, t);
	}
}

void exec_done(struct deputy *d, struct thread *thread)
{
	struct task *task = thread->task;
	struct wire_drop drop = { (uint32_t)task->pid };
	pid_t execing = task->execing ? task->execing->tid : 0;
	const char *why;
	bool wanted;
	char text[128];
	int err;

	/* First of all, for the worker has much to do that needs nothing of what follows */
	if (task->migrated)
		deputy_send(d, WIRE_DROP, &drop, sizeof(drop), NULL, 0);
	why = stays_home(task->pid);
	wanted = (!d->stats.images || wanted_away(d)) && !is_our_tool(task->pid);
	if (execing)
		home_mask_set(task->pid, task->exec_mask);
	task->execing = NULL;
	others_remove(d, task, thread);
	if (thread->call.planned)
		sysplan_release(&thread->call.plan);
	thread->call = (struct call){ 0 };
	if (thread->slot >= 0)
		slots_release(thread->arena, thread->slot);
	thread->state = TH_NATIVE; /* whatever it was, its parasite is gone */
	thread->slot = -1;
	thread->inflight = thread->passed = thread->takes = 0;
	thread->waits = false;
	arguments_free(thread);
	home_forget(task);
	shm_forget(d, task);
	held_forget(d, task);
	objects_trim(d);
	task->migrated = task->started = false;
	task->ending = false; /* who was to end it was within the exec */
	task->kept = 0;
	task->catches_child = false;
	aio_forget(task);
	task_note_stderr(task);
	if (why || !wanted) {
		sent_hand_on(d, task, execing, false);
		release_home(d, task, why);
		return;
	}
	err = ship_image(d, task, thread);
	sent_hand_on(d, task, execing, !err || task->arena_nr);
	if (err && !task->arena_nr) {
		snprintf(text, sizeof(text), "its image cannot be moved: %s", strerror(-err));
		release_home(d, task, text);
	}
}
