/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a task has used, told by its node, and what it has done, counted here. */
#ifndef OM_DEPUTY_USAGE_H
#define OM_DEPUTY_USAGE_H

#include <stdint.h>

#include "wire.h"

struct deputy;
struct task;

#define RATE_WINDOW_MS 2000ull /* events of about so long count */

/**
 * struct rate - How often something happens, at the cost of a comparison and an addition each time
 * @born_ms:	First event, 0 = none yet
 * @start_ms:	Start of the window that is being filled
 * @now:	Events in it
 * @before:	Events in the window before it
 *
 * Nothing ticks: the windows are moved on when the next event comes, or somebody asks.
 */
struct rate {
	uint64_t born_ms, start_ms;
	uint64_t now, before;
};

/* One event at @now_ms, on any clock that only goes forward and is not 0 */
void rate_count(struct rate *rate, uint64_t now_ms);
/* Events per second over the last window */
uint64_t rate_per_s(struct rate *rate, uint64_t now_ms);

/**
 * struct usage - What a task has used on the worker
 * @utime_us:	User time, microseconds
 * @stime_us:	System time, microseconds
 * @rss_bytes:	Resident memory now
 * @peak_bytes:	The most of it that was told
 */
struct usage {
	uint64_t utime_us, stime_us, rss_bytes, peak_bytes;
};

/**
 * struct tally - What is counted of a task, for monitors
 * @calls:	Calls forwarded
 * @call_rate:	The same per second
 * @migrations:	Images moved
 */
struct tally {
	uint64_t calls;
	struct rate call_rate;
	uint64_t migrations;
};

/* The node tells what the present body of a task has used */
void usage_told(struct deputy *d, const struct wire_usage *msg);
/* An image of the task runs on the node: a new body, which counts from 0 */
void usage_moved(struct task *task);
/* Thread @tid forwards a call */
void usage_call(struct deputy *d, uint32_t tid);

#endif
