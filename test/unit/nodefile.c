// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of nodes: lines, map files, registrations, and what a command makes of its NODE argument. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nodefile.h"
#include "test/unit/unit.h"

static char dir[] = "/tmp/om-nodefile.XXXXXX";

/* Each test has an empty runtime directory and home of its own */
static void setup(void)
{
	strcpy(dir, "/tmp/om-nodefile.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	setenv("XDG_RUNTIME_DIR", dir, 1);
	setenv("HOME", dir, 1);
}

/* For nftw(): remove what it has found */
static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void teardown(void)
{
	ck_assert_int_eq(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Write a file below the test's directory; returns its path */
static const char *put(const char *name, const char *text)
{
	static char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	fclose(file);
	return path;
}

START_TEST(nodefile_names)
{
	static const struct {
		const char *name;
		bool valid;
	} row[] = {
		{ "a", true },	      { "alpha-1.example_x", true },
		{ "9", true },	      { "", false },
		{ ".hidden", false }, { "-j", false },
		{ "a/b", false },     { "a:1", false },
		{ "a b", false },     { "..", false },
		{ "a\n", false },     { "\xc3\xa4", false },
		{ "a%", false },      { "[::1]", false },
	};
	char longest[NODEFILE_NAME_MAX + 2];

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		ck_assert_msg(nodefile_name_valid(row[i].name) == row[i].valid, "%s", row[i].name);
	memset(longest, 'x', sizeof(longest));
	longest[NODEFILE_NAME_MAX + 1] = '\0';
	ck_assert(!nodefile_name_valid(longest));
	longest[NODEFILE_NAME_MAX] = '\0';
	ck_assert(nodefile_name_valid(longest));
}
END_TEST

START_TEST(nodefile_lines)
{
	static const struct {
		const char *line;
		int ret;
		const char *name, *addr;
	} row[] = {
		{ "", 0, "", "" },
		{ "\n", 0, "", "" },
		{ "   # only words\n", 0, "", "" },
		{ "alpha 10.0.0.1", 1, "alpha", "10.0.0.1" },
		{ " \talpha\t [fe80::1%eth0]:4661 \r\n", 1, "alpha", "[fe80::1%eth0]:4661" },
		{ "alpha host.example:1 # in the cellar", 1, "alpha", "host.example:1" },
		{ "alpha 10.0.0.1#x", 1, "alpha", "10.0.0.1" },
		{ "alpha", -EINVAL, "", "" },
		{ "alpha # 10.0.0.1", -EINVAL, "", "" },
		{ "alpha 10.0.0.1 4660", -EINVAL, "", "" },
		{ "al/pha 10.0.0.1", -EINVAL, "", "" },
	};
	char name[NODEFILE_NAME_MAX + 1], addr[NODEFILE_ADDR_MAX + 1];

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		ck_assert_msg(nodefile_parse_line(row[i].line, name, addr) == row[i].ret, "%s", row[i].line);
		if (row[i].ret != 1)
			continue;
		ck_assert_str_eq(name, row[i].name);
		ck_assert_str_eq(addr, row[i].addr);
	}
}
END_TEST

START_TEST(nodefile_lines_too_long)
{
	char name[NODEFILE_NAME_MAX + 1], addr[NODEFILE_ADDR_MAX + 1], line[1024];

	memset(line, 'x', sizeof(line));
	strcpy(line + NODEFILE_NAME_MAX, " 10.0.0.1");
	ck_assert_int_eq(nodefile_parse_line(line, name, addr), 1);
	strcpy(line + NODEFILE_NAME_MAX, "x 10.0.0.1");
	ck_assert_int_eq(nodefile_parse_line(line, name, addr), -EINVAL);
	memset(line, 'x', sizeof(line));
	line[1] = ' ';
	line[2 + NODEFILE_ADDR_MAX] = '\0';
	ck_assert_int_eq(nodefile_parse_line(line, name, addr), 1);
	line[2 + NODEFILE_ADDR_MAX] = 'x';
	line[3 + NODEFILE_ADDR_MAX] = '\0';
	ck_assert_int_eq(nodefile_parse_line(line, name, addr), -EINVAL);
}
END_TEST

START_TEST(nodefile_map)
{
	char addr[NODEFILE_ADDR_MAX + 1], why[256] = "";
	const char *path = put("map", "# the cellar\n\nalpha 10.0.0.1\nbeta  10.0.0.2:4661\nalpha 10.0.0.3\n"
				      "broken\ngamma 10.0.0.4\n");

	ck_assert_int_eq(nodefile_lookup_in(path, "alpha", addr, why, sizeof(why)), 0);
	ck_assert_str_eq(addr, "10.0.0.1");
	ck_assert_int_eq(nodefile_lookup_in(path, "beta", addr, why, sizeof(why)), 0);
	ck_assert_str_eq(addr, "10.0.0.2:4661");
	/* What stands behind a wrong line is not believed: the file may not mean what it says */
	ck_assert_int_eq(nodefile_lookup_in(path, "gamma", addr, why, sizeof(why)), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "map: line 6: "));
	path = put("empty", "");
	ck_assert_int_eq(nodefile_lookup_in(path, "alpha", addr, why, sizeof(why)), -ENOENT);
	ck_assert_int_eq(nodefile_lookup_in("/nonexistent/map", "alpha", addr, why, sizeof(why)), -ENOENT);
	ck_assert_int_lt(nodefile_lookup_in(dir, "alpha", addr, why, sizeof(why)), 0);
}
END_TEST

START_TEST(nodefile_line_longer_than_any)
{
	char addr[NODEFILE_ADDR_MAX + 1], why[256] = "", text[2048];
	const char *path;

	memset(text, ' ', sizeof(text));
	strcpy(text + 1500, "alpha 10.0.0.1\n");
	path = put("map", text);
	ck_assert_int_eq(nodefile_lookup_in(path, "alpha", addr, why, sizeof(why)), -EINVAL);
}
END_TEST

START_TEST(nodefile_registration)
{
	char addr[NODEFILE_ADDR_MAX + 1], why[PATH_MAX] = "", path[PATH_MAX];
	struct nodefile one, two;
	struct stat st;

	ck_assert_int_eq(nodefile_lookup("alpha", addr, why, sizeof(why)), -ENOENT);
	ck_assert_int_eq(nodefile_register(&one, "alpha", "127.0.0.1:4661", why, sizeof(why)), 0);
	ck_assert_int_eq(nodefile_lookup("alpha", addr, why, sizeof(why)), 0);
	ck_assert_str_eq(addr, "127.0.0.1:4661");
	ck_assert_int_eq(nodefile_register(&two, "alpha", "127.0.0.1:4662", why, sizeof(why)), -EADDRINUSE);
	ck_assert_int_eq(nodefile_register(&two, "beta", "127.0.0.1:4662", why, sizeof(why)), 0);
	ck_assert_int_eq(nodefile_register(&two, "a/b", "127.0.0.1", why, sizeof(why)), -EINVAL);
	snprintf(path, sizeof(path), "%s", one.path);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	nodefile_unregister(&one);
	nodefile_unregister(&one);
	ck_assert_int_eq(stat(path, &st), -1);
	ck_assert_int_eq(nodefile_lookup("alpha", addr, why, sizeof(why)), -ENOENT);
}
END_TEST

START_TEST(nodefile_registration_of_the_dead)
{
	char addr[NODEFILE_ADDR_MAX + 1], why[PATH_MAX] = "";
	struct nodefile reg;
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0)
		_exit(nodefile_register(&reg, "alpha", "127.0.0.1:1", why, sizeof(why)) != 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	/* The file is still there, but nobody believes it, and it is in nobody's way */
	ck_assert_int_eq(nodefile_lookup("alpha", addr, why, sizeof(why)), -ENOENT);
	ck_assert_int_eq(nodefile_register(&reg, "alpha", "127.0.0.1:22", why, sizeof(why)), 0);
	ck_assert_int_eq(nodefile_lookup("alpha", addr, why, sizeof(why)), 0);
	ck_assert_str_eq(addr, "127.0.0.1:22");
	nodefile_unregister(&reg);
}
END_TEST

START_TEST(nodefile_node_argument)
{
	struct node_addr addr;
	struct nodefile reg;
	char why[PATH_MAX] = "";

	put(".config/openmosix/nodes", "alpha 10.0.0.1:4661\nbeta 10.0.0.2\nwrong a:b:c\n10.0.0.9 10.0.0.8\n");
	ck_assert_int_eq(node_lookup("alpha", &addr, why, sizeof(why)), 0);
	ck_assert_str_eq(addr.host, "10.0.0.1");
	ck_assert_uint_eq(addr.port, 4661);
	ck_assert_int_eq(node_lookup("alpha:4660", &addr, why, sizeof(why)), 0);
	ck_assert_str_eq(addr.host, "10.0.0.1");
	ck_assert_uint_eq(addr.port, 4660);
	ck_assert_int_eq(node_lookup("beta", &addr, why, sizeof(why)), 0);
	ck_assert_uint_eq(addr.port, NODE_PORT);
	ck_assert_int_eq(node_lookup("nobody:1", &addr, why, sizeof(why)), 0);
	ck_assert_str_eq(addr.host, "nobody");
	ck_assert_uint_eq(addr.port, 1);
	/* A numeric address is one, whatever a file says */
	ck_assert_int_eq(node_lookup("10.0.0.9", &addr, why, sizeof(why)), 0);
	ck_assert_str_eq(addr.host, "10.0.0.9");
	ck_assert_int_eq(node_lookup("[::1]:5", &addr, why, sizeof(why)), 0);
	ck_assert_str_eq(addr.host, "::1");
	ck_assert_int_eq(node_lookup("wrong", &addr, why, sizeof(why)), -EINVAL);
	ck_assert_int_eq(node_lookup("a b", &addr, why, sizeof(why)), -EINVAL);
	/* Who runs here is known best */
	ck_assert_int_eq(nodefile_register(&reg, "alpha", "127.0.0.1:9", why, sizeof(why)), 0);
	ck_assert_int_eq(node_lookup("alpha", &addr, why, sizeof(why)), 0);
	ck_assert_str_eq(addr.host, "127.0.0.1");
	ck_assert_uint_eq(addr.port, 9);
	nodefile_unregister(&reg);
}
END_TEST

UNIT(nodefile)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nodefile_names);
	tcase_add_test(tc, nodefile_lines);
	tcase_add_test(tc, nodefile_lines_too_long);
	tcase_add_test(tc, nodefile_map);
	tcase_add_test(tc, nodefile_line_longer_than_any);
	tcase_add_test(tc, nodefile_registration);
	tcase_add_test(tc, nodefile_registration_of_the_dead);
	tcase_add_test(tc, nodefile_node_argument);
}
