/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See include/plainpath.h. */
#include <string.h>

#include "plainpath.h"
#include "wire.h"

bool plainpath_is(const char *path, size_t len)
{
	if (len < 2 || len > WIRE_LISTING_PATH_MAX || path[0] != '/' || path[len - 1] == '/')
		return false;
	return !strstr(path, "//") && !strstr(path, "/.");
}

unsigned int plainpath_hash(const char *path, size_t len)
{
	unsigned int h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)path[i]) * 16777619u;
	return h;
}
