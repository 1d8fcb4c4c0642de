/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sandbox as a whole: see remote/sandbox.h for the theory of operation. Bodies are made in spawn.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdpass.h"
#include "remote/filter.h"
#include "remote/limits.h"
#include "remote/spawn.h"

#define NAMESPACES                                                                                                     \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/* The ids of guests where the remote may choose: nobody */
#define GUEST_ID 65534

int sandbox_request(struct sandbox *sb, const struct init_request *request, int fd, struct init_reply *reply,
		    int *fd_out)
{
	int received = -1;
	int err = fdpass_send(sb->command, request, sizeof(*request), fd, 0);

	memset(reply, 0, sizeof(*reply));
	if (!err)
		err = fdpass_receive(sb->command, reply, sizeof(*reply), &received, 0);
	if (!err)
		err = reply->error;
	if (fd_out)
		*fd_out = received;
	else if (received >= 0)
		close(received);
	return err;
}

/**
 * init_fork() - Fork init. 0 in the remote; init does not return.
 */
static int init_fork(struct sandbox *sb)
{
	struct clone_args args = { .flags = CLONE_PIDFD, .pidfd = (uintptr_t)&sb->init_pidfd, .exit_signal = SIGCHLD };
	int pair[2], err = 0;
	long pid;

	if (!sandbox_degraded(sb))
		args.flags |= NAMESPACES;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid)
		init_run(pair[1]);
	if (pid < 0)
		err = -errno;
	close(pair[1]);
	if (err) {
		close(pair[0]);
		return err;
	}
	sb->command = pair[0];
	sb->init = (pid_t)pid;
	return 0;
}

/**
 * init_file_write() - Write @text to a file of init's directory in /proc
 */
static int init_file_write(const struct sandbox *sb, const char *name, const char *text)
{
	char path[64];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)sb->init, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/**
 * id_map_write() - Map @own onto itself, and the guests' id too when @guests is set
 */
static int id_map_write(const struct sandbox *sb, const char *name, unsigned int own, bool guests)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%u %u 1\n", own, own);

	if (guests)
		snprintf(text + len, sizeof(text) - (size_t)len, "%d %d 1\n", GUEST_ID, GUEST_ID);
	return init_file_write(sb, name, text);
}

/**
 * ids_map() - Give the user namespace its ids
 *
 * Whoever may, gives guests an id of their own; others map the one that they have, for which setgroups has to be
 * denied first. Once a map is written it stays, so the two are not tried in turn on the uid_map.
 */
static int ids_map(const struct sandbox *sb, struct init_setup *setup)
{
	unsigned int uid = geteuid(), gid = getegid();
	int err;

	if (!uid && gid != GUEST_ID && !id_map_write(sb, "gid_map", gid, true)) {
		setup->groups = true;
		setup->guest_id = GUEST_ID;
		return id_map_write(sb, "uid_map", uid, true);
	}
	err = init_file_write(sb, "setgroups", "deny");
	if (!err)
		err = id_map_write(sb, "gid_map", gid, false);
	if (!err)
		err = id_map_write(sb, "uid_map", uid, false);
	return err;
}

/**
 * init_settle() - Prepare init from outside, then let it prepare itself
 */
static int init_settle(struct sandbox *sb, const char **stage)
{
	struct init_request request = { .op = INIT_SETTLE,
					.setup = { .namespaces = !sandbox_degraded(sb), .guest_id = -1 } };
	struct init_reply reply;
	int err = 0;

	*stage = "mapping ids";
	if (request.setup.namespaces)
		err = ids_map(sb, &request.setup);
	if (err)
		return err;
	limits_prepare(sb->init);
	err = sandbox_request(sb, &request, -1, &reply, NULL);
	*stage = reply.stage ? reply.stage : "talking to init";
	return err;
}

/**
 * is_forbidden() - Is @err how a kernel, or its security module, says "not for this user"?
 */
static bool is_forbidden(int err)
{
	return err == -EPERM || err == -EACCES || err == -ENOSPC || err == -EUSERS;
}

/**
 * sandbox_build() - Start all of @sb; *@stage is what it was doing
 */
