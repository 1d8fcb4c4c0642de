/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * System V shared memory of guests. Home attaches and detaches; the answer to shmat names a live object, one for all
 * attachments of a segment, and the guest maps its memfd:
 *
 *	shmat ─► CALL ··· RESULT ─► memfd into the guest's table ─► stop on the way out ─┬─► mmap, close ─► address
 *	                                                                                 └─► it fails: CALL(shmdt)
 *	shmdt ─► CALL ··· RESULT ─► stop on the way out ─► munmap ─► 0
 *
 * An attachment that SHM_REMAP replaces is detached at home likewise. The calls at the stop are made by the remote in
 * the guest's name, with all its signals blocked, so to the guest they are one call. The filter lets that mmap through by its
 * descriptor number (filter.h).
 *
 * Nobody but guests of this session looks at the content (the deputy sees to that), so nothing is compared. It goes
 * home, all of it, before the call that takes the last guest that may write to it away from the segment, or when home
 * asks for it by FORGET. An object's `dirty` says that home's content may be behind.
 */
#ifndef OM_REMOTE_SHM_H
#define OM_REMOTE_SHM_H

#include <stddef.h>
#include <stdint.h>

struct guest;
struct session;
struct thread;

/* For handlers.c */
void shm_attach_begin(struct thread *thread);
void shm_attach_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);
void shm_detach_begin(struct thread *thread);
void shm_detach_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);

/* A fork: 0 or -ENOMEM */
int shm_inherit(struct guest *child, const struct guest *parent);
/* The guest is about to lose its memory: home gets what it alone may have written */
void shm_leave(struct guest *guest);
/* It does not lose it after all */
void shm_stay(struct guest *guest);
/* Forget the guest's attachments */
void shm_clear(struct guest *guest);

/* FORGET has come: 0 or -EPROTO */
int shm_object_forget(struct session *session, uint64_t id);

#endif
