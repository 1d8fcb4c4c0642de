/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests' seccomp filter: see remote/filter.h for the theory of operation. */
#include <errno.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "remote/filter.h"
#include "sysdef.h"
#include "tracee.h"

/* As the headers of newer kernels have them */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, uint64_t)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1ul << 0)
#endif

#define FILTER_DEFAULT SCMP_ACT_NOTIFY

/* What is asked of libseccomp: notifications. By itself it asks the kernel, which under valgrind knows of none. */
#define API_LEVEL 5

/**
 * struct special - A call whose row in the table does not decide
 * @nr:		System call
 * @action:	What the filter does with it
 * @no_pids:	Only where numbers are not the ones at home
 */
struct special {
	int nr;
	bool no_pids;
	uint32_t action;
};

static const struct special specials[] = {
	/* They make processes and threads */
	{ __NR_clone, false, SCMP_ACT_TRACE(0) },
	{ __NR_clone3, false, SCMP_ACT_TRACE(0) },
	{ __NR_fork, false, SCMP_ACT_TRACE(0) },
	{ __NR_vfork, false, SCMP_ACT_TRACE(0) },
	/* They say the caller's number: the remote knows the one at home */
	{ __NR_getpid, true, FILTER_DEFAULT },
	{ __NR_gettid, true, FILTER_DEFAULT },
	{ __NR_set_tid_address, true, FILTER_DEFAULT },
	/* They take numbers, which would be those of strangers: any process of the user */
	{ __NR_get_robust_list, true, SCMP_ACT_ERRNO(ENOSYS) },
	{ __NR_migrate_pages, true, SCMP_ACT_ERRNO(ENOSYS) },
	{ __NR_move_pages, true, SCMP_ACT_ERRNO(ENOSYS) },
	{ __NR_process_vm_readv, true, SCMP_ACT_ERRNO(ENOSYS) },
	{ __NR_process_vm_writev, true, SCMP_ACT_ERRNO(ENOSYS) },
};

/*
 * The futex operations that are still good then. Those with priority inheritance compare thread numbers in memory,
 * which are the ones at home, with the kernel's: as in a kernel that lacks them, they are ENOSYS.
 */
static const struct {
	uint32_t op;
	uint32_t action;
} futex_ops[] = {
	{ FUTEX_WAIT, SCMP_ACT_ALLOW },
	{ FUTEX_WAKE, SCMP_ACT_ALLOW },
	{ FUTEX_REQUEUE, SCMP_ACT_ALLOW },
	{ FUTEX_CMP_REQUEUE, SCMP_ACT_ALLOW },
	{ FUTEX_WAKE_OP, SCMP_ACT_ALLOW },
	{ FUTEX_WAIT_BITSET, SCMP_ACT_ALLOW },
	{ FUTEX_WAKE_BITSET, SCMP_ACT_ALLOW },
	{ FUTEX_LOCK_PI, SCMP_ACT_ERRNO(ENOSYS) },
	{ FUTEX_LOCK_PI2, SCMP_ACT_ERRNO(ENOSYS) },
	{ FUTEX_UNLOCK_PI, SCMP_ACT_ERRNO(ENOSYS) },
	{ FUTEX_TRYLOCK_PI, SCMP_ACT_ERRNO(ENOSYS) },
	{ FUTEX_WAIT_REQUEUE_PI, SCMP_ACT_ERRNO(ENOSYS) },
	{ FUTEX_CMP_REQUEUE_PI, SCMP_ACT_ERRNO(ENOSYS) },
};

/**
 * special_find() - The special treatment of call @nr, or NULL
 */
static const struct special *special_find(int nr, unsigned int flags)
{
	for (size_t i = 0; i < sizeof(specials) / sizeof(*specials); i++) {
		if (specials[i].nr == nr && (!specials[i].no_pids || (flags & FILTER_NO_PIDS)))
			return &specials[i];
	}
	return NULL;
}

/**
 * rule_add() - A rule for @nr as a whole; the default needs none
 */
static int rule_add(scmp_filter_ctx ctx, uint32_t action, int nr)
{
	return action == FILTER_DEFAULT ? 0 : seccomp_rule_add_exact_array(ctx, action, nr, 0, NULL);
}

/**
 * rule_add_if() - A rule for @nr that holds when the bits @mask of argument @arg are @value
 */
static int rule_add_if(scmp_filter_ctx ctx, uint32_t action, int nr, unsigned int arg, uint64_t mask, uint64_t value)
{
	struct scmp_arg_cmp cmp = SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, mask, value);

	return seccomp_rule_add_exact_array(ctx, action, nr, 1, &cmp);
}

/**
 * row_action() - What the table wants to be done with a call as a whole
 */
static uint32_t row_action(const struct sysdef *row)
{
	if (row->where == SYS_LOCAL)
		return SCMP_ACT_ALLOW;
	return row->where == SYS_DENY ? SCMP_ACT_ERRNO(row->ret) : FILTER_DEFAULT;
}

/**
 * futex_add() - futex in a sandbox without pid namespace
 */
static int futex_add(scmp_filter_ctx ctx)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(futex_ops) / sizeof(*futex_ops) && !err; i++)
		err = rule_add_if(ctx, futex_ops[i].action, __NR_futex, 1, FUTEX_CMD_MASK & UINT32_MAX,
				  futex_ops[i].op);
	return err;
}

/**
 * identity_add() - What tells the kernel the addresses and the name of an image
 */
