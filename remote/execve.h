/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's execve: what its new program gets from the old one goes home in front of the arguments. Where these are too
 * many for one CALL, all of them go ahead of it in pieces (ARGUMENTS).
 */
#ifndef OM_REMOTE_EXECVE_H
#define OM_REMOTE_EXECVE_H

#include <stddef.h>
#include <stdint.h>

struct thread;

/* For the table of handlers */
void execve_begin(struct thread *thread);
void execve_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);

#endif
