// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzer: what omps gets from a deputy. A report that is accepted says the same when it is written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The two are equal, or we crash */
static void compare(const struct report *a, const struct report *b)
{
	if (memcmp(&a->deputy, &b->deputy, sizeof(a->deputy)) || a->task_nr != b->task_nr)
		abort();
	for (size_t i = 0; i < a->task_nr; i++) {
		if (a->task[i].pid != b->task[i].pid || a->task[i].calls != b->task[i].calls ||
		    strcmp(a->task[i].node, b->task[i].node) || strcmp(a->task[i].why, b->task[i].why))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report first, second;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (report_parse((const char *)data, size, &first))
		return 0;
	out = open_memstream(&text, &len);
	if (!out)
		abort();
	report_put_deputy(out, &first.deputy);
	for (size_t i = 0; i < first.task_nr; i++)
		report_put_task(out, &first.task[i]);
	report_put_end(out);
	if (fclose(out) == EOF)
		abort();
	/* Written in full it may be longer than a report can be */
	if (len <= REPORT_BYTES_MAX) {
		if (report_parse(text, len, &second))
			abort();
		compare(&first, &second);
		report_free(&second);
	}
	report_free(&first);
	free(text);
	return 0;
}
