/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asynchronous I/O, by io_submit: see deputy/aio.c. */
#ifndef OM_DEPUTY_AIO_H
#define OM_DEPUTY_AIO_H

#include <stddef.h>
#include <stdint.h>

struct deputy;
struct task;
struct thread;

/* call_handlers */
int aio_submit(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int aio_getevents(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int aio_destroy(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
void aio_forget(struct task *task);

#endif
