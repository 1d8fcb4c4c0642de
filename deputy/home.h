/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process becomes an executor: see deputy/home.c. */
#ifndef OM_DEPUTY_HOME_H
#define OM_DEPUTY_HOME_H

#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/types.h>

struct task;
struct thread;

/* What the deputy wants to see of a migrated process; with its death the home process, which has no user code, ends */
#define HOME_OPTIONS (PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC)

int home_enter(struct task *task, struct thread *thread, uint64_t arena_addr, uint64_t vdso);
void home_forget(struct task *task);		   /* its address space is gone, or is no longer ours */
int home_mask_set(pid_t tid, uint64_t mask);	   /* signal mask of a stopped thread */
int home_mask_update(const struct thread *thread); /* to what it has to be, stopped as it is */
uint64_t home_kept(const struct thread *thread);   /* signals that it leaves pending, for a signalfd */
int home_mask_get(pid_t tid, uint64_t *mask);

#endif
