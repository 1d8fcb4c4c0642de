/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a guest's descriptors, a bit each: enum known. It is learned from the answers to the calls that make them,
 * and forgotten with the call that may make another one of them. A guest with descriptors in common with another process
 * (it is loud) has nothing known.
 */
#ifndef OM_REMOTE_KNOWN_H
#define OM_REMOTE_KNOWN_H

#include "remote/guest.h"

/* Is that known of the descriptor? */
bool known_is(const struct guest *guest, enum known what, uint64_t fd);
/* It is, unless the thread's call crossed one that closes descriptors */
void known_set(struct thread *thread, enum known what, uint64_t fd);
/* That is not, or not known any more */
void known_unset(struct guest *guest, enum known what, uint64_t fd);
/* An exec closes the descriptor, or does not */
void known_cloexec(struct thread *thread, uint64_t fd, bool closes);
/* Nothing is known of it any more */
void known_clear(struct guest *guest, uint64_t fd);
/* The thread is about to make its call, which may copy a descriptor, or change its flags */
void known_call(struct thread *thread);
/* The thread's call has returned @ret: if it has copied a descriptor, the copy is one as the first */
void known_copied(struct thread *thread, int64_t ret);
/* Nothing is known of any */
void known_forget(struct guest *guest);
/* @child was forked from @parent, with its own descriptors or with the same ones */
void known_inherit(struct guest *child, struct guest *parent, bool same_files);

#endif
