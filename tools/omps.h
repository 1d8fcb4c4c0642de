/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * omps shows the tasks of the deputies that run on this machine. A picture is made in three steps:
 *
 *   omps_ask.c    finds the deputies' sockets, asks all at once, waits for all together   -> struct omps_deputy
 *   omps_tasks.c  looks up in /proc what the deputies leave out, sorts, finds the parents -> struct omps_task
 *   omps_table.c, omps_json.c  print it
 *
 * With --all root reads what every user's processes say, and what they say may be made to hurt: reports are bounded and
 * parsed by one strict parser (include/report.h), who speaks is told by the kernel (SO_PEERCRED), a task is shown only
 * if the kernel agrees that this deputy traces it, and what is printed on a terminal is printable.
 */
#ifndef OM_OMPS_H
#define OM_OMPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "report.h"

#define OMPS_DEPUTIES_MAX 4096	      /* shown at once */
#define OMPS_BYTES_MAX	  (64u << 20) /* of all their reports */
#define OMPS_PATIENCE_MS  2000	      /* for all of them together */
#define OMPS_COMMAND_MAX  4096	      /* bytes of a command line */

/**
 * struct omps_deputy - A deputy that has answered
 * @pid:	Its pid, by the kernel
 * @uid:	Its user, by the kernel
 * @user:	His name, or number
 * @report:	What it tells
 */
struct omps_deputy {
	pid_t pid;
	uid_t uid;
	char user[33];
	struct report report;
};

/**
 * struct omps_task - A task
 * @told:	What its deputy tells
 * @deputy:	That
 * @ppid:	Its parent
 * @threads:	Number of its threads
 * @home_rss_bytes: Memory of its home process
 * @command:	Its command line
 * @parent:	Its parent if that is shown too, else NULL
 * @child:	Its first child that is shown
 * @sibling:	Next child of its parent
 */
struct omps_task {
	const struct report_task *told;
	const struct omps_deputy *deputy;
	pid_t ppid;
	uint64_t threads, home_rss_bytes;
	char *command;
	struct omps_task *parent, *child, *sibling;
};

/**
 * struct omps_view - A picture
 * @deputy:	The deputies that have answered
 * @deputy_nr:	Their number
 * @task:	Their tasks, by pid
 * @task_nr:	Their number
 * @failed:	Something could not be found out; it was logged
 */
struct omps_view {
	struct omps_deputy *deputy;
	size_t deputy_nr;
	struct omps_task *task;
	size_t task_nr;
	bool failed;
};

/* Ask the deputies of this user, or of @all; fills @view->deputy, @view->failed. 0, or -ENOMEM. */
int omps_ask(bool all, struct omps_view *view);

/* Fill @view->task; 0 or -ENOMEM */
int omps_tasks_find(struct omps_view *view);
/* Give back what a view holds */
void omps_view_free(struct omps_view *view);

/**
 * struct omps_format - How a table is to look
 * @headers:	With a line of titles
 * @user:	With a column of users
 * @tree:	Children below their parents
 * @width:	Columns that a line may have, 0 = any number
 */
struct omps_format {
	bool headers, user, tree;
	unsigned int width;
};

void omps_table_print(FILE *out, const struct omps_view *view, const struct omps_format *format);
/* One JSON document, on one line */
void omps_json_print(FILE *out, const struct omps_view *view);

/* Columns that @text takes on a terminal, where what is not printable is a '?' */
unsigned int omps_text_width(const char *text);
/* Print it so, in at most @max columns; the last is a '+' when that is not all. Returns the number of columns. */
unsigned int omps_text_print(FILE *out, const char *text, unsigned int max);
/* Print it as a JSON string; bytes that are not UTF-8 become U+FFFD */
void omps_text_json(FILE *out, const char *text);

#endif
