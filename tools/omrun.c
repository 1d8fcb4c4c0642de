/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * omrun - run a program somewhere in the cluster as if it ran here.
 *
 * The process that the shell started becomes the program: with a node, a detached deputy traces it from its exec on;
 * without one, or at home, it is a plain exec and costs nothing (a program that runs can be taken later).
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "deputy/launch.h"
#include "deputy/privileged.h"
#include "key.h"
#include "log.h"
#include "nodefile.h"

static const char usage[] =
	"Usage: omrun [-j NODE] [OPTION]... [--] COMMAND [ARG]...\n"
	"Run COMMAND on a node of the cluster: its code and memory there, its files, terminal and pid here.\n"
	"\n"
	"  -j, --node=NODE   run on NODE: a --name of a node, a host name, or ADDR[:PORT];\n"
	"                    'home' is this machine, as is no -j at all\n"
	"  -k, --key=FILE    the cluster key (else $OPENMOSIX_KEY, ~/.config/openmosix/key,\n"
	"                    /etc/openmosix/key)\n"
	"  -c, --children=WHERE  where programs go that COMMAND executes later: 'follow' (the default:\n"
	"                    to the same node), 'home', or 'best' (home while a processor is idle here)\n"
	"  -h, --help        show this text and exit\n"
	"  -V, --version     show the version and exit\n"
	"\n"
	"The exit status is COMMAND's, or 125 if omrun itself fails, 126 if COMMAND is found but\n"
	"cannot be run, 127 if it is not found.\n";

/* Replace this process by the program; returns only to fail */
static void become(char **argv)
{
	int err;

	execvp(argv[0], argv);
	err = errno;
	die(err == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC, "%s: %s", argv[0], strerror(err));
}

/* The file that execvp() would run, as far as it can be told; false when there is none */
static bool program_stat(const char *name, char *path, size_t cap, struct stat *st)
{
	const char *dirs = getenv("PATH");

	if (strchr(name, '/')) {
		snprintf(path, cap, "%s", name);
		return !stat(path, st);
	}
	for (const char *at = dirs ? dirs : "/bin:/usr/bin"; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
		int len = (int)strcspn(at, ":");

		snprintf(path, cap, "%.*s%s%s", len, at, len ? "/" : "", name);
		if (!access(path, X_OK) && !stat(path, st) && S_ISREG(st->st_mode))
			return true;
	}
	return false;
}

/* Would the kernel take the program's special rights away because it is traced? Root is asked for them anyway */
static bool has_special_rights(const char *name)
{
	char path[4096];
	struct stat st;
	struct statvfs fs;

	if (!geteuid() || !program_stat(name, path, sizeof(path), &st) ||
	    (!statvfs(path, &fs) && (fs.f_flag & ST_NOSUID)))
		return false;
	return (st.st_mode & (S_ISUID | S_ISGID)) || getxattr(path, "security.capability", NULL, 0) > 0;
}

/* Start a deputy that only tells monitors of the program and why it is at home; without one it is not shown */
static void stay(const char *node, const char *why, char **argv)
{
	struct deputy_options opt = { .prog = "omrun", .node = node, .command = argv[0], .stays = why };
	char said[256] = "";

	log_error("%s: runs at home: %s", argv[0], why);
	deputy_launch(&opt, said, sizeof(said));
}

/* There is no way to @node: say why, and die */
static void die_unreached(const char *node, const struct node_addr *addr, const char *why)
{
	if (node_is_named(node, addr, why))
		die(EXIT_FAILED, "%s", why);
	die(EXIT_FAILED, "%s: %s", node, why);
}

/* Start the deputy for @node; dies when there is no way to it */
static void migrate(const char *node, const char *key_file, enum children children, char **argv)
{
	struct deputy_options opt = { .prog = "omrun", .node = node, .command = argv[0], .children = children };
	char why[256] = "";

	if (node_lookup(node, &opt.addr, why, sizeof(why)) < 0)
		die_unreached(node, &opt.addr, why);
	if (key_load(key_file, opt.key, why, sizeof(why)) < 0)
		die(EXIT_FAILED, "%s", why);
	if (deputy_launch(&opt, why, sizeof(why)) < 0)
		die_unreached(node, &opt.addr, why);
	explicit_bzero(opt.key, sizeof(opt.key));
}

/* The argument of --children; dies when it is none */
static enum children children_parse(const char *text)
{
	static const char *const names[] = { "follow", "home", "best" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(text, names[i]))
			return (enum children)i;
	}
	die(EXIT_FAILED, "--children=%s: neither follow, home nor best", text);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "node", required_argument, NULL, 'j' },     { "key", required_argument, NULL, 'k' },
		{ "children", required_argument, NULL, 'c' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },	      { NULL, 0, NULL, 0 },
	};
	const char *node = NULL, *key_file = NULL;
	enum children children = CHILDREN_FOLLOW;
	int c;

	log_init("omrun");
	while ((c = getopt_long(argc, argv, "+j:k:c:hV", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			node = optarg;
			break;
		case 'k':
			key_file = optarg;
			break;
		case 'c':
			children = children_parse(optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("omrun (openMosix) " OM_VERSION);
			return 0;
		default:
			fputs("Try 'omrun --help' for more information.\n", stderr);
			return EXIT_FAILED;
		}
	}
	if (optind == argc) {
		log_error("no command given");
		fputs("Try 'omrun --help' for more information.\n", stderr);
		return EXIT_FAILED;
	}
	argv += optind;
	if (node && strcmp(node, "home")) {
		if (has_special_rights(argv[0]))
			stay(node, PRIVILEGED_WHY, argv);
		else
			migrate(node, key_file, children, argv);
	}
	become(argv);
}
