/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in directories, for the worker: see deputy/listing.h. Which directories are watched is in dirwatch.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/dirwatch.h"
#include "deputy/listing.h"
#include "deputy/promise.h"
#include "plainpath.h"
#include "sysdef.h"

#define HITS_MIN    2  /* look-ups in vain that make a directory worth telling */
#define SPOILT_MAX  16 /* changes after which it is not told again */
#define ENTRIES_MAX 1000

/* Calls that change what paths mean, or what may be looked at */
static const uint32_t guarded[] = {
	SYS_chroot,   SYS_pivot_root, SYS_mount,    SYS_umount2,   SYS_setns,	  SYS_unshare,	     SYS_move_mount,
	SYS_setuid,   SYS_setgid,     SYS_setreuid, SYS_setregid,  SYS_setresuid, SYS_setresgid,     SYS_setfsuid,
	SYS_setfsgid, SYS_setgroups,  SYS_capset,   SYS_open_tree, SYS_fsmount,	  SYS_mount_setattr,
};

/* The path that the call has looked for in vain; NULL: it has not */
static const char *lookup_path(const struct thread *thread, int64_t ret)
{
	const struct call *call = &thread->call;
	bool is_readlink = call->nr == SYS_readlink || call->nr == SYS_readlinkat;

	const struct sysdef *row = sysdef_row(call->nr);

	if (!call->planned || !(row->traits & SYS_LOOKUP) || (ret != -ENOENT && !(ret == -EINVAL && is_readlink)))
		return NULL;
	return call_pointer(thread, call->home_arg[sysdef_path(row)], WIRE_LISTING_PATH_MAX + 1);
}

/* Has the process our root, and our file systems? It has our rights, or had when it began */
static bool has_our_root(pid_t pid)
{
	static const char *const what[] = { "root", "ns/mnt", "ns/user" };
	struct stat its, ours;
	char path[64], own[32];

	for (size_t i = 0; i < sizeof(what) / sizeof(*what); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what[i]);
		snprintf(own, sizeof(own), "/proc/self/%s", what[i]);
		if (stat(path, &its) || stat(own, &ours) || its.st_dev != ours.st_dev || its.st_ino != ours.st_ino)
			return false;
	}
	return true;
}

/* Do names that differ mean different files there? Not if case is ignored */
static bool is_exact(int fd)
{
	int flags = 0;

	return ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & FS_CASEFOLD_FL);
}

/*
 * Lay out a LISTING's tail: the path, then kind and name of each entry, all strings with their ends. Its length, or 0
 * when the directory cannot be told
 */
static size_t listing_read(const char *path, uint8_t *out, size_t cap)
{
	size_t at = strlen(path) + 1, nr = 0;
	const struct dirent *entry;
	bool good;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	memcpy(out, path, at);
	good = is_exact(fd) && !faccessat(fd, ".", X_OK, AT_EACCESS);
	while (good && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name) + 1;

		good = entry->d_type != DT_UNKNOWN && ++nr <= ENTRIES_MAX && at + 1 + len <= cap;
		if (!good)
			break;
		out[at++] = entry->d_type;
		memcpy(out + at, entry->d_name, len);
		at += len;
	}
	closedir(dir);
	return good ? at : 0;
}

/* Tell the worker what is in the directory, if that may be; false when it does not exist */
static bool listing_tell(struct deputy *d, struct dir *dir)
{
	struct wire_listing msg = { 0 };
	uint8_t tail[WIRE_LISTING_MAX];
	size_t len;
	int err = dirs_watch(d, dir);

	len = err ? 0 : listing_read(dir->path, tail, sizeof(tail));
	dir->refused = !len;
	if (!len)
		return err != -ENOENT;
	dir->told = true;
	msg.path_len = (uint32_t)strlen(dir->path);
	channel_send(d->channel, WIRE_LISTING, &msg, &(struct iovec){ tail, len }, 1);
	return true;
}

/* Somebody has looked into the directory, in vain or on his way: 0; 1: it is not told; -ENOENT: it does not exist */
static int dir_hit(struct deputy *d, const char *path, unsigned int hits)
{
	struct dir *dir = dir_get(d->dirs, path);

	if (dir && dir->told)
		return 0;
	if (!dir || dir->refused || dir->spoilt > SPOILT_MAX)
		return 1;
	dir->hits += hits;
	if (dir->hits < HITS_MIN)
		return 1;
	return listing_tell(d, dir) ? 0 : -ENOENT;
}

/* plainpath_make()'s question: a directory in front of ".." is one that is looked into */
static int on_the_way(void *ctx, const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? -ENOENT : 1;
	if (!S_ISDIR(st.st_mode))
		return 1;
	dir_hit(ctx, path, 1);
	return 0;
}

bool listings_ready(struct deputy *d, const struct thread *thread)
{
	if (!d->listings_off && !d->dirs && (!has_our_root(thread->task->pid) || dirs_open(d)))
		d->listings_off = true;
	return !d->listings_off;
}

void listings_note(struct deputy *d, struct thread *thread, int64_t ret)
{
	const char *found = d->listings_off ? NULL : lookup_path(thread, ret);
	char path[WIRE_LISTING_PATH_MAX + 1];
	unsigned int hits = 1;
	int err;

	if (!found || !memchr(found, '\0', sizeof(path)) || !d->channel || !listings_ready(d, thread))
		return;
	err = plainpath_make(found, path, on_the_way, d);
	while (err <= 0 && path[1]) {
		char *slash = strrchr(path, '/');

		slash[slash == path] = '\0';
		err = dir_hit(d, path, hits);
		if (!err)
			return;
		hits = HITS_MIN; /* where it does not exist, it is the directory above that has not got it */
	}
}

void listings_check(struct deputy *d)
{
	if (d->dirs)
		dirs_drain(d);
}

void listings_guard(struct deputy *d, const struct wire_call *msg)
{
	bool changes = (msg->nr == SYS_clone || msg->nr == SYS_clone3) && msg->arg[0] & (CLONE_NEWNS | CLONE_NEWUSER);

	if (d->listings_off)
		return;
	for (size_t i = 0; i < sizeof(guarded) / sizeof(*guarded) && !changes; i++)
		changes = guarded[i] == msg->nr;
	if (!changes)
		return;
	d->listings_off = true;
	if (d->dirs) {
		promises_retract(d);
		dirs_stale(d, "/");
		dirs_close(d);
	}
}

void listings_free(struct deputy *d)
{
	promises_free(d);
	if (d->dirs)
		dirs_close(d);
}
