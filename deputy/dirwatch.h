/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directories that the worker was told of, and those above them, under the kernel's watch: see deputy/listing.h. */
#ifndef OM_DEPUTY_DIRWATCH_H
#define OM_DEPUTY_DIRWATCH_H

#include <stdbool.h>

struct deputy;
struct dirs;

/**
 * struct dir - A directory, or what was looked for as one
 * @next:	Next in the bucket of its path
 * @watch_next:	Next in the bucket of its watch
 * @wd:		Watch descriptor, -1 = not watched
 * @hits:	Look-ups in vain in it
 * @spoilt:	How often what was told did not hold any more
 * @told:	The worker knows what is in it
 * @refused:	It cannot be told
 * @stated:	Its attributes are promised
 * @leads:	The way to a promised file goes there, or through it (promise.h)
 * @events:	What has happened to it, or in it
 * @path:	Its path, without symbolic links if it is watched
 */
struct dir {
	struct dir *next, *watch_next;
	int wd;
	unsigned int hits, spoilt, events;
	bool told, refused, leads, stated;
	char path[];
};

/* Begin: fills d->dirs; 0 or negative errno */
int dirs_open(struct deputy *d);
/* The end of all of it */
void dirs_close(struct deputy *d);
/* The directory's record, made when there is none; NULL: there is no memory, or there are too many */
struct dir *dir_get(struct dirs *dirs, const char *path);
/* Watch it and all above it; -ENOENT: it does not exist, other negative errno: it cannot be relied upon */
int dirs_watch(struct deputy *d, struct dir *dir);
/* The same, by its path: false when it cannot be relied upon */
bool dir_lead(struct deputy *d, const char *path);
/* The way to a promised file goes to that name, in a directory that is watched; false when that cannot be noted */
bool dir_note(struct deputy *d, const char *path);
/* The attributes of the directory are promised: false when it cannot be relied upon */
bool dir_state(struct deputy *d, const char *path);
/* Where the kernel queues events */
int dirs_inotify(const struct dirs *dirs);
/* Take the events that are queued */
void dirs_take(struct deputy *d);
/* Look what has changed, and tell the worker */
void dirs_drain(struct deputy *d);
/* What is told of @path, and of what lies below it, does not hold any more */
void dirs_stale(struct deputy *d, const char *path);

#endif
