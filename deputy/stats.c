/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line about a finished family, appended to the file that $OPENMOSIX_STATS names. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/stats.h"

void stats_write(const struct deputy *d)
{
	const char *path = getenv("OPENMOSIX_STATS");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;

	if (fd < 0)
		return;
	dprintf(fd,
		"node=%s images=%" PRIu64 " calls=%" PRIu64 " spun=%" PRIu64 " bytes_in=%" PRIu64 " bytes_out=%" PRIu64
		" contents=%" PRIu64 "\n",
		d->node, d->stats.images, d->stats.calls, d->stats.spun, d->stats.bytes_in, d->stats.bytes_out,
		d->stats.contents);
	close(fd);
}
