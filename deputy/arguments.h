/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of an execve that are too many for its slot: see deputy/arguments.c. */
#ifndef OM_DEPUTY_ARGUMENTS_H
#define OM_DEPUTY_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "deputy/call.h"

struct deputy;
struct thread;
struct wire_arguments;

int arguments_add(struct deputy *d, const struct wire_arguments *msg, const uint8_t *piece, size_t len);
/* Map memory for them in the process, then call @then with what mmap has returned */
void arguments_map(struct deputy *d, struct thread *thread, call_finisher then);
int arguments_place(struct thread *thread); /* lay the thread's call out there; 0 or negative errno */
void arguments_unmap(struct deputy *d, struct thread *thread, call_finisher then);
void *arguments_pointer(const struct thread *thread, uint64_t home_addr, size_t len); /* as call_pointer() */
void arguments_free(struct thread *thread);

#endif
