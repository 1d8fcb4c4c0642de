/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of a path, under watch. */
#ifndef OM_DEPUTY_PATHWALK_H
#define OM_DEPUTY_PATHWALK_H

#include <stdbool.h>

#include "pathsteps.h"

struct deputy;
struct stat;

/* What is at @path, with its attributes in @st and a link's target in @target: PATH_UNKNOWN also when there is nothing */
int path_kind_at(const char *path, struct stat *st, char target[static PATHSTEPS_MAX]);
/*
 * Go the way of the absolute @path, of at most WIRE_LISTING_PATH_MAX bytes, as the kernel does, symbolic links and all, and watch
 * each directory before looking at the name in it (dirwatch.h). Where it ends is put in @end, and what is there in @here. False
 * when it cannot be watched, or there is nothing
 */
bool pathwalk(struct deputy *d, const char *path, struct path_end *end, struct stat *here);

#endif
