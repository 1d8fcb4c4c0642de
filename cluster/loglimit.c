// SPDX-License-Identifier: GPL-2.0-or-later
/* A bound on log lines; see cluster/loglimit.h. */
#include "cluster/loglimit.h"

bool loglimit_allow(struct loglimit *limit, uint64_t now_ms, unsigned int *left_out)
{
	if (now_ms - limit->start_ms >= limit->window_ms) {
		limit->start_ms = now_ms;
		limit->lines = 0;
	}
	if (limit->lines >= limit->lines_max) {
		limit->left_out++;
		return false;
	}
	limit->lines++;
	*left_out = limit->left_out;
	limit->left_out = 0;
	return true;
}
