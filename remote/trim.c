/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Which objects a guest maps its own kernel knows: /proc/PID/maps names device and inode of each. An object that is
 * in none of these lists can end. When a list cannot be read, all objects stay; home asks again some time.
 *
 * A mapping that a guest's kernel is just making is not seen. If its object is ended all the same, its memory stays as long
 * as it is mapped. But one that guests write to, or whose pages are still to be fetched, must not be: it stays as long as
 * any thread may be about to map something.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "log.h"
#include "procmaps.h"
#include "remote/live.h"
#include "remote/objects.h"
#include "remote/session.h"
#include "remote/trim.h"

/**
 * struct inode - What a guest maps
 * @dev:	Device, as in struct procmap
 * @ino:	Inode
 */
struct inode {
	uint64_t dev, ino;
};

/**
 * struct inodes - All that guests map
 * @nr:		Their number
 * @cap:	Room
 * @inode:	Ascending, once they are complete
 */
struct inodes {
	size_t nr, cap;
	struct inode *inode;
};

/**
 * inode_add() - One more, unless it is the last one again
 */
static int inode_add(struct inodes *inodes, const struct procmap *map)
{
	struct inode *last = inodes->nr ? &inodes->inode[inodes->nr - 1] : NULL;

	if (last && last->ino == map->inode && last->dev == map->dev)
		return 0;
	if (inodes->nr == inodes->cap) {
		size_t cap = inodes->cap ? 2 * inodes->cap : 256;
		struct inode *more = realloc(inodes->inode, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		inodes->inode = more;
		inodes->cap = cap;
	}
	inodes->inode[inodes->nr++] = (struct inode){ map->dev, map->inode };
	return 0;
}

/**
 * guest_look() - Add what a guest maps, and what of it shared, as a thread of it that has not exited sees it; one that has all exited maps nothing
 */
static int guest_look(struct inodes *inodes, struct inodes *shared, const struct guest *guest)
{
	struct procmap *maps = NULL;
	int nr = 0, err = 0;

	for (const struct thread *t = guest->threads; t && nr <= 0; t = t->next)
		nr = procmaps_read(t->outer, &maps);
	if (nr < 0)
		return nr == -ESRCH || nr == -ENOENT ? 0 : nr;
	for (int i = 0; i < nr && !err; i++) {
		if (!maps[i].inode)
			continue;
		err = inode_add(inodes, &maps[i]);
		if (!err && maps[i].shared)
			err = inode_add(shared, &maps[i]);
	}
	free(maps);
	return err;
}

/**
 * compare() - For qsort() and bsearch()
 */
static int compare(const void *a, const void *b)
{
	const struct inode *x = a, *y = b;

	return x->dev == y->dev ? (x->ino > y->ino) - (x->ino < y->ino) : (x->dev > y->dev) - (x->dev < y->dev);
}

/**
 * is_mapped() - Does a guest map it?
 */
static bool is_mapped(const struct inodes *inodes, const struct object *object)
{
	struct inode inode;
	struct stat st;

	if (object->fd < 0 || !inodes->nr)
		return false;
	if (fstat(object->fd, &st) < 0)
		return true;
	inode = (struct inode){ (uint64_t)major(st.st_dev) << 20 | minor(st.st_dev), st.st_ino };
	return bsearch(&inode, inodes->inode, inodes->nr, sizeof(inode), compare);
}

/**
 * is_mapping() - May a thread be in an mmap that was let through, its last call that we know of?
 */
static bool is_mapping(const struct session *session)
{
	char path[64], text[8];
	bool outside;
	ssize_t len;
	int fd;

	for (const struct guest *g = session->guests.guests; g; g = g->next) {
		for (const struct thread *t = g->threads; t && g->state == GUEST_LIVE; t = t->next) {
			if (t->state != THREAD_RUNNING || t->call.nr != SYS_mmap)
				continue;
			/* "running", or the number of the call that it waits in */
			snprintf(path, sizeof(path), "/proc/%d/syscall", (int)t->outer);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
			if (fd >= 0)
				close(fd);
			text[len > 0 ? len : 0] = '\0';
			outside = len > 0 && text[0] != 'r' && strtol(text, NULL, 10) != SYS_mmap;
			if (!outside)
				return true;
		}
	}
	return false;
}

/**
 * objects_end() - End those of @nr objects that are not mapped; their numbers go to @ended
 *
 * One that guests could write to, and that is mapped privately now, is not compared any more.
 */
static uint32_t objects_end(struct session *session, const struct inodes *inodes, const struct inodes *shared,
			    const uint8_t *ids, uint32_t nr, uint64_t *ended)
{
	bool mapping = is_mapping(session);
	uint32_t ended_nr = 0;
	uint64_t id;

	for (uint32_t i = 0; i < nr; i++) {
		struct object *object;

		memcpy(&id, ids + i * sizeof(id), sizeof(id));
		object = object_find(&session->objects, id);
		if (!object || object->dirty || ((object->shadow || object->paged) && mapping) ||
		    is_mapped(shared, object))
			continue;
		if (is_mapped(inodes, object)) {
			if (object->shadow)
				ended[ended_nr++] = id | WIRE_TRIMMED_PRIVATE;
			live_forget(session, object);
			continue;
		}
		live_forget(session, object);
		objects_remove(&session->objects, object);
		ended[ended_nr++] = id;
	}
	return ended_nr;
}

int trim(struct session *session, const struct wire_trim *msg, const uint8_t *tail, size_t tail_len)
{
	struct wire_trimmed answer = { 0 };
	struct inodes inodes = { 0 }, shared = { 0 };
	uint64_t *ended;
	struct iovec piece;
	int err = 0;

	if (msg->nr > WIRE_TRIM_MAX || tail_len != msg->nr * sizeof(*ended))
		return -EPROTO;
	ended = malloc(msg->nr * sizeof(*ended) + 1);
	if (!ended)
		return -ENOMEM;
	for (const struct guest *g = session->guests.guests; g && !err; g = g->next)
		err = g->state == GUEST_DYING ? 0 : guest_look(&inodes, &shared, g);
	if (inodes.nr)
		qsort(inodes.inode, inodes.nr, sizeof(*inodes.inode), compare);
	if (shared.nr)
		qsort(shared.inode, shared.nr, sizeof(*shared.inode), compare);
	if (!err)
		answer.nr = objects_end(session, &inodes, &shared, tail, msg->nr, ended);
	log_debug("trim: %u of %u objects end%s%s", answer.nr, msg->nr, err ? ": " : "", err ? strerror(-err) : "");
	piece = (struct iovec){ ended, answer.nr * sizeof(*ended) };
	if (!session->ended)
		channel_send(session->channel, WIRE_TRIMMED, &answer, &piece, 1);
	free(inodes.inode);
	free(shared.inode);
	free(ended);
	return 0;
}