static int identity_add(scmp_filter_ctx ctx)
{
	static const uint64_t options[] = { PR_SET_MM, PR_SET_NAME };
	int err = 0;

	for (size_t i = 0; i < sizeof(options) / sizeof(*options) && !err; i++) {
		const struct scmp_arg_cmp cmp[2] = { SCMP_CMP(0, SCMP_CMP_EQ, options[i], 0),
						     SCMP_CMP(5, SCMP_CMP_EQ, FILTER_PASS, 0) };

		err = seccomp_rule_add_exact_array(ctx, SCMP_ACT_ALLOW, __NR_prctl, 2, cmp);
	}
	return err;
}

/**
 * rules_add() - Add all rules: for the body's own descriptors, the special calls, the table's rows and conditions
 */
static int rules_add(scmp_filter_ctx ctx, unsigned int flags)
{
	int err = rule_add_if(ctx, SCMP_ACT_ALLOW, __NR_close, 0, FILTER_OWN_FD_MASK, FILTER_OWN_FD);

	if (!err)
		err = rule_add_if(ctx, SCMP_ACT_ALLOW, __NR_mmap, 4, FILTER_OWN_FD_MASK, FILTER_OWN_FD);
	if (!err)
		err = rule_add_if(ctx, SCMP_ACT_ALLOW, __NR_rt_sigaction, 4, UINT64_MAX, FILTER_PASS);
	if (!err)
		err = rule_add_if(ctx, SCMP_ACT_ALLOW, __NR_seccomp, 5, UINT64_MAX, FILTER_PASS);
	if (!err)
		err = identity_add(ctx);
	if (!err && (flags & FILTER_NO_PIDS))
		err = rule_add_if(ctx, SCMP_ACT_ALLOW, __NR_set_tid_address, 1, UINT64_MAX, FILTER_PASS);
	for (size_t i = 0; i < sysdef_nr && !err; i++) {
		const struct special *special = special_find((int)i, flags);
		const struct sysdef *row = sysdef_row((int64_t)i);
		int nr = (int)i;

		if (special)
			err = rule_add(ctx, special->action, nr);
		else if (nr == __NR_futex && (flags & FILTER_NO_PIDS))
			err = futex_add(ctx);
		else if (row->name)
			err = rule_add(ctx, row_action(row), nr);
	}
	for (size_t i = 0; i < syslocal_nr && !err; i++) {
		const struct syslocal *cond = &syslocal[i];

		err = rule_add_if(ctx, SCMP_ACT_ALLOW, cond->nr, cond->arg, cond->mask, cond->value);
	}
	return err;
}

/**
 * program_read() - The instructions in file @fd, in memory that is kept
 */
static int program_read(int fd, struct sock_fprog *out)
{
	off_t size = lseek(fd, 0, SEEK_END);
	struct sock_filter *code;

	if (size <= 0 || size / (off_t)sizeof(*code) > BPF_MAXINSNS)
		return -E2BIG;
	code = malloc((size_t)size);
	if (!code)
		return -ENOMEM;
	if (pread(fd, code, (size_t)size, 0) != size) {
		free(code);
		return -EIO;
	}
	*out = (struct sock_fprog){ .len = (unsigned short)((size_t)size / sizeof(*code)), .filter = code };
	return 0;
}

/**
 * program_export() - Have libseccomp translate the rules
 */
static int program_export(scmp_filter_ctx ctx, struct sock_fprog *out)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = seccomp_export_bpf(ctx, fd);
	if (!err)
		err = program_read(fd, out);
	close(fd);
	return err;
}

int filter_build(unsigned int flags, struct sock_fprog *out)
{
	static struct sock_fprog built[1u << FILTER_FLAGS_NR];
	struct sock_fprog *program = &built[flags % (1u << FILTER_FLAGS_NR)];
	scmp_filter_ctx ctx;
	int err;

	if (program->len) {
		*out = *program;
		return 0;
	}
	seccomp_api_set(API_LEVEL);
	ctx = seccomp_init(FILTER_DEFAULT);
	if (!ctx)
		return -ENOMEM;
	err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree over the numbers */
	if (!err)
		err = rules_add(ctx, flags);
	if (!err)
		err = program_export(ctx, program);
	seccomp_release(ctx);
	if (!err)
		*out = *program;
	return err;
}

int64_t filter_inject(pid_t tid, const struct user_regs_struct *regs, const struct sock_filter *code,
		      unsigned short len, unsigned int flags)
{
	const uint64_t at = regs->rsp - TRACEE_RED_ZONE - len * sizeof(*code), head_at = at - sizeof(struct sock_fprog);
	const struct sock_fprog head = { .len = len, .filter = (void *)at };
	const uint64_t arg[6] = { SECCOMP_SET_MODE_FILTER, flags, head_at, 0, 0, FILTER_PASS };
	int64_t ret = -EFAULT;
	int err = tracee_write(tid, at, code, len * sizeof(*code));

	if (!err)
		err = tracee_write(tid, head_at, &head, sizeof(head));
	if (!err)
		ret = tracee_syscall(tid, regs->rip - 2, SYS_seccomp, arg, &err);
	return err ? err : ret;
}

unsigned int filter_install_flags(void)
{
	unsigned int killable = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

	/* Flags are looked at before the program: known ones make a missing program EFAULT, unknown ones EINVAL */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, killable, NULL) < 0 && errno == EFAULT)
		return killable;
	return SECCOMP_FILTER_FLAG_NEW_LISTENER;
}

void filter_listener_tune(int listener)
{
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}
