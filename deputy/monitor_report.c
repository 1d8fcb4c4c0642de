// SPDX-License-Identifier: GPL-2.0-or-later
/* What the deputy tells monitors, from its own tables alone; see include/report.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deputy/absent.h"
#include "deputy/deputy.h"
#include "deputy/monitor.h"
#include "deputy/pages.h"
#include "deputy/usage.h"
#include "report.h"
#include "sysdef.h"

/**
 * task_call() - The call that a task waits in
 * @task:	The task
 *
 * Return: that of its main thread (or of another when that has ended), or NULL: one of its threads is not in a call.
 */
static const struct call *task_call(const struct task *task)
{
	const struct call *call = NULL;

	for (const struct thread *t = task->threads; t; t = t->sibling) {
		if ((t->state != TH_BUSY && t->state != TH_HELD) || !t->call.id)
			return NULL;
		if (!call || t->tid == task->pid)
			call = &t->call;
	}
	return call;
}

/**
 * task_state() - What a task does
 * @task:	The task
 *
 * Return: one of the words of include/report.h.
 */
static const char *task_state(const struct task *task)
{
	if (task->ending)
		return REPORT_ENDING;
	if (!task->migrated)
		return REPORT_HOME;
	if (!task->started)
		return REPORT_STARTING;
	if (task->stopped)
		return REPORT_STOPPED;
	return task_call(task) ? REPORT_WAITING : REPORT_RUNNING;
}

/**
 * put_task() - Tell of one task
 * @d:		The deputy
 * @task:	The task
 * @out:	Where to
 */
static void put_task(struct deputy *d, struct task *task, FILE *out)
{
	struct report_task told = {
		.pid = (uint64_t)task->pid,
		.utime_us = task->usage.utime_us,
		.stime_us = task->usage.stime_us,
		.rss_bytes = task->usage.rss_bytes,
		.calls = task->tally.calls,
		.calls_per_s = rate_per_s(&task->tally.call_rate, uv_now(&d->loop)),
		.migrations = task->tally.migrations,
	};
	const char *state = task_state(task);

	snprintf(told.state, sizeof(told.state), "%s", state);
	if (!strcmp(state, REPORT_WAITING))
		snprintf(told.call, sizeof(told.call), "%s", sysdef_name(task_call(task)->nr));
	snprintf(told.node, sizeof(told.node), "%s", task->migrated ? d->node : "home");
	snprintf(told.why, sizeof(told.why), "%s", task->ending ? d->lost : task->why);
	for (const struct thread *t = task->threads; t; t = t->sibling)
		told.threads++;
	report_put_task(out, &told);
}

/**
 * put_absent() - Tell of a member at home
 * @absent:	It
 * @out:	Where to
 */
static void put_absent(const struct absent *absent, FILE *out)
{
	struct report_task told = { .pid = (uint64_t)absent->pid, .node = "home", .state = REPORT_HOME };

	snprintf(told.why, sizeof(told.why), "%s", absent->why);
	report_put_task(out, &told);
}

/**
 * put_deputy() - Tell of the deputy itself
 * @d:		The deputy
 * @out:	Where to
 */
static void put_deputy(const struct deputy *d, FILE *out)
{
	struct report_deputy told = { .pid = (uint64_t)getpid() };
	struct channel_stats stats;

	snprintf(told.node, sizeof(told.node), "%s", d->node);
	if (d->channel) {
		channel_stats_get(d->channel, &stats);
		snprintf(told.cipher, sizeof(told.cipher), "%s", channel_cipher(d->channel));
		told.rtt_us = stats.rtt_us;
		told.rx_bytes = stats.rx_bytes;
		told.tx_bytes = stats.tx_bytes;
		pages_stats_add(d, &told.rx_bytes, &told.tx_bytes);
	}
	for (const struct task *task = d->tasks; task; task = task->next)
		told.tasks++;
	told.tasks += d->absent_nr;
	report_put_deputy(out, &told);
}

char *monitor_report(struct deputy *d, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	unsigned int nr = 0;

	if (!out)
		return NULL;
	put_deputy(d, out);
	for (struct task *task = d->tasks; task && nr < REPORT_TASKS_MAX; task = task->next, nr++) {
		if (ftell(out) > (long)(REPORT_BYTES_MAX - 2 * REPORT_LINE_MAX))
			break;
		put_task(d, task, out);
	}
	for (const struct absent *absent = d->absent; absent && nr < REPORT_TASKS_MAX; absent = absent->next, nr++) {
		if (ftell(out) > (long)(REPORT_BYTES_MAX - 2 * REPORT_LINE_MAX))
			break;
		put_absent(absent, out);
	}
	report_put_end(out);
	if (fclose(out) == EOF) {
		free(text);
		return NULL;
	}
	return text;
}
