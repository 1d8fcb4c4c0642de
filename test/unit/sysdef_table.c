// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of system calls: complete, consistent, and what commands resolve to. */
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "common/sysargs.h"
#include "common/syscmds.h"
#include "test/unit/unit.h"

#define HEADER "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"

/* The row of a call with these arguments */
static const struct sysdef *resolve(long nr, uint64_t first, uint64_t second, uint64_t third)
{
	static struct sysdef tmp;

	return sysdef_resolve(nr, (uint64_t[6]){ first, second, third }, &tmp);
}

static bool is_local(long nr, uint64_t first, uint64_t fourth)
{
	return sysdef_is_local(nr, (uint64_t[6]){ first, 0, 0, fourth });
}

START_TEST(table_checks_itself)
{
	char why[256] = "";

	ck_assert_msg(sysdef_check(why, sizeof(why)) == 0, "%s", why);
}
END_TEST

/* Rows that contradict themselves are found */
START_TEST(table_finds_faults)
{
	/* clang-format off */
	static const struct {
		const char *fault;
		struct sysdef row;
	} bad[] = {
		{ "no such place", { "x", 0, SYS_HANDLER + 1, RET_ZERO, { NONE } } },
		{ "no such result", { "x", 0, SYS_DENY, 0, { NONE } } },
		{ "no such result", { "x", 0, SYS_HOME, RET_NEVER + 1, { NONE } } },
		{ "SPLIT without a transfer in the second argument", { "x", SPLIT, SYS_HOME, RET_COUNT, { FD, INT } } },
		{ "LOOKUP without a name", { "x", LOOKUP, SYS_HOME, RET_ZERO, { FD, INT } } },
		{ "a hole in the arguments", { "x", 0, SYS_HOME, RET_ZERO, { INT, NONE, INT } } },
		{ "TEMPMASK without a mask", { "x", TEMPMASK, SYS_HOME, RET_ZERO, { INT } } },
		{ "a mask without TEMPMASK", { "x", 0, SYS_HOME, RET_ZERO, { MASK(a1), SIZE } } },
		{ "the mask's size is no size", { "x", TEMPMASK, SYS_HOME, RET_ZERO, { MASK(a1), INT } } },
		{ "the count is no number", { "x", 0, SYS_HOME, RET_ZERO, { IN_N(char, a1), STR } } },
		{ "the shape's count is no number", { "x", 0, SYS_HOME, RET_ZERO, { IOV_IN(a1), FD } } },
		{ "the length is no u32 that comes back", { "x", 0, SYS_HOME, RET_ZERO, { OUT_LEN(a1, 9), IN(int) } } },
		{ "a length without maximum", { "x", 0, SYS_HOME, RET_ZERO, { OUT_LEN(a1, 0), INOUT(int) } } },
		{ "trimmed by a result that is no count", { "x", 0, SYS_HOME, RET_ZERO, { OUT_UPTO(char, a1), SIZE } } },
		{ "trimmed by what was not there before",
		  { "x", 0, SYS_HOME, RET_ZERO, { { ARG_MEM, DIR_OUT, SIZE_FIXED, TRIM_DIFF, 0, 4 } } } },
		{ "OUTERR with an output that has no input", { "x", OUTERR, SYS_HOME, RET_ZERO, { OUT(int) } } },
		{ "no such shape", { "x", 0, SYS_HOME, RET_ZERO, { { ARG_MEM, DIR_IN, SIZE_SHAPE, 0, SHAPE_NR, 0 } } } },
		{ "a pointer without direction", { "x", 0, SYS_HOME, RET_ZERO, { { ARG_MEM, 0, SIZE_STR, 0, 0, 9 } } } },
		{ "a pointer without size", { "x", 0, SYS_HOME, RET_ZERO, { { ARG_MEM, DIR_IN, 0, 0, 0, 9 } } } },
		{ "a pointer to nothing", { "x", 0, SYS_HOME, RET_ZERO, { STR_N(0) } } },
		{ "no such kind of argument", { "x", 0, SYS_HOME, RET_ZERO, { { ARG_MEM + 1, 0, 0, 0, 0, 0 } } } },
		{ "a number with a direction or a size", { "x", 0, SYS_HOME, RET_ZERO, { { ARG_INT, DIR_IN, 0, 0, 0, 0 } } } },
		{ "a number that refers to something", { "x", 0, SYS_HOME, RET_ZERO, { { ARG_INT, 0, 0, 0, 1, 0 } } } },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *fault = sysdef_fault(&bad[i].row);

		ck_assert_msg(fault && !strcmp(fault, bad[i].fault), "row %zu: %s", i, fault ? fault : "no fault");
	}
}
END_TEST

