/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Programs look for files where there are none: a compiler along its include path, a shell along PATH, an interpreter
 * for its modules; and realpath(3) asks of each directory whether it is a symbolic link. So when a family has looked
 * into a directory for what is not there, the worker is told what is: LISTING has the names and kinds of all its
 * entries, and where links lead. The remote then answers by itself that there is no such name, or that it is no link
 * (remote/listing.h). What is there is home's affair: who opens it, or asks for its attributes, asks home. A directory is told at
 * once if it is small, else when it has been looked into as often as it takes to read it.
 *
 * That is exact, because nothing that a guest can learn from goes to the worker before the deputy has looked whether a
 * listing still holds (listings_check(), before each RESULT, SIGNAL, START...): the kernel has queued the inotify
 * event of a change, at this directory or at any above it, when the call that made the change returns; and if one does
 * not hold, STALE goes first. A guest that waits for a file to appear, and does nothing else, sees it too: STALE goes
 * out as soon as the event comes.
 *
 * Told are only directories, by their paths without symbolic links, in file systems whose changes all pass through
 * this kernel; whose entries anybody who may search them sees alike. The family is at the deputy's own root, with its
 * rights; when a member changes that, there are no more listings (listings_guard()), and after a change of mounts they
 * begin anew. A directory that changes all the time, or has many entries, is not told.
 */
#ifndef OM_DEPUTY_LISTING_H
#define OM_DEPUTY_LISTING_H

#include <stdbool.h>
#include <stdint.h>

struct deputy;
struct thread;
struct wire_call;

/* Can changes of what the thread's paths lead to be seen? */
bool listings_ready(struct deputy *d, const struct thread *thread);
/* The thread's call has returned @ret: if it has looked for a path, its directory may be worth telling */
void listings_note(struct deputy *d, struct thread *thread, int64_t ret);
/* Something is about to go to the worker: what was told and does not hold any more is STALE */
void listings_check(struct deputy *d);
/* A call is about to be made: if it changes what paths mean to its caller, there are no listings any more */
void listings_guard(struct deputy *d, const struct wire_call *msg);
/* The end: give up all that belongs to them */
void listings_free(struct deputy *d);

#endif
