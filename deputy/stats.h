/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the deputy counts, and who is told. */
#ifndef OM_DEPUTY_STATS_H
#define OM_DEPUTY_STATS_H

#include <stdint.h>

struct deputy;

/**
 * struct stats - What the deputy counts
 * @calls:	Forwarded calls
 * @spun:	Of these, finished within SPIN_US
 * @bytes_in:	Bytes that came with calls
 * @bytes_out:	Bytes that went with results
 * @images:	Images shipped
 * @contents:	Bytes of mapped files sent
 */
struct stats {
	uint64_t calls, spun, bytes_in, bytes_out, images, contents;
};

void stats_write(const struct deputy *d);

#endif