/* Each number that the kernel's header defines has a row with its name */
START_TEST(table_is_complete)
{
	FILE *header = fopen(HEADER, "re");
	char line[256], name[128];
	long nr, rows = 0;

	ck_assert_ptr_nonnull(header);
	while (fgets(line, sizeof(line), header)) {
		if (sscanf(line, "#define __NR_%127s %ld", name, &nr) != 2)
			continue;
		ck_assert_str_eq(sysdef_name(nr), name);
		rows++;
	}
	fclose(header);
	ck_assert_int_ge(rows, 362);
	for (nr = 0; nr <= 334; nr++)
		ck_assert_str_ne(sysdef_name(nr), "?");
	for (nr = 424; nr < (long)sysdef_nr; nr++)
		ck_assert_str_ne(sysdef_name(nr), "?");
}
END_TEST

START_TEST(table_refuses_what_it_lacks)
{
	static const int64_t numbers[] = { -1, 340, 423, 5000, INT64_MAX, INT64_MIN, 0x40000000 };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		ck_assert_int_eq(resolve(numbers[i], 0, 0, 0)->where, SYS_DENY);
		ck_assert_int_eq(resolve(numbers[i], 0, 0, 0)->ret, ENOSYS);
		ck_assert(!sysdef_is_local(numbers[i], (uint64_t[6]){ 0 }));
	}
	ck_assert_int_eq(resolve(SYS_io_uring_setup, 0, 0, 0)->ret, ENOSYS);
	ck_assert_int_eq(resolve(SYS_bpf, 0, 0, 0)->ret, EPERM);
	ck_assert_int_eq(resolve(SYS_perf_event_open, 0, 0, 0)->ret, EACCES);
}
END_TEST

/* What is made at home without special code gets no address of the guest as a number */
START_TEST(table_sends_no_addresses)
{
	for (size_t nr = 0; nr < sysdef_nr; nr++) {
		if (!sysdef[nr].name || (sysdef[nr].where != SYS_HOME && sysdef[nr].where != SYS_BOTH))
			continue;
		for (int i = 0; i < 6; i++)
			ck_assert_msg(sysdef[nr].arg[i].kind != ARG_ADDR || nr == SYS_io_cancel, "%s", sysdef[nr].name);
	}
}
END_TEST

START_TEST(table_ioctl)
{
	/* From the table */
	ck_assert_int_eq(resolve(SYS_ioctl, 0, FIONREAD, 1 << 20)->arg[2].unit, 4);
	ck_assert_int_eq(resolve(SYS_ioctl, 0, TCGETS, 1 << 20)->arg[2].unit, 36);
	ck_assert_int_eq(resolve(SYS_ioctl, 0, TIOCSCTTY, 1 << 20)->arg[2].kind, ARG_INT);
	/* The upper half of the register is not part of the command */
	ck_assert_int_eq(resolve(SYS_ioctl, 0, FIONREAD | 1ul << 40, 1 << 20)->arg[2].unit, 4);
	/* From the number */
	ck_assert_int_eq(resolve(SYS_ioctl, 0, _IOR('#', 1, char[77]), 1 << 20)->arg[2].unit, 77);
	ck_assert_int_eq(resolve(SYS_ioctl, 0, _IOR('#', 1, char[77]), 1 << 20)->arg[2].dir, DIR_INOUT);
	/* Small arguments are no pointers, large ones may be */
	ck_assert_int_eq(resolve(SYS_ioctl, 0, 0x1234, 65535)->where, SYS_HOME);
	ck_assert_int_eq(resolve(SYS_ioctl, 0, 0x1234, 65535)->arg[2].kind, ARG_LONG);
	ck_assert_int_eq(resolve(SYS_ioctl, 0, 0x1234, 65536)->where, SYS_DENY);
	ck_assert_int_eq(resolve(SYS_ioctl, 0, 0x1234, 65536)->ret, ENOTTY);
	/* Structures with pointers that nobody describes */
	ck_assert_int_eq(resolve(SYS_ioctl, 0, SIOCETHTOOL, 1 << 20)->where, SYS_DENY);
	ck_assert_int_eq(resolve(SYS_ioctl, 0, _IOWR('d', 0, char[64]), 1 << 20)->where, SYS_DENY);
}
END_TEST

