/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are what they were until something else is said: see deputy/promise.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "deputy/ahead.h"
#include "deputy/deputy.h"
#include "deputy/dirwatch.h"
#include "deputy/object.h"
#include "deputy/pathwalk.h"
#include "deputy/promise.h"
#include "pathsteps.h"
#include "wire.h"

#define FILES_MAX     256u /* promised at a time; each has a descriptor and a watch */
#define WATCHES_SHARE 128u /* of what the user may watch, for one family */
#define ERAS_BEFORE   2u
#define SEEN_MAX      1024u
#define RETRACTED_MAX 32u /* times in a row within QUICK_S, after which nothing is promised any more */
#define QUICK_S	      10
#define YOUNG_S	      60		  /* what has changed so lately may do so again */
#define AGE_MAX_S     (AHEAD_HOLDS_S / 2) /* of promises: an access that is noted changes attributes */
#define EVENTS	      (IN_MODIFY | IN_ATTRIB | IN_OPEN | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF)

#define YOUNG_ENV "OPENMOSIX_PROMISE_AGE_S" /* another YOUNG_S */

/**
 * struct promised - A file that was promised
 * @wd:		Watch descriptor
 * @fd:		A handle of it (O_PATH)
 * @opened:	Somebody has opened it since we have looked for writers
 * @ours:	We may ask whether there are writers
 * @dev:	Device and inode
 * @ino:	.
 */
struct promised {
	int wd, fd;
	bool opened, ours;
	dev_t dev;
	ino_t ino;
};

/**
 * struct era - Promises that hold, or are retracted, together
 * @number:	Its number
 * @since_ns:	When the first of them was made
 * @file:	Files
 * @nr:		How many there are
 * @names:	There are some of directories, too
 */
struct era {
	uint32_t number;
	uint64_t since_ns;
	struct promised file[FILES_MAX];
	unsigned int nr;
	bool names;
};

/**
 * struct promises - All of them
 * @now:	Those that hold
 * @before:	Those that were retracted last: what the worker has posted before it knew that is on its way
 * @files_max:	How many files may be promised at a time
 * @retracted:	How often in a row they were retracted soon
 * @young_s:	What has changed in so many seconds is not promised
 * @looking:	We are looking for writers of that file
 * @seen:	Files that were opened lately: device and inode
 * @asked:	Paths that were asked for: hashes
 */
struct promises {
	struct era now, before[ERAS_BEFORE];
	unsigned int files_max, retracted;
	long young_s;
	const struct promised *looking;
	struct {
		dev_t dev;
		ino_t ino;
	} seen[SEEN_MAX];
	uint32_t asked[SEEN_MAX];
};

/* Was the file opened before? It is from now on */
static bool was_seen(struct promises *p, const struct stat *st)
{
	unsigned int at = (unsigned int)(st->st_ino % SEEN_MAX);
	bool seen = p->seen[at].ino == st->st_ino && p->seen[at].dev == st->st_dev;

	p->seen[at].ino = st->st_ino;
	p->seen[at].dev = st->st_dev;
	return seen;
}

/* Has nobody the file open for writing? -EACCES: we may not ask */
static int no_writers(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return -errno;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return 0;
}

/* Watch the file: its index, or -1 when it cannot be relied upon */
static int file_watch(struct deputy *d, int fd, const struct stat *st)
{
	struct era *now = &d->promises->now;
	char path[32];
	int wd, own, err;

	if (now->nr == d->promises->files_max)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	wd = inotify_add_watch(dirs_inotify(d->dirs), path, EVENTS);
	if (wd < 0)
		return -1;
	own = open(path, O_PATH | O_CLOEXEC); /* which nobody is told of: it is not open */
	err = no_writers(fd);
	if (own >= 0 && (!err || (err != -EAGAIN && object_is_steady(fd, st)))) {
		now->file[now->nr] = (struct promised){ wd, own, false, !err, st->st_dev, st->st_ino };
		return (int)now->nr++;
	}
	inotify_rm_watch(dirs_inotify(d->dirs), wd);
	if (own >= 0)
		close(own);
	return -1;
}

/* Does that path lead to the file with @st? It is watched from now on */
static bool path_watch(struct deputy *d, const char *path, const struct stat *st)
{
	struct path_end end;
	struct stat here;

	return pathwalk(d, path, &end, &here) && S_ISREG(here.st_mode) && stat_same_file(&here, st);
}

