/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live objects: see remote/live.h. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "log.h"
#include "remote/front.h"
#include "remote/live.h"
#include "remote/merge.h"
#include "remote/session.h"
#include "usermem.h"

#define CHUNK LIVE_CHUNK
/* Size from which on an object is worth a front */
#define FRONT_MIN (256u << 10)
/* Bytes of content that may wait to be sent, and how long home may take none of them */
#define BACKLOG_MAX (4u << 20)

/* Data that are not watched only because a mapping could become writable */
#define LARGE_MIN (64ull << 20)
#define DRAIN_MS  15000

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
 * content_map() - Map the content of an object of @size bytes, which may have been mapped at *@at with another size
 */
static int content_map(int fd, uint64_t size, int prot, uint8_t **at, uint64_t *len)
{
	uint64_t now = size ? size : 1;
	void *map = mmap(NULL, now, prot, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	if (*at)
		munmap(*at, *len);
	*at = map;
	*len = now;
	return 0;
}

/**
 * memory_map() - See the content of an object without a front as it is
 */
static int memory_map(struct object *object)
{
	return content_map(object->fd, object->size, PROT_READ, &object->memory, &object->memory_len);
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
	if (object->memory)
		munmap(object->memory, object->memory_len);
	object->shadow = object->memory = NULL;
	merge_clear(object);
}

/**
 * memory_fd() - The memfd of an object
 */
static int memory_fd(const struct object *object)
{
	return object->front ? object->front->store : object->fd;
}

bool live_next(const struct object *object, uint64_t *at, uint64_t *end)
{
	int fd = memory_fd(object);
	off_t data = lseek(fd, (off_t)*at, SEEK_DATA), hole;

	if (data < 0)
		return false;
	hole = lseek(fd, data, SEEK_HOLE);
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

	return fstat(memory_fd(object), &st) < 0 ? 0 : (uint64_t)st.st_blocks * 512;
}

/**
 * front_shadow() - The shadow of an object with a front is its memfd, which may have another size now
 */
static int front_shadow(struct object *object)
{
	return content_map(object->front->store, object->size, PROT_READ | PROT_WRITE, &object->shadow,
			   &object->shadow_len);
}

/**
 * front_watch() - From now on guests may write to an object with a front, perhaps again: what it holds is what home knows
 */
static int front_watch(struct object_table *table, struct object *object)
{
	uint64_t at = 0;
	int err = front_shadow(object);

	if (err)
		return err;
	front_flush(object);
	while (!err && front_next(object, &at)) {
		err = live_read(object, at, object->shadow + at,
				object->size - at < PAGE_BYTES ? object->size - at : PAGE_BYTES);
		at += PAGE_BYTES;
	}
	if (err) {
		live_unwatch(object);
		return err;
	}
	object->watched = table->watched;
	table->watched = object;
	return 0;
}

/**
 * front_make() - Give the object a front, if it can have one and that is worth it
 */
static void front_make(struct object_table *table, struct object *object)
{
	uint64_t bytes = data_bytes(object);
	int err;

	if (object->front || object->mapped || object->size < FRONT_MIN || bytes > table->bytes_max ||
	    table->bytes > table->bytes_max - bytes)
		return;
	err = front_begin(&table->paging, object);
	if (err && err != -EOPNOTSUPP)
		log_warn("object %llu: %s", (unsigned long long)object->id, strerror(-err));
}

bool live_is_large(const struct object *object)
{
	return data_bytes(object) >= LARGE_MIN;
}

int live_watch(struct object_table *table, struct object *object)
{
	uint64_t at = 0, end, bytes = data_bytes(object);
	int err;

	if (object->shadow)
		return 0;
	front_make(table, object);
	if (object->front)
		return front_watch(table, object);
	if (bytes > table->bytes_max || table->watched_bytes > table->bytes_max - bytes)
		return -ENODEV;
	err = shadow_size(object, object->size);
	if (!err)
		err = memory_map(object);
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
	if (object->front) {
		err = front_resize(object, size);
		object->size = size;
		return err || !object->shadow ? err : front_shadow(object);
	}
	if (object->shadow && size > object->size)
		err = shadow_size(object, size);
	else if (object->shadow)
		err = shadow_cut(object, size);
	if (!err && ftruncate(object->fd, (off_t)size) < 0)
		err = -errno;
	object->size = size;
	return err || !object->memory ? err : memory_map(object);
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
 * front_sync() - Send home what guests have written to an object with a front
 */
static void front_sync(struct session *session, struct object *object)
{
	uint8_t now[PAGE_BYTES];
	uint64_t at = 0;
	int marked = front_flush(object);

	if (marked < 0)
		session_end(session, "what guests have written to a file cannot be kept");
	while (marked > 0 && front_next(object, &at)) {
		size_t len = object->size - at < PAGE_BYTES ? object->size - at : PAGE_BYTES;

		if (live_read(object, at, now, len))
			return;
		chunk_sync(session, object, at, now, len);
		at += PAGE_BYTES;
	}
}

/**
 * object_sync() - Send home what guests have written to one object
 */
static void object_sync(struct session *session, struct object *object)
{
	uint64_t at = 0, end;
	uint8_t now[CHUNK];

	if (object->front) {
		front_sync(session, object);
		return;
	}
	while (live_next(object, &at, &end)) {
		for (; at < end; at += CHUNK) {
			size_t len = end - at < CHUNK ? end - at : CHUNK;

			if (!memcmp(object->memory + at, object->shadow + at, len))
				continue;
			memcpy(now, object->memory + at, len); /* guests may be at it */
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
