/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To wait actively as long as it is worth it: see include/aspin.h. */
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "aspin.h"

/**
 * now_us() - Microseconds of the monotonic clock
 */
static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

void aspin_init(struct aspin *spin)
{
	const char *text = getenv("OPENMOSIX_SPIN_US");
	unsigned long us = text ? strtoul(text, NULL, 10) : ASPIN_US;

	*spin = (struct aspin){ .us = us > ASPIN_US_MAX ? ASPIN_US_MAX : (unsigned int)us };
}

bool aspin_begin(struct aspin *spin)
{
	if (!spin->us || (spin->misses >= ASPIN_MISSES && ++spin->passed < ASPIN_PROBE))
		return false;
	spin->passed = 0;
	spin->until_us = now_us() + spin->us;
	return true;
}

bool aspin_on(const struct aspin *spin)
{
	sched_yield();
	return now_us() < spin->until_us;
}

void aspin_end(struct aspin *spin, bool came)
{
	spin->misses = came ? 0 : spin->misses + 1;
}
