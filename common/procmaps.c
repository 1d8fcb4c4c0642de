/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Read /proc/PID/maps and /proc/PID/pagemap: see include/procmaps.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "procmaps.h"
#include "usermem.h"

/* Take one line apart; 0 or -EINVAL */
static int line_parse(char *line, struct procmap *map)
{
	char perm[5];
	unsigned int major, minor;
	int path_at = 0;

	memset(map, 0, sizeof(*map));
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &map->start, &map->end, perm,
		   &map->offset, &major, &minor, &map->inode, &path_at) < 7)
		return -EINVAL;
	map->prot = (perm[0] == 'r' ? PROT_READ : 0u) | (perm[1] == 'w' ? PROT_WRITE : 0u) |
		    (perm[2] == 'x' ? PROT_EXEC : 0u);
	map->shared = perm[3] == 's';
	map->dev = (uint64_t)major << 20 | minor;
	if (path_at) {
		line[strcspn(line, "\n")] = '\0';
		snprintf(map->path, sizeof(map->path), "%s", line + path_at);
	}
	return 0;
}

int procmaps_read(pid_t pid, struct procmap **out)
{
	struct procmap *maps = NULL;
	int nr = 0, cap = 0, err = 0;
	char path[64], *line = NULL;
	size_t line_cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (getline(&line, &line_cap, f) > 0) {
		if (nr == cap) {
			struct procmap *more = realloc(maps, sizeof(*maps) * (size_t)(cap = cap ? 2 * cap : 64));

			if (!more) {
				err = -ENOMEM;
				goto out;
			}
			maps = more;
		}
		err = line_parse(line, &maps[nr]);
		if (err)
			goto out;
		nr++;
	}
	if (ferror(f))
		err = -EIO;
out:
	free(line);
	fclose(f);
	if (err) {
		free(maps);
		return err;
	}
	*out = maps;
	return nr;
}

int pagemap_open(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int pagemap_read(int fd, uint64_t addr, size_t pages, uint64_t *out)
{
	ssize_t want = (ssize_t)(pages * sizeof(*out));
	ssize_t got = pread(fd, out, (size_t)want, (off_t)(addr / PAGE_BYTES * sizeof(*out)));

	if (got == want)
		return 0;
	return got < 0 ? -errno : -EIO;
}
