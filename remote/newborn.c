/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A newborn is born with what init has: all capabilities in its user namespace, init's descriptors, a copy of init's
 * memory. What can be given up beforehand, init has given up (init.c); the rest goes here. Memory and filter are left
 * to the remote: the code that unmaps everything else has to be in the arena, and the filter is the last thing, for it
 * ends the time of free calls.
 *
 * Nothing here goes through the C library's notion of threads and ids (raw system calls): its state is init's.
 */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "remote/newborn.h"

/**
 * init_follow() - Die with init, where no namespace sees to that
 *
 * The session and the process group stay init's. If they were the newborn's own, what it forks would keep its number in use
 * as theirs, and a new program of the same process could not be born while a child of the old one lives.
 */
static int init_follow(const struct init_setup *setup)
{
	return setup->namespaces ? 0 : error_of(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
}

/**
 * ids_change() - The ids of guests; init dropped the supplementary groups where it could
 */
static int ids_change(const struct init_setup *setup)
{
	int id = setup->guest_id, err = 0;

	if (id >= 0)
		err = error_of(syscall(SYS_setresgid, id, id, id));
	if (id >= 0 && !err)
		err = error_of(syscall(SYS_setresuid, id, id, id));
	return err;
}

/**
 * capabilities_drop() - Permitted, effective, inheritable: none; and the way back is locked
 */
static int capabilities_drop(const struct init_setup *setup)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	(void)setup;
	return error_of(syscall(SYS_capset, &head, none));
}

/**
 * remote_admit() - Let the remote look in
 *
 * Another owner than the one it has become would need CAP_SYS_PTRACE. Guests cannot look at each other: see the
 * filter.
 */
static int remote_admit(const struct init_setup *setup)
{
	(void)setup;
	return error_of(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

/**
 * descriptors_close() - Have none: init's are not a guest's
 */
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
	{ "following init", init_follow },
	{ "changing the ids", ids_change },
	{ "dropping the capabilities", capabilities_drop },
	{ "admitting the remote", remote_admit }, /* behind the change of ids, which takes it back */
	{ "closing the descriptors", descriptors_close },
};

/**
 * parasite_enter() - Leave C for good: wait in the parasite for the remote's first batch
 */
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
