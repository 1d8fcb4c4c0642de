/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System V shared memory: see deputy/shm.c. */
#ifndef OM_DEPUTY_SHM_H
#define OM_DEPUTY_SHM_H

#include <stddef.h>
#include <stdint.h>

struct deputy;
struct task;
struct thread;
struct wire_write_back;

/* call_handlers for shmat and shmdt */
int shm_attach(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int shm_detach(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int shm_inherit(struct task *child, const struct task *parent); /* by a fork */
void shm_forget(struct deputy *d, struct task *task);		/* its address space is gone */
/* WRITE_BACK of an object that is no file */
int shm_write_back(struct deputy *d, const struct wire_write_back *msg, const uint8_t *data, size_t len);
void shm_free(struct deputy *d);

#endif
