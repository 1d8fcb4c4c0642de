/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Programs open the same files again and again: each program its libraries and locales, each compiler the same headers. So
 * when a file is opened for reading a second time in a family, the answer may promise that its path leads to that file,
 * with those attributes and those data, until the promise is retracted. The remote then opens it by itself, and posts the
 * open (remote/promises.h). Likewise who asks a second time for the attributes of a file or directory, or whether it may be used.
 *
 * As with listings (listing.h), that is exact because what a guest could learn of a change from goes to the worker behind
 * RETRACT: the kernel has queued the events when the call that made the change returns. Watched are each directory on the
 * way to the file, symbolic links' included, for the names that lead on, and the file itself. Memory that is mapped is
 * written to without events; so nobody may have the file open for writing, which is looked at when the promise is made (a
 * lease for reading can be had only then, fcntl(2)), and again when somebody has opened it; when he has closed it meanwhile, that
 * is an event. Where we may not ask for a lease, it is a file of others that this user cannot write to (object.h).
 *
 * What has changed lately will change again, and is not promised; nor is a file whose time of access a read would change.
 * One change retracts all, for they are rare; when there are many, there are no more promises.
 */
#ifndef OM_DEPUTY_PROMISE_H
#define OM_DEPUTY_PROMISE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct deputy;
struct inotify_event;
struct promises;
struct wire_call;

/*
 * The file that @fd is open on, with @st, was opened by process @pid as @path, which is absolute: may that be promised? Its number, to be
 * told with what is read from then on; 0: no
 */
uint64_t promise_make(struct deputy *d, pid_t pid, const char *path, int fd, const struct stat *st);
/* The same of what is at @path and was asked for just now; @st: its attributes, to be told with it */
uint64_t promise_name(struct deputy *d, pid_t pid, const char *path, struct stat *st);
/* The same, but for its path, of a file that is read again and again */
uint64_t promise_data(struct deputy *d, pid_t pid, int fd, const struct stat *st);
/* Our handle of the file that was promised with that number, for who was told in time; or negative */
int promise_fd(const struct deputy *d, uint64_t promise);
/* A call is about to be made: if it could tell that we open files and ask for leases, nothing is promised any more */
void promises_guard(struct deputy *d, const struct wire_call *msg);
/* Something has happened to what is watched with that number: true if it is a promised file */
bool promise_event(struct deputy *d, const struct inotify_event *event);
/* All events have been seen: look at the files that were opened */
void promises_check(struct deputy *d);
/* Time goes by: nothing is promised for long. Asked as often as a guest that runs says so (USAGE) */
void promises_age(struct deputy *d);
/* They do not hold any more */
void promises_retract(struct deputy *d);
/* The end of all of it */
void promises_free(struct deputy *d);

#endif
