// SPDX-License-Identifier: GPL-2.0-or-later
/* What omps prints: texts of strangers, tables, trees, JSON. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/unit.h"
#include "tools/omps.h"

static char *text;
static size_t text_len;

/* A stream whose bytes will be in @text */
static FILE *text_open(void)
{
	free(text);
	text = NULL;
	return open_memstream(&text, &text_len);
}

static void setup(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
}

static void teardown(void)
{
	free(text);
	text = NULL;
}

START_TEST(omps_texts_on_a_terminal)
{
	static const struct {
		const char *in;
		unsigned int max;
		const char *out;
	} row[] = {
		{ "", 5, "" },
		{ "abcde", 5, "abcde" },
		{ "abcdef", 5, "abcd+" },
		{ "abc", 0, "" },
		{ "abc", 1, "+" },
		{ "a\033[2Jb\nc\td\x7f", 99, "a?[2Jb?c?d?" },
		{ "gr\xc3\xbc\xc3\x9f", 4, "gr\xc3\xbc\xc3\x9f" },
		{ "\xc3\xbc\xc3\xbc\xc3\xbc", 2, "\xc3\xbc+" },
		{ "\xe4\xbd\xa0\xe5\xa5\xbd", 4, "\xe4\xbd\xa0\xe5\xa5\xbd" }, /* two columns each */
		{ "\xe4\xbd\xa0\xe5\xa5\xbd", 3, "\xe4\xbd\xa0+" },
		{ "\xe4\xbd\xa0\xe5\xa5\xbd", 2, "+" },
		{ "a\xff\xc3", 9, "a??" },
		{ "\xc2\x9b"
		  "31m",
		  9, "?31m" },		  /* CSI in one byte */
		{ "e\xcc\x81", 9, "e?" }, /* combining */
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		FILE *out = text_open();
		unsigned int width = omps_text_print(out, row[i].in, row[i].max);

		fclose(out);
		ck_assert_str_eq(text, row[i].out);
		ck_assert_uint_le(width, row[i].max);
		ck_assert_uint_eq(width, omps_text_width(row[i].out));
	}
}
END_TEST

START_TEST(omps_texts_in_json)
{
	static const struct {
		const char *in, *out;
	} row[] = {
		{ "", "\"\"" },
		{ "a \"b\" \\c /d", "\"a \\\"b\\\" \\\\c /d\"" },
		{ "\b\f\n\r\t\x1b\x7f", "\"\\u0008\\u000c\\u000a\\u000d\\u0009\\u001b\\u007f\"" },
		{ "\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\xa7", "\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\xa7\"" },
		{ "\xff", "\"\\ufffd\"" },
		{ "\xc3", "\"\\ufffd\"" },
		{ "\xe2\x82", "\"\\ufffd\\ufffd\"" },
		{ "\xc0\x80", "\"\\ufffd\\ufffd\"" },			    /* longer than need be */
		{ "\xe0\x9f\xbf", "\"\\ufffd\\ufffd\\ufffd\"" },	    /* likewise */
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },	    /* surrogate */
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" }, /* beyond Unicode */
		{ "\xc3\xc3\xbc", "\"\\ufffd\xc3\xbc\"" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		FILE *out = text_open();

		omps_text_json(out, row[i].in);
		fclose(out);
		ck_assert_str_eq(text, row[i].out);
	}
}
END_TEST

static struct omps_deputy deputy = { 9, 1000, "alice", { .deputy = { .node = "alpha", .cipher = "x", .tasks = 4 } } };
static struct report_task told[] = {
	{ 10, "alpha", REPORT_RUNNING, "", 1, 0, 0, 0, 0, 0, 1, "" },
	{ 11, "alpha", REPORT_WAITING, "read", 2, 61234567, 8, 812 << 10, 9, 10, 1, "" },
	{ 12, "home", REPORT_HOME, "", 1, 3723000000, 0, 1288490189, 0, 123456, 0, "shy" },
	{ 13, "alpha", REPORT_RUNNING, "", 1, 0, 0, 1 << 20, 0, 0, 0, "" },
};
static struct omps_task task[4];
static struct omps_view view = { &deputy, 1, task, 4, false };

/* 10 is the parent of 11 and 13, 11 that of 12 */
static void family_make(void)
{
	static const pid_t ppid[] = { 1, 10, 11, 10 };
	static char command[4][32] = { "sh -c", "cat", "a \"b\"", "make" };

	for (int i = 0; i < 4; i++) {
		task[i] = (struct omps_task){ .told = &told[i],
					      .deputy = &deputy,
					      .ppid = ppid[i],
					      .threads = told[i].threads,
					      .home_rss_bytes = 4096,
					      .command = command[i] };
	}
	task[1].parent = task[3].parent = &task[0];
	task[0].child = &task[1];
	task[1].sibling = &task[3];
	task[1].child = &task[2];
	task[2].parent = &task[1];
}

