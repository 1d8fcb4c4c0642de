// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lists in man/omsyscalls.7 are those of the table. When the table has changed,
 * `OMSYSCALLS_WRITE=1 build/test/unit sysdef_manual` writes them anew.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/syscmds.h"
#include "test/unit/unit.h"

#define PAGE_FILE "man/omsyscalls.7"
#define BEGIN	  ".\\\" The lists of the table begin here.\n"
#define END	  ".\\\" The lists of the table end here.\n"
#define WIDTH	  100

/**
 * struct list - A list that is being written, in lines of WIDTH
 */
struct list {
	FILE *out;
	size_t column;
};

static void list_add(struct list *list, const char *name)
{
	size_t len = strlen(name);

	if (list->column && list->column + len + 2 > WIDTH) {
		fputs(",\n", list->out);
		list->column = 0;
	} else if (list->column) {
		fputs(", ", list->out);
		list->column += 2;
	}
	fputs(name, list->out);
	list->column += len;
}

static void list_end(struct list *list)
{
	fputs(list->column ? ".\n" : "None.\n", list->out);
}

/* The calls that are made at this place; for refusals also with this errno */
static void calls_list(FILE *out, uint8_t where, uint8_t ret)
{
	struct list list = { out, 0 };

	for (size_t nr = 0; nr < sysdef_nr; nr++)
		if (sysdef[nr].name && sysdef[nr].where == where && (where != SYS_DENY || sysdef[nr].ret == ret))
			list_add(&list, sysdef[nr].name);
	list_end(&list);
}

/* The commands of a table that are made at this place */
static void commands_list(FILE *out, unsigned int which, uint8_t where)
{
	const struct cmdtable *table = cmdtable(which);
	struct list list = { out, 0 };

	for (size_t i = 0; i < table->nr; i++)
		if (table->row[i].where == where)
			list_add(&list, table->row[i].name + (strncmp(table->row[i].name, "OM_", 3) ? 0 : 3));
	list_end(&list);
}

/* All lists, as they stand in the page; malloc'ed */
static char *lists(void)
{
	static const struct {
		uint8_t err;
		const char *name;
	} refusals[] = { { EPERM, "EPERM" }, { EACCES, "EACCES" }, { ENOSYS, "ENOSYS" } };
	size_t len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	fputs(".Ss On the node where the task runs\n", out);
	calls_list(out, SYS_LOCAL, 0);
	fputs(".Ss \\&At home\n", out);
	calls_list(out, SYS_HOME, 0);
	fputs(".Ss \\&At home first, then where the task runs\n", out);
	calls_list(out, SYS_BOTH, 0);
	fputs(".Ss \\&In a way of their own\n", out);
	calls_list(out, SYS_HANDLER, 0);
	fputs(".Ss Nowhere\n.Bl -tag -width ENOSYS\n", out);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		fprintf(out, ".It Er %s\n", refusals[i].name);
		calls_list(out, SYS_DENY, refusals[i].err);
	}
	fputs(".El\n.Ss Options of prctl\nWhere the task runs:\n", out);
	commands_list(out, CMDS_PRCTL, SYS_LOCAL);
	fputs("At home first, then there:\n", out);
	commands_list(out, CMDS_PRCTL, SYS_BOTH);
	fputs("In a way of their own:\n", out);
	commands_list(out, CMDS_PRCTL, SYS_HANDLER);
	fputs("Refused:\n", out);
	commands_list(out, CMDS_PRCTL, SYS_DENY);
	fputs("All others are made at home.\n.Ss Refused commands of ioctl\n", out);
	commands_list(out, CMDS_IOCTL, SYS_DENY);
	fclose(out);
	return text;
}

/* Inlined, gcc 12 takes the buffer for the variable that points to it (-Wdangling-pointer) */
static __attribute__((noinline)) char *page_read(void)
{
	size_t len = 0;
	char *text = NULL;
	FILE *in = fopen(PAGE_FILE, "re");

	ck_assert_msg(in, "%s is missing; tests run in the source folder", PAGE_FILE);
	ck_assert_int_gt(getdelim(&text, &len, 0, in), 0);
	fclose(in);
	return text;
}

START_TEST(manual_has_the_table)
{
	char *page = page_read(), *want = lists();
	char *begin = strstr(page, BEGIN), *end = strstr(page, END);
	size_t len;

	ck_assert(begin && end && begin < end);
	begin += strlen(BEGIN);
	len = (size_t)(end - begin);
	if (getenv("OMSYSCALLS_WRITE")) {
		FILE *out = fopen(PAGE_FILE, "we");

		ck_assert_ptr_nonnull(out);
		fprintf(out, "%.*s%s%s", (int)(begin - page), page, want, end);
		fclose(out);
	} else {
		ck_assert_msg(len == strlen(want) && !memcmp(begin, want, len), "%s differs from the table: %s",
			      PAGE_FILE, "OMSYSCALLS_WRITE=1 build/test/unit sysdef_manual");
	}
	free(page);
	free(want);
}
END_TEST

/* Every errno of a refusal has its list, so that no call is missing */
START_TEST(manual_has_every_call)
{
	char *text = lists();

	for (size_t nr = 0; nr < sysdef_nr; nr++)
		if (sysdef[nr].name)
			ck_assert_msg(strstr(text, sysdef[nr].name) != NULL, "%s is in no list", sysdef[nr].name);
	free(text);
}
END_TEST

UNIT(sysdef_manual)
{
	tcase_add_test(tc, manual_has_the_table);
	tcase_add_test(tc, manual_has_every_call);
}
