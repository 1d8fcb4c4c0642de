/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drive the system-call engine in one process: the guest is this process, reached through process_vm_readv(), and so is
 * home, which makes the calls on a data area with an inaccessible page behind. A forwarded call can so be compared with
 * the same call made natively.
 */
#ifndef OM_TEST_SYSPLAN_H
#define OM_TEST_SYSPLAN_H

#include <stdint.h>
#include <sys/types.h>

#include "sysplan.h"

#define PAGE   ((size_t)4096)
#define PTR(p) ((uint64_t)(uintptr_t)(p))

/* Number of forwarded calls that were made at home; a transfer in parts counts each */
extern unsigned int home_calls;
/* What home says of the descriptor, for transfers in parts */
extern bool home_regular;
/* Arguments of the last home call, and the data area */
extern uint64_t home_args[6];
extern uint8_t *home_data;
/* What this process's memory is reached through */
extern const struct guest_mem own_mem;

/* Make a call: natively, or gathered, placed, made, collected and scattered. -4095...: errno */
int64_t native(int64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);
int64_t forward(int64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);

/* Set up the data area, once per test */
void home_begin(void);
/* @pages accessible pages (zeroed) with an inaccessible one before and one after */
uint8_t *island(unsigned int pages);
/* Memory that can be read only, holding @len bytes of @from */
uint8_t *read_only(const void *from, size_t len);

/* With the missing arguments 0 */
#define CALL_6(f, nr, a, b, c, d, e, g, ...) f(nr, PTR(a), PTR(b), PTR(c), PTR(d), PTR(e), PTR(g))
#define NATIVE(nr, ...)			     CALL_6(native, nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define FORWARD(nr, ...)		     CALL_6(forward, nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
/* Both, for calls that change nothing: the results must be the same */
#define SAME(nr, ...) ck_assert_int_eq(FORWARD(nr, __VA_ARGS__), NATIVE(nr, __VA_ARGS__))

#endif