static int sandbox_build(struct sandbox *sb, const char **stage)
{
	int err;

	*stage = "building the filter";
	err = filter_build(sandbox_degraded(sb) ? FILTER_NO_PIDS : 0, &sb->filter);
	if (err)
		return err;
	*stage = "finding the vDSO";
	err = vdso_find(getpid(), &sb->vdso);
	if (err)
		return err;
	*stage = "creating namespaces";
	err = init_fork(sb);
	if (err)
		return err;
	return init_settle(sb, stage);
}

int sandbox_start(struct sandbox **out, unsigned int flags, char *why, size_t why_len)
{
	struct sandbox *sb = malloc(sizeof(*sb));
	const char *stage = "allocating memory";
	int err = -ENOMEM;

	if (sb) {
		*sb = (struct sandbox){ .flags = flags, .command = -1, .init_pidfd = -1 };
		err = sandbox_build(sb, &stage);
	}
	if (!err) {
		*out = sb;
		return 0;
	}
	if (sb && !sandbox_degraded(sb) && is_forbidden(err)) {
		snprintf(why, why_len, "this system forbids user namespaces to user %u (%s: %s)", geteuid(), stage,
			 strerror(-err));
		err = -EPERM;
	} else {
		snprintf(why, why_len, "the sandbox failed at %s: %s", stage, strerror(-err));
	}
	sandbox_stop(sb);
	return err;
}

bool sandbox_degraded(const struct sandbox *sb)
{
	return sb->flags & SANDBOX_NO_NAMESPACES;
}

pid_t sandbox_init_pid(const struct sandbox *sb)
{
	return sb->init;
}

int sandbox_configure(struct sandbox *sb, int64_t mono_offset_ns, int64_t boot_offset_ns)
{
	struct init_request request = { .op = INIT_CONFIGURE, .offset_ns = { mono_offset_ns, boot_offset_ns } };
	struct init_reply reply;

	if (!mono_offset_ns && !boot_offset_ns)
		return 0;
	if (sandbox_degraded(sb))
		return -EPERM;
	return sandbox_request(sb, &request, -1, &reply, NULL);
}

int sandbox_next_pid(struct sandbox *sb, pid_t pid)
{
	struct init_request request = { .op = INIT_NEXT_PID, .pid = pid };
	bool counts_on = sb->last_pid && pid == sb->last_pid + 1;
	struct init_reply reply;
	int err = 0;

	if (sb->foreseen.pid == pid)
		sandbox_foreseen_drop(sb);
	/* The kernel counts on from the last number by itself; bodies, which are born with a given one, do not matter */
	if (!counts_on)
		err = sandbox_request(sb, &request, -1, &reply, NULL);
	sb->last_pid = err ? 0 : pid;
	return err;
}

int sandbox_fuse(struct sandbox *sb, int *mount, int *device)
{
	struct init_request request = { .op = INIT_MOUNT };
	struct init_reply reply;
	int err = sandbox_request(sb, &request, -1, &reply, mount);

	if (err)
		return err;
	request.op = INIT_DEVICE;
	err = sandbox_request(sb, &request, -1, &reply, device);
	if (err) {
		close(*mount);
		*mount = -1;
	}
	return err;
}

void sandbox_next_pid_unknown(struct sandbox *sb)
{
	sb->last_pid = 0;
}

/**
 * all_reap() - Wait for init and for the dead of the sandbox
 *
 * Init's own end waits for all the others', and they are not gone before their tracer has seen it; so take whatever
 * comes. What stops on its way out is sent on.
 */
static void all_reap(const struct sandbox *sb)
{
	pid_t pid = 0;
	int status;

	while (pid != sb->init) {
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno != EINTR)
			return;
		if (pid > 0 && WIFSTOPPED(status)) {
			ptrace(PTRACE_CONT, pid, 0, 0);
			pid = 0;
		}
	}
}

void sandbox_stop(struct sandbox *sb)
{
	if (!sb)
		return;
	if (sb->init) {
		syscall(SYS_pidfd_send_signal, sb->init_pidfd, SIGKILL, NULL, 0);
		all_reap(sb);
		if (sb->foreseen.there)
			sandbox_body_release(&sb->foreseen.body);
		close(sb->init_pidfd);
		close(sb->command);
	}
	free(sb);
}
