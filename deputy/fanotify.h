/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's fanotify_init. Who only watches may; who wants permission events is refused: the deputy opens files for him and his
 * family, and would wait for a permission that he can give only with the deputy's help.
 */
#ifndef OM_DEPUTY_FANOTIFY_H
#define OM_DEPUTY_FANOTIFY_H

#include <stddef.h>
#include <stdint.h>

struct deputy;
struct thread;

/* A call_handler */
int fanotify_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);

#endif
