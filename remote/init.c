/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Init lives in recvmsg(2). It has no handlers, needs no event loop, and never looks at its children: with SA_NOCLDWAIT
 * the kernel reaps them, and it is told about none.
 *
 * Two files of procfs outlive the file system that they came from: ns_last_pid and timens_offsets, opened before the root
 * is emptied. The host's procfs serves, because both act on the namespaces of the process that writes; where the host's
 * /proc/sys is read-only (containers), a new procfs may do.
 *
 * For a birth, the arena is mapped in init itself and inherited by the fork: an address that init occupies is found out
 * before there is anything to undo, and the newborn is spared the work.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/rseq.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "executor.h"
#include "remote/init.h"
#include "remote/newborn.h"

#define RSEQ_SIZE_MIN 32u   /* of the first version of struct rseq; rseq(2) refuses any but the registered size */
#define RSEQ_SIZE_MAX 1024u /* a limit for the search */

#define NSEC_PER_SEC 1000000000

/**
 * struct init - The state of init
 * @command:		Its end of the socket pair
 * @setup:		What it was told first
 * @last_pid:		/proc/sys/kernel/ns_last_pid, or the negative errno of opening it
 * @timens_offsets:	/proc/self/timens_offsets, likewise
 */
struct init {
	int command;
	struct init_setup setup;
	int last_pid;
	int timens_offsets;
};

/* The result of a system call as an error: 0 or negative errno */
static int error_of(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* --- settling ------------------------------------------------------------------------------------------------- */

/* Keep the command socket, nothing else */
static int descriptors_close(struct init *init)
{
	unsigned int keep = (unsigned int)init->command;

	if (keep > 0 && syscall(SYS_close_range, 0u, keep - 1, 0u) < 0)
		return -errno;
	return error_of(syscall(SYS_close_range, keep + 1, ~0u, 0u));
}

/* Groups give access to files by their own right; without this right they stay, and the empty root makes them useless */
static int groups_drop(struct init *init)
{
	return init->setup.groups ? error_of(syscall(SYS_setgroups, 0, NULL)) : 0;
}

static int open_for_writing(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Have the two files of procfs; that they cannot be had shows when they are needed */
static int procfs_open(struct init *init)
{
	if (!init->setup.namespaces)
		return 0;
	init->last_pid = open_for_writing("/proc/sys/kernel/ns_last_pid");
	init->timens_offsets = open_for_writing("/proc/self/timens_offsets");
	if (init->last_pid >= 0)
		return 0;
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return 0;
	init->last_pid = open_for_writing("/proc/sys/kernel/ns_last_pid");
	return 0;
}

/* An empty, read-only file system becomes the root, and all others go away. /proc is a directory that is sure to exist. */
static int root_empty(struct init *init)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (!init->setup.namespaces)
		return 0;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("openmosix", "/proc", "tmpfs", flags, "mode=0555,size=4k,nr_inodes=1") < 0 || chdir("/proc") < 0 ||
	    syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return error_of(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL));
}

/* Default dispositions, which newborns inherit; children are reaped by the kernel */
static int signals_reset(struct init *init)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	(void)init;
	for (int sig = 1; sig < _NSIG; sig++)
		sigaction(sig, &action, NULL); /* fails for the few that have no other */
	action.sa_flags = SA_NOCLDWAIT;
	sigemptyset(&none);
	return sigaction(SIGCHLD, &action, NULL) < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

/* The C library's restartable sequences are registered with the thread, and inherited by forks that unmap that memory */
static int rseq_unregister(struct init *init)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	(void)init;
	if (!__rseq_size)
		return 0;
	for (unsigned int size = RSEQ_SIZE_MIN; size <= RSEQ_SIZE_MAX; size += 4) {
		if (!syscall(SYS_rseq, area, size, RSEQ_FLAG_UNREGISTER, RSEQ_SIG))
			return 0;
	}
	return -errno;
}

