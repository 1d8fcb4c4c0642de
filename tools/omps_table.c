// SPDX-License-Identifier: GPL-2.0-or-later
/* Tasks for people: a table whose columns are as wide as what is in them, and narrower on a narrow terminal. */
#include <inttypes.h>
#include <string.h>

#include "tools/omps.h"

#define CELL_MAX	  256
#define COMMAND_WIDTH_MIN 16 /* the other columns get narrower before it does */
#define TREE_DEPTH_MAX	  32 /* levels that are drawn */

/**
 * struct column - A column but the last
 * @title:	Its title
 * @right:	Numbers, aligned at their end
 * @narrow:	Width that it can be cut to, 0 = never cut
 * @print:	What is in it
 */
struct column {
	const char *title;
	bool right;
	unsigned int narrow;
	void (*print)(const struct omps_task *task, char cell[static CELL_MAX]);
};

/*
 * What is in the columns
 */

static void print_pid(const struct omps_task *task, char cell[static CELL_MAX])
{
	snprintf(cell, CELL_MAX, "%" PRIu64, task->told->pid);
}

static void print_user(const struct omps_task *task, char cell[static CELL_MAX])
{
	snprintf(cell, CELL_MAX, "%s", task->deputy->user);
}

static void print_node(const struct omps_task *task, char cell[static CELL_MAX])
{
	snprintf(cell, CELL_MAX, "%s", task->told->node);
}

/* The call that it waits in says more than that it waits */
static void print_state(const struct omps_task *task, char cell[static CELL_MAX])
{
	if (task->told->call[0])
		snprintf(cell, CELL_MAX, "%s()", task->told->call);
	else
		snprintf(cell, CELL_MAX, "%s", task->told->state);
}

static void print_threads(const struct omps_task *task, char cell[static CELL_MAX])
{
	snprintf(cell, CELL_MAX, "%" PRIu64, task->threads);
}

/* 1:02.34 or, from an hour on, 1:02:03 */
static void print_utime(const struct omps_task *task, char cell[static CELL_MAX])
{
	uint64_t cs = task->told->utime_us / 10000, s = cs / 100, min = s / 60;

	if (min < 60)
		snprintf(cell, CELL_MAX, "%" PRIu64 ":%02" PRIu64 ".%02" PRIu64, min, s % 60, cs % 100);
	else
		snprintf(cell, CELL_MAX, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, min / 60, min % 60, s % 60);
}

/* 812K, 12.3M, 1.2G */
static void print_rss(const struct omps_task *task, char cell[static CELL_MAX])
{
	static const char unit[] = "KMGTPE";
	double size = (double)task->told->rss_bytes / 1024;
	size_t i = 0;

	for (; size >= 1000 && unit[i + 1]; i++)
		size /= 1024;
	snprintf(cell, CELL_MAX, "%.*f%c", i ? 1 : 0, size, unit[i]);
}

static void print_rate(const struct omps_task *task, char cell[static CELL_MAX])
{
	snprintf(cell, CELL_MAX, "%" PRIu64, task->told->calls_per_s);
}

static void print_migrations(const struct omps_task *task, char cell[static CELL_MAX])
{
	snprintf(cell, CELL_MAX, "%" PRIu64, task->told->migrations);
}

static void print_why(const struct omps_task *task, char cell[static CELL_MAX])
{
	snprintf(cell, CELL_MAX, "%s", task->told->why[0] ? task->told->why : "-");
}

/* The columns; COMMAND is behind them, as wide as the line lets it */
static const struct column columns[] = {
	{ "PID", true, 0, print_pid },	    { "USER", false, 4, print_user },	{ "NODE", false, 6, print_node },
	{ "STATE", false, 8, print_state }, { "THR", true, 0, print_threads },	{ "UTIME", true, 0, print_utime },
	{ "RSS", true, 0, print_rss },	    { "CALLS/S", true, 0, print_rate }, { "MIG", true, 0, print_migrations },
	{ "WHY", false, 4, print_why },
};
#define COLUMNS	    (sizeof(columns) / sizeof(columns[0]))
#define COLUMN_USER 1

/* The order in which columns get narrower */
static const size_t narrowed[] = { 9, 2, 3, COLUMN_USER };

/**
 * struct table - A table that is printed
 * @out:	Where to
 * @format:	How it is to look
 * @width:	Widths of the columns, 0 = left out
 */
struct table {
	FILE *out;
	const struct omps_format *format;
	unsigned int width[COLUMNS];
};

