/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live objects: see remote/live.h. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "log.h"
#include "remote/live.h"
#include "remote/merge.h"
#include "remote/session.h"
#include "usermem.h"

#define CHUNK LIVE_CHUNK
/* Bytes of content that may wait to be sent, and how long home may take none of them */
#define BACKLOG_MAX (4u << 20)
#define DRAIN_MS    15000

int live_read(const struct object *object, uint64_t offset, uint8_t *out, size_t len)
{
	while (len) {
		ssize_t n = pread(object->fd, out, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		out += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/**
 * shadow_size() - Make room in the shadow for @size bytes
 *
 * It is an anonymous mapping, which takes memory where it was written to only: a sparse file has a sparse shadow.
 */
static int shadow_size(struct object *object, uint64_t size)
{
	uint64_t len = size ? size : 1;
	void *map;

	if (len <= object->shadow_len)
		return 0;
	if (object->shadow)
		map = mremap(object->shadow, object->shadow_len, len, MREMAP_MAYMOVE);
	else
		map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	object->shadow = map;
	object->shadow_len = len;
	return 0;
}

/**
 * shadow_cut() - The content ends at @size: behind that it is zero when it grows again
 */
static int shadow_cut(struct object *object, uint64_t size)
{
	uint64_t page = size / PAGE_BYTES * PAGE_BYTES, next = page + PAGE_BYTES;

	if (size > page && page < object->shadow_len)
		memset(object->shadow + size, 0, (next < object->shadow_len ? next : object->shadow_len) - size);
	next = size > page ? next : page;
	if (next >= object->shadow_len)
		return 0;
	return madvise(object->shadow + next, object->shadow_len - next, MADV_DONTNEED) < 0 ? -errno : 0;
}

void live_unwatch(struct object *object)
{
	if (object->shadow)
		munmap(object->shadow, object->shadow_len);
	object->shadow = NULL;
	merge_clear(object);
}

bool live_next(const struct object *object, uint64_t *at, uint64_t *end)
{
	off_t data = lseek(object->fd, (off_t)*at, SEEK_DATA), hole;

	if (data < 0)
		return false;
	hole = lseek(object->fd, data, SEEK_HOLE);
	*at = (uint64_t)data;
	*end = hole < 0 || (uint64_t)hole > object->size ? object->size : (uint64_t)hole;
	return *at < *end;
}

/**
 * data_bytes() - Memory that the content takes: holes are neither kept nor compared
 */
static uint64_t data_bytes(const struct object *object)
{
	struct stat st;

	return fstat(object->fd, &st) < 0 ? 0 : (uint64_t)st.st_blocks * 512;
}

int live_watch(struct object_table *table, struct object *object)
{
	uint64_t at = 0, end, bytes = data_bytes(object);
	int err;

	if (object->shadow)
		return 0;
	if (bytes > WIRE_LIVE_MAX || table->watched_bytes > WIRE_LIVE_MAX - bytes)
		return -ENODEV;
	err = shadow_size(object, object->size);
	while (!err && live_next(object, &at, &end)) {
		err = live_read(object, at, object->shadow + at, end - at);
		at = end;
	}
	if (err) {
		live_unwatch(object);
		return err;
	}
	table->watched_bytes += bytes;
	object->watched_bytes = bytes;
	object->watched = table->watched;
	table->watched = object;
	return 0;
}

int live_resize(struct object *object, uint64_t size)
{
	int err = 0;

	if (object->fd < 0 || size == object->size)
		return 0;
	if (object->shadow && size > object->size)
		err = shadow_size(object, size);
	else if (object->shadow)
		err = shadow_cut(object, size);
	if (!err && ftruncate(object->fd, (off_t)size) < 0)
		err = -errno;
	object->size = size;
	return err;
}

/**
 * chunk_sync() - Compare a piece of an object with its shadow, send what differs, and remember it as known
 *
 * Bytes that do not differ are not sent along: home may have other ones by now.
 */
static void chunk_sync(struct session *session, struct object *object, uint64_t offset, const uint8_t *now, size_t len)
{
	uint8_t *shadow = object->shadow + offset;
	size_t at = 0, end;

	while (at < len) {
		struct wire_write_back msg = { object->id, offset + at };
		struct iovec piece;

		if (now[at] == shadow[at]) {
			at++;
			continue;
		}
		for (end = at + 1; end < len && now[end] != shadow[end]; end++)
			;
		piece = (struct iovec){ (void *)(now + at), end - at };
		channel_queue(session->channel, WIRE_WRITE_BACK, &msg, &piece, 1);
		merge_sent(&session->objects, object, offset + at, end - at);
		memcpy(shadow + at, now + at, end - at);
		at = end;
	}
	channel_drain(session->channel, BACKLOG_MAX, DRAIN_MS);
}

/**
 * object_sync() - Send home what guests have written to one object
 */
static void object_sync(struct session *session, struct object *object)
{
	uint64_t at = 0, end;
	uint8_t now[CHUNK];

	while (live_next(object, &at, &end)) {
		for (; at < end; at += CHUNK) {
			size_t len = end - at < CHUNK ? end - at : CHUNK;

			if (live_read(object, at, now, len))
				return;
			if (memcmp(now, object->shadow + at, len))
				chunk_sync(session, object, at, now, len);
		}
		at = end;
	}
}

void live_forget(struct session *session, struct object *object)
{
	struct object_table *table = &session->objects;
	struct object **at = &table->watched;

	if (!object->shadow)
		return;
	object_sync(session, object);
	while (*at && *at != object)
		at = &(*at)->watched;
	if (*at) {
		*at = object->watched;
		table->watched_bytes -= object->watched_bytes;
	}
	live_unwatch(object);
}

void live_sync(struct session *session)
{
	for (struct object *o = session->objects.watched; o; o = o->watched)
		if (o->fd >= 0 && o->shadow && !session->ended)
			object_sync(session, o);
}

int live_send(struct session *session, const struct object *object)
{
	uint64_t at = 0, end;
	uint8_t now[CHUNK];
	int err = 0;

	while (!err && live_next(object, &at, &end)) {
		for (; at < end && !err; at += CHUNK) {
			struct wire_write_back msg = { object->id, at };
			struct iovec piece = { now, end - at < CHUNK ? end - at : CHUNK };

			err = live_read(object, at, now, piece.iov_len);
			if (!err)
				err = channel_send(session->channel, WIRE_WRITE_BACK, &msg, &piece, 1);
			session->objects.written++;
			if (!err)
				err = channel_drain(session->channel, BACKLOG_MAX, DRAIN_MS);
		}
		at = end;
	}
	return err;
}
