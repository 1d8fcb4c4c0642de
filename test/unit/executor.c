// SPDX-License-Identifier: GPL-2.0-or-later
/* The parasite in a freshly executed process: calls, batches, the trap at the end, interruption. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procmaps.h"
#include "test/unit/unit.h"
#include "tracee.h"

#define ARENA_ADDR  0x6f0000000000ull
#define ERESTARTSYS 512

static pid_t child;
static struct arena arena;

/* Where the process has its vDSO */
static uint64_t vdso_of(pid_t pid)
{
	struct procmap *maps = NULL;
	int nr = procmaps_read(pid, &maps);
	uint64_t start = 0;

	for (int i = 0; i < nr; i++)
		start = strcmp(maps[i].path, "[vdso]") ? start : maps[i].start;
	free(maps);
	return start;
}

/* Start cat(1), stop it at its exec, and make it an executor */
static void executor_setup(void)
{
	struct user_regs_struct regs;
	int status, memfd, go[2];
	char byte;

	ck_assert_int_eq(pipe(go), 0);
	child = fork();
	if (!child) {
		if (read(go[0], &byte, 1) == 1)
			execl("/bin/cat", "cat", NULL);
		_exit(1);
	}
	ck_assert_int_eq(ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL), 0);
	ck_assert_int_eq(write(go[1], "", 1), 1);
	ck_assert_int_eq(tracee_wait(child, &status), 0);
	ck_assert_int_eq(status >> 16, PTRACE_EVENT_EXEC);
	ptrace(PTRACE_INTERRUPT, child, 0, 0);
	ptrace(PTRACE_CONT, child, 0, 0);
	ck_assert_int_eq(tracee_wait(child, &status), 0);
	memfd = tracee_arena_map(child, tracee_find_syscall(vdso_of(child)), ARENA_ADDR, 2, &arena);
	ck_assert_int_ge(memfd, 0);
	ck_assert_int_eq(arena_slot_take(&arena), 0);
	ck_assert_int_eq(tracee_regs_get(child, &regs), 0);
	executor_enter_regs(&arena, 0, &regs);
	ck_assert_int_eq(tracee_regs_set(child, &regs), 0);
	executor_begin(&arena, 0, SLOT_ONE_SHOT | SLOT_STOP_ON_ERROR);
	executor_add(&arena, 0, SYS_close, (uint64_t)memfd, 0, 0, 0, 0, 0);
	executor_add_guards(&arena, 0, &arena);
	executor_post(&arena, 0);
	ptrace(PTRACE_CONT, child, 0, 0);
	ck_assert_int_eq(tracee_trap_await(child), 0);
	ck_assert_int_eq(executor_ret(&arena, 0, 2), 0);
	ptrace(PTRACE_CONT, child, 0, 0);
}

static void executor_teardown(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, __WALL);
	arena_unmap(&arena);
}

/* Make one call and wait for its result, however long it takes */
static int64_t call(long nr, uint64_t a0, uint64_t a1, uint64_t a2)
{
	executor_begin(&arena, 0, 0);
	executor_add(&arena, 0, nr, a0, a1, a2, 0, 0, 0);
	executor_post(&arena, 0);
	while (!executor_spin(&arena, 0, 1000))
		;
	return executor_ret(&arena, 0, 0);
}

START_TEST(executor_makes_calls_in_the_process)
{
	int p[2];

	ck_assert_int_eq(call(SYS_getpid, 0, 0, 0), child);
	ck_assert_int_eq(call(SYS_close, 4711, 0, 0), -EBADF);
	ck_assert_int_eq(call(SYS_pipe2, arena_data_addr(&arena, 0), 0, 0), 0);
	memcpy(p, arena_data(&arena, 0), sizeof(p));
	memcpy(arena_data(&arena, 0), "parasite", 8);
	ck_assert_int_eq(call(SYS_write, (uint64_t)p[1], arena_data_addr(&arena, 0), 8), 8);
	memset(arena_data(&arena, 0), 0, 8);
	ck_assert_int_eq(call(SYS_read, (uint64_t)p[0], arena_data_addr(&arena, 0), 100), 8);
	ck_assert_mem_eq(arena_data(&arena, 0), "parasite", 8);
}
END_TEST

START_TEST(executor_faults_behind_the_data)
{
	uint64_t end = arena_data_addr(&arena, 0) + SLOT_DATA_SIZE;

	ck_assert_int_eq(call(SYS_pipe2, end, 0, 0), -EFAULT);
	ck_assert_int_eq(call(SYS_pipe2, end - 8, 0, 0), 0);
}
END_TEST

