/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A path is watched from the root down: when the watch of a directory is there, no later change of what its next
 * component means goes unseen. An event concerns what is told of that directory, and, if the name is on the way to
 * others, all that is told below it, whose watches may be of other directories by now. A directory in which very much
 * happens is not watched any more, and nothing below it. When events were lost, or mounts have changed, all begins
 * anew.
 */
#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/dirwatch.h"
#include "deputy/plainfs.h"
#include "deputy/promise.h"
#include "pathsteps.h"

#define DIRS_MAX   4096u
#define BUCKETS	   256u
#define EVENTS_MAX 10000u /* after which a directory is too busy to be worth it */
#define EVENTS                                                                                                         \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |             \
	 IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK)
#define SELF_GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)

/**
 * struct dirs - All of them
 * @inotify:	Where the kernel queues events
 * @mounts:	/proc/self/mountinfo, which is ready when mounts have changed
 * @nr:		How many there are
 * @by_path:	Records by path
 * @by_watch:	Those that are watched by watch descriptor
 * @poll:	Says that there are events (0), or other mounts (1)
 * @open:	Handles of @poll that are still open
 * @untold:	Of how many the worker has to be told that they do not hold any more
 */
struct dirs {
	int inotify, mounts;
	unsigned int nr;
	struct dir *by_path[BUCKETS], *by_watch[BUCKETS];
	uv_poll_t poll[2];
	unsigned int open, untold;
};

static unsigned int bucket_of(const char *path)
{
	return path_hash(path, strlen(path)) % BUCKETS;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	dirs_drain(poll->data);
}

static void on_closed(uv_handle_t *handle)
{
	struct dirs *dirs = (struct dirs *)uv_handle_get_data(handle);

	if (--dirs->open)
		return;
	close(dirs->inotify);
	close(dirs->mounts);
	free(dirs);
}

int dirs_open(struct deputy *d)
{
	struct dirs *dirs = calloc(1, sizeof(*dirs));

	if (!dirs)
		return -ENOMEM;
	dirs->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	dirs->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (dirs->inotify < 0 || dirs->mounts < 0) {
		if (dirs->inotify >= 0)
			close(dirs->inotify);
		if (dirs->mounts >= 0)
			close(dirs->mounts);
		free(dirs);
		return -EMFILE;
	}
	d->dirs = dirs;
	uv_poll_init(&d->loop, &dirs->poll[0], dirs->inotify);
	uv_poll_init(&d->loop, &dirs->poll[1], dirs->mounts);
	dirs->open = 2;
	dirs->poll[0].data = dirs->poll[1].data = d;
	uv_poll_start(&dirs->poll[0], UV_READABLE, on_ready);
	uv_poll_start(&dirs->poll[1], UV_PRIORITIZED, on_ready);
	for (int i = 0; i < 2; i++)
		uv_unref((uv_handle_t *)&dirs->poll[i]);
	return 0;
}

struct dir *dir_get(struct dirs *dirs, const char *path)
{
	struct dir **bucket = &dirs->by_path[bucket_of(path)], *dir = *bucket;
	size_t len = strlen(path) + 1;

	while (dir && strcmp(dir->path, path) != 0)
		dir = dir->next;
	if (dir)
		return dir;
	dir = dirs->nr < DIRS_MAX ? calloc(1, sizeof(*dir) + len) : NULL;
	if (!dir)
		return NULL;
	dir->wd = -1;
	memcpy(dir->path, path, len);
	dir->next = *bucket;
	*bucket = dir;
	dirs->nr++;
	return dir;
}

/* The record of @path if there is one */
static struct dir *dir_find(const struct dirs *dirs, const char *path)
{
	struct dir *dir = dirs->by_path[bucket_of(path)];

	while (dir && strcmp(dir->path, path) != 0)
		dir = dir->next;
	return dir;
}

/* Take a directory off the watched ones; @gone: the kernel has done so already */
static void unwatch(struct dirs *dirs, struct dir *dir, bool gone)
{
	struct dir **at = &dirs->by_watch[(unsigned int)dir->wd % BUCKETS];

	if (dir->wd < 0)
		return;
	while (*at != dir)
		at = &(*at)->watch_next;
	*at = dir->watch_next;
	if (!gone)
		inotify_rm_watch(dirs->inotify, dir->wd);
	dir->wd = -1;
}

/* Call @f for all records at or below @path */
static void each_below(struct deputy *d, const char *path, void (*f)(struct deputy *d, struct dir *dir))
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		for (struct dir *dir = d->dirs->by_path[i]; dir; dir = dir->next) {
			if (path_is_below(dir->path, path, strlen(path)))
				f(d, dir);
		}
	}
}

/* What was told of one directory does not hold any more */
static void untell(struct deputy *d, struct dir *dir)
{
	d->dirs->untold += dir->told;
	dir->spoilt += dir->told;
	dir->told = false;
	dir->hits = 0;
}

/* It is another directory from now on, or none */
static void forget(struct deputy *d, struct dir *dir)
{
	unwatch(d->dirs, dir, false);
	dir->refused = false;
}

void dirs_stale(struct deputy *d, const char *path)
{
	struct wire_stale msg = { (uint32_t)strlen(path) };
	struct iovec tail = { (void *)path, msg.path_len };

	d->dirs->untold = 0;
	each_below(d, path, untell);
	if (d->channel && d->dirs->untold)
		channel_send(d->channel, WIRE_STALE, &msg, &tail, 1);
}

