/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See deputy/plainfs.h. */
#include <linux/magic.h>
#include <stddef.h>

#include "deputy/plainfs.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

bool is_plain_fs(const struct statfs *fs)
{
	static const unsigned int plain[] = { EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC,       BTRFS_SUPER_MAGIC,
					      TMPFS_MAGIC,	OVERLAYFS_SUPER_MAGIC, F2FS_SUPER_MAGIC };

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		if ((unsigned int)fs->f_type == plain[i])
			return true;
	}
	return false;
}
