/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Where a process is in a file that it has opened itself, and that no other process and no other descriptor is open on by the
 * same open, is what the process has made of it: it need not be asked again and again, as encoders ask for the end of
 * what they have written so far. So the place is learned from an answer of home's, counted along with the reads and writes
 * that are answered, and forgotten when a call is made of which it is not known that it leaves places alone, when the
 * descriptor is copied, closed, or comes to others, and as long as the process has more threads than one.
 *
 * A file that is opened for appending has no such place: where a write ends there, others have a say in.
 */
#ifndef OM_REMOTE_PLACES_H
#define OM_REMOTE_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#define PLACES 32u /* files whose places are known at a time */

struct guest;
struct thread;

/**
 * struct place - Where a process is in a file
 * @known:	That is known
 * @fd:		Descriptor
 * @at:		The place
 * @dev:	Device of the file
 */
struct place {
	bool known;
	int fd;
	int64_t at;
	uint64_t dev;
};

/* Does that call leave the places of open files alone, but for what read, write and lseek do? It makes no descriptors but by its result */
bool call_is_still(uint32_t nr);
/* The place of descriptor @fd of the thread's process, or -1: not known */
int64_t place_of(const struct thread *thread, int fd);
/* The device of its file, or 0 */
uint64_t place_dev(const struct thread *thread, int fd);
/* It was opened, and its file is of @dev */
void place_opened(struct thread *thread, int fd, uint64_t dev);
/* It is @at now */
void place_set(struct thread *thread, int fd, int64_t at);
/* A read or write has moved it by @count */
void place_move(struct guest *guest, int fd, int64_t count);
/* It is not known any more; -1: of none */
void place_forget(struct guest *guest, int fd);
/* The thread is about to send its call home */
void places_call(struct thread *thread);
/* Home has answered that with @ret */
void places_answered(struct thread *thread, int64_t ret);

#endif
