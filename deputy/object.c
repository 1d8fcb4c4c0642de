/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Files that are mapped on the worker. The deputy keeps one descriptor of each, so that its content can be read as long
 * as the family lives, deleted or not, and knows what it has sent. There are two kinds of objects.
 *
 * A steady object never changes: a program or library, or somebody else's file that this user may not write to. As for make(1), what
 * has the same device, inode, size and times is the same; if not, it is another object. A worker may keep it for later
 * sessions. So its content is offered by its hash, if that is known (hashes.h), and sent only if the worker wants it.
 * While it is sent for the first time its hash is computed. Who overwrites, in place, a library that his own family
 * maps gets what he asks for only in mappings that are made later.
 *
 * Any other file is a live object, one for all mappings of it in all processes of the family, shared and private, so
 * they see each other, and a private mapping sees what is written to pages that it has not copied, as natively. Between
 * that object and the file at home:
 *   - what a guest has written to its shared memory comes as WRITE_BACK before the next call of any guest, and is
 *     written to the file before that call is made: whoever is told by a call finds the data
 *   - what a call of the family writes to the file goes to the worker before the call's answer (written.c)
 *   - content that goes to the worker crosses with what guests write: it is told which WRITE_BACKs the content has seen
 *     (SEEN), and keeps what was written later (remote/merge.h)
 * Processes outside the family that map the same file at the same time would share memory across nodes, which this does
 * not do: such a mapping is refused, whether they are at home (object_is_mapped_elsewhere()) or another family's guests
 * (claim.c). What they write otherwise shows when the file is mapped the next time.
 *
 * What is much is offered even if it has no name, so that a worker that has no room for it can say so, or fetches its pages
 * as they are touched (offer.c, pages.c). Guests cannot write to such a paged object. So there may be two live objects of
 * one file: when a guest maps a file for writing that is paged already, another is made, and sent as a whole. What is
 * written to that by memory shows in the first one as if somebody else had written it: with the next call.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/hashes.h"
#include "deputy/object.h"
#include "deputy/outbox.h"
#include "deputy/shm.h"
#include "procmaps.h"

bool stat_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool stat_same_content(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && !memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) &&
	       !memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim));
}

