// SPDX-License-Identifier: GPL-2.0-or-later
/* Tasks for programs: one JSON document, on one line. */
#include <inttypes.h>

#include "tools/omps.h"

/**
 * put_text() - Print a member that is a text
 * @out:	Where to
 * @key:	Its key
 * @text:	Its value
 */
static void put_text(FILE *out, const char *key, const char *text)
{
	fprintf(out, ",\"%s\":", key);
	omps_text_json(out, text);
}

/**
 * put_number() - Print a member that is a number
 * @out:	Where to
 * @key:	Its key
 * @number:	Its value
 */
static void put_number(FILE *out, const char *key, uint64_t number)
{
	fprintf(out, ",\"%s\":%" PRIu64, key, number);
}

/**
 * put_deputy() - Print a deputy
 * @out:	Where to
 * @deputy:	The deputy
 */
static void put_deputy(FILE *out, const struct omps_deputy *deputy)
{
	const struct report_deputy *told = &deputy->report.deputy;

	fprintf(out, "{\"pid\":%d,\"uid\":%u", (int)deputy->pid, (unsigned int)deputy->uid);
	put_text(out, "user", deputy->user);
	put_text(out, "node", told->node);
	put_text(out, "cipher", told->cipher);
	put_number(out, "rtt_us", told->rtt_us);
	put_number(out, "rx_bytes", told->rx_bytes);
	put_number(out, "tx_bytes", told->tx_bytes);
	put_number(out, "tasks", told->tasks);
	putc('}', out);
}

/**
 * put_task() - Print a task
 * @out:	Where to
 * @task:	The task
 */
static void put_task(FILE *out, const struct omps_task *task)
{
	const struct report_task *told = task->told;

	fprintf(out, "{\"pid\":%" PRIu64 ",\"ppid\":%d,\"deputy\":%d", told->pid, (int)task->ppid,
		(int)task->deputy->pid);
	put_text(out, "node", told->node);
	put_text(out, "state", told->state);
	put_text(out, "call", told->call);
	put_number(out, "threads", task->threads);
	put_number(out, "utime_us", told->utime_us);
	put_number(out, "stime_us", told->stime_us);
	put_number(out, "rss_bytes", told->rss_bytes);
	put_number(out, "home_rss_bytes", task->home_rss_bytes);
	put_number(out, "calls", told->calls);
	put_number(out, "calls_per_s", told->calls_per_s);
	put_number(out, "migrations", told->migrations);
	put_text(out, "why", told->why);
	put_text(out, "command", task->command);
	putc('}', out);
}

void omps_json_print(FILE *out, const struct omps_view *view)
{
	fputs("{\"deputies\":[", out);
	for (size_t i = 0; i < view->deputy_nr; i++) {
		fputs(i ? "," : "", out);
		put_deputy(out, &view->deputy[i]);
	}
	fputs("],\"tasks\":[", out);
	for (size_t i = 0; i < view->task_nr; i++) {
		fputs(i ? "," : "", out);
		put_task(out, &view->task[i]);
	}
	fputs("]}\n", out);
}
