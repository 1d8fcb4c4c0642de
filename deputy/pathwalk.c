/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of a path, under watch: see deputy/pathwalk.h. */
#include <sys/stat.h>
#include <unistd.h>

#include "deputy/dirwatch.h"
#include "deputy/pathwalk.h"

/* A way that is gone: for whom, and what was found last */
struct walk {
	struct deputy *deputy;
	struct stat *here;
};

/* Where the link at @path leads to; false when that is too long */
static bool link_read(const char *path, char target[static PATHSTEPS_MAX])
{
	ssize_t n = readlink(path, target, PATHSTEPS_MAX);

	if (n <= 0 || n == PATHSTEPS_MAX)
		return false;
	target[n] = '\0';
	return true;
}

int path_kind_at(const char *path, struct stat *st, char target[static PATHSTEPS_MAX])
{
	if (lstat(path, st))
		return PATH_UNKNOWN;
	if (S_ISDIR(st->st_mode))
		return PATH_DIR;
	if (!S_ISLNK(st->st_mode))
		return PATH_OTHER;
	return link_read(path, target) ? PATH_LINK : PATH_UNKNOWN;
}

/* path_steps()'s question: each directory is watched before one looks at a name in it */
static int watched(void *ctx, const char *dir, const char *at, char target[static PATHSTEPS_MAX])
{
	const struct walk *walk = ctx;

	if (!dir_lead(walk->deputy, dir))
		return PATH_UNKNOWN;
	if (!at)
		return PATH_DIR;
	return dir_note(walk->deputy, at) ? path_kind_at(at, walk->here, target) : PATH_UNKNOWN;
}

bool pathwalk(struct deputy *d, const char *path, struct path_end *end, struct stat *here)
{
	struct walk walk = { d, here };

	here->st_mode = S_IFDIR;
	return path_steps(path, true, end, watched, &walk) > PATH_UNKNOWN;
}
