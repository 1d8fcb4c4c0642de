/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ptrace helpers for a thread that is in a ptrace stop. Errors are negative errno; -ESRCH: the thread has died. */
#ifndef OM_TRACEE_H
#define OM_TRACEE_H

#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/user.h>

#include "executor.h"

int tracee_regs_get(pid_t tid, struct user_regs_struct *regs);
int tracee_regs_set(pid_t tid, const struct user_regs_struct *regs);

/* Below the stack pointer, what a function may use without saying so (the ABI's red zone) */
#define TRACEE_RED_ZONE 128u

/* Extended register state (FPU, SSE, AVX...) as the kernel's XSAVE image; returns the length */
ssize_t tracee_xstate_get(pid_t tid, void *buf, size_t cap);
int tracee_xstate_set(pid_t tid, const void *buf, size_t len);

/* Read and write memory of another process; all or -EFAULT */
int tracee_read(pid_t pid, uint64_t addr, void *buf, size_t len);
int tracee_write(pid_t pid, uint64_t addr, const void *buf, size_t len);

/*
 * Make one system call in the stopped thread @tid by single-stepping a syscall instruction at @insn (any in its memory,
 * see tracee_find_syscall()). Registers are restored. Returns the call's result or negative errno of its own in *@error.
 * Signals that arrive meanwhile are put back (re-queued with their siginfo).
 */
int64_t tracee_syscall(pid_t tid, uint64_t insn, long nr, const uint64_t arg[6], int *error);

/* Address of a syscall instruction in a process whose vDSO, as all of this kernel, is at @vdso; 0 when there is none */
uint64_t tracee_find_syscall(uint64_t vdso);

/*
 * Map an arena of @slots at @addr into the stopped thread's process by injected calls: code (private, read+execute) and a
 * shared memfd for the rest. Fills @out, executor's mapping included. Returns the memfd's descriptor in the process, or
 * negative errno. An injected call costs a stop: closing the descriptor and executor_add_guards() are left to the first
 * batch.
 */
int tracee_arena_map(pid_t tid, uint64_t insn, uint64_t addr, unsigned int slots, struct arena *out);

/* Open descriptor @fd of @tid, a memfd, for ourselves, set its size and map it at *@out; 0 or negative errno */
int tracee_memfd_share(pid_t tid, int fd, size_t size, uint8_t **out);

/* Wait (blocking) for the next stop of @tid: 0 with the status as of waitpid, -ESRCH when it has ended, negative errno */
int tracee_wait(pid_t tid, int *status);
/* The same; but the end is kept for whoever waits for any */
int tracee_stop_await(pid_t tid, int *status);
/* A thread whose end was seen while another one was waited for, with what it has used; 0: there is none */
pid_t tracee_ended(int *status, struct rusage *used);
/* Wait for the int3 behind a batch; signals that come before are not heard. 0 or negative errno */
int tracee_trap_await(pid_t tid);

/*
 * The kernel's view of signal state from /proc/PID/task/TID/status: masks as 64-bit sets (bit n-1 is signal n).
 */
struct sigstate {
	uint64_t pending, shared_pending, blocked, ignored, caught;
	uint64_t capabilities; /* those in force; they are in the same place */
	bool runs;	       /* it neither sleeps nor is it stopped */
};
int tracee_sigstate(pid_t tid, struct sigstate *out);

#endif
