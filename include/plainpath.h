/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths that home's listings of directories and the remote's look-ups are about. */
#ifndef OM_PLAINPATH_H
#define OM_PLAINPATH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Make the absolute @path, of at most WIRE_LISTING_PATH_MAX bytes, one without empty components, "." and "..", in @out, which
 * has room for a path as long. That can be done where @is_dir knows that what is in front of these is a directory that
 * may be searched, and no symbolic link: it returns 0. What else it returns ends it, and is returned, with the directory in
 * @out. 1 where the path cannot be made such one. A dot or slash at the end does not matter to whether there is something.
 */
int plainpath_make(const char *path, char *out, int (*is_dir)(void *ctx, const char *dir), void *ctx);
/* FNV-1a of its first @len bytes, to find it in a table (draft-eastlake-fnv) */
unsigned int plainpath_hash(const char *path, size_t len);

#endif
