/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mount of a FUSE file system, by init (init.h). */
#ifndef OM_FUSEMOUNT_H
#define OM_FUSEMOUNT_H

/*
 * Make a FUSE file system that is served by @device (or negative errno), and is mounted nowhere. Returns a descriptor
 * of its root, or negative errno; *@stage is what it was doing.
 */
int fusemount(int device, const char **stage);

#endif
