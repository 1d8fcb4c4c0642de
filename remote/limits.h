/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The resource limits of everything in a sandbox. A task's own limits are applied later, and can only lower these. */
#ifndef OM_LIMITS_H
#define OM_LIMITS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* By the remote for itself: as many descriptors as it may have, for each mapped file has two. Where nothing was set, 1,024 are usual */
void limits_own(void);

/*
 * By the remote, which may still be privileged: raise what init and all that it bears shall have (descriptors and locked
 * memory, as far as allowed), and make them the first victims when the node runs out of memory. Best effort.
 */
void limits_prepare(pid_t init);

/* By init, for all that it bears: no limit can be raised from here on. 0 or negative errno. */
int limits_apply(void);

/* How many threads a session may have: half of what this node can have at all, or what OPENMOSIX_THREADS_MAX says */
unsigned int limits_threads(void);

/* A guest's setrlimit or prlimit64 has been made at home: a handler's result (calls.h, limits_set.c) */
struct thread;
void limits_set_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);

#endif
