/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Files that are mapped on the worker. The deputy keeps one descriptor of each, so that its content can be read as long
 * as the family lives, deleted or not, and knows what it has sent.
 *
 * A file that is mapped private is sent as it is; the same file, unchanged (as for make(1): device, inode, size, times),
 * is sent once. A file that is mapped shared is live: all mappings of it, in all processes of the family, are of one
 * object, so they see each other as natively. Between that object and the file at home:
 *   - what a guest has written to its memory comes as WRITE_BACK before the next call of any guest, and is written to the
 *     file before that call is made: whoever is told by a call finds the data
 *   - what a call of the family writes to the file (objects_written()) goes to the worker before the call's answer
 * Processes outside the family that map the same file at the same time would share memory across nodes, which this does
 * not do: such a mapping is refused (object_is_mapped_elsewhere()).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "procmaps.h"

/**
 * struct object - A file, as it was when it was sent
 * @next:	Next, newest first
 * @id:		Its number on the wire
 * @fd:		Open on it
 * @live:	Mapped shared
 * @writable:	@fd can write
 * @st:		Identity: device, inode, size, times of change
 */
struct object {
	struct object *next;
	uint64_t id;
	int fd;
	bool live;
	bool writable;
	struct stat st;
};

/* The same file */
static bool stat_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* With the same content? */
static bool stat_same_content(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && !memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) &&
	       !memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim));
}

/* Say that there is such an object, or that it has another size */
static int object_announce(struct deputy *d, const struct object *o, const char *name)
{
	struct wire_object msg = { .object = o->id, .size = (uint64_t)o->st.st_size };

	msg.flags = o->live ? WIRE_OBJECT_LIVE : 0;
	snprintf((char *)msg.name, sizeof(msg.name), "%s", name);
	return deputy_send(d, WIRE_OBJECT, &msg, sizeof(msg), NULL, 0);
}

/* Send content; of a live object zeros too, for they may replace something */
static int object_content(struct deputy *d, const struct object *o)
{
	return outbox_file(d, o->id, o->fd, (uint64_t)o->st.st_size, o->live);
}

/* The object for a file with @st, if there is one; NULL if not */
static struct object *object_find(struct deputy *d, const struct stat *st, bool live)
{
	for (struct object *o = d->objects; o; o = o->next) {
		if (o->live == live && stat_same_file(&o->st, st) && (live || stat_same_content(&o->st, st)))
			return o;
	}
	return NULL;
}

/* A known object is mapped again through @fd, which is ours now */
static int object_again(struct deputy *d, struct object *o, int fd, const struct stat *st)
{
	bool writable = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	bool changed = !stat_same_content(&o->st, st);

	if (writable && !o->writable) {
		close(o->fd);
		o->fd = fd;
		o->writable = true;
	} else {
		close(fd);
	}
	if (!changed)
		return 0;
	o->st = *st;
	return object_announce(d, o, "") < 0 ? -EPIPE : object_content(d, o);
}

int object_of_fd(struct deputy *d, int fd, const char *name, bool live, uint64_t *id, uint64_t *size)
{
	struct object *o;
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0) {
		err = -errno;
		goto out_close;
	}
	*size = (uint64_t)st.st_size;
	o = object_find(d, &st, live);
	if (o) {
		*id = o->id;
		return object_again(d, o, fd, &st);
	}
	o = malloc(sizeof(*o));
	if (!o) {
		err = -ENOMEM;
		goto out_close;
	}
	*o = (struct object){ .next = d->objects, .id = ++d->next_object, .fd = fd, .live = live, .st = st };
	o->writable = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	d->objects = o;
	d->live_nr += live;
	*id = o->id;
	err = object_announce(d, o, name);
	return err ? err : object_content(d, o);
out_close:
	close(fd);
	return err;
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
	struct stat st;
	DIR *proc;

	if (fstat(fd, &st) < 0 || object_find(d, &st, true))
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

int object_write_back(struct deputy *d, const struct wire_write_back *msg, const uint8_t *data, size_t len)
{
	struct object *o;

	for (o = d->objects; o && o->id != msg->object; o = o->next)
		;
	if (!o)
		return shm_write_back(d, msg, data, len);
	if (!o->live || !o->writable || msg->offset > (uint64_t)o->st.st_size ||
	    len > (uint64_t)o->st.st_size - msg->offset)
		return -EPROTO;
	if (pwrite(o->fd, data, len, (off_t)msg->offset) != (ssize_t)len)
		return -ENOSPC;
	return fstat(o->fd, &o->st) < 0 ? -errno : 0;
}

/* Calls that change the content of a file, and the argument that is its descriptor */
static const struct {
	uint32_t nr;
	int arg;
} writers[] = {
	{ SYS_write, 0 },     { SYS_pwrite64, 0 },  { SYS_writev, 0 },		 { SYS_pwritev, 0 },  { SYS_pwritev2, 0 },
	{ SYS_ftruncate, 0 }, { SYS_fallocate, 0 }, { SYS_copy_file_range, 2 }, { SYS_sendfile, 0 }, { SYS_splice, 2 },
};

bool objects_written(struct deputy *d, const struct thread *thread)
{
	struct object *o = NULL;
	char path[64];
	struct stat st;

	for (size_t i = 0; i < sizeof(writers) / sizeof(*writers) && !o; i++) {
		if (writers[i].nr != thread->call.nr)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)thread->tid, (int)thread->call.arg[writers[i].arg]);
		o = stat(path, &st) ? NULL : object_find(d, &st, true);
	}
	if (!o || stat_same_content(&o->st, &st))
		return false;
	o->st = st;
	object_announce(d, o, "");
	object_content(d, o);
	return true;
}

void objects_free(struct deputy *d)
{
	while (d->objects) {
		struct object *o = d->objects;

		d->objects = o->next;
		close(o->fd);
		free(o);
	}
}
