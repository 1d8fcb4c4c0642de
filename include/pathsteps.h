/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of a path, step by step, as the kernel goes it (path_resolution(7)): home watches it, the remote looks where it ends. */
#ifndef OM_PATHSTEPS_H
#define OM_PATHSTEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "wire.h"

#define PATHSTEPS_MAX (WIRE_LISTING_PATH_MAX + 1) /* room for a path, or a link's target, and its end */

/* What is there */
enum path_kind {
	PATH_UNKNOWN = 1,
	PATH_DIR,
	PATH_LINK,
	PATH_OTHER,
};

/*
 * What is @at, which is a name in the directory @dir? A path_kind, for a link with its target in @target, or negative errno. Both
 * are without symbolic links on the way to them. @at is NULL: may the way go on from @dir by "." or ".."? PATH_DIR if so
 */
typedef int (*path_look)(void *ctx, const char *dir, const char *at, char target[static PATHSTEPS_MAX]);

/**
 * struct path_end - Where a way ends
 * @at:		Its path, without symbolic links on the way
 * @target:	If a link is there, where it leads to
 */
struct path_end {
	char at[PATHSTEPS_MAX], target[PATHSTEPS_MAX];
};

/*
 * Go the way of the absolute @path as far as @look knows it; a symbolic link at its end is followed if @follow, or if
 * something is behind it. What is there, and in @end more about it; negative errno, -ENOTDIR where something is not the
 * directory that it would have to be; or PATH_UNKNOWN, also of what is too long. Whether a slash or a dot is at the end of @path,
 * so that only a directory is good, is for the caller to see.
 */
int path_steps(const char *path, bool follow, struct path_end *end, path_look look, void *ctx);
/* Is @path, which is one without links and dots, the same as @top, which has @len bytes, or below it? */
bool path_is_below(const char *path, const char *top, size_t len);
/* FNV-1a of its first @len bytes, to find it in a table (draft-eastlake-fnv) */
unsigned int path_hash(const char *path, size_t len);

#endif
