/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line per event on stderr, `prog: what: why`, and the exit statuses that are not the task's own. */
#ifndef OM_LOG_H
#define OM_LOG_H

#include <stdarg.h>

/* As env(1), nice(1) and the shell: what we say about ourselves, not about the program that was to run */
enum {
	EXIT_FAILED = 125,	/* openMosix itself failed */
	EXIT_CANNOT_EXEC = 126, /* the program was found but cannot be executed */
	EXIT_NOT_FOUND = 127,	/* the program was not found */
};

/* $OPENMOSIX_LOG is one of these words in lower case: error, warn (the default), info, debug */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Name of the program in each line (kept, not copied) and level from the environment */
void log_init(const char *prog);
/* Override the level */
void log_level_set(enum log_level level);
/* The level in force, for a caller that would compute what is logged */
enum log_level log_level(void);

void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Log an error and exit with @status */
void die(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));

#endif
