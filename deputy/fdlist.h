/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which descriptors a process has. */
#ifndef OM_DEPUTY_FDLIST_H
#define OM_DEPUTY_FDLIST_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Set the bits of the descriptors below 256 that process @pid, which does not run, has open; all bits when that is not known,
 * or when it may not have so many
 */
void fdlist_read(pid_t pid, uint8_t map[static 32]);

#endif
