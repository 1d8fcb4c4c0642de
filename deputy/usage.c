// SPDX-License-Identifier: GPL-2.0-or-later
/* What a task has used and done; see deputy/usage.h. */
#include "deputy/deputy.h"
#include "deputy/usage.h"

/**
 * rate_turn() - Move the windows on to where @now_ms is in the one that is being filled
 * @rate:	The rate
 * @now_ms:	The time
 */
static void rate_turn(struct rate *rate, uint64_t now_ms)
{
	uint64_t past_ms = now_ms - rate->start_ms;

	if (past_ms < RATE_WINDOW_MS)
		return;
	rate->before = past_ms < 2 * RATE_WINDOW_MS ? rate->now : 0;
	rate->now = 0;
	rate->start_ms += past_ms / RATE_WINDOW_MS * RATE_WINDOW_MS;
}

void rate_count(struct rate *rate, uint64_t now_ms)
{
	if (!rate->born_ms)
		rate->born_ms = rate->start_ms = now_ms;
	rate_turn(rate, now_ms);
	rate->now++;
}

uint64_t rate_per_s(struct rate *rate, uint64_t now_ms)
{
	uint64_t age_ms = now_ms - rate->born_ms, window_ms = RATE_WINDOW_MS, left_ms, events;

	if (!rate->born_ms)
		return 0;
	rate_turn(rate, now_ms);
	/* Of the window before, so much of its end as is missing of this one */
	left_ms = RATE_WINDOW_MS - (now_ms - rate->start_ms);
	events = rate->now + rate->before * left_ms / RATE_WINDOW_MS;
	if (age_ms < window_ms)
		window_ms = age_ms < 100 ? 100 : age_ms; /* what has hardly begun has no rate yet */
	return (events * 1000 + window_ms / 2) / window_ms;
}

void usage_told(struct deputy *d, const struct wire_usage *msg)
{
	struct task *task = task_find(d, (pid_t)msg->pid);

	if (!task)
		return; /* it has died: DROP is on its way */
	task->usage.utime_us = task->past.utime_us + msg->utime_us;
	task->usage.stime_us = task->past.stime_us + msg->stime_us;
	task->usage.rss_bytes = msg->rss_bytes;
	if (task->usage.peak_bytes < msg->rss_bytes)
		task->usage.peak_bytes = msg->rss_bytes;
}

void usage_moved(struct task *task)
{
	task->past = task->usage;
	task->usage.rss_bytes = 0;
	task->tally.migrations++;
}

void usage_call(struct deputy *d, uint32_t tid)
{
	struct thread *thread = thread_find(d, (pid_t)tid);

	if (!thread)
		return;
	thread->task->tally.calls++;
	rate_count(&thread->task->tally.call_rate, uv_now(&d->loop));
}