START_TEST(executor_stops_a_batch_at_an_error)
{
	executor_begin(&arena, 0, SLOT_STOP_ON_ERROR);
	executor_add(&arena, 0, SYS_getpid, 0, 0, 0, 0, 0, 0);
	executor_add(&arena, 0, SYS_close, 4711, 0, 0, 0, 0, 0);
	executor_add(&arena, 0, SYS_getpid, 0, 0, 0, 0, 0, 0);
	executor_post(&arena, 0);
	while (!executor_spin(&arena, 0, 1000))
		;
	ck_assert_uint_eq(arena_slot(&arena, 0)->done, 2);
	ck_assert_int_eq(executor_ret(&arena, 0, 2), -ENOSYS);
}
END_TEST

START_TEST(executor_traps_when_asked)
{
	int status;

	executor_begin(&arena, 0, SLOT_ONE_SHOT);
	executor_add(&arena, 0, SYS_getpid, 0, 0, 0, 0, 0, 0);
	executor_post(&arena, 0);
	ck_assert_int_eq(tracee_wait(child, &status), 0);
	ck_assert_int_eq(WSTOPSIG(status), SIGTRAP);
	ck_assert(executor_done(&arena, 0));
	ptrace(PTRACE_CONT, child, 0, 0);
	ck_assert_int_eq(call(SYS_getpid, 0, 0, 0), child);
}
END_TEST

START_TEST(executor_call_can_be_interrupted)
{
	struct user_regs_struct regs;
	int p[2], status;

	ck_assert_int_eq(call(SYS_pipe2, arena_data_addr(&arena, 0), 0, 0), 0);
	memcpy(p, arena_data(&arena, 0), sizeof(p));
	executor_begin(&arena, 0, 0);
	executor_add(&arena, 0, SYS_read, (uint64_t)p[0], arena_data_addr(&arena, 0), 1, 0, 0, 0);
	executor_post(&arena, 0);
	ck_assert(!executor_spin(&arena, 0, 20000));
	ck_assert(executor_listen(&arena, 0));
	ptrace(PTRACE_INTERRUPT, child, 0, 0);
	ck_assert_int_eq(tracee_wait(child, &status), 0);
	ck_assert_int_eq(tracee_regs_get(child, &regs), 0);
	ck_assert_int_eq((int)regs.rax, -ERESTARTSYS);
	ck_assert_uint_eq(regs.rip, ARENA_ADDR + parasite_labels()->call_insn + 2);
	regs.rax = (unsigned long long)-EINTR;
	ck_assert_int_eq(tracee_regs_set(child, &regs), 0);
	ptrace(PTRACE_CONT, child, 0, 0);
	ck_assert_int_eq(tracee_wait(child, &status), 0);
	ck_assert_int_eq(WSTOPSIG(status), SIGTRAP);
	ck_assert_int_eq(executor_ret(&arena, 0, 0), -EINTR);
}
END_TEST

START_TEST(executor_leaves_no_descriptor)
{
	for (int fd = 0; fd < 64; fd++) {
		char path[64], target[256] = "";

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)child, fd);
		ck_assert(readlink(path, target, sizeof(target) - 1) < 0 || !strstr(target, "memfd"));
	}
}
END_TEST

START_TEST(tracee_knows_signal_masks)
{
	struct sigstate state;
	uint64_t mask = 1ull << (SIGUSR1 - 1);

	memcpy(arena_data(&arena, 0), &mask, 8);
	executor_begin(&arena, 0, 0);
	executor_add(&arena, 0, SYS_rt_sigprocmask, SIG_BLOCK, arena_data_addr(&arena, 0), 0, 8, 0, 0);
	executor_post(&arena, 0);
	while (!executor_spin(&arena, 0, 1000))
		;
	ck_assert_int_eq(tracee_sigstate(child, &state), 0);
	ck_assert(state.blocked & mask);
	ck_assert(!(state.caught & mask));
}
END_TEST

UNIT(executor)
{
	tcase_add_checked_fixture(tc, executor_setup, executor_teardown);
	tcase_add_test(tc, executor_makes_calls_in_the_process);
	tcase_add_test(tc, executor_faults_behind_the_data);
	tcase_add_test(tc, executor_stops_a_batch_at_an_error);
	tcase_add_test(tc, executor_traps_when_asked);
	tcase_add_test(tc, executor_call_can_be_interrupted);
	tcase_add_test(tc, executor_leaves_no_descriptor);
	tcase_add_test(tc, tracee_knows_signal_masks);
}