bool object_is_steady(int fd, const struct stat *st)
{
	char magic[SELFMAG] = "", path[32];

	if (hashes_is_young(st) || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
		return false;
	if (pread(fd, magic, sizeof(magic), 0) == SELFMAG && !memcmp(magic, ELFMAG, SELFMAG))
		return true;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return st->st_uid != geteuid() && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0;
}

int object_refresh(struct deputy *d, struct object *o, const struct stat *st)
{
	o->st = *st;
	return outbox_file(d, o, 0, (uint64_t)st->st_size, OUTBOX_ZEROS | OUTBOX_SIZE);
}

uint64_t object_data_bytes(const struct stat *st)
{
	uint64_t blocks = (uint64_t)st->st_blocks * 512, size = (uint64_t)st->st_size;

	return blocks < size ? blocks : size;
}

/* Data of a file that is mapped privately by who may come to write to it by memory */
#define FOR_WRITING_MAX (64u << 20)

/* Must it be sent as a whole, so that guests can write to it? */
static bool is_for_writing(int fd, const struct stat *st, bool shared)
{
	return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR && (shared || object_data_bytes(st) <= FOR_WRITING_MAX);
}

struct object *object_find(struct deputy *d, const struct stat *st, bool live)
{
	for (struct object *o = d->objects; o; o = o->next) {
		if (o->live == live && !o->trimming && stat_same_file(&o->st, st) &&
		    (live || stat_same_content(&o->st, st)))
			return o;
	}
	return NULL;
}

/* Open the file that @fd is open on once more; negative errno */
static int file_open(int fd, int access)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, access | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* Replace a task's descriptor by one of our own, if we may: an flock would last as long as there is any of the same open */
static int fd_own(int fd)
{
	int own = file_open(fd, fcntl(fd, F_GETFL) & O_ACCMODE);

	if (own < 0)
		return fd;
	close(fd);
	return own;
}

void object_only_read(struct object *o)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", o->fd);
	/* What was written by somebody who was killed may be still to come */
	if (!o->writable || faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
		return;
	fd = file_open(o->fd, O_RDONLY);
	if (fd < 0)
		return;
	close(o->fd);
	o->fd = fd;
	o->writable = false;
	o->released = true;
}

/* A known object is mapped again through @fd, which is ours now */
static int object_again(struct deputy *d, struct object *o, int fd, const struct stat *st)
{
	bool writable = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;

	o->used = ++d->mapped;
	if (writable && !o->writable) {
		close(o->fd);
		o->fd = fd_own(fd);
		o->writable = true;
	} else {
		close(fd);
	}
	return stat_same_content(&o->st, st) ? 0 : object_refresh(d, o, st);
}

int object_of_fd(struct deputy *d, int fd, bool shared, struct object **out)
{
	struct object *o;
	struct stat st;
	bool live, whole;
	int err;

	if (fstat(fd, &st) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	live = shared || !object_is_steady(fd, &st);
	whole = is_for_writing(fd, &st, shared);
	*out = o = object_find(d, &st, live);
	if (o && !(whole && object_is_paged(o)))
		return object_again(d, o, fd, &st);
	*out = o = malloc(sizeof(*o));
	if (!o) {
		close(fd);
		return -ENOMEM;
	}
	*o = (struct object){ .next = d->objects, .id = ++d->next_object, .live = live, .claim = -1, .st = st };
	o->fd = live ? fd_own(fd) : fd;
	o->writable = (fcntl(o->fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	d->objects = o;
	o->used = ++d->mapped;
	d->live_nr += live;
	d->fresh_nr++;
	d->fresh_bytes += (uint64_t)st.st_blocks * 512;
	err = object_offer(d, o, whole);
	objects_trim(d);
	return err;
}

struct object *object_known(struct deputy *d, const struct stat *st)
{
	struct object *o = d->outbox ? NULL : object_find(d, st, false);

	if (!o && !d->outbox)
		o = object_find(d, st, true);
	if (!o || !stat_same_content(&o->st, st))
		return NULL;
	o->used = ++d->mapped;
	return o;
}

void object_sent(struct deputy *d, struct object *o, const uint8_t hash[static HASH_LEN])
{
	struct wire_keep msg = { o->id };
	struct stat st;

	if (fstat(o->fd, &st) < 0 || !stat_same_content(&st, &o->st))
		return;
	hashes_remember(d->hashes, &st, hash);
	channel_send(d->channel, WIRE_KEEP, &msg, NULL, 0);
}

/* Does process @pid map the file with @st shared? */
static bool process_maps(pid_t pid, const struct stat *st)
{
	struct procmap *maps = NULL;
	int nr = procmaps_read(pid, &maps);
	bool found = false;

	for (int i = 0; i < nr && !found; i++)
		found = maps[i].shared && maps[i].inode == st->st_ino &&
			maps[i].dev == ((uint64_t)major(st->st_dev) << 20 | minor(st->st_dev));
	free(maps);
	return found;
}

bool object_is_mapped_elsewhere(struct deputy *d, int fd)
{
	struct dirent *entry;
	bool found = false;
	struct object *o;
	struct stat st;
	DIR *proc;

	if (fstat(fd, &st) < 0)
		return false;
	o = object_find(d, &st, true);
	if (o && o->shared)
		return false;
	proc = opendir("/proc");
	while (proc && !found && (entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		/* A process of another user cannot be looked into; nor can it have been given this file by accident */
		found = pid > 0 && pid != getpid() && !task_find(d, pid) && process_maps(pid, &st);
	}
	if (proc)
		closedir(proc);
	return found;
}

int object_share(struct deputy *d, struct object *o)
{
	int err = claim_take(d, o);

	if (err)
		return err;
	o->shared = true;
	d->shared_nr++;
	return 0;
}

/* Write to a live object's file, where it still is as long; 0 or negative errno */
static int content_write(struct object *o, uint64_t offset, const uint8_t *data, size_t len)
{
	struct stat st;
	ssize_t n;
	int fd, err = 0;

	if (fstat(o->fd, &st) < 0)
		return -errno;
	if (offset >= (uint64_t)st.st_size)
		return 0; /* it was cut off meanwhile, with what the guest has written */
	if (len > (uint64_t)st.st_size - offset)
		len = (uint64_t)st.st_size - offset;
	fd = o->writable ? o->fd : file_open(o->fd, O_WRONLY);
	if (fd < 0)
		return 0; /* it is executed meanwhile; who wrote this is dead */
	if (o->kept && offset <= o->kept_len && len <= o->kept_len - offset) {
		memcpy(o->kept + offset, data, len);
		n = (ssize_t)len;
	} else {
		n = pwrite(fd, data, len, (off_t)offset);
	}
	if (fd != o->fd)
		close(fd);
	if (n != (ssize_t)len)
		return -ENOSPC;
	/* Should somebody else have changed it, the worker is still to get that */
	if (stat_same_content(&st, &o->st) && fstat(o->fd, &o->st) < 0)
		err = -errno;
	return err;
}

int object_keep_mapped(struct object *o)
{
	void *map;

	if (o->kept || !o->shared || !o->writable || !o->st.st_size)
		return 0;
	map = mmap(NULL, (size_t)o->st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, o->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	o->kept = map;
	o->kept_len = (size_t)o->st.st_size;
	return 0;
}

void object_unmap(struct object *o)
{
	if (o->kept)
		munmap(o->kept, o->kept_len);
	o->kept = NULL;
}

int object_write_back(struct deputy *d, const struct wire_write_back *msg, const uint8_t *data, size_t len)
{
	struct object *o;
	int err;

	for (o = d->objects; o && o->id != msg->object; o = o->next)
		;
	if (!o)
		return shm_write_back(d, msg, data, len);
	if (!o->live || !(o->writable || o->released))
		return -EPROTO;
	err = content_write(o, msg->offset, data, len);
	for (struct object *other = d->objects; !err && other; other = other->next) { /* see trim.c */
		if (other != o && other->live && stat_same_file(&other->st, &o->st))
			outbox_file(d, other, msg->offset, msg->offset + len, OUTBOX_ZEROS);
	}
	return err;
}

void objects_free(struct deputy *d)
{
	objects_sweep(d);
	while (d->objects) {
		struct object *o = d->objects;

		d->objects = o->next;
		object_unmap(o);
		if (o->claim >= 0)
			close(o->claim);
		close(o->fd);
		free(o);
	}
}
