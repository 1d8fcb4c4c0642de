/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest asks for a new program: see deputy/execve.c. */
#ifndef OM_DEPUTY_EXECVE_H
#define OM_DEPUTY_EXECVE_H

#include <stddef.h>
#include <stdint.h>

struct deputy;
struct thread;

int exec_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len); /* a call_handler */

#endif
