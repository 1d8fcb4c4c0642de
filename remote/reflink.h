/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who copies files asks first whether the copy may share the blocks of the original (ioctl FICLONE), for each of them anew.
 * A file system that cannot do that says EOPNOTSUPP to whatever two files of it (vfs_clone_file_range() in the kernel's
 * fs/remap_range.c), so home is asked once for each.
 */
#ifndef OM_REMOTE_REFLINK_H
#define OM_REMOTE_REFLINK_H

#include <stdbool.h>
#include <stdint.h>

struct thread;

/* Answer the thread's ioctl here, if it is FICLONE of two files of such a file system; true with its result in *@ret */
bool reflink_serve(struct thread *thread, const uint64_t arg[6], int64_t *ret);
/* Home has answered the thread's ioctl with @ret */
void reflink_answered(struct thread *thread, int64_t ret);

#endif
