/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A newborn is born with what init has: all capabilities in its user namespace, init's descriptors, a copy of init's
 * memory. It gives up everything that does not take a look from outside, in an order in which no step needs what an
 * earlier one has given up. Memory and filter are left to the remote: the code that unmaps everything else has to
 * be in the arena, and the filter is the last thing, for it ends the time of free calls.
 *
 * Nothing here goes through the C library's notion of threads and ids (raw system calls): its state is init's.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "remote/limits.h"
#include "remote/newborn.h"

/* What Landlock's first version can deny, which is all that could open, execute or make a file */
#define LANDLOCK_EVERYTHING ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

#define SECUREBITS_LOCKED                                                                                              \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |               \
	 SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/* The result of a system call as an error: 0 or negative errno */
static int error_of(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* A session of its own, so that no terminal's signals reach it, and death with init where no namespace sees to that */
static int session_leave(const struct init_setup *setup)
{
	int err = error_of(setsid());

	if (!err && !setup->namespaces)
		err = error_of(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
	return err;
}

/* No way back to capabilities: not by exec, not by a change of ids, not as ambient ones */
static int capabilities_lock(const struct init_setup *setup)
{
	if (!setup->namespaces)
		return 0; /* an ordinary user's process has none, and may not lock what it lacks */
	if (prctl(PR_SET_SECUREBITS, SECUREBITS_LOCKED, 0, 0, 0) < 0)
		return -errno;
	for (int cap = 0;; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EINVAL && cap > 0 ? 0 : -errno; /* the kernel's last one was the one before */
	}
}

/* The ids of guests; init dropped the supplementary groups where it could */
static int ids_change(const struct init_setup *setup)
{
	int id = setup->guest_id, err = 0;

	if (id >= 0)
		err = error_of(syscall(SYS_setresgid, id, id, id));
	if (id >= 0 && !err)
		err = error_of(syscall(SYS_setresuid, id, id, id));
	return err;
}

/* Permitted, effective, inheritable: none */
static int capabilities_drop(const struct init_setup *setup)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	(void)setup;
	return error_of(syscall(SYS_capset, &head, none));
}

/* Needed for the filter, and the end of set-user-id programs */
static int privileges_refuse(const struct init_setup *setup)
{
	(void)setup;
	return error_of(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* Without an empty root, Landlock takes the file system away; kernels that lack it leave that to the filter alone */
static int files_forget(const struct init_setup *setup)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = LANDLOCK_EVERYTHING };
	long fd;
	int err;

	if (setup->namespaces)
		return 0;
	fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	err = error_of(syscall(SYS_landlock_restrict_self, fd, 0));
	close((int)fd);
	return err;
}

/* The remote may look in (another owner would need CAP_SYS_PTRACE); the guests cannot look at each other, see the filter */
static int remote_admit(const struct init_setup *setup)
{
	(void)setup;
	return error_of(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int limits_set(const struct init_setup *setup)
{
	(void)setup;
	return limits_apply();
}

static int descriptors_close(const struct init_setup *setup)
{
	(void)setup;
	return error_of(syscall(SYS_close_range, 0u, ~0u, 0u));
}

/**
 * struct newborn_stage - One step of giving up
 * @name:	What it does, in words
 * @run:	Does it; 0 or negative errno
 */
struct newborn_stage {
	const char *name;
	int (*run)(const struct init_setup *setup);
};

static const struct newborn_stage stages[] = {
	{ "leaving the session", session_leave },
	{ "locking the capabilities", capabilities_lock },
	{ "changing the ids", ids_change },
	{ "dropping the capabilities", capabilities_drop },
	{ "admitting the remote", remote_admit }, /* behind the change of ids, which takes it back */
	{ "refusing new privileges", privileges_refuse },
	{ "forgetting the file system", files_forget },
	{ "setting the limits", limits_set },
	{ "closing the descriptors", descriptors_close },
};

/* Leave C for good: wait in the parasite for the remote's first batch */
static void parasite_enter(const struct arena *arena) __attribute__((noreturn));
static void parasite_enter(const struct arena *arena)
{
	struct user_regs_struct regs = { 0 };

	executor_enter_regs(arena, 0, &regs);
	asm volatile("mov %[rsp], %%rsp\n"
		     "jmp *%[rip]\n"
		     :
		     : "D"(regs.rdi), [rip] "a"(regs.rip), [rsp] "d"(regs.rsp)
		     : "memory");
	__builtin_unreachable();
}

void newborn_run(const struct init_setup *setup, const struct arena *arena)
{
	struct newborn_report *report = (struct newborn_report *)arena_data_addr(arena, 0);

	for (size_t i = 0; i < sizeof(stages) / sizeof(*stages); i++) {
		report->stage = stages[i].name;
		report->error = stages[i].run(setup);
		if (report->error)
			_exit(1);
	}
	__atomic_store_n(&report->ready, true, __ATOMIC_RELEASE);
	parasite_enter(arena);
}
