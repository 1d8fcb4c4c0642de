/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What guests use of the node. */
#ifndef OM_REMOTE_USAGE_H
#define OM_REMOTE_USAGE_H

#include <stdint.h>
#include <sys/types.h>

struct session;
struct guest;

/* CPU time of a process, in clock ticks, and its resident memory in pages: 0 or negative errno */
int usage_read(pid_t pid, uint64_t *utime, uint64_t *stime, uint64_t *rss);
/* RLIMIT_CPU's hard limit, seconds */
uint64_t usage_cpu_limit(pid_t pid);
/* Tell home what a guest has used, if that has changed since it was told last */
void usage_tell(struct guest *guest);
/* Processes that the kernel has killed for lack of memory since it was started */
uint64_t usage_oom_kills(void);

#endif
