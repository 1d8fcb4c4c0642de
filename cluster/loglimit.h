/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bound on log lines that strangers can cause: so many in a window of time, then silence, then the number of those
 * that were left out. The caller says what time it is.
 */
#ifndef OM_LOGLIMIT_H
#define OM_LOGLIMIT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct loglimit - State of one limit
 * @lines_max:	Lines in one window
 * @window_ms:	Length of a window
 * @start_ms:	When the current window began
 * @lines:	Lines in it so far
 * @left_out:	Lines that were left out since one was last let through
 */
struct loglimit {
	unsigned int lines_max;
	uint64_t window_ms;
	uint64_t start_ms;
	unsigned int lines;
	unsigned int left_out;
};

/* May a line be written now? If so, *@left_out is the number of lines left out before it. */
bool loglimit_allow(struct loglimit *limit, uint64_t now_ms, unsigned int *left_out);

#endif