/* How many files may be watched: what the user may watch is for other programs of his, too */
static unsigned int watches_max(void)
{
	unsigned int most = 8 * FILES_MAX;
	FILE *f = fopen("/proc/sys/fs/inotify/max_user_watches", "re");

	if (f) {
		if (fscanf(f, "%u", &most) != 1)
			most = 0;
		fclose(f);
	}
	return most / WATCHES_SHARE < FILES_MAX ? most / WATCHES_SHARE : FILES_MAX;
}

/* The promises of the deputy, made when there are none yet; NULL: there is no memory */
static struct promises *promises_get(struct deputy *d)
{
	const char *age = getenv(YOUNG_ENV);
	struct promises *p = d->promises;

	if (p)
		return p;
	p = d->promises = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	/* The task opens it by way of us (posted.c): that must be allowed */
	p->retracted = prctl(PR_GET_DUMPABLE) == 1 ? 0 : RETRACTED_MAX + 1;
	p->now.number = 1;
	p->young_s = age ? strtol(age, NULL, 10) : YOUNG_S;
	p->files_max = watches_max();
	return p;
}

/* Has it changed lately? */
static bool is_young(const struct promises *p, const struct stat *st)
{
	return st->st_ctim.tv_sec > time(NULL) - p->young_s;
}

/*
 * May a file be promised at all? We keep a handle of it, so its file system is kept from being unmounted: it must be one that
 * the task keeps, too
 */
static bool is_promisable(struct deputy *d, pid_t pid, const struct stat *st)
{
	const struct promises *p = promises_get(d);
	struct stat root, cwd;
	char path[32];

	if (!p || !d->dirs || p->retracted > RETRACTED_MAX || !S_ISREG(st->st_mode) || is_young(p, st))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
	return (!stat("/", &root) && root.st_dev == st->st_dev) || (!stat(path, &cwd) && cwd.st_dev == st->st_dev);
}

/* The number of a promise */
static uint64_t number_of(const struct era *now, uint32_t at)
{
	return (uint64_t)now->number << 32 | at;
}

/* The number of the promise of that file, a new one if there is none; 0: it cannot be relied upon */
static uint64_t file_promise(struct deputy *d, int fd, const struct stat *st)
{
	struct era *now = &d->promises->now;
	int at;

	for (uint32_t i = 0; i < now->nr; i++)
		if (now->file[i].ino == st->st_ino && now->file[i].dev == st->st_dev)
			return number_of(now, i);
	at = file_watch(d, fd, st);
	if (at == 0 && !now->names)
		now->since_ns = uv_hrtime();
	return at < 0 ? 0 : number_of(now, (uint32_t)at);
}

uint64_t promise_make(struct deputy *d, pid_t pid, const char *path, int fd, const struct stat *st)
{
	struct promises *p = promises_get(d);

	return p && was_seen(p, st) && is_promisable(d, pid, st) && path_watch(d, path, st) ? file_promise(d, fd, st)
											    : 0;
}

/* Was the path asked for before? It is from now on; that another one has the same hash does no harm */
static bool was_asked(struct promises *p, const char *path)
{
	uint32_t hash = path_hash(path, strlen(path)), was = p->asked[hash % SEEN_MAX];

	p->asked[hash % SEEN_MAX] = hash;
	return was == hash;
}

/* A directory: what happens in it changes its attributes */
static uint64_t directory_promise(struct deputy *d, const char *at, struct stat *st)
{
	struct era *now = &d->promises->now;
	struct statfs fs;

	if (!dir_state(d, at) || lstat(at, st) || !S_ISDIR(st->st_mode) || statfs(at, &fs) ||
	    is_young(d->promises, st) || ahead_is_noted(&fs, 0, st))
		return 0;
	if (!now->nr && !now->names)
		now->since_ns = uv_hrtime();
	now->names = true;
	return number_of(now, 0);
}

