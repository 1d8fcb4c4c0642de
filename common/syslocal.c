/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Conditions under which the filter lets a call through whose row says otherwise: what the guest asks for has nothing to
 * do with home. A filter sees numbers only, so each condition is a masked comparison of one scalar argument. Several rows
 * of a call are alternatives. The mask also cuts int arguments to their 32 bits.
 *
 * The prctl options come from their own table. rt_sigaction is let through for all signals but SIGCHLD (17), SIGTTIN (21)
 * and SIGTTOU (22), whose disposition matters at home: the rows cover 0-15, 16, 18-19, 20, 23, 24-31, 32-63 and 64.
 */
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#include "common/sysargs.h"
#include "common/sysnumbers.h"
#include "common/sysprctl.h"

#define WORD UINT32_MAX

/* Clock of one's own process or thread in the form that has a pid: the pid is 0 */
#define CPU_CLOCK(which) ((uint32_t)(~0u << 3 | (which)))

/* clang-format off */
#define ROW(option, where, ...) PRCTL_##where(option)
#define PRCTL_LOCAL(option) { __NR_prctl, 0, WORD, (uint32_t)(option) },
#define PRCTL_HOME(option)
#define PRCTL_BOTH(option)
#define PRCTL_HANDLER(option)
#define PRCTL_DENY(option)

/* Clocks that can be read on the worker: wall and monotonic ones, and one's own CPU clocks */
#define CLOCKS(nr)								\
	{ nr,                  0, WORD,          CLOCK_REALTIME },		\
	{ nr,                  0, WORD,          CLOCK_MONOTONIC },		\
	{ nr,                  0, WORD,          CLOCK_PROCESS_CPUTIME_ID },	\
	{ nr,                  0, WORD,          CLOCK_THREAD_CPUTIME_ID },	\
	{ nr,                  0, WORD,          CLOCK_MONOTONIC_RAW },		\
	{ nr,                  0, WORD,          CLOCK_REALTIME_COARSE },	\
	{ nr,                  0, WORD,          CLOCK_MONOTONIC_COARSE },	\
	{ nr,                  0, WORD,          CLOCK_BOOTTIME },		\
	{ nr,                  0, WORD,          CLOCK_TAI },			\
	{ nr,                  0, WORD,          CPU_CLOCK(0) },		\
	{ nr,                  0, WORD,          CPU_CLOCK(1) },		\
	{ nr,                  0, WORD,          CPU_CLOCK(2) },		\
	{ nr,                  0, WORD,          CPU_CLOCK(4) },		\
	{ nr,                  0, WORD,          CPU_CLOCK(5) },		\
	{ nr,                  0, WORD,          CPU_CLOCK(6) }

const struct syslocal syslocal[] = {
	/* call               arg mask           value */
	{ __NR_mmap,           3, MAP_ANONYMOUS, MAP_ANONYMOUS },

	{ __NR_rt_sigaction,   0, WORD & ~15u,   0 },
	{ __NR_rt_sigaction,   0, WORD,          16 },
	{ __NR_rt_sigaction,   0, WORD & ~1u,    18 },
	{ __NR_rt_sigaction,   0, WORD,          20 },
	{ __NR_rt_sigaction,   0, WORD,          23 },
	{ __NR_rt_sigaction,   0, WORD & ~7u,    24 },
	{ __NR_rt_sigaction,   0, WORD & ~31u,   32 },
	{ __NR_rt_sigaction,   0, WORD,          64 },

	{ __NR_getitimer,      0, WORD,          ITIMER_VIRTUAL },
	{ __NR_getitimer,      0, WORD,          ITIMER_PROF },
	{ __NR_setitimer,      0, WORD,          ITIMER_VIRTUAL },
	{ __NR_setitimer,      0, WORD,          ITIMER_PROF },

	CLOCKS(__NR_clock_gettime),
	CLOCKS(__NR_clock_getres),
	CLOCKS(__NR_clock_nanosleep),

#include "prctls.def"
};
/* clang-format on */

const size_t syslocal_nr = sizeof(syslocal) / sizeof(syslocal[0]);

bool sysdef_is_local(int64_t nr, const uint64_t arg[6])
{
	if (sysdef_row(nr)->where == SYS_LOCAL)
		return true;
	for (size_t i = 0; i < syslocal_nr; i++)
		if (syslocal[i].nr == nr && (arg[syslocal[i].arg] & syslocal[i].mask) == syslocal[i].value)
			return true;
	return false;
}