/* Print the family in a format */
static const char *table(struct omps_format format)
{
	FILE *out = text_open();

	family_make();
	omps_table_print(out, &view, &format);
	fclose(out);
	return text;
}

START_TEST(omps_table)
{
	ck_assert_str_eq(table((struct omps_format){ .headers = true }),
			 "PID NODE  STATE   THR   UTIME  RSS CALLS/S MIG WHY COMMAND\n"
			 " 10 alpha running   1 0:00.00   0K       0   1 -   sh -c\n"
			 " 11 alpha read()    2 1:01.23 812K      10   1 -   cat\n"
			 " 12 home  home      1 1:02:03 1.2G  123456   0 shy a \"b\"\n"
			 " 13 alpha running   1 0:00.00 1.0M       0   0 -   make\n");
	ck_assert_str_eq(table((struct omps_format){ .user = true }),
			 "10 alice alpha running 1 0:00.00   0K      0 1 -   sh -c\n"
			 "11 alice alpha read()  2 1:01.23 812K     10 1 -   cat\n"
			 "12 alice home  home    1 1:02:03 1.2G 123456 0 shy a \"b\"\n"
			 "13 alice alpha running 1 0:00.00 1.0M      0 0 -   make\n");
}
END_TEST

START_TEST(omps_tree)
{
	ck_assert_str_eq(table((struct omps_format){ .tree = true }),
			 "10 alpha running 1 0:00.00   0K      0 1 -   sh -c\n"
			 "11 alpha read()  2 1:01.23 812K     10 1 -    \\_ cat\n"
			 "12 home  home    1 1:02:03 1.2G 123456 0 shy  |   \\_ a \"b\"\n"
			 "13 alpha running 1 0:00.00 1.0M      0 0 -    \\_ make\n");
}
END_TEST

START_TEST(omps_narrow_terminal)
{
	memset(told[2].why, 'w', 60);
	memset(told[2].node, 'n', 40);
	for (unsigned int width = 40; width < 200; width += 7) {
		struct omps_format format = { .headers = true, .user = true, .tree = true, .width = width };
		char *line = strdup(table(format)), *at = line;

		for (char *end; (end = strchr(at, '\n')); at = end + 1) {
			*end = '\0';
			if (width >= 76)
				ck_assert_uint_le(strlen(at), width);
		}
		free(line);
	}
	ck_assert_ptr_nonnull(strstr(table((struct omps_format){ .width = 80 }), " www+ a "));
	ck_assert_ptr_nonnull(strstr(table((struct omps_format){ .width = 160 }), " wwwwwwwwwwwwwwwwwwwwwwwwww"));
	strcpy(told[2].why, "shy");
	strcpy(told[2].node, "home");
}
END_TEST

START_TEST(omps_no_tasks)
{
	struct omps_view none = { 0 };
	struct omps_format format = { .headers = true };
	FILE *out = text_open();

	omps_table_print(out, &none, &format);
	fclose(out);
	ck_assert_str_eq(text, "PID NODE STATE THR UTIME RSS CALLS/S MIG WHY COMMAND\n");
	out = text_open();
	omps_json_print(out, &none);
	fclose(out);
	ck_assert_str_eq(text, "{\"deputies\":[],\"tasks\":[]}\n");
}
END_TEST

START_TEST(omps_json)
{
	struct omps_view one = { &deputy, 1, &task[2], 1, false };
	FILE *out = text_open();

	family_make();
	omps_json_print(out, &one);
	fclose(out);
	ck_assert_str_eq(
		text, "{\"deputies\":[{\"pid\":9,\"uid\":1000,\"user\":\"alice\",\"node\":\"alpha\",\"cipher\":\"x\","
		      "\"rtt_us\":0,\"rx_bytes\":0,\"tx_bytes\":0,\"tasks\":4}],"
		      "\"tasks\":[{\"pid\":12,\"ppid\":11,\"deputy\":9,\"node\":\"home\",\"state\":\"home\","
		      "\"call\":\"\",\"threads\":1,\"utime_us\":3723000000,\"stime_us\":0,"
		      "\"rss_bytes\":1288490189,\"home_rss_bytes\":4096,\"calls\":0,\"calls_per_s\":123456,"
		      "\"migrations\":0,\"why\":\"shy\",\"command\":\"a \\\"b\\\"\"}]}\n");
}
END_TEST

UNIT(omps)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, omps_texts_on_a_terminal);
	tcase_add_test(tc, omps_texts_in_json);
	tcase_add_test(tc, omps_table);
	tcase_add_test(tc, omps_tree);
	tcase_add_test(tc, omps_narrow_terminal);
	tcase_add_test(tc, omps_no_tasks);
	tcase_add_test(tc, omps_json);
}
