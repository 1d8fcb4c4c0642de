/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A report is what a deputy tells of its family to whoever asks on its socket (deputy/monitor.h). It is text, one line
 * per fact: a word, then KEY=VALUE pairs, each behind one blank:
 *
 *   deputy pid=4711 node=alpha cipher=aes-256-gcm rtt_us=180 rx_bytes=81920 tx_bytes=4096 tasks=1
 *   task pid=4710 node=alpha state=waiting call=read threads=1 utime_us=1500000 ... why=
 *   end
 *
 * The first line is `deputy`, the last is `end`: without it the report is not whole. Numbers are decimal. In a text
 * every byte that is not a printable ASCII character, and blank and '%', is written as %XX.
 *
 * The fields of the two kinds of line are two tables in report.c, which drive writing and reading alike. A reader skips
 * keys and words that it does not know, and a field that is not there is 0 or empty: so a deputy and a tool of
 * different versions understand each other, which matters as deputies live as long as their tasks. Everything else that
 * is not as described spoils the report as a whole. Who reads one does not trust its writer: root asks the deputies of
 * all users.
 *
 * Told is only what the deputy alone knows. What anybody can see in /proc (parent, command line, memory at home) is for
 * the reader to look up: that costs the deputy nothing, and reading the memory of a process can wait for that process.
 */
#ifndef OM_REPORT_H
#define OM_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define REPORT_BYTES_MAX (2u << 20) /* of a report */
#define REPORT_TASKS_MAX 8192u	    /* told of; a family may have more */
#define REPORT_LINE_MAX	 1536u	    /* bytes of a line, all texts escaped and all numbers as long as can be */

/* Names of a deputy's socket in the runtime directory: deputy-PID.sock */
#define REPORT_SOCKET_PREFIX "deputy-"
#define REPORT_SOCKET_SUFFIX ".sock"
/* What a client sends to get a report */
#define REPORT_REQUEST "status\n"

/* Values of struct report_task.state */
#define REPORT_STARTING "starting" /* its image is on its way */
#define REPORT_RUNNING	"running"  /* on its node, or waiting there (futex, sleep) */
#define REPORT_WAITING	"waiting"  /* all its threads are in calls that are made at home */
#define REPORT_STOPPED	"stopped"  /* by a signal */
#define REPORT_ENDING	"ending"   /* it has lost its node and says so */
#define REPORT_HOME	"home"	   /* it runs natively where it was started */

/**
 * struct report_deputy - What is said once
 * @pid:	The deputy
 * @node:	The node that it is connected to, as the user named it
 * @cipher:	Of the connection; empty when that is gone
 * @rtt_us:	Last round trip that was measured, 0 = none
 * @rx_bytes:	Bytes that came over the connection
 * @tx_bytes:	Bytes that went
 * @tasks:	Size of the family, which may be more than there are `task` lines
 */
struct report_deputy {
	uint64_t pid;
	char node[64];
	char cipher[32];
	uint64_t rtt_us, rx_bytes, tx_bytes;
	uint64_t tasks;
};

/**
 * struct report_task - What is said of each task
 * @pid:	Its pid, the same on both sides
 * @node:	Where it runs, "home" when there
 * @state:	One of the words above
 * @call:	Name of the system call that its main thread is in; "waiting" only
 * @threads:	Number of its threads
 * @utime_us:	User time that it used elsewhere
 * @stime_us:	System time that it used elsewhere
 * @rss_bytes:	Memory that it occupies elsewhere
 * @calls:	System calls forwarded to its home
 * @calls_per_s: The same per second, lately
 * @migrations:	How often its image was moved
 * @why:	Why it cannot move; empty = it can
 */
struct report_task {
	uint64_t pid;
	char node[64];
	char state[16];
	char call[32];
	uint64_t threads;
	uint64_t utime_us, stime_us, rss_bytes;
	uint64_t calls, calls_per_s;
	uint64_t migrations;
	char why[128];
};

/**
 * struct report - A report that was read
 * @deputy:	What is said once
 * @task:	The tasks
 * @task_nr:	Their number
 */
struct report {
	struct report_deputy deputy;
	struct report_task *task;
	size_t task_nr;
};

/* Write the lines of a report, in this order: the deputy's, the tasks', the end */
void report_put_deputy(FILE *out, const struct report_deputy *deputy);
void report_put_task(FILE *out, const struct report_task *task);
void report_put_end(FILE *out);

/*
 * Read a report of @len bytes. 0 with @out filled, to be given back with report_free(); -EPROTO when it is not one,
 * -ENODATA when it has no end, -EMSGSIZE when it is too long or has too many tasks, -ENOMEM.
 */
int report_parse(const char *text, size_t len, struct report *out);
void report_free(struct report *report);

#endif
