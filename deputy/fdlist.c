/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See deputy/fdlist.h. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deputy/fdlist.h"
#include "deputy/rlimits.h"

#define FDS 256u

void fdlist_read(pid_t pid, uint8_t map[static 32])
{
	const struct dirent *entry;
	struct rlimit limit;
	char path[32];
	DIR *dir;

	memset(map, 0xff, FDS / 8);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	if (rlimit_read(pid, RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < FDS || !(dir = opendir(path)))
		return;
	memset(map, 0, FDS / 8);
	while ((entry = readdir(dir))) {
		unsigned long fd = strtoul(entry->d_name, NULL, 10);

		if (entry->d_name[0] != '.' && fd < FDS)
			map[fd / 8] |= (uint8_t)(1u << fd % 8);
	}
	closedir(dir);
}
