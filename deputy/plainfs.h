/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File systems that are as one expects: on this machine, with nothing behind a name or a place but files. */
#ifndef OM_DEPUTY_PLAINFS_H
#define OM_DEPUTY_PLAINFS_H

#include <stdbool.h>
#include <sys/vfs.h>

/* Is it one of those, whose changes are all made by this kernel, and in whose files every place can be gone to? */
bool is_plain_fs(const struct statfs *fs);

#endif
