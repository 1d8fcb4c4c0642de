/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in directories, for the worker: see deputy/listing.h. Which directories are watched is in dirwatch.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "deputy/ahead.h"
#include "deputy/deputy.h"
#include "deputy/dirwatch.h"
#include "deputy/listing.h"
#include "deputy/pathwalk.h"
#include "deputy/promise.h"
#include "sysdef.h"

#define SPOILT_MAX  16 /* changes after which it is not told again */
#define SPOILT_HITS 2  /* what each of them adds to the look-ups that it takes */
#define ENTRIES_MAX 4000
#define HIT_BYTES   8192   /* of a directory, which take about as long to read as a call takes to be made at home */
#define NOSYMFOLLOW 0x2000 /* ST_NOSYMFOLLOW, which glibc does not have: statfs(2) */

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
 * May a guest follow links in this directory without asking? Home alone would refuse that (protected_symlinks in proc(5),
 * nosymfollow in mount(8))
 */
static bool may_follow(const struct stat *st, const struct statfs *fs)
{
	return (st->st_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH) && !(fs->f_flags & NOSYMFOLLOW);
}

/* The target of the link @name in @dir, unless home would note that it is followed: its length, or 0 */
static size_t link_target(int dir, const struct statfs *fs, const char *name, char *out, size_t cap)
{
	struct stat st;
	ssize_t n;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || ahead_is_noted(fs, 0, &st))
		return 0;
	n = readlinkat(dir, name, out, cap);
	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

/*
 * Lay out an entry of the directory; @fs: targets of links, too. Where it ends, or NULL when there is no room, or it cannot be told
 */
static uint8_t *entry_put(int dir, const struct statfs *fs, const struct dirent *entry, uint8_t *at, const uint8_t *end)
{
	size_t len = strlen(entry->d_name) + 1;

	if (entry->d_type == DT_UNKNOWN || (size_t)(end - at) < 1 + len + PATHSTEPS_MAX)
		return NULL;
	*at++ = entry->d_type;
	at = mempcpy(at, entry->d_name, len);
	if (entry->d_type != DT_LNK)
		return at;
	at += fs ? link_target(dir, fs, entry->d_name, (char *)at, PATHSTEPS_MAX) : 0;
	*at++ = '\0';
	return at;
}

/* Lay out a LISTING's tail. Its length, or 0 when the directory cannot be told */
static size_t listing_read(const char *path, uint8_t *out, size_t cap)
{
	uint8_t *at = mempcpy(out, path, strlen(path) + 1);
	const struct dirent *entry;
	struct statfs fs;
	struct stat st;
	size_t nr = 0;
	bool good, follow;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	good = is_exact(fd) && !faccessat(fd, ".", X_OK, AT_EACCESS) && !fstat(fd, &st) && !fstatfs(fd, &fs);
	follow = good && may_follow(&st, &fs);
	while (good && (entry = readdir(dir))) {
		at = ++nr > ENTRIES_MAX ? NULL : entry_put(fd, follow ? &fs : NULL, entry, at, out + cap);
		good = at != NULL;
	}
	closedir(dir);
	return good ? (size_t)(at - out) : 0;
}

/* Tell the worker what is in the directory, if that may be */
static void listing_tell(struct deputy *d, struct dir *dir)
{
	struct wire_listing msg = { 0 };
	uint8_t *tail = malloc(WIRE_LISTING_MAX); /* the stack may be small */
	size_t len = !tail || dirs_watch(d, dir) ? 0 : listing_read(dir->path, tail, WIRE_LISTING_MAX);

	dir->refused = !len;
	if (len) {
		dir->told = true;
		msg.path_len = (uint32_t)strlen(dir->path);
		channel_send(d->channel, WIRE_LISTING, &msg, &(struct iovec){ tail, len }, 1);
	}
	free(tail);
}

/*
 * Look-ups that make a directory worth telling: the more the longer it takes to read it, which its size gives an idea of, and the
 * more often that has been in vain
 */
static unsigned int hits_min(const struct dir *dir)
{
	struct stat st;

	return 1 + SPOILT_HITS * dir->spoilt + (stat(dir->path, &st) ? 0 : (unsigned int)(st.st_size / HIT_BYTES));
}

/* Somebody has looked into the directory for what he did not find, or went on from it by a link or ".." */
static void dir_hit(struct deputy *d, const char *path, unsigned int hits)
{
	struct dir *dir = dir_get(d->dirs, path);

	if (!dir || dir->told || dir->refused || dir->spoilt > SPOILT_MAX)
		return;
	dir->hits += hits;
	if (dir->hits >= hits_min(dir))
		listing_tell(d, dir);
}

/* path_steps()'s question: what is missing, or shows which way to go on, would be known if the directory were told */
static int hit(void *ctx, const char *dir, const char *at, char target[static PATHSTEPS_MAX])
{
	struct stat st;
	int kind = at ? path_kind_at(at, &st, target) : PATH_DIR;

	if (kind != PATH_DIR || !at)
		dir_hit(ctx, dir, 1);
	return kind;
}

bool listings_ready(struct deputy *d, const struct thread *thread)
{
	if (!d->listings_off && !d->dirs && (!has_our_root(thread->task->pid) || dirs_open(d)))
		d->listings_off = true;
	return !d->listings_off;
}

void listings_note(struct deputy *d, struct thread *thread, int64_t ret)
{
	const char *sought = d->listings_off ? NULL : lookup_path(thread, ret);
	struct path_end end;

	if (!sought || !memchr(sought, '\0', PATHSTEPS_MAX) || !d->channel || !listings_ready(d, thread))
		return;
	if (path_steps(sought, ret != -EINVAL, &end, hit, d) == PATH_DIR && ret == -EINVAL)
		dir_hit(d, dirname(end.at), 1);
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
