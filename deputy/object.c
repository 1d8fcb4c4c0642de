/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are mapped on the worker. The deputy keeps one descriptor of each, so that its content can be read as long
 * as the family lives, deleted or not, and knows what it has sent: the same file, unchanged, is sent once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deputy/deputy.h"

/**
 * struct object - A file as it was when it was sent
 * @next:	Next, newest first
 * @id:		Its number on the wire
 * @fd:		Open on it while content may still have to be read
 * @st:		Identity: device, inode, size, times of change
 */
struct object {
	struct object *next;
	uint64_t id;
	int fd;
	struct stat st;
};

/* Still the same content? Times of change tell, as for make(1) */
static bool object_same(const struct object *o, const struct stat *st)
{
	return o->st.st_dev == st->st_dev && o->st.st_ino == st->st_ino && o->st.st_size == st->st_size &&
	       !memcmp(&o->st.st_mtim, &st->st_mtim, sizeof(st->st_mtim)) &&
	       !memcmp(&o->st.st_ctim, &st->st_ctim, sizeof(st->st_ctim));
}

int object_of_fd(struct deputy *d, int fd, const char *name, uint64_t *id, uint64_t *size)
{
	struct wire_object msg = { 0 };
	struct object *o;
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0) {
		err = -errno;
		goto out_close;
	}
	*size = (uint64_t)st.st_size;
	for (o = d->objects; o; o = o->next) {
		if (object_same(o, &st)) {
			*id = o->id;
			close(fd);
			return 0;
		}
	}
	o = malloc(sizeof(*o));
	if (!o) {
		err = -ENOMEM;
		goto out_close;
	}
	*o = (struct object){ .next = d->objects, .id = ++d->next_object, .fd = fd, .st = st };
	d->objects = o;
	msg.object = *id = o->id;
	msg.size = *size;
	snprintf((char *)msg.name, sizeof(msg.name), "%s", name);
	err = deputy_send(d, WIRE_OBJECT, &msg, sizeof(msg), NULL, 0);
	return err ? err : outbox_file(d, o->id, fd, *size);
out_close:
	close(fd);
	return err;
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
