/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest will ask next, with the answer to what it has asked: see deputy/ahead.c. */
#ifndef OM_DEPUTY_AHEAD_H
#define OM_DEPUTY_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "deputy/call.h"

struct stat;
struct statfs;
struct wire_call;

/* How the call is finished if that goes with its answer; NULL: there is nothing to say */
call_finisher ahead_finisher(const struct wire_call *msg);

#define AHEAD_HOLDS_S 7200 /* longer than what was told of times of access is used */

int file_reopen(int fd); /* open the file of @fd once more, for reading; negative when that is not possible */
/* May a read of the file, which is open with @flags, change its time of access, within AHEAD_HOLDS_S? */
bool ahead_is_noted(const struct statfs *fs, int flags, const struct stat *st);
size_t ahead_read(int fd, off_t pos, void *buf, size_t cap); /* what is in memory of the file that @fd is open on */

#endif
