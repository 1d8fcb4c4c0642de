/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seccomp user notifications: the guests' trapped system calls. Errors are negative errno; -ENOENT means that the
 * thread is not waiting any more (it was killed, or a signal took it out of the call before the call was received).
 */
#ifndef OM_REMOTE_NOTIFY_H
#define OM_REMOTE_NOTIFY_H

#include <stdint.h>
#include <linux/seccomp.h>

/* Check at start-up that the kernel's structures are those that this was compiled with: 0 or -ENOTSUP */
int notify_check(void);
/* Take the next call. Only when one waits, or has waited a moment ago: it blocks. */
int notify_receive(int listener, struct seccomp_notif *out);
/* The call returns @ret to the guest: a value, a negative errno, or one of the kernel's restart codes */
int notify_answer(int listener, uint64_t id, int64_t ret);
/* The guest's own kernel makes the call */
int notify_continue(int listener, uint64_t id);
/* Put our descriptor @source into the guest's table as @target */
int notify_addfd(int listener, uint64_t id, int source, int target);

#endif
