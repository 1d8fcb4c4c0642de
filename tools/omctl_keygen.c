// SPDX-License-Identifier: GPL-2.0-or-later
/* omctl keygen: make a new cluster key. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "key.h"
#include "log.h"
#include "tools/omctl.h"

/**
 * make_parents() - Make the directories above a file that are missing
 * @path:	The file
 *
 * So that the README's first line works where nobody has made ~/.config/openmosix. Return: 0 or negative errno.
 */
static int make_parents(const char *path)
{
	char dir[PATH_MAX];

	if ((size_t)snprintf(dir, sizeof(dir), "%s", path) >= sizeof(dir))
		return -ENAMETOOLONG;
	for (char *slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

int omctl_keygen(int argc, char **argv)
{
	char why[PATH_MAX + 128];
	int ret;

	if (argc != 2 || argv[1][0] == '-' || argv[1][0] == '\0')
		return omctl_misused("keygen");
	ret = make_parents(argv[1]);
	if (ret < 0) {
		log_error("%s: %s", argv[1], strerror(-ret));
		return EXIT_FAILED;
	}
	if (key_generate(argv[1], why, sizeof(why)) < 0) {
		log_error("%s", why);
		return EXIT_FAILED;
	}
	return 0;
}
