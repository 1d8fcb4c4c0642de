// SPDX-License-Identifier: GPL-2.0-or-later
/* omd's command line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster/options.h"
#include "cluster/remotes.h"
#include "log.h"

/* Processes that wait for a task */
#define READY_DEFAULT 1

static const char help[] =
	"usage: omd [--listen ADDR[:PORT]] [--name NAME] [--key FILE] [--cache SIZE] [--ready N]\n"
	"Let tasks of other nodes run on this one. Stays in the foreground; SIGTERM ends it and its guests.\n"
	"\n"
	"  --listen ADDR[:PORT]  listen there (default: port 4660 on all addresses)\n"
	"  --name NAME           name of this node (default: the host name)\n"
	"  --key FILE            the cluster's key (default: $OPENMOSIX_KEY, ~/.config/openmosix/key,\n"
	"                        /etc/openmosix/key); made with `omctl keygen`\n"
	"  --cache SIZE          keep up to SIZE bytes (or with K, M, G) of programs and libraries for tasks\n"
	"                        to come; 0: none (default: an eighth of the memory, 1G at most)\n"
	"  --ready N             have N processes ready for tasks to come (default: 1), so that these start sooner;\n"
	"                        0: none\n"
	"  --help                print this help\n"
	"  --version             print the version\n"
	"\n"
	"See omd(8).\n";

enum option_id { OPT_LISTEN = 256, OPT_NAME, OPT_KEY, OPT_CACHE, OPT_READY, OPT_HELP, OPT_VERSION };

static const struct option options[] = {
	{ "listen", required_argument, NULL, OPT_LISTEN }, { "name", required_argument, NULL, OPT_NAME },
	{ "key", required_argument, NULL, OPT_KEY },	   { "cache", required_argument, NULL, OPT_CACHE },
	{ "ready", required_argument, NULL, OPT_READY },   { "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },	   { NULL, 0, NULL, 0 },
};

/**
 * set_name() - Take a node name, checked
 * @out:	Where to
 * @name:	The name
 * @origin:	Where it comes from, for the message
 *
 * Return: 0 or -EINVAL, logged.
 */
static int set_name(struct omd_options *out, const char *name, const char *origin)
{
	if (!nodefile_name_valid(name)) {
		log_error("%s %s: a node's name has 1 to %d letters, digits, '.', '_', '-', the first none of '.-'",
			  origin, name, NODEFILE_NAME_MAX);
		return -EINVAL;
	}
	snprintf(out->name, sizeof(out->name), "%s", name);
	return 0;
}

/**
 * set_default_name() - Take the host name as the node's name
 * @out:	Where to
 *
 * Return: 0 or negative errno, logged.
 */
static int set_default_name(struct omd_options *out)
{
	char host[NODE_HOST_MAX] = "";

	if (gethostname(host, sizeof(host) - 1) < 0) {
		int error = errno;

		log_error("host name: %s", strerror(error));
		return -error;
	}
	return set_name(out, host, "host name");
}

/**
 * set_cache() - Take the size of the cache
 * @out:	Where to
 * @text:	A number, perhaps with K, M, G
 *
 * Return: 0 or -EINVAL, logged.
 */
static int set_cache(struct omd_options *out, const char *text)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t size;
	char *end;
	int shift = 0;

	errno = 0;
	size = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		shift = 10 * (int)(unit - units + 1);
		end++;
	}
	if (errno || text[0] < '0' || text[0] > '9' || *end || size > UINT64_MAX >> shift) {
		log_error("--cache %s: a size is a number of bytes, or one with K, M or G", text);
		return -EINVAL;
	}
	out->cache_bytes = size << shift;
	out->cache_set = true;
	return 0;
}

/**
 * set_ready() - Take how many remotes are kept ready
 * @out:	Where to
 * @text:	A number
 *
 * Return: 0 or -EINVAL, logged.
 */
static int set_ready(struct omd_options *out, const char *text)
{
	unsigned long ready;
	char *end;

	ready = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || ready > REMOTES_READY_MAX) {
		log_error("--ready %s: not a number from 0 to %d", text, REMOTES_READY_MAX);
		return -EINVAL;
	}
	out->ready = (unsigned int)ready;
	return 0;
}

int omd_options_parse(int argc, char **argv, struct omd_options *out)
{
	char why[256];
	int opt;

	*out = (struct omd_options){ .listen.port = NODE_PORT, .ready = READY_DEFAULT };
	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (opt) {
		case OPT_LISTEN:
			if (node_parse(optarg, &out->listen, why, sizeof(why)) < 0) {
				log_error("--listen %s", why);
				return EXIT_FAILED;
			}
			break;
		case OPT_NAME:
			if (set_name(out, optarg, "--name") < 0)
				return EXIT_FAILED;
			break;
		case OPT_KEY:
			out->key = optarg;
			break;
		case OPT_CACHE:
			if (set_cache(out, optarg) < 0)
				return EXIT_FAILED;
			break;
		case OPT_READY:
			if (set_ready(out, optarg) < 0)
				return EXIT_FAILED;
			break;
		case OPT_HELP:
			fputs(help, stdout);
			return 0;
		case OPT_VERSION:
			puts("omd " OM_VERSION);
			return 0;
		case ':':
			log_error("%s: needs a value, see omd --help", argv[optind - 1]);
			return EXIT_FAILED;
		default:
			log_error("%s: no such option, see omd --help", argv[optind - 1]);
			return EXIT_FAILED;
		}
	}
	if (optind < argc) {
		log_error("%s: takes no arguments, see omd --help", argv[optind]);
		return EXIT_FAILED;
	}
	if (!out->name[0] && set_default_name(out) < 0)
		return EXIT_FAILED;
	return -1;
}
