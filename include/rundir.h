/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The private directory of runtime files (sockets of deputies and of omd). */
#ifndef OM_RUNDIR_H
#define OM_RUNDIR_H

#include <stddef.h>

/*
 * Path of the directory in @out; it is created (0700) when missing, and must be ours alone. The first that fits of
 * $XDG_RUNTIME_DIR/openmosix, /run/openmosix (root), /tmp/openmosix-UID.
 * Returns 0, -ENAMETOOLONG, -EPERM (exists but is not a directory of ours, or others can enter it), or another errno.
 */
int rundir_path(char *out, size_t cap);

#endif
