/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Init lives in recvmsg(2). It has no handlers, needs no event loop, and never looks at its children: with SA_NOCLDWAIT
 * the kernel reaps them, and it is told about none.
 *
 * For a birth, the arena is mapped in init itself and inherited by the fork: an address that init occupies is found out
 * before there is anything to undo, and the newborn is spared the work.
 */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "executor.h"
#include "fdpass.h"
#include "remote/fusemount.h"
#include "remote/newborn.h"
#include "remote/settle.h"

#define NSEC_PER_SEC 1000000000

/**
 * clocks_shift() - Put the children to come into a time namespace
 *
 * The kernel takes whole seconds and fractions that are positive.
 */
static int clocks_shift(struct init *init, const int64_t offset_ns[2])
{
	static const char *const names[2] = { "monotonic", "boottime" };
	char text[128];
	int len = 0;

	if (init->timens_offsets < 0)
		return -EOPNOTSUPP;
	if (unshare(CLONE_NEWTIME) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		int64_t sec = offset_ns[i] / NSEC_PER_SEC, nsec = offset_ns[i] % NSEC_PER_SEC;

		if (nsec < 0) {
			nsec += NSEC_PER_SEC;
			sec--;
		}
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%s %jd %jd\n", names[i], (intmax_t)sec,
				(intmax_t)nsec);
	}
	return error_of(write(init->timens_offsets, text, (size_t)len));
}

/**
 * next_pid_set() - The kernel counts on from the number that is written
 */
static int next_pid_set(struct init *init, pid_t pid)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", (int)pid - 1);

	if (init->last_pid < 0)
		return -EOPNOTSUPP;
	if (pwrite(init->last_pid, text, (size_t)len, 0) < 0)
		return errno == EINVAL ? -ERANGE : -errno;
	return 0;
}

/**
 * map_at() - Map @len bytes at @addr where nothing is yet
 */
static int map_at(uint64_t addr, size_t len, int prot, int flags, int fd)
{
	void *at = mmap((void *)addr, len, prot, flags | MAP_FIXED_NOREPLACE, fd, 0);

	return at == MAP_FAILED ? -errno : 0;
}

/**
 * arena_drop() - Unmap an arena here; newborns keep it
 */
static void arena_drop(const struct arena *arena)
{
	munmap((void *)arena->addr, arena_size(arena->slots));
}

/**
 * arena_put() - Map @arena, whose shared part is @memfd, as bodies have it. -EEXIST: something of init is in its place.
 */
static int arena_put(const struct arena *arena, int memfd)
{
	int err = map_at(arena->addr, ARENA_CODE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (err)
		return err;
	err = map_at(arena->addr + ARENA_CODE_SIZE, arena_shared_size(arena->slots), PROT_READ | PROT_WRITE, MAP_SHARED,
		     memfd);
	if (err) {
		munmap((void *)arena->addr, ARENA_CODE_SIZE);
		return err;
	}
	memcpy((void *)arena->addr, parasite_blob, parasite_size());
	err = error_of(mprotect((void *)arena->addr, ARENA_CODE_SIZE, PROT_READ | PROT_EXEC));
	for (unsigned int i = 0; i < arena->slots && !err; i++)
		err = error_of(
			mprotect((void *)(arena_data_addr(arena, i) + SLOT_DATA_SIZE), SLOT_GUARD_SIZE, PROT_NONE));
	if (err)
		arena_drop(arena);
	return err;
}

/**
 * body_fork() - Fork with a number of our choice; the child never returns. 0 or negative errno.
 */
static int body_fork(const struct init *init, const struct arena *arena, pid_t pid, int *pidfd)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};
	long child;

	if (init->setup.namespaces) {
		args.set_tid = (uintptr_t)&pid;
		args.set_tid_size = 1;
	}
	child = syscall(SYS_clone3, &args, sizeof(args));
	if (!child)
		newborn_run(&init->setup, arena);
	if (child < 0)
		return errno == EINVAL ? -ERANGE : -errno; /* all but the number is known to be valid */
	return 0;
}

/**
 * body_spawn() - Serve INIT_SPAWN
 */
static void body_spawn(const struct init *init, const struct init_request *request, int memfd, struct init_reply *reply,
		       int *pidfd)
{
	struct arena arena = { .addr = request->arena_addr, .slots = request->slots };

	reply->stage = "mapping the arena";
	reply->error = arena_put(&arena, memfd);
	reply->arena_taken = reply->error == -EEXIST;
	if (reply->error)
		return;
	reply->stage = "forking";
	reply->error = body_fork(init, &arena, request->pid, pidfd);
	arena_drop(&arena);
}

/**
 * descriptors_close() - Keep the command socket, nothing else
 *
 * First of all: who still has the remote's end of it does not see that the remote has died, and what is on its way to the remote
 * would be kept open, a connection among it.
 */
static int descriptors_close(int command)
{
	unsigned int keep = (unsigned int)command;

	if (keep > 0 && syscall(SYS_close_range, 0u, keep - 1, 0u) < 0)
		return -errno;
	return error_of(syscall(SYS_close_range, keep + 1, ~0u, 0u));
}

void init_run(int command)
{
	struct init init = {
		.command = command, .last_pid = -EOPNOTSUPP, .timens_offsets = -EOPNOTSUPP, .fuse = -EOPNOTSUPP
	};
	struct init_request request = { 0 };
	int memfd;

	if (descriptors_close(command))
		_exit(1);
	while (!fdpass_receive(command, &request, sizeof(request), &memfd, 0)) {
		struct init_reply reply = { 0 };
		int out = -1;

		switch (request.op) {
		case INIT_SETTLE:
			init.setup = request.setup;
			settle(&init, &reply);
			break;
		case INIT_CONFIGURE:
			reply.error = clocks_shift(&init, request.offset_ns);
			break;
		case INIT_NEXT_PID:
			reply.error = next_pid_set(&init, request.pid);
			break;
		case INIT_SPAWN:
			body_spawn(&init, &request, memfd, &reply, &out);
			break;
		case INIT_MOUNT:
			out = fusemount(init.fuse, &reply.stage);
			reply.error = out < 0 ? out : 0;
			break;
		case INIT_DEVICE:
			out = init.fuse;
			init.fuse = -EOPNOTSUPP;
			reply.error = out < 0 ? out : 0;
			break;
		}
		if (fdpass_send(command, &reply, sizeof(reply), out, 0))
			break;
		if (out >= 0)
			close(out);
		if (memfd >= 0)
			close(memfd);
	}
	_exit(0);
}