void dirs_close(struct deputy *d)
{
	struct dirs *dirs = d->dirs;

	for (unsigned int i = 0; i < BUCKETS; i++) {
		while (dirs->by_path[i]) {
			struct dir *dir = dirs->by_path[i];

			dirs->by_path[i] = dir->next;
			free(dir);
		}
	}
	for (int i = 0; i < 2; i++) {
		uv_handle_set_data((uv_handle_t *)&dirs->poll[i], dirs);
		uv_close((uv_handle_t *)&dirs->poll[i], on_closed);
	}
	d->dirs = NULL;
}

/* Watch one directory, below others that are watched */
static int watch_one(struct dirs *dirs, struct dir *dir)
{
	struct statfs fs;

	if (dir->wd >= 0)
		return 0;
	if (dir->events >= EVENTS_MAX)
		return -EBUSY;
	dir->wd = inotify_add_watch(dirs->inotify, dir->path, EVENTS);
	if (dir->wd < 0)
		return errno == ENOENT ? -ENOENT : -EACCES;
	dir->watch_next = dirs->by_watch[(unsigned int)dir->wd % BUCKETS];
	dirs->by_watch[(unsigned int)dir->wd % BUCKETS] = dir;
	if (!statfs(dir->path, &fs) && is_plain_fs(&fs))
		return 0;
	unwatch(dirs, dir, false);
	return -EACCES;
}

int dirs_watch(struct deputy *d, struct dir *dir)
{
	char path[WIRE_LISTING_PATH_MAX + 1];
	size_t len = strlen(dir->path);

	for (size_t at = 1; at <= len; at++) {
		struct dir *above;
		int err;

		if (at > 1 && at < len && dir->path[at] != '/')
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)at, dir->path);
		above = dir_get(d->dirs, path);
		err = above ? watch_one(d->dirs, above) : -ENOMEM;
		if (err)
			return err;
	}
	return 0;
}

bool dir_lead(struct deputy *d, const char *path)
{
	struct dir *dir = dir_get(d->dirs, path);

	return dir && !dirs_watch(d, dir);
}

bool dir_note(struct deputy *d, const char *path)
{
	struct dir *dir = dir_get(d->dirs, path);

	if (dir)
		dir->leads = true;
	return dir;
}

bool dir_state(struct deputy *d, const char *path)
{
	struct dir *dir = dir_get(d->dirs, path);

	if (!dir || dirs_watch(d, dir))
		return false;
	dir->stated = true;
	return true;
}

int dirs_inotify(const struct dirs *dirs)
{
	return dirs->inotify;
}

/* Something has happened to, or in, a watched directory */
static void dir_changed(struct deputy *d, struct dir *dir, const struct inotify_event *event)
{
	char path[WIRE_LISTING_PATH_MAX + NAME_MAX + 2];
	const struct dir *named;

	if (!event->len || ++dir->events == EVENTS_MAX) {
		promises_retract(d);
		dirs_stale(d, dir->path);
		if (event->mask & IN_IGNORED)
			unwatch(d->dirs, dir, true);
		if (event->mask & SELF_GONE || dir->events >= EVENTS_MAX)
			each_below(d, dir->path, forget);
		return;
	}
	if (event->mask & IN_ATTRIB)
		return; /* of an entry: its name is what it was */
	if (dir->stated) {
		dir->stated = false;
		promises_retract(d);
	}
	snprintf(path, sizeof(path), "%s/%s", dir->path[1] ? dir->path : "", event->name);
	named = dir_find(d->dirs, path);
	if (named) {
		if (named->leads)
			promises_retract(d);
		dirs_stale(d, path);
		each_below(d, path, forget);
	}
	if (dir->told)
		dirs_stale(d, dir->path);
}

/* An event: it may be of one directory that has two paths, or of a promised file */
static void event_take(struct deputy *d, const struct inotify_event *event)
{
	struct dir *dir = d->dirs->by_watch[(unsigned int)event->wd % BUCKETS], *next;

	if (promise_event(d, event))
		return;
	for (; dir; dir = next) {
		next = dir->watch_next;
		if (dir->wd == event->wd)
			dir_changed(d, dir, event);
	}
}

/* Nothing is known any more */
static void all_forget(struct deputy *d)
{
	promises_retract(d);
	dirs_stale(d, "/");
	each_below(d, "/", forget);
}

/* Take the events that are queued; how many bytes that were */
static ssize_t events_take(struct deputy *d)
{
	union {
		struct inotify_event event;
		char bytes[16384];
	} queue;
	ssize_t n = read(d->dirs->inotify, &queue, sizeof(queue));

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const struct inotify_event *)(queue.bytes + at);

		if (event->mask & IN_Q_OVERFLOW)
			all_forget(d);
		else
			event_take(d, event);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	return n;
}

void dirs_take(struct deputy *d)
{
	while (events_take(d) > 0)
		;
}

void dirs_drain(struct deputy *d)
{
	struct pollfd ready[] = { { .fd = d->dirs->inotify, .events = POLLIN },
				  { .fd = d->dirs->mounts, .events = POLLPRI } };

	if (poll(ready, 2, 0) <= 0)
		return;
	if (ready[1].revents & POLLPRI)
		all_forget(d);
	dirs_take(d);
	promises_check(d);
}
