/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Who waits for the other node's next message can sleep, or look for it actively. To sleep means to be woken: 50 us and more
 * where the CPU has gone idle, as on virtual machines (against 10 us for the message itself). To look keeps a CPU from others.
 * So it is done for ASPIN_US at most, and only as long as it is worth it: when ASPIN_MISSES times in a row nothing has come in
 * that time (a far node, a busy one, a guest that computes), only each ASPIN_PROBE-th time finds out whether that has changed.
 *
 * Meanwhile the CPU is offered to others at every turn (sched_yield(2)): what runs on the same one, the guest or the home
 * process above all, is not held up.
 */
#ifndef OM_ASPIN_H
#define OM_ASPIN_H

#include <stdbool.h>
#include <stdint.h>

#define ASPIN_US     100u
#define ASPIN_US_MAX 10000u
#define ASPIN_MISSES 3u
#define ASPIN_PROBE  64u

/**
 * struct aspin - How it went so far; all zero to begin with, but for @us
 * @us:		How long, microseconds; 0: never
 * @misses:	Times in a row that nothing came
 * @passed:	Times in a row that it was not tried
 * @until_us:	The end of the time that runs
 */
struct aspin {
	unsigned int us;
	unsigned int misses, passed;
	uint64_t until_us;
};

/* With ASPIN_US, or what the variable OPENMOSIX_SPIN_US of the environment says */
void aspin_init(struct aspin *spin);
/* Is it worth it now? Then the time runs from now on */
bool aspin_begin(struct aspin *spin);
/* Go on? Offers the CPU to others first */
bool aspin_on(const struct aspin *spin);
/* Something has come, or nothing */
void aspin_end(struct aspin *spin, bool came);

#endif
