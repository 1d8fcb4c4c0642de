/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths that home's listings of directories and the remote's look-ups are about. */
#ifndef OM_PLAINPATH_H
#define OM_PLAINPATH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Is the path, @len bytes without its end, of the simple kind: absolute, without empty or dotted components, with not more
 * than WIRE_LISTING_PATH_MAX bytes?
 */
bool plainpath_is(const char *path, size_t len);
/* FNV-1a of its first @len bytes, to find it in a table (draft-eastlake-fnv) */
unsigned int plainpath_hash(const char *path, size_t len);

#endif
