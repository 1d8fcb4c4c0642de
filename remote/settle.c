/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A table of stages, run once. What newborns would have to give up one by one is given up here as far as init can do
 * without it, because spawning is frequent and they inherit: groups, the file system, the bounding set of
 * capabilities, limits. Init keeps its capabilities in its user namespace, for choosing numbers needs them.
 *
 * Two files of procfs outlive the file system that they came from: ns_last_pid and timens_offsets, opened before the
 * root is emptied. The host's procfs serves, because both act on the namespaces of the process that writes; where the
 * host's /proc/sys is read-only (containers), a new procfs may do. So does /dev/fuse, which the kernel takes for a mount
 * only if it was opened in the user namespace that mounts.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/rseq.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "remote/limits.h"
#include "remote/settle.h"

#define RSEQ_SIZE_MIN 32u   /* of the first version of struct rseq; rseq(2) refuses any but the registered size */
#define RSEQ_SIZE_MAX 1024u /* a limit for the search */

/* What Landlock's first version can deny, which is all that could open, execute or make a file */
#define LANDLOCK_EVERYTHING ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

#define SECUREBITS_LOCKED                                                                                              \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |               \
	 SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/**
 * groups_drop() - Drop the supplementary groups
 *
 * They give access to files by their own right. Who may not drop them keeps them, and the empty root makes them
 * useless.
 */
static int groups_drop(struct init *init)
{
	return init->setup.groups ? error_of(syscall(SYS_setgroups, 0, NULL)) : 0;
}

/**
 * open_for_writing() - Descriptor or negative errno
 */
static int open_for_writing(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/**
 * procfs_open() - Have the two files of procfs; that they cannot be had shows when they are needed
 */
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

/**
 * fuse_open() - Have the device of a file system of pages; where it cannot be had, files come as a whole
 */
static int fuse_open(struct init *init)
{
	if (init->setup.namespaces)
		init->fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (init->setup.namespaces && init->fuse < 0)
		init->fuse = -errno;
	return 0;
}

/**
 * root_empty() - Make an empty, read-only file system the root, and let all others go
 *
 * /proc is a directory that is sure to exist.
 */
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

/**
 * signals_reset() - Default dispositions, which newborns inherit; children are reaped by the kernel
 */
static int signals_reset(struct init *init)
{
	const uint64_t by_default[4] = {
		0
	}; /* the kernel's struct sigaction; the C library's call keeps 32 and 33 to itself */
	struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
	sigset_t none;

	(void)init;
	for (int sig = 1; sig < _NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, by_default, NULL, 8); /* fails for the few that have no other */
	sigemptyset(&none);
	return sigaction(SIGCHLD, &action, NULL) < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

/**
 * rseq_unregister() - Take back the C library's registration of restartable sequences
 *
 * Forks inherit it, and a newborn unmaps the memory that the kernel would write to.
 */
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

/**
 * remote_follow() - Leave the terminal, and die with the remote (which its end of the socket pair sees to as well)
 */
static int remote_follow(struct init *init)
{
	(void)init;
	prctl(PR_SET_NAME, "om-init", 0, 0, 0);
	if (setsid() < 0)
		return -errno;
	return error_of(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
}

/**
 * privileges_refuse() - For all that is born here: set-user-id programs have no effect, and filters need no privilege
 */
static int privileges_refuse(struct init *init)
{
	(void)init;
	return error_of(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/**
 * capabilities_lock() - No way back to capabilities for who has dropped them
 *
 * Not by exec, not by a change of ids, not as ambient ones. Init itself keeps those that it has. Without namespaces
 * it has none to lock, unless it is root's.
 */
static int capabilities_lock(struct init *init)
{
	if (prctl(PR_SET_SECUREBITS, SECUREBITS_LOCKED, 0, 0, 0) < 0)
		return errno == EPERM && !init->setup.namespaces ? 0 : -errno;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

/**
 * files_forget() - Without an empty root, let Landlock take the file system away
 *
 * Kernels that lack it leave that to the filter alone.
 */
static int files_forget(struct init *init)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = LANDLOCK_EVERYTHING };
	long fd;
	int err;

	if (init->setup.namespaces)
		return 0;
	fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	err = error_of(syscall(SYS_landlock_restrict_self, fd, 0));
	close((int)fd);
	return err;
}

/**
 * limits_set() - Limit all that is born here
 */
static int limits_set(struct init *init)
{
	(void)init;
	return limits_apply();
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
	{ "dropping groups", groups_drop },
	{ "opening procfs", procfs_open },
	{ "opening the device of FUSE", fuse_open },
	{ "emptying the root", root_empty },
	{ "resetting signals", signals_reset },
	{ "unregistering restartable sequences", rseq_unregister },
	{ "leaving the session", remote_follow },
	{ "refusing new privileges", privileges_refuse },
	{ "locking the capabilities", capabilities_lock },
	{ "forgetting the file system", files_forget },
	{ "setting the limits", limits_set },
};

void settle(struct init *init, struct init_reply *reply)
{
	for (size_t i = 0; i < sizeof(stages) / sizeof(*stages) && !reply->error; i++) {
		reply->stage = stages[i].name;
		reply->error = stages[i].run(init);
	}
}
