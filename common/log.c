// SPDX-License-Identifier: GPL-2.0-or-later
/* One line per event on stderr. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* A line is written by one write(2) so that lines of several processes do not mix; PIPE_BUF would be the most */
#define LOG_LINE_MAX 1024

static const char *const level_word[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static const char *log_prog = "openmosix";
static enum log_level log_threshold = LOG_LEVEL_WARN;

/**
 * log_init() - Set the name in each line, and the level from $OPENMOSIX_LOG
 * @prog:	Name of the program; kept, not copied
 */
void log_init(const char *prog)
{
	const char *word = getenv("OPENMOSIX_LOG");

	log_prog = prog;
	for (size_t i = 0; word && i < sizeof(level_word) / sizeof(level_word[0]); i++) {
		if (strcmp(word, level_word[i]) == 0)
			log_threshold = i;
	}
}

/**
 * log_level_set() - Override the level
 * @level:	Least important level that is printed
 */
void log_level_set(enum log_level level)
{
	log_threshold = level;
}

/**
 * log_level() - The level in force
 */
enum log_level log_level(void)
{
	return log_threshold;
}

/**
 * log_line() - Format and write one line
 * @fmt:	printf format, without the line's end
 * @ap:		Its arguments
 *
 * What a peer or a user chose may be among the arguments: control characters become '?' so that it cannot forge lines
 * or talk to the terminal.
 */
static void log_line(const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX];
	int head, body;
	size_t len;

	head = snprintf(line, sizeof(line), "%.64s: ", log_prog);
	body = vsnprintf(line + head, sizeof(line) - head, fmt, ap);
	if (body < 0)
		return;
	len = strlen(line);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	}
	if (len == sizeof(line) - 1)
		len--;
	line[len++] = '\n';
	/* Nothing can be done, and nobody told, when stderr is gone */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

/**
 * log_at() - Log one line if the level is wanted
 * @level:	How important it is
 * @fmt:	printf format, "what: why"
 */
void log_at(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level > log_threshold)
		return;
	va_start(ap, fmt);
	log_line(fmt, ap);
	va_end(ap);
}

/**
 * die() - Log an error and exit
 * @status:	Exit status
 * @fmt:	printf format
 */
void die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(fmt, ap);
	va_end(ap);
	exit(status);
}
