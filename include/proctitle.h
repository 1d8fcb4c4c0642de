/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * What ps shows of a process is its own memory: the strings of its arguments, which many programs overwrite to say what
 * they are doing (and when those do not suffice, the environment behind them). At home others read the home process's
 * memory, so what the guest has written there goes home as TITLE: before a guest opens something in /proc, and once a
 * second for all others.
 */
#ifndef OM_PROCTITLE_H
#define OM_PROCTITLE_H

#include <stdint.h>
#include <string.h>

/* Most bytes that are looked at; what the kernel shows of the environment */
#define TITLE_MAX	  16384u
#define TITLE_ENVIRONMENT 4096u

/* From BODY's mm: where the strings begin, and how many bytes of them are kept the same on both sides */
static inline uint32_t title_range(const uint8_t mm[static 96], uint64_t *start)
{
	enum { ARG_START = 7, ARG_END, ENV_START, ENV_END };
	uint64_t value[12], end;

	memcpy(value, mm, sizeof(value));
	*start = value[ARG_START];
	end = value[ARG_END];
	if (end < *start)
		return 0;
	if (value[ENV_START] == end && value[ENV_END] > end)
		end = value[ENV_END] < end + TITLE_ENVIRONMENT ? value[ENV_END] : end + TITLE_ENVIRONMENT;
	return end - *start < TITLE_MAX ? (uint32_t)(end - *start) : TITLE_MAX;
}

#endif
