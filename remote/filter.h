/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The seccomp filter of every guest, made from the table of system calls (include/sysdef.h) by libseccomp. It is a
 * list of what is allowed: calls that the table calls local, unconditionally or by the value of a scalar argument, run
 * in the worker's kernel; calls that it denies return their errno. Everything else, numbers that the table does not
 * know included, is a notification to the remote, which sends it home or refuses it. A call of another ABI (int $0x80,
 * x32) fails with ENOSYS, as in a kernel that lacks it.
 *
 * A notification may be answered with SECCOMP_USER_NOTIF_FLAG_CONTINUE where only the registers of the call matter:
 * they cannot change any more. What a pointer points to can (other threads), so a call whose memory matters is never
 * continued.
 *
 * clone, fork, vfork and clone3 are neither: they go to the tracer (SECCOMP_RET_TRACE). A fork needs its flags
 * rewritten (CLONE_PARENT added, so that init reaps the child and its number is free again; CLONE_UNTRACED and the
 * namespace flags removed; clone3, whose flags lie in memory, turned into clone), and only a ptrace stop can do that:
 * after it the kernel runs the filter once more on the new registers. A tracer that has not set PTRACE_O_TRACESECCOMP
 * makes them ENOSYS, so nothing is open by omission.
 */
#ifndef OM_FILTER_H
#define OM_FILTER_H

#include <linux/filter.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

/*
 * A body's own descriptor table is the worker's affair, but close(2) goes home. The kernel looks at the lower half of
 * its argument only; the filter lets it through when this is the upper half. So a batch can close what it has opened,
 * and a guest that finds out can close descriptors that it has no use for. Likewise mmap, for shmat: what such a guest
 * can map are the objects that it has mapped already, no other way than their descriptors are open for.
 */
#define FILTER_OWN_FD	   0x6f6d6f6d00000000ull
#define FILTER_OWN_FD_MASK 0xffffffff00000000ull

/*
 * The guest is in no pid namespace: its numbers are not the ones at home. getpid, gettid and set_tid_address, local
 * calls of the table, are notifications then, for the remote to answer; local calls that take a number, and futexes
 * with priority inheritance, are ENOSYS.
 */
#define FILTER_NO_PIDS 1u

/*
 * An argument that the kernel ignores, the second of set_tid_address, the fifth of rt_sigaction, the sixth of seccomp and of
 * prctl's PR_SET_NAME and PR_SET_MM, that lets these through always: for the remote to use. A guest that does deceives itself.
 */
#define FILTER_PASS 0x6f6d6f6d70617373ull

#define FILTER_FLAGS_NR 1u /* bits that are in use */

/*
 * Build the filter for @flags. The program is built once per process and flags, and stays valid until the process ends.
 * Returns 0 or negative errno.
 */
int filter_build(unsigned int flags, struct sock_fprog *out);

/*
 * One more filter for the stopped thread @tid, which is behind a system call; @flags of seccomp(2). The kernel reads it from
 * where it would put a signal's frame. What seccomp(2) returns, or negative errno.
 */
int64_t filter_inject(pid_t tid, const struct user_regs_struct *regs, const struct sock_filter *code,
		      unsigned short len, unsigned int flags);

/* The flags for seccomp(SECCOMP_SET_MODE_FILTER) that this kernel knows: a listener, killable waiting */
unsigned int filter_install_flags(void);

/* Ask for wake-ups of a listener's two sides on the same CPU; kernels before 6.6 go without */
void filter_listener_tune(int listener);

#endif
