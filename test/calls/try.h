/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statements that may fault: TRY(statement) prints it, and what has become of it. The handler is on_fault(), or another
 * that leaves by `back`.
 */
#ifndef TRY_H
#define TRY_H

#include <setjmp.h>

#include "show.h"

static sigjmp_buf back;

#define TRY(what)                                                                                                      \
	do {                                                                                                           \
		printf("%s\n", #what);                                                                                 \
		if (!sigsetjmp(back, 1)) {                                                                             \
			what;                                                                                          \
			printf("  no fault\n");                                                                        \
		}                                                                                                      \
	} while (0)

static UNUSED void on_fault(int sig, siginfo_t *info, void *context UNUSED)
{
	printf("  %s code %d\n", strsignal(sig), info->si_code);
	siglongjmp(back, 1);
}

#endif
