// SPDX-License-Identifier: GPL-2.0-or-later
/* The text form of a deputy's report: what is written is read again, and nothing else is. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "test/unit/unit.h"

#define HEAD "deputy pid=1 node=n\n"

/* Parse a text that is a whole report, or is not */
static int parse(const char *text, struct report *out)
{
	return report_parse(text, strlen(text), out);
}

START_TEST(report_comes_back)
{
	struct report_deputy deputy = { 4711, "alpha beta", "aes-256-gcm", 180, UINT64_MAX, 2, 3 };
	struct report_task task[] = {
		{ .pid = INT_MAX,
		  .node = "10.0.0.1:4660",
		  .state = REPORT_WAITING,
		  .call = "read",
		  .threads = 200,
		  .utime_us = 1,
		  .stime_us = 2,
		  .rss_bytes = 3,
		  .calls = 4,
		  .calls_per_s = 5,
		  .migrations = 6,
		  .why = "100% \n\x01\x7f\xc3\xa4 = \"why\"" },
		{ .pid = 1 },
	};
	struct report out;
	size_t len;
	char *text = NULL;
	FILE *file = open_memstream(&text, &len);

	memset(task[1].why, '\xff', sizeof(task[1].why) - 1);
	report_put_deputy(file, &deputy);
	report_put_task(file, &task[0]);
	report_put_task(file, &task[1]);
	report_put_end(file);
	fclose(file);
	ck_assert_int_eq(report_parse(text, len, &out), 0);
	ck_assert_mem_eq(&out.deputy, &deputy, sizeof(deputy));
	ck_assert_uint_eq(out.task_nr, 2);
	ck_assert_mem_eq(out.task, task, sizeof(task));
	report_free(&out);
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_int_ne(report_parse(text, cut, &out), 0);
	free(text);
}
END_TEST

START_TEST(report_longest_line)
{
	struct report_task task;
	size_t len;
	char *text = NULL;
	FILE *file = open_memstream(&text, &len);

	memset(&task, 0xff, sizeof(task));
	report_put_task(file, &task);
	fclose(file);
	ck_assert_uint_le(len, REPORT_LINE_MAX);
	free(text);
}
END_TEST

START_TEST(report_from_another_version)
{
	struct report out;

	ck_assert_int_eq(parse("deputy later=9 pid=7 x=%41\nnews a=b\ntask colour=red pid=8\n\nend\n", &out), 0);
	ck_assert_uint_eq(out.deputy.pid, 7);
	ck_assert_str_eq(out.deputy.node, "");
	ck_assert_uint_eq(out.task_nr, 1);
	ck_assert_uint_eq(out.task[0].pid, 8);
	ck_assert_uint_eq(out.task[0].calls, 0);
	report_free(&out);
}
END_TEST

START_TEST(report_refused)
{
	static const struct {
		const char *text;
		int ret;
	} row[] = {
		{ "", -ENODATA },
		{ "\n", -EPROTO },
		{ "end\n", -EPROTO },
		{ HEAD, -ENODATA },
		{ HEAD "end", -ENODATA },
		{ HEAD "end\nend\n", -EPROTO },
		{ HEAD "end of it\n", -EPROTO },
		{ "deputy\nend\n", -EPROTO },
		{ "deputy node=n\nend\n", -EPROTO },
		{ "deputy pid=0\nend\n", -EPROTO },
		{ "deputy pid=2147483648\nend\n", -EPROTO },
		{ "deputy pid=-1\nend\n", -EPROTO },
		{ "deputy pid=+1\nend\n", -EPROTO },
		{ "deputy pid=0x1\nend\n", -EPROTO },
		{ "deputy pid=\nend\n", -EPROTO },
		{ "deputy pid=1 pid=1\nend\n", -EPROTO },
		{ "deputy pid=1  node=n\nend\n", -EPROTO },
		{ "deputy pid=1 node\nend\n", -EPROTO },
		{ "deputy pid=1 =n\nend\n", -EPROTO },
		{ "deputy pid=1 rtt_us=18446744073709551616\nend\n", -EPROTO },
		{ "deputy pid=1 node=%\nend\n", -EPROTO },
		{ "deputy pid=1 node=%4\nend\n", -EPROTO },
		{ "deputy pid=1 node=%4g\nend\n", -EPROTO },
		{ "deputy pid=1 node=%c3\nend\n", -EPROTO },
		{ "deputy pid=1 node=a%00b\nend\n", -EPROTO },
		{ "deputy pid=1 node=a\tb\nend\n", -EPROTO },
		{ "deputy pid=1 node=\xc3\xa4\nend\n", -EPROTO },
		{ HEAD "task node=n\nend\n", -EPROTO },
		{ HEAD "task pid=1 state=xxxxxxxxxxxxxxxx\nend\n", -EPROTO },
		{ " deputy pid=1\nend\n", -EPROTO },
	};
	struct report out;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		ck_assert_msg(parse(row[i].text, &out) == row[i].ret, "%s", row[i].text);
		ck_assert_ptr_null(out.task);
	}
	ck_assert_int_eq(parse("deputy pid=1 rtt_us=18446744073709551615\nend\n", &out), 0);
	ck_assert_uint_eq(out.deputy.rtt_us, UINT64_MAX);
	report_free(&out);
	ck_assert_int_eq(parse(HEAD "task pid=1 state=xxxxxxxxxxxxxxx\nend\n", &out), 0);
	report_free(&out);
	ck_assert_int_eq(report_parse("deputy pid=1 node=a\0b\nend\n", 26, &out), -EPROTO);
}
END_TEST

/* A report with @nr tasks, to be freed */
static char *many(unsigned int nr, size_t *len)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, len);

	fputs(HEAD, file);
	while (nr--)
		fputs("task pid=1\n", file);
	fputs("end\n", file);
	fclose(file);
	return text;
}

START_TEST(report_bounds)
{
	struct report out;
	size_t len;
	char *text = many(REPORT_TASKS_MAX, &len);

	ck_assert_int_eq(report_parse(text, len, &out), 0);
	ck_assert_uint_eq(out.task_nr, REPORT_TASKS_MAX);
	report_free(&out);
	free(text);
	text = many(REPORT_TASKS_MAX + 1, &len);
	ck_assert_int_eq(report_parse(text, len, &out), -EMSGSIZE);
	free(text);
	text = calloc(1, REPORT_BYTES_MAX + 1);
	ck_assert_int_eq(report_parse(text, REPORT_BYTES_MAX + 1, &out), -EMSGSIZE);
	free(text);
}
END_TEST

UNIT(report)
{
	tcase_add_test(tc, report_comes_back);
	tcase_add_test(tc, report_longest_line);
	tcase_add_test(tc, report_from_another_version);
	tcase_add_test(tc, report_refused);
	tcase_add_test(tc, report_bounds);
}
