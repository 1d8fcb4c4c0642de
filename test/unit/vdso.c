// SPDX-License-Identifier: GPL-2.0-or-later
/* The node's own vDSO in a body, moved about, and the clocks of a time namespace. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "test/unit/bodies.h"
#include "test/unit/unit.h"
#include "tracee.h"

/* A clock as the body reads it, in nanoseconds */
static int64_t body_clock(const struct guest_body *body, clockid_t clock)
{
	struct timespec t;

	ck_assert_int_eq(body_make(body, SYS_clock_gettime, (uint64_t)clock, arena_data_addr(&body->arena, 0), 0), 0);
	memcpy(&t, arena_data(&body->arena, 0), sizeof(t));
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The body's CLOCK_MONOTONIC by its vDSO: call the function there with a return address at which there is int3 */
static int64_t vdso_clock(const struct guest_body *body, uint64_t function)
{
	uint64_t trap = body->arena.addr + ARENA_CODE_SIZE - 8, data = arena_data_addr(&body->arena, 0);
	struct user_regs_struct saved, regs;
	struct timespec t;
	int status;

	ck_assert_int_eq(ptrace(PTRACE_POKETEXT, body->pid, trap, 0xccL), 0);
	ck_assert_int_eq(tracee_regs_get(body->pid, &saved), 0);
	regs = saved;
	regs.rip = function;
	regs.rdi = CLOCK_MONOTONIC;
	regs.rsi = data;
	regs.rsp = data + 65536 - 8;
	memcpy(arena_data(&body->arena, 0) + 65536 - 8, &trap, sizeof(trap));
	ck_assert_int_eq(tracee_regs_set(body->pid, &regs), 0);
	ck_assert_int_eq(ptrace(PTRACE_CONT, body->pid, 0, 0), 0);
	ck_assert_int_eq(tracee_wait(body->pid, &status), 0);
	ck_assert_int_eq(status >> 8, SIGTRAP);
	ck_assert_int_eq(tracee_regs_get(body->pid, &regs), 0);
	ck_assert_uint_eq(regs.rip, trap + 1);
	ck_assert_int_eq((int)regs.rax, 0);
	ck_assert_int_eq(tracee_regs_set(body->pid, &saved), 0);
	memcpy(&t, arena_data(&body->arena, 0), sizeof(t));
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Where clock_gettime is from the vDSO's ELF header on; 0 when there is none */
static uint64_t vdso_clock_offset(void)
{
	void *vdso = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
	void *function = vdso ? dlsym(vdso, "__vdso_clock_gettime") : NULL;

	return function ? (uint64_t)function - getauxval(AT_SYSINFO_EHDR) : 0;
}

/* Move the body's vDSO to @target in @calls calls, and see that it is there and works */
static void check_move(struct guest_body *body, uint64_t target, unsigned int calls, int64_t shift)
{
	uint64_t offset = vdso_clock_offset();

	body_begin(body);
	ck_assert_int_eq(vdso_move_calls(&body->arena, 0, &body->vdso, target), (int)calls);
	body_run(body);
	body_finish(body);
	for (unsigned int i = 0; i < calls; i++)
		ck_assert_int_gt(body_ret(body, i), 0);
	ck_assert_uint_eq(vdso_ehdr(&body->vdso), target);
	body_check_maps(body);
	if (offset)
		ck_assert_int_lt(llabs(vdso_clock(body, target + offset) - bodies_clock_ns(CLOCK_MONOTONIC) - shift),
				 100000000);
}

START_TEST(vdso_moves)
{
	int64_t shift = 86400LL * 1000000000;
	struct guest_body body;
	unsigned int nr;

	if (!bodies_start(0))
		return;
	if (sandbox_configure(sb, shift, 0))
		shift = 0;
	body = body_spawn(WANTED_PID);
	nr = body.vdso.nr;
	if (nr) {
		check_move(&body, 0x7ff000000000, nr, shift);
		check_move(&body, 0x10000000, nr, shift);
		check_move(&body, 0x10001000, 2 * nr, shift); /* overlaps itself: goes by another place */
		check_move(&body, 0x10001000, 0, shift);
		body_begin(&body);
		ck_assert_int_eq(vdso_move_calls(&body.arena, 0, &body.vdso, ARENA_ADDR + 4096), -EEXIST);
		ck_assert_int_eq(vdso_move_calls(&body.arena, 0, &body.vdso, 4096), -EINVAL);
		ck_assert_int_eq(vdso_move_calls(&body.arena, 0, &body.vdso, 0x7ffffffff000), -EINVAL);
		ck_assert_int_eq(vdso_move_calls(&body.arena, 0, &body.vdso, 0x10000001), -EINVAL);
	}
	body_end(&body);
	sandbox_stop(sb);
}
END_TEST

START_TEST(vdso_clocks_are_shifted)
{
	const int64_t day = 86400LL * 1000000000, mono = 3 * day + 250000000, boot = 5 * day - 250000000;
	struct guest_body body;
	int err;

	if (!bodies_start(0))
		return;
	ck_assert_int_eq(sandbox_configure(sb, 0, 0), 0);
	err = sandbox_configure(sb, mono, boot);
	if (err == -EINVAL || err == -EOPNOTSUPP)
		goto out_stop;
	ck_assert_msg(!err, "%s", strerror(-err));
	body = body_spawn(WANTED_PID);
	ck_assert_int_lt(llabs(body_clock(&body, CLOCK_MONOTONIC) - bodies_clock_ns(CLOCK_MONOTONIC) - mono),
			 100000000);
	ck_assert_int_lt(llabs(body_clock(&body, CLOCK_BOOTTIME) - bodies_clock_ns(CLOCK_BOOTTIME) - boot), 100000000);
	body_end(&body);
out_stop:
	sandbox_stop(sb);
	ck_assert(bodies_start(0));
	ck_assert_int_eq(sandbox_configure(sb, -bodies_clock_ns(CLOCK_MONOTONIC) - day, 0), -ERANGE);
	sandbox_stop(sb);
}
END_TEST

UNIT(vdso)
{
	tcase_add_test(tc, vdso_moves);
	tcase_add_test(tc, vdso_clocks_are_shifted);
}