START_TEST(table_commands)
{
	const struct sysdef *row;

	row = resolve(SYS_fcntl, 0, F_SETLKW, 0);
	ck_assert_int_eq(row->arg[2].unit, sizeof(struct flock));
	ck_assert(row->traits & SYS_BLOCK);
	ck_assert_int_eq(resolve(SYS_fcntl, 0, F_GETFL, 0)->arg[2].kind, ARG_NONE);
	ck_assert_int_eq(resolve(SYS_fcntl, 0, 9999, 0)->where, SYS_HOME);
	ck_assert_int_eq(resolve(SYS_fcntl, 0, 9999, 0)->arg[2].kind, ARG_NONE);
	ck_assert_int_eq(resolve(SYS_prctl, PR_SET_NAME, 0, 0)->where, SYS_BOTH);
	ck_assert_int_eq(resolve(SYS_prctl, PR_GET_NAME, 0, 0)->where, SYS_HOME);
	ck_assert_int_eq(resolve(SYS_prctl, PR_SET_MM, 0, 0)->where, SYS_DENY);
	ck_assert_int_eq(resolve(SYS_prctl, PR_SET_SECCOMP, 0, 0)->where, SYS_HANDLER);
	ck_assert_int_eq(resolve(SYS_setsockopt, 0, SOL_SOCKET, SO_ATTACH_FILTER)->arg[3].size, SIZE_SHAPE);
	ck_assert_int_eq(resolve(SYS_setsockopt, 0, SOL_SOCKET, SO_RCVBUF)->arg[3].size, SIZE_ARG);
	/* An option number that would run into the level */
	ck_assert_int_eq(resolve(SYS_setsockopt, 0, 0, SOL_SOCKET << 16 | SO_ATTACH_FILTER)->arg[3].size, SIZE_ARG);
	ck_assert_int_eq(resolve(SYS_rt_sigaction, SIGCHLD, 0, 0)->where, SYS_BOTH);
	ck_assert_int_eq(resolve(SYS_rt_sigaction, SIGUSR1, 0, 0)->where, SYS_LOCAL);
	ck_assert_int_eq(resolve(SYS_prlimit64, 0, RLIMIT_STACK, 0)->where, SYS_BOTH);
	ck_assert_int_eq(resolve(SYS_prlimit64, 0, RLIMIT_NOFILE, 0)->where, SYS_HOME);
}
END_TEST

START_TEST(table_conditions)
{
	ck_assert(is_local(SYS_mmap, 0, MAP_PRIVATE | MAP_ANONYMOUS));
	ck_assert(!is_local(SYS_mmap, 0, MAP_PRIVATE));
	for (uint64_t signo = 0; signo <= 64; signo++)
		ck_assert_int_eq(is_local(SYS_rt_sigaction, signo, 0),
				 signo != SIGCHLD && signo != SIGTTIN && signo != SIGTTOU);
	ck_assert(!is_local(SYS_rt_sigaction, 65, 0));
	/* An int argument has 32 bits; what is above does not matter */
	ck_assert(is_local(SYS_rt_sigaction, SIGUSR1 | 1ull << 32, 0));
	ck_assert(is_local(SYS_clock_gettime, CLOCK_MONOTONIC, 0));
	ck_assert(is_local(SYS_clock_gettime, (uint64_t)-6, 0));
	ck_assert(is_local(SYS_clock_gettime, (uint32_t)-2, 0));
	ck_assert(!is_local(SYS_clock_gettime, (uint64_t)-5, 0));
	ck_assert(!is_local(SYS_clock_gettime, (uint64_t)(~1000ull << 3 | 6), 0));
	ck_assert(!is_local(SYS_prctl, PR_GET_NAME, 0));
	ck_assert(!is_local(SYS_prctl, PR_SET_NAME, 0));
	ck_assert(is_local(SYS_setitimer, ITIMER_PROF, 0));
	ck_assert(!is_local(SYS_setitimer, ITIMER_REAL, 0));
	ck_assert(is_local(SYS_futex, 0, 0));
	ck_assert(!is_local(SYS_read, 0, 0));
}
END_TEST

UNIT(sysdef)
{
	tcase_add_test(tc, table_checks_itself);
	tcase_add_test(tc, table_finds_faults);
	tcase_add_test(tc, table_is_complete);
	tcase_add_test(tc, table_refuses_what_it_lacks);
	tcase_add_test(tc, table_sends_no_addresses);
	tcase_add_test(tc, table_ioctl);
	tcase_add_test(tc, table_commands);
	tcase_add_test(tc, table_conditions);
}