/**
 * widths_find() - Find out how wide the columns are
 * @table:	The table
 * @view:	What is in it
 */
static void widths_find(struct table *table, const struct omps_view *view)
{
	unsigned int total = COMMAND_WIDTH_MIN;
	char cell[CELL_MAX];

	for (size_t i = 0; i < COLUMNS; i++) {
		if (i == COLUMN_USER && !table->format->user)
			continue;
		table->width[i] = table->format->headers ? (unsigned int)strlen(columns[i].title) : 1;
		for (size_t j = 0; j < view->task_nr; j++) {
			unsigned int width;

			columns[i].print(&view->task[j], cell);
			width = omps_text_width(cell);
			if (width > table->width[i])
				table->width[i] = width;
		}
		total += table->width[i] + 1;
	}
	for (size_t i = 0; i < sizeof(narrowed) / sizeof(narrowed[0]) && table->format->width; i++) {
		unsigned int *width = &table->width[narrowed[i]], narrow = columns[narrowed[i]].narrow;

		while (total > table->format->width && *width > narrow) {
			--*width;
			total--;
		}
	}
}

/**
 * cell_print() - Print what is in a column, and the blank behind it
 * @table:	The table
 * @i:		The column
 * @text:	What is in it
 *
 * Return: columns used.
 */
static unsigned int cell_print(const struct table *table, size_t i, const char *text)
{
	unsigned int width = omps_text_width(text), left;

	if (!table->width[i])
		return 0;
	left = width < table->width[i] ? table->width[i] - width : 0;
	if (columns[i].right)
		fprintf(table->out, "%*s", (int)left, "");
	omps_text_print(table->out, text, table->width[i]);
	fprintf(table->out, "%*s", (int)(columns[i].right ? 1 : left + 1), "");
	return table->width[i] + 1;
}

/**
 * branch_print() - Draw where in the tree a task is
 * @out:	Where to
 * @task:	The task
 * @max:	Columns that there are
 *
 * Return: columns used.
 */
static unsigned int branch_print(FILE *out, const struct omps_task *task, unsigned int max)
{
	const struct omps_task *level[TREE_DEPTH_MAX] = { NULL };
	unsigned int used = 0;
	size_t depth = 0;

	for (; task->parent && depth < TREE_DEPTH_MAX; task = task->parent)
		level[depth++] = task;
	while (depth-- > 0) {
		const char *stroke = !depth ? " \\_ " : level[depth]->sibling ? " |  " : "    ";

		if (max - used < strlen(stroke))
			return used;
		fputs(stroke, out);
		used += (unsigned int)strlen(stroke);
	}
	return used;
}

/**
 * left_of() - Columns that a line has left
 * @table:	The table
 * @used:	Columns used
 */
static unsigned int left_of(const struct table *table, unsigned int used)
{
	if (!table->format->width)
		return ~0u;
	return used < table->format->width ? table->format->width - used : 0;
}

/**
 * row_print() - Print the line of a task
 * @table:	The table
 * @task:	The task, NULL: the titles
 */
static void row_print(const struct table *table, const struct omps_task *task)
{
	unsigned int used = 0;
	char cell[CELL_MAX];

	for (size_t i = 0; i < COLUMNS; i++) {
		if (task)
			columns[i].print(task, cell);
		used += cell_print(table, i, task ? cell : columns[i].title);
	}
	if (task && table->format->tree)
		used += branch_print(table->out, task, left_of(table, used));
	omps_text_print(table->out, task ? task->command : "COMMAND", left_of(table, used));
	putc('\n', table->out);
}

/**
 * tree_next() - The task behind another, children behind their parents
 * @task:	The task
 *
 * Return: the next one, NULL when that was the last below its root.
 */
static const struct omps_task *tree_next(const struct omps_task *task)
{
	if (task->child)
		return task->child;
	while (task && !task->sibling)
		task = task->parent;
	return task ? task->sibling : NULL;
}

void omps_table_print(FILE *out, const struct omps_view *view, const struct omps_format *format)
{
	struct table table = { .out = out, .format = format };

	widths_find(&table, view);
	if (format->headers)
		row_print(&table, NULL);
	for (size_t i = 0; i < view->task_nr; i++) {
		const struct omps_task *task = &view->task[i];

		if (!format->tree) {
			row_print(&table, task);
			continue;
		}
		for (; task && !view->task[i].parent; task = tree_next(task))
			row_print(&table, task);
	}
}