/* Leave the terminal, and die with the remote (which its end of the socket pair sees to as well) */
static int remote_follow(struct init *init)
{
	(void)init;
	prctl(PR_SET_NAME, "om-init", 0, 0, 0);
	if (setsid() < 0)
		return -errno;
	return error_of(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
}

/**
 * struct init_stage - One step of settling
 * @name:	What it does, in words
 * @run:	Does it; 0 or negative errno
 */
struct init_stage {
	const char *name;
	int (*run)(struct init *init);
};

static const struct init_stage stages[] = {
	{ "closing descriptors", descriptors_close },
	{ "dropping groups", groups_drop },
	{ "opening procfs", procfs_open },
	{ "emptying the root", root_empty },
	{ "resetting signals", signals_reset },
	{ "unregistering restartable sequences", rseq_unregister },
	{ "leaving the session", remote_follow },
};

static void settle(struct init *init, struct init_reply *reply)
{
	for (size_t i = 0; i < sizeof(stages) / sizeof(*stages) && !reply->error; i++) {
		reply->stage = stages[i].name;
		reply->error = stages[i].run(init);
	}
}

/* --- requests ------------------------------------------------------------------------------------------------- */

/* Put the children to come into a time namespace; its clocks are written as whole and positive fractional seconds */
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
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%s %jd %jd\n", names[i], (intmax_t)sec, (intmax_t)nsec);
	}
	return error_of(write(init->timens_offsets, text, (size_t)len));
}

/* The kernel counts on from the number that is written */
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

/* Map @len bytes at @addr where nothing is yet */
static int map_at(uint64_t addr, size_t len, int prot, int flags, int fd)
{
	void *at = mmap((void *)addr, len, prot, flags | MAP_FIXED_NOREPLACE, fd, 0);

	return at == MAP_FAILED ? -errno : 0;
}

static void arena_drop(const struct arena *arena)
{
	munmap((void *)arena->addr, arena_size(arena->slots));
}

/* Map @arena, whose shared part is @memfd, as bodies have it. -EEXIST: something of init is in its place. */
static int arena_put(const struct arena *arena, int memfd)
{
	int err = map_at(arena->addr, ARENA_CODE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (err)
		return err;
	err = map_at(arena->addr + ARENA_CODE_SIZE, arena_shared_size(arena->slots), PROT_READ | PROT_WRITE, MAP_SHARED, memfd);
	if (err) {
		munmap((void *)arena->addr, ARENA_CODE_SIZE);
		return err;
	}
	memcpy((void *)arena->addr, parasite_blob, parasite_size());
	err = error_of(mprotect((void *)arena->addr, ARENA_CODE_SIZE, PROT_READ | PROT_EXEC));
	for (unsigned int i = 0; i < arena->slots && !err; i++)
		err = error_of(mprotect((void *)(arena_data_addr(arena, i) + SLOT_DATA_SIZE), SLOT_GUARD_SIZE, PROT_NONE));
	if (err)
		arena_drop(arena);
	return err;
}

/* Fork with a number of our choice; the child never returns. 0 or negative errno. */
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

/* --- the loop ------------------------------------------------------------------------------------------------- */

/* The descriptor that came with a message, or -1 */
static int fd_received(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int init_send(int sock, const void *data, size_t len, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c;

		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return error_of(sendmsg(sock, &msg, MSG_NOSIGNAL));
}

int init_recv(int sock, void *data, size_t len, int *fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control.buf) };
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	*fd = n < 0 ? -1 : fd_received(&msg);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : n ? -EPROTO : -EPIPE;
}

void init_run(int command)
{
	struct init init = { .command = command, .last_pid = -EOPNOTSUPP, .timens_offsets = -EOPNOTSUPP };
	struct init_request request;
	int memfd;

	while (!init_recv(command, &request, sizeof(request), &memfd)) {
		struct init_reply reply = { 0 };
		int pidfd = -1;

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
			body_spawn(&init, &request, memfd, &reply, &pidfd);
			break;
		}
		if (init_send(command, &reply, sizeof(reply), pidfd))
			break;
		if (pidfd >= 0)
			close(pidfd);
		if (memfd >= 0)
			close(memfd);
	}
	_exit(0);
}
