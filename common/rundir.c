// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: Theory of operation
 *
 * The runtime directory lies where others may have been before us: /tmp is everybody's. So the directory is made with
 * mkdir(), never opened through a link, and then looked at with lstat(): a directory, ours, closed to everybody else.
 * As /tmp is sticky nobody can replace it afterwards.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rundir.h"

/**
 * own_dir() - Is it a directory of ours?
 * @path:	Path
 *
 * It is not when root has kept the environment of the user he was before.
 */
static int own_dir(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

/**
 * make_dir() - Make the directory if it is missing, and check it
 * @path:	Path
 *
 * Return: 0, -EPERM when it is not ours alone, or another errno.
 */
static int make_dir(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (lstat(path, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return -EPERM;
	return 0;
}

/**
 * rundir_path() - Find and make the runtime directory
 * @out:	Its path; also filled on -EPERM, for the message
 * @cap:	Size of @out
 */
int rundir_path(char *out, size_t cap)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	int n;

	if (xdg && xdg[0] == '/' && own_dir(xdg))
		n = snprintf(out, cap, "%s/openmosix", xdg);
	else if (geteuid() == 0)
		n = snprintf(out, cap, "/run/openmosix");
	else
		n = snprintf(out, cap, "/tmp/openmosix-%u", (unsigned int)geteuid());
	if (n < 0 || (size_t)n >= cap)
		return -ENAMETOOLONG;
	return make_dir(out);
}
