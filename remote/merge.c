/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New content of objects that guests write to: see remote/merge.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "remote/live.h"
#include "remote/merge.h"
#include "remote/objects.h"

/**
 * struct sent - A WRITE_BACK that home may not have seen
 * @next:	The next one of the object
 * @number:	It was the so manieth of the session
 * @from:	Where it begins
 * @to:		Where it ends
 */
struct sent {
	struct sent *next;
	uint64_t number;
	uint64_t from, to;
};

void merge_sent(struct object_table *table, struct object *object, uint64_t offset, size_t len)
{
	struct sent *sent = malloc(sizeof(*sent));

	if (!sent)
		die(EXIT_FAILED, "no memory to remember what guests have written");
	*sent = (struct sent){ .number = ++table->written, .from = offset, .to = offset + len };
	if (object->sent_last)
		object->sent_last->next = sent;
	else
		object->sent = sent;
	object->sent_last = sent;
}

/**
 * sent_drop() - Forget what home has seen by now: the first @written
 */
static void sent_drop(struct object *object, uint64_t written)
{
	while (object->sent && object->sent->number <= written) {
		struct sent *sent = object->sent;

		object->sent = sent->next;
		free(sent);
	}
	if (!object->sent)
		object->sent_last = NULL;
}

void merge_seen(struct object_table *table, uint64_t written)
{
	if (written <= table->seen)
		return;
	table->seen = written;
	for (struct object *o = table->watched; o; o = o->watched)
		sent_drop(o, written);
}

void merge_clear(struct object *object)
{
	sent_drop(object, UINT64_MAX);
}

/**
 * newer_mark() - Mark the bytes from @offset on that are newer here than in what comes from home
 */
static void newer_mark(const struct object *object, uint64_t offset, bool *newer, size_t len)
{
	memset(newer, 0, len);
	for (const struct sent *s = object->sent; s; s = s->next) {
		uint64_t from = s->from > offset ? s->from : offset, to = s->to < offset + len ? s->to : offset + len;

		if (from < to)
			memset(newer + (from - offset), 1, to - from);
	}
}

/**
 * chunk_merge() - Merge LIVE_CHUNK bytes, or less
 */
static int chunk_merge(struct object *object, uint64_t offset, const uint8_t *data, size_t len)
{
	uint8_t now[LIVE_CHUNK], *shadow = object->shadow + offset;
	bool newer[LIVE_CHUNK];
	size_t at = 0, end;
	int err;

	if (!memcmp(data, shadow, len))
		return 0;
	newer_mark(object, offset, newer, len);
	err = live_read(object, offset, now, len);
	while (at < len && !err) {
		/* From @at to @end: what only home has changed */
		for (end = at; end < len && !newer[end] && data[end] != shadow[end] && now[end] == shadow[end]; end++)
			;
		if (end > at && pwrite(object->fd, data + at, end - at, (off_t)(offset + at)) != (ssize_t)(end - at))
			err = -ENOMEM;
		memcpy(shadow + at, data + at, end - at);
		if (end < len && !newer[end])
			shadow[end] = data[end];
		at = end + 1;
	}
	return err;
}

int merge(struct object *object, uint64_t offset, const uint8_t *data, size_t len)
{
	int err = 0;

	while (len && !err) {
		size_t n = len < LIVE_CHUNK ? len : LIVE_CHUNK;

		err = chunk_merge(object, offset, data, n);
		data += n;
		offset += n;
		len -= n;
	}
	return err;
}

int merge_zeros(struct object *object, uint64_t offset, uint64_t len)
{
	static const uint8_t zeros[LIVE_CHUNK];
	uint64_t at = offset, end;
	int err = 0;

	while (!err && at < offset + len && live_next(object, &at, &end)) {
		end = end < offset + len ? end : offset + len;
		for (; at < end && !err; at += LIVE_CHUNK)
			err = merge(object, at, zeros, end - at < LIVE_CHUNK ? end - at : LIVE_CHUNK);
		at = end;
	}
	return err;
}
