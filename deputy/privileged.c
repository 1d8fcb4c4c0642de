/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A program with set-user-ID, set-group-ID or file capabilities loses these rights when it is traced by somebody who has
 * not as many (execve(2)). So its process is let go before it executes such a program, which then runs natively at home,
 * with its rights and out of our sight. Should the execve fail, the parasite is still there, and is traced again.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "deputy/absent.h"
#include "deputy/arguments.h"
#include "deputy/deputy.h"
#include "deputy/fork.h"
#include "deputy/home.h"
#include "deputy/outbox.h"
#include "deputy/privileged.h"
#include "deputy/sent.h"
#include "deputy/trace.h"

/* How often to look whether the untraced process has its new program; nobody tells */
#define LOOK_MS	  1
#define LOOKS_MAX 5000

/* Name, as the deputy can use it, of the file that the thread's execve is about; 0 or -ENOENT */
static int exec_path(const struct thread *thread, char *out, size_t cap)
{
	const struct call *call = &thread->call;
	bool at = call->nr == SYS_execveat;
	uint64_t addr = call->home_arg[at ? 1 : 0];
	const char *name = arguments_pointer(thread, addr, 1);

	if (!name)
		name = call_pointer(thread, addr, 1);

	if (!name)
		return -ENOENT;
	if (name[0] == '/')
		snprintf(out, cap, "/proc/%d/root%.4000s", (int)thread->tid, name);
	else if (at && !name[0])
		snprintf(out, cap, "/proc/%d/fd/%d", (int)thread->tid, (int)call->arg[0]);
	else if (at && (int)call->arg[0] >= 0)
		snprintf(out, cap, "/proc/%d/fd/%d/%.4000s", (int)thread->tid, (int)call->arg[0], name);
	else
		snprintf(out, cap, "/proc/%d/cwd/%.4000s", (int)thread->tid, name);
	return 0;
}

bool privileged_exec(const struct thread *thread)
{
	char path[4200];
	struct stat st;

	/* Root may trace anything, and its programs keep their rights */
	if (!geteuid() || exec_path(thread, path, sizeof(path)) || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	return (st.st_mode & (S_ISUID | S_ISGID)) || getxattr(path, "security.capability", NULL, 0) > 0;
}

/* Has the process another program than when it had @ino? One with more rights than ours does not let us look */
static bool program_changed(pid_t pid, ino_t ino)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return stat(path, &st) < 0 || st.st_ino != ino;
}

/* Trace the thread again, as it was */
static int thread_seize(struct thread *thread)
{
	int status, err;

	if (ptrace(PTRACE_SEIZE, thread->tid, 0, HOME_OPTIONS) < 0 || ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0) < 0)
		return -errno;
	err = tracee_wait(thread->tid, &status);
	return err ? err : thread_resume(thread, 0);
}

int privileged_exec_make(struct deputy *d, struct thread *thread)
{
	struct task *task = thread->task;
	struct wire_drop drop = { (uint32_t)task->pid };
	char path[64];
	struct stat before = { 0 };
	int status, err;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)task->pid);
	stat(path, &before);
	for (struct thread *t = task->threads; t; t = t->sibling) {
		if (!newborn_settle(d, t->tid) || ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) < 0)
			return 0; /* killed; its end will be seen */
		err = tracee_wait(t->tid, &status);
		if (err == -ESRCH)
			trace_dispatch(d, t, status);
		if (err)
			return 1;
	}
	executor_post(thread->arena, (unsigned int)thread->slot);
	for (struct thread *t = task->threads; t; t = t->sibling)
		ptrace(PTRACE_DETACH, t->tid, 0, 0);
	for (int i = 0; i < LOOKS_MAX && !executor_done(thread->arena, (unsigned int)thread->slot); i++) {
		if (program_changed(task->pid, before.st_ino)) {
			deputy_send(d, WIRE_DROP, &drop, sizeof(drop), NULL, 0);
			sent_hand_on(d, task, thread->tid, false);
			absent_add(d, task->pid, PRIVILEGED_WHY);
			task_remove(d, task);
			return 1;
		}
		poll(NULL, 0, LOOK_MS);
	}
	for (struct thread *t = task->threads; t; t = t->sibling)
		thread_seize(t);
	return 0;
}
