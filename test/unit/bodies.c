// SPDX-License-Identifier: GPL-2.0-or-later
/* Aids of the tests that work with real bodies: see test/unit/bodies.h. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "procmaps.h"
#include "remote/notify.h"
#include "test/unit/bodies.h"
#include "tracee.h"

struct sandbox *sb;

bool bodies_start(unsigned int flags)
{
	char why[256] = "";
	int err = sandbox_start(&sb, flags, why, sizeof(why));

	if (err == -EPERM || err == -ENOSYS) {
		printf("sandbox: not tested: %s\n", why);
		return false;
	}
	ck_assert_msg(!err, "%d: %s", err, why);
	return true;
}

struct guest_body body_spawn(pid_t pid)
{
	struct guest_body body;
	int err = sandbox_spawn(sb, pid, ARENA_ADDR, SLOTS, &body);

	ck_assert_msg(!err, "spawn: %s", strerror(-err));
	return body;
}

void body_end(struct guest_body *body)
{
	int status;

	ck_assert_int_eq(kill(body->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(body->pid, &status, __WALL), body->pid);
	ck_assert(WIFSIGNALED(status));
	sandbox_body_release(body);
}

void body_begin(const struct guest_body *body)
{
	executor_begin(&body->arena, 0, SLOT_ONE_SHOT);
}

void body_add(const struct guest_body *body, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	ck_assert_int_ge(executor_add(&body->arena, 0, nr, a0, a1, a2, a3, a4, 0), 0);
}

void body_run(const struct guest_body *body)
{
	executor_post(&body->arena, 0);
	ck_assert_int_eq(ptrace(PTRACE_CONT, body->pid, 0, 0), 0);
}

void body_finish(const struct guest_body *body)
{
	int status;

	ck_assert_int_eq(tracee_wait(body->pid, &status), 0);
	ck_assert_int_eq(status >> 8, SIGTRAP);
	ck_assert(executor_done(&body->arena, 0));
}

int64_t body_ret(const struct guest_body *body, unsigned int call)
{
	return executor_ret(&body->arena, 0, call);
}

int64_t body_make(const struct guest_body *body, long nr, uint64_t a0, uint64_t a1, uint64_t a2)
{
	body_begin(body);
	body_add(body, nr, a0, a1, a2, 0, 0);
	body_run(body);
	body_finish(body);
	return body_ret(body, 0);
}

struct seccomp_notif body_notified(const struct guest_body *body, int nr)
{
	struct pollfd p = { .fd = body->listener, .events = POLLIN };
	struct seccomp_notif notif;

	ck_assert_int_eq(poll(&p, 1, 5000), 1);
	ck_assert_int_eq(notify_receive(body->listener, &notif), 0);
	ck_assert_int_eq(notif.data.nr, nr);
	return notif;
}

const char *body_status(pid_t pid, const char *name)
{
	static char line[256];
	char path[64];
	size_t len = strlen(name);
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, len) != 0 || line[len] != ':')
			continue;
		fclose(f);
		line[strcspn(line, "\n")] = '\0';
		return line + len + 1 + strspn(line + len + 1, "\t ");
	}
	fclose(f);
	return "";
}

int proc_entries(pid_t pid, const char *what)
{
	char path[64];
	int nr = -2;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	dir = opendir(path);
	if (!dir)
		return -1;
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

void body_check_maps(const struct guest_body *body)
{
	struct procmap *maps;
	int nr = procmaps_read(body->pid, &maps);
	uint64_t arena_end = body->arena.addr + arena_size(body->arena.slots);
	unsigned int special = 0;

	ck_assert_int_gt(nr, 0);
	for (int i = 0; i < nr; i++) {
		if (!strcmp(maps[i].path, "[vsyscall]"))
			continue;
		if (maps[i].start >= body->arena.addr && maps[i].end <= arena_end)
			continue;
		ck_assert_msg(special < body->vdso.nr && maps[i].start == body->vdso.range[special].start &&
				      maps[i].end == body->vdso.range[special].end,
			      "%jx-%jx %s", (uintmax_t)maps[i].start, (uintmax_t)maps[i].end, maps[i].path);
		special++;
	}
	ck_assert_uint_eq(special, body->vdso.nr);
	free(maps);
}

int64_t bodies_clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}