uint64_t promise_name(struct deputy *d, pid_t pid, const char *path, struct stat *st)
{
	struct promises *p = promises_get(d);
	uint64_t promise = 0;
	struct path_end end;
	struct statfs fs;
	int fd;

	/* The names on the way to what is young had better not be noted: it will go again */
	if (!p || !d->dirs || p->retracted > RETRACTED_MAX || !was_asked(p, path) || stat(path, st) ||
	    is_young(p, st) || !pathwalk(d, path, &end, st))
		return 0;
	if (S_ISDIR(st->st_mode))
		return directory_promise(d, end.at, st);
	fd = is_promisable(d, pid, st) ? open(end.at, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	if (!fstat(fd, st) && S_ISREG(st->st_mode))
		promise = file_promise(d, fd, st);
	if (fstat(fd, st) || fstatfs(fd, &fs) || ahead_is_noted(&fs, 0, st))
		promise = 0;
	close(fd);
	return promise;
}

uint64_t promise_data(struct deputy *d, pid_t pid, int fd, const struct stat *st)
{
	return is_promisable(d, pid, st) ? file_promise(d, fd, st) : 0;
}

int promise_fd(const struct deputy *d, uint64_t promise)
{
	const struct promises *p = d->promises;
	uint32_t era = (uint32_t)(promise >> 32), at = (uint32_t)promise;
	const struct era *e = p && era == p->now.number ? &p->now : p ? &p->before[era % ERAS_BEFORE] : NULL;

	return e && e->number == era && at < e->nr ? e->file[at].fd : -1;
}

/* Nothing of an era is on its way any more */
static void era_end(struct era *e)
{
	for (unsigned int i = 0; i < e->nr; i++)
		close(e->file[i].fd);
	e->nr = 0;
}

void promises_retract(struct deputy *d)
{
	struct promises *p = d->promises;
	struct wire_retract msg;
	struct era *before;

	if (!p || !(p->now.nr || p->now.names))
		return;
	for (unsigned int i = 0; i < p->now.nr; i++)
		inotify_rm_watch(dirs_inotify(d->dirs), p->now.file[i].wd);
	p->retracted = uv_hrtime() - p->now.since_ns > QUICK_S * 1000000000ull ? 0 : p->retracted + 1;
	before = &p->before[p->now.number % ERAS_BEFORE];
	era_end(before);
	*before = p->now;
	p->now.nr = 0;
	p->now.names = false;
	msg.era = ++p->now.number;
	if (d->channel)
		channel_send(d->channel, WIRE_RETRACT, &msg, NULL, 0);
}

bool promise_event(struct deputy *d, const struct inotify_event *event)
{
	struct promises *p = d->promises;

	for (unsigned int i = 0; p && i < p->now.nr; i++) {
		if (p->now.file[i].wd != event->wd)
			continue;
		if (event->mask != IN_OPEN)
			promises_retract(d);
		else if (&p->now.file[i] != p->looking)
			p->now.file[i].opened = true;
		return true;
	}
	return false;
}

/*
 * Somebody has opened the file: for writing? We have to open it ourselves to ask that; the event of this must be gone before
 * that, for the kernel does not queue an equal one behind it
 */
static bool still_no_writers(struct deputy *d, struct promised *file)
{
	uint32_t era = d->promises->now.number;
	int fd = file_reopen(file->fd), err;

	file->opened = false;
	if (fd < 0)
		return false;
	d->promises->looking = file;
	dirs_take(d);
	d->promises->looking = NULL;
	err = d->promises->now.number == era ? no_writers(fd) : 0;
	close(fd);
	return !err;
}

void promises_check(struct deputy *d)
{
	struct era *now = d->promises ? &d->promises->now : NULL;
	bool hold = true;

	for (unsigned int i = 0; now && i < now->nr && hold; i++)
		if (now->file[i].opened && now->file[i].ours)
			hold = still_no_writers(d, &now->file[i]);
	if (!hold)
		promises_retract(d);
}

void promises_age(struct deputy *d)
{
	if (d->promises && uv_hrtime() - d->promises->now.since_ns > AGE_MAX_S * 1000000000ull)
		promises_retract(d);
}

void promises_guard(struct deputy *d, const struct wire_call *msg)
{
	if (!d->watches && !(msg->nr == SYS_fcntl && (uint32_t)msg->arg[1] == F_SETLEASE))
		return;
	promises_retract(d);
	if (promises_get(d))
		d->promises->retracted = RETRACTED_MAX + 1;
}

void promises_free(struct deputy *d)
{
	if (!d->promises)
		return;
	era_end(&d->promises->now);
	for (unsigned int i = 0; i < ERAS_BEFORE; i++)
		era_end(&d->promises->before[i]);
	free(d->promises);
	d->promises = NULL;
}
