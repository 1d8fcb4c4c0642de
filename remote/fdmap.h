/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Which descriptors a process has, so that the one that an open will get is known before home is asked: the lowest that is
 * free (POSIX). Home says which there are when a program starts (START); from then on each call that goes home tells from
 * its row whether its result is a descriptor; pairs are known, too. Of a call that may make descriptors in another way, or change how many there
 * may be, nothing is known: then nothing is known any more until the next program, nor of a process with more threads than
 * one. Only the first FDMAP_FDS are kept an account of; a task whose limit is lower has all of them in use from the start.
 */
#ifndef OM_REMOTE_FDMAP_H
#define OM_REMOTE_FDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDMAP_FDS 256u

struct guest;
struct thread;

/**
 * struct fdmap - The descriptors of a process
 * @known:	They are known
 * @used:	A bit for each that is in use
 */
struct fdmap {
	bool known;
	uint64_t used[FDMAP_FDS / 64];
};

/* A program starts with those */
void fdmap_begin(struct guest *guest, const uint8_t used[static FDMAP_FDS / 8]);
/* The thread's call is about to go home */
void fdmap_call(struct thread *thread);
/* Home has answered that with @ret, and what the call has written */
void fdmap_answered(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);
/* The descriptor that the thread's next open would get, or -1: not known */
int fdmap_next(const struct thread *thread);
/* It is in use from now on, or free */
void fdmap_set(struct guest *guest, uint64_t fd, bool used);

#endif
