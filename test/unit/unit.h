/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests. Each file of this folder is a suite and enters itself in the list:
 *
 *   START_TEST(wire_refuses_a_wrong_length)
 *   { ... ck_assert_int_eq(...) ... }
 *   END_TEST
 *
 *   UNIT(wire)
 *   {
 *           tcase_add_test(tc, wire_refuses_a_wrong_length);
 *   }
 *
 * `build/test/unit [SUITE...]` runs all, or the suites named; `build/test/unit -SUITE...` all but those. CK_FORK=no
 * keeps a test in one process, for a debugger.
 */
#ifndef OM_TEST_UNIT_H
#define OM_TEST_UNIT_H

#include <check.h>

void unit_register(const char *name, void (*fill)(TCase *tc));

#define UNIT(name)                                                                                                     \
	static void unit_fill_##name(TCase *tc);                                                                       \
	static void __attribute__((constructor)) unit_enter_##name(void)                                               \
	{                                                                                                              \
		unit_register(#name, unit_fill_##name);                                                                \
	}                                                                                                              \
	static void unit_fill_##name(TCase *tc)

#endif
