// SPDX-License-Identifier: GPL-2.0-or-later
/* Run the unit tests; see test/unit/unit.h. The last line is `unit: N passed, N failed`. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/unit.h"

#define UNITS_MAX 64
/* Seconds for one test, also under valgrind */
#define UNIT_TIMEOUT_S 60

/**
 * struct unit - A suite
 * @name:	Its name
 * @fill:	Adds its tests
 */
static struct unit {
	const char *name;
	void (*fill)(TCase *tc);
} units[UNITS_MAX];
static unsigned int units_nr;

void unit_register(const char *name, void (*fill)(TCase *tc))
{
	if (units_nr == UNITS_MAX) {
		fprintf(stderr, "unit: %s: more than %d suites\n", name, UNITS_MAX);
		exit(2);
	}
	units[units_nr++] = (struct unit){ name, fill };
}

/**
 * wanted() - Is a suite to be run?
 * @name:	Its name
 * @argc:	Number of arguments
 * @argv:	The names asked for, or with a '-' before them those not wanted; all when there are none
 */
static bool wanted(const char *name, int argc, char **argv)
{
	bool all = true;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], name) == 0)
			return true;
		if (argv[i][0] == '-' && strcmp(argv[i] + 1, name) == 0)
			return false;
		all &= argv[i][0] == '-';
	}
	return all;
}

int main(int argc, char **argv)
{
	SRunner *runner = srunner_create(NULL);
	int run, failed;

	for (unsigned int i = 0; i < units_nr; i++) {
		Suite *suite;
		TCase *tc;

		if (!wanted(units[i].name, argc, argv))
			continue;
		suite = suite_create(units[i].name);
		tc = tcase_create(units[i].name);
		tcase_set_timeout(tc, UNIT_TIMEOUT_S);
		units[i].fill(tc);
		suite_add_tcase(suite, tc);
		srunner_add_suite(runner, suite);
	}
	srunner_run_all(runner, CK_NORMAL);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	printf("unit: %d passed, %d failed\n", run - failed, failed);
	return failed || run == 0;
}
