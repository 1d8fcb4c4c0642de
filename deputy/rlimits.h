/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The resource limits of tasks. */
#ifndef OM_DEPUTY_RLIMITS_H
#define OM_DEPUTY_RLIMITS_H

#include <sys/resource.h>
#include <sys/types.h>

/*
 * A process' limit on @resource; 0 or negative errno. Also of a process with other ids than ours, for which prlimit(2) wants a
 * capability that root of a container has not (CAP_SYS_RESOURCE)
 */
int rlimit_read(pid_t pid, unsigned int resource, struct rlimit *limit);

#endif
