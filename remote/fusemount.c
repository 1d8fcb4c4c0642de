/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mount a FUSE file system nowhere: see remote/fusemount.h. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "remote/fusemount.h"
#include "remote/init.h"

/**
 * option_set() - Give the file system that is being made a number, in the base that the option wants
 */
static int option_set(int fs, const char *key, const char *format, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), format, value);
	return error_of(fsconfig(fs, FSCONFIG_SET_STRING, key, text, 0));
}

/**
 * options_set() - What every FUSE file system has to be told
 *
 * Only processes of the user and group that own it can open its files: the remote, whose ids init shares, and no guest.
 */
static int options_set(int fs, int device)
{
	int err = option_set(fs, "fd", "%u", (unsigned int)device);

	if (!err)
		err = option_set(fs, "rootmode", "%o", 040000);
	if (!err)
		err = option_set(fs, "user_id", "%u", geteuid());
	if (!err)
		err = option_set(fs, "group_id", "%u", getegid());
	return err ? err : error_of(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
}

int fusemount(int device, const char **stage)
{
	int fs, root, err;

	*stage = "opening /dev/fuse";
	if (device < 0)
		return device;
	*stage = "mounting FUSE";
	fs = fsopen("fuse", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -errno;
	err = options_set(fs, device);
	root = err ? err : fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
	if (!err && root < 0)
		root = -errno;
	close(fs);
	return root;
}
