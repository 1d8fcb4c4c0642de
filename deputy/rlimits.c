/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See deputy/rlimits.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deputy/rlimits.h"

/* /proc/PID/limits has a line for each, in the order of their numbers, behind a heading; the values begin at this column */
#define VALUES_AT 26u

/* One value, or "unlimited"; *@end: behind it */
static rlim_t value_of(const char *text, char **end)
{
	static const char unlimited[] = "unlimited";

	text += strspn(text, " ");
	if (strncmp(text, unlimited, sizeof(unlimited) - 1) != 0)
		return strtoull(text, end, 10);
	*end = (char *)text + sizeof(unlimited) - 1;
	return RLIM_INFINITY;
}

/* The same from what everybody may read */
static int limits_file_read(pid_t pid, unsigned int resource, struct rlimit *limit)
{
	char line[128], *at;
	int err = -EINVAL;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/%d/limits", (int)pid);
	f = fopen(line, "re");
	if (!f)
		return -errno;
	for (unsigned int i = 0; fgets(line, sizeof(line), f) && err; i++) {
		if (i != resource + 1 || strlen(line) <= VALUES_AT)
			continue;
		limit->rlim_cur = value_of(line + VALUES_AT, &at);
		limit->rlim_max = value_of(at, &at);
		err = 0;
	}
	fclose(f);
	return err;
}

int rlimit_read(pid_t pid, unsigned int resource, struct rlimit *limit)
{
	if (!prlimit(pid, (__rlimit_resource_t)resource, NULL, limit))
		return 0;
	return errno == EPERM ? limits_file_read(pid, resource, limit) : -errno;
}
