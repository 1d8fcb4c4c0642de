/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of a path, under watch. */
#ifndef OM_DEPUTY_PATHWALK_H
#define OM_DEPUTY_PATHWALK_H

#include <stdbool.h>
#include <sys/stat.h>

#include "wire.h"

#define PATHWALK_MAX (2 * (WIRE_LISTING_PATH_MAX + 1))

struct deputy;

/*
 * Go the way of the absolute @path, of at most WIRE_LISTING_PATH_MAX bytes, as the kernel does, symbolic links and all, and watch
 * each directory before looking at the name in it (dirwatch.h). Where it ends is put in @at, which has room for PATHWALK_MAX
 * bytes, and what is there in @here. False when it cannot be watched, or there is nothing
 */
bool pathwalk(struct deputy *d, const char *path, char *at, struct stat *here);

#endif
