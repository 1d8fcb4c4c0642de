// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses of nodes, and the runtime directory. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node.h"
#include "rundir.h"
#include "test/unit/unit.h"

START_TEST(node_reads_what_people_write)
{
	static const struct {
		const char *text, *host, *again;
		unsigned int port;
	} good[] = {
		{ "10.0.0.1", "10.0.0.1", "10.0.0.1", NODE_PORT },
		{ "10.0.0.1:5000", "10.0.0.1", "10.0.0.1:5000", 5000 },
		{ "10.0.0.1:4660", "10.0.0.1", "10.0.0.1", NODE_PORT },
		{ "node-7.cluster_a.example", "node-7.cluster_a.example", "node-7.cluster_a.example", NODE_PORT },
		{ "n:1", "n", "n:1", 1 },
		{ "n:65535", "n", "n:65535", 65535 },
		{ "n:00080", "n", "n:80", 80 },
		{ "::1", "::1", "::1", NODE_PORT },
		{ "[::1]", "::1", "::1", NODE_PORT },
		{ "[::1]:80", "::1", "[::1]:80", 80 },
		{ "fe80::1%eth0", "fe80::1%eth0", "fe80::1%eth0", NODE_PORT },
		{ "[fe80::1%eth0]:9", "fe80::1%eth0", "[fe80::1%eth0]:9", 9 },
		{ "::ffff:10.0.0.1", "::ffff:10.0.0.1", "::ffff:10.0.0.1", NODE_PORT },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char why[200] = "", text[NODE_TEXT_MAX];
		struct node_addr addr, again;

		ck_assert_msg(node_parse(good[i].text, &addr, why, sizeof(why)) == 0, "%s", why);
		ck_assert_str_eq(addr.host, good[i].host);
		ck_assert_uint_eq(addr.port, good[i].port);
		node_format(&addr, text);
		ck_assert_str_eq(text, good[i].again);
		ck_assert_int_eq(node_parse(text, &again, why, sizeof(why)), 0);
		ck_assert_int_eq(memcmp(&addr, &again, sizeof(addr)), 0);
	}
}
END_TEST

START_TEST(node_refuses_the_rest)
{
	static const char *const bad[] = {
		"",
		":80",
		"n:",
		"n:0",
		"n:65536",
		"n:99999999999999999999",
		"n:-1",
		"n:8o",
		"n: 80",
		"n:80 ",
		" n",
		"n n",
		"-n",
		".n",
		"n/x",
		"n\n",
		"n;rm",
		"[::1",
		"::1]",
		"[::1]80",
		"[::1]:",
		"[]",
		"[10.0.0.1]",
		"[n]:80",
		"1:2:3",
		":::1",
		"[::1]:80:90",
		"[::1%]:1",
		"[::1%-a]",
		"n\xc3\xa9",
		"fe80::1%a/b",
	};
	char why[200], longest[NODE_HOST_MAX + 10];
	struct node_addr addr;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why[0] = '\0';
		ck_assert_msg(node_parse(bad[i], &addr, why, sizeof(why)) == -EINVAL, "%s", bad[i]);
		ck_assert_str_ne(why, "");
	}
	memset(longest, 'a', sizeof(longest));
	longest[NODE_HOST_MAX] = '\0';
	ck_assert_int_eq(node_parse(longest, &addr, why, sizeof(why)), -EINVAL);
	longest[NODE_HOST_MAX - 1] = '\0';
	ck_assert_int_eq(node_parse(longest, &addr, why, sizeof(why)), 0);
	strcpy(longest + NODE_HOST_MAX - 1, ":65535");
	ck_assert_int_eq(node_parse(longest, &addr, why, sizeof(why)), 0);
	ck_assert_uint_eq(addr.port, 65535);
}
END_TEST

START_TEST(node_resolves_numbers)
{
	struct node_sockaddr out[NODE_SOCKADDR_MAX];
	const struct sockaddr_in *in = (const struct sockaddr_in *)&out[0].addr;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&out[0].addr;
	struct node_addr addr;
	char why[200];

	ck_assert_int_eq(node_parse("127.0.0.2:81", &addr, why, sizeof(why)), 0);
	ck_assert_int_eq(node_resolve(&addr, out, why, sizeof(why)), 1);
	ck_assert_int_eq(in->sin_family, AF_INET);
	ck_assert_uint_eq(ntohs(in->sin_port), 81);
	ck_assert_uint_eq(ntohl(in->sin_addr.s_addr), INADDR_LOOPBACK + 1);
	ck_assert_uint_eq(out[0].len, sizeof(*in));

	ck_assert_int_eq(node_parse("[::1]:82", &addr, why, sizeof(why)), 0);
	ck_assert_int_eq(node_resolve(&addr, out, why, sizeof(why)), 1);
	ck_assert_int_eq(in6->sin6_family, AF_INET6);
	ck_assert_uint_eq(ntohs(in6->sin6_port), 82);
}
END_TEST

START_TEST(node_is_named_once)
{
	struct node_addr addr = { .host = "10.0.0.7" }, none = { 0 };

	ck_assert(node_is_named("beta", &none, "beta: Name or service not known"));
	ck_assert(node_is_named("10.0.0.7:99", &addr, "10.0.0.7 port 99: Connection refused"));
	ck_assert(!node_is_named("alpha", &addr, "10.0.0.7 port 4660: Connection refused"));
	ck_assert(!node_is_named("10.0.0.7:99", &addr, "the node is full"));
	ck_assert(!node_is_named("beta", &none, "/etc/openmosix/nodes: line 1: not of the form NAME ADDR[:PORT]"));
}
END_TEST

START_TEST(rundir_is_made_and_checked)
{
	char base[] = "/tmp/om-unit-XXXXXX", path[200], want[200], other[200];
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(base));
	setenv("XDG_RUNTIME_DIR", base, 1);
	snprintf(want, sizeof(want), "%s/openmosix", base);
	ck_assert_int_eq(rundir_path(path, sizeof(path)), 0);
	ck_assert_str_eq(path, want);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(rundir_path(path, sizeof(path)), 0);
	ck_assert_int_eq(rundir_path(path, strlen(want)), -ENAMETOOLONG);

	/* others may enter */
	chmod(want, 0755);
	ck_assert_int_eq(rundir_path(path, sizeof(path)), -EPERM);
	/* a link to elsewhere, a file */
	rmdir(want);
	snprintf(other, sizeof(other), "%s/other", base);
	ck_assert_int_eq(mkdir(other, 0700), 0);
	ck_assert_int_eq(symlink(other, want), 0);
	ck_assert_int_eq(rundir_path(path, sizeof(path)), -EPERM);
	unlink(want);
	ck_assert_int_eq(mknod(want, S_IFREG | 0600, 0), 0);
	ck_assert_int_eq(rundir_path(path, sizeof(path)), -EPERM);

	/* a relative or missing directory of the session is not used */
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	ck_assert_int_ne(rundir_path(path, sizeof(path)), -ENAMETOOLONG);
	ck_assert_ptr_null(strstr(path, "relative"));
	unlink(want);
	rmdir(other);
	rmdir(base);
}
END_TEST

UNIT(node)
{
	tcase_add_test(tc, node_reads_what_people_write);
	tcase_add_test(tc, node_refuses_the_rest);
	tcase_add_test(tc, node_resolves_numbers);
	tcase_add_test(tc, node_is_named_once);
	tcase_add_test(tc, rundir_is_made_and_checked);
}
