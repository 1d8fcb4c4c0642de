/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The resource limits of everything in a sandbox. A task's own limits are applied later, and can only lower these. */
#ifndef OM_LIMITS_H
#define OM_LIMITS_H

#include <sys/types.h>

/*
 * By the remote, which may still be privileged: raise what init and all that it bears shall have (the descriptor
 * limit, as far as allowed), and make them the first victims when the node runs out of memory. Best effort.
 */
void limits_prepare(pid_t init);

/* By init, for all that it bears: no limit can be raised from here on. 0 or negative errno. */
int limits_apply(void);

#endif
