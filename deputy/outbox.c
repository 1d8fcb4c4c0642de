/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * What the deputy has to send in order, and may be too much for the channel's queue: images and file contents. An item
 * is a whole message, or a source of many (the pages of a file object, a range of the home process's memory). Items are
 * sent one after the other while the channel's backlog is low; the channel says when it has drained. Results of calls do
 * not wait here, so a large file that one thread maps holds up no other thread; what refers to the items' content (START,
 * the result of that mmap) is queued behind them. A file that was offered to the worker (object.c) keeps its place
 * until the worker has said whether it wants it. Of one that the worker fetches page by page (pages.c) it is only said
 * which of them have changed.
 *
 * Holes and pages of zeros are not sent; where they may replace something it is said that they are zeros, or, of memory,
 * they are sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/listing.h"
#include "deputy/object.h"
#include "deputy/outbox.h"
#include "usermem.h"

#define BACKLOG_MAX    (1u << 20) /* bytes queued in the channel above which the outbox waits */
#define OUTBOX_BLOCKED 2	  /* what a source returns that has to wait for the worker */

/**
 * struct outbox_item - One message, or one source of messages
 * @next:	Next in order
 * @more:	Sends the next messages of a source; returns 1 when there is more, 0 at the end, OUTBOX_BLOCKED, negative errno
 * @type:	Message type
 * @msg:	Message, by value
 * @tail_len:	Its tail's length
 * @file:	Source: the file, or NULL
 * @holes:	Source: the file, to find its holes with, or -1: the descriptor in @file shares its position with the task
 * @hash:	Source: hash of what has been read of it, or NULL
 * @pid:	Source: the process whose memory is read
 * @at:		Source: next offset or address
 * @end:	Source: where it ends
 * @start:	Source: where an object's content begins in memory
 * @object:	Source: id of the object, 0 = none
 * @zeros:	Source: tell of zeros, too
 * @announce:	Source: say how large the file is, first
 * @size:	That
 * @tail:	The tail
 */
struct outbox_item {
	struct outbox_item *next;
	int (*more)(struct deputy *d, struct outbox_item *item);
	enum wire_type type;
	union wire_any msg;
	size_t tail_len;
	struct object *file;
	int holes;
	crypto_generichash_state *hash;
	pid_t pid;
	uint64_t start, at, end, object;
	bool zeros, announce;
	uint64_t size;
	uint8_t tail[];
};

/* Let go of what belongs to a source */
static void source_release(const struct outbox_item *source)
{
	free(source->hash);
	if (source->holes >= 0)
		close(source->holes);
}

/* Free an item */
static void item_free(struct outbox_item *item)
{
	source_release(item);
	free(item);
}

/* Append an item */
static void item_append(struct deputy *d, struct outbox_item *item)
{
	item->next = NULL;
	if (d->outbox_last)
		d->outbox_last->next = item;
	else
		d->outbox = item;
	d->outbox_last = item;
}

/* Length of the run of zero (or of other) pages at the start of @data */
static size_t run_length(const uint8_t *data, size_t len, bool *zero)
{
	static const uint8_t none[PAGE_BYTES];
	size_t at = 0;

	while (at < len) {
		size_t n = len - at < PAGE_BYTES ? len - at : PAGE_BYTES;
		bool is_zero = !memcmp(data + at, none, n);

		if (!at)
			*zero = is_zero;
		else if (is_zero != *zero)
			break;
		at += n;
	}
	return at;
}

/* Say that a stretch of an object is zeros */
static int zeros_send(struct deputy *d, const struct outbox_item *item, uint64_t at, uint64_t len)
{
	struct wire_object_zero msg = { .object = item->object, .offset = at, .len = len };

	return item->zeros ? channel_send(d->channel, WIRE_OBJECT_ZERO, &msg, NULL, 0) : 0;
}

/* Send the runs of @data that are not zero by @send, and tell of the others */
static int runs_send(struct deputy *d, struct outbox_item *item, const uint8_t *data, size_t len,
		     int (*send)(struct deputy *, struct outbox_item *, uint64_t at, const struct iovec *))
{
	size_t at = 0;
	int err = 0;

	while (at < len && !err) {
		bool zero;
		size_t n = run_length(data + at, len - at, &zero);
		struct iovec iov = { (void *)(data + at), n };

		if (zero && !(item->zeros && !item->object)) /* memory has no shorter way to say it */
			err = zeros_send(d, item, item->at + at, n);
		else
			err = send(d, item, item->at + at, &iov);
		at += n;
	}
	return err;
}

/* Send a piece of a file object */
static int object_send(struct deputy *d, struct outbox_item *item, uint64_t at, const struct iovec *iov)
{
	struct wire_object_data msg = { .object = item->object, .offset = at };

	d->stats.contents += iov->iov_len;
	return channel_send(d->channel, WIRE_OBJECT_DATA, &msg, iov, 1);
}

/* Send a piece of a process's memory as content of an object */
static int segment_send(struct deputy *d, struct outbox_item *item, uint64_t at, const struct iovec *iov)
{
	struct wire_object_data msg = { .object = item->object, .offset = at - item->start };

	return channel_send(d->channel, WIRE_OBJECT_DATA, &msg, iov, 1);
}

/* Send a piece of a process's memory */
static int pages_send(struct deputy *d, struct outbox_item *item, uint64_t at, const struct iovec *iov)
{
	struct wire_pages msg = { .pid = (uint32_t)item->pid, .addr = at };

	return channel_send(d->channel, WIRE_PAGES, &msg, iov, 1);
}

/* Go to where there is data again */
static int hole_pass(struct deputy *d, struct outbox_item *item)
{
	off_t data = lseek(item->holes, (off_t)item->at, SEEK_DATA);
	uint64_t next = data < 0 ? (errno == ENXIO ? item->end : item->at) : (uint64_t)data;
	int err;

	if (next > item->end)
		next = item->end;
	if (next <= item->at)
		return 0;
	err = zeros_send(d, item, item->at, next - item->at);
	item->at = next;
	return err;
}

/* All of a file has been sent */
static int file_end(struct deputy *d, const struct outbox_item *item)
{
	uint8_t hash[HASH_LEN];

	if (item->hash) {
		crypto_generichash_final(item->hash, hash, sizeof(hash));
		object_sent(d, item->file, hash);
	}
	return 0;
}

/* Say how large a live object is now */
static int size_send(struct deputy *d, struct outbox_item *item)
{
	struct wire_object msg = { .object = item->object, .size = item->size, .flags = WIRE_OBJECT_LIVE };

	item->announce = false;
	item->file->told = item->size;
	return channel_send(d->channel, WIRE_OBJECT, &msg, NULL, 0);
}

/* Say what guests have written and the content that is read next has seen */
static int seen_send(struct deputy *d, const struct object *file)
{
	struct wire_seen msg = { d->written_back };

	if (!file->live || d->seen == d->written_back)
		return 0;
	d->seen = d->written_back;
	return channel_send(d->channel, WIRE_SEEN, &msg, NULL, 0);
}

/* Say that a stretch of a paged object is not what it was, as far as the worker knows that there is one */
static int stale_send(struct deputy *d, const struct outbox_item *item)
{
	uint64_t end = item->end < item->file->told ? item->end : item->file->told;
	struct wire_object_stale msg = { .object = item->object, .offset = item->at, .len = end - item->at };

	return item->zeros && item->at < end ? channel_send(d->channel, WIRE_OBJECT_STALE, &msg, NULL, 0) : 0;
}

/* The next piece of a file; what lies beyond a file that has shrunk stays zero */
static int file_more(struct deputy *d, struct outbox_item *item)
{
	size_t len;
	ssize_t n;
	int err;

	if (object_is_undecided(item->file))
		return OUTBOX_BLOCKED;
	if (item->file->offer == OFFER_DECLINED || item->file->gone)
		return 0;
	err = seen_send(d, item->file);
	if (!err && item->announce)
		err = size_send(d, item);
	if (!err && item->file->offer == OFFER_PAGED)
		return stale_send(d, item);
	if (!err && item->holes >= 0)
		err = hole_pass(d, item);
	if (err || item->at >= item->end)
		return err ? err : file_end(d, item);
	len = item->end - item->at < PIECE_MAX ? item->end - item->at : PIECE_MAX;
	n = pread(item->file->fd, d->piece, len, (off_t)item->at);
	if (n <= 0)
		return n < 0 && errno != EINTR ? -errno : n < 0;
	if (item->hash)
		crypto_generichash_update(item->hash, d->piece, (unsigned long long)n);
	err = runs_send(d, item, d->piece, (size_t)n, object_send);
	item->at += (uint64_t)n;
	return err ? err : 1;
}

/* The next piece of a process's memory */
static int memory_more(struct deputy *d, struct outbox_item *item)
{
	size_t len = item->end - item->at < PIECE_MAX ? item->end - item->at : PIECE_MAX;
	int err = tracee_read(item->pid, item->at, d->piece, len);

	if (!err)
		err = runs_send(d, item, d->piece, len, item->object ? segment_send : pages_send);
	item->at += len;
	return err ? err : item->at < item->end;
}

/* Send the message of an item */
static int message_more(struct deputy *d, struct outbox_item *item)
{
	struct iovec iov = { item->tail, item->tail_len };

	return channel_send(d->channel, item->type, &item->msg, &iov, 1);
}

void outbox_pump(struct deputy *d)
{
	while (d->outbox && d->channel && channel_backlog(d->channel) < BACKLOG_MAX) {
		struct outbox_item *item = d->outbox;
		int more = item->more(d, item);

		/* A failed send has closed the channel; unreadable memory or a failing disk ends as missing pages would */
		if (more == OUTBOX_BLOCKED)
			return;
		if (more > 0 || d->outbox != item)
			continue;
		d->outbox = item->next;
		if (!d->outbox)
			d->outbox_last = NULL;
		item_free(item);
	}
	if (!d->outbox)
		objects_sweep(d);
}

void outbox_clear(struct deputy *d)
{
	while (d->outbox) {
		struct outbox_item *item = d->outbox;

		d->outbox = item->next;
		item_free(item);
	}
	d->outbox_last = NULL;
}

int deputy_send(struct deputy *d, enum wire_type type, const void *msg, size_t msg_len, const void *tail,
		size_t tail_len)
{
	struct iovec iov = { (void *)tail, tail_len };
	struct outbox_item *item;

	if (!d->channel)
		return -EPIPE;
	listings_check(d);
	if (!d->outbox)
		return channel_send(d->channel, type, msg, &iov, 1);
	item = calloc(1, sizeof(*item) + tail_len);
	if (!item)
		return -ENOMEM;
	item->holes = -1;
	item->more = message_more;
	item->type = type;
	memcpy(&item->msg, msg, msg_len);
	item->tail_len = tail_len;
	memcpy(item->tail, tail ? tail : "", tail_len);
	item_append(d, item);
	return 0;
}

/* Append a source */
static int source_append(struct deputy *d, struct outbox_item source)
{
	struct outbox_item *item;

	item = malloc(sizeof(*item));
	if (!item) {
		source_release(&source);
		return -ENOMEM;
	}
	*item = source;
	item_append(d, item);
	outbox_pump(d);
	return 0;
}

/* A descriptor to find the holes of a file with, or -1 where there are none, or none can be found */
static int holes_open(const struct stat *st, int fd)
{
	char path[32];

	if ((uint64_t)st->st_blocks * 512 >= (uint64_t)st->st_size)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

int outbox_file(struct deputy *d, struct object *file, uint64_t from, uint64_t to, unsigned int flags)
{
	crypto_generichash_state *hash = NULL;

	if (from >= to && !(flags & OUTBOX_SIZE))
		return 0;
	if (flags & OUTBOX_HASH) {
		hash = aligned_alloc(_Alignof(crypto_generichash_state), sizeof(*hash));
		if (!hash)
			return -ENOMEM;
		crypto_generichash_init(hash, NULL, 0, HASH_LEN);
	}
	return source_append(d, (struct outbox_item){ .more = file_more,
						      .file = file,
						      .holes = hash ? -1 : holes_open(&file->st, file->fd),
						      .hash = hash,
						      .object = file->id,
						      .at = from,
						      .end = to,
						      .size = (uint64_t)file->st.st_size,
						      .announce = flags & OUTBOX_SIZE,
						      .zeros = flags & OUTBOX_ZEROS });
}

/* Wait for the worker's answer */
static int trim_more(struct deputy *d, struct outbox_item *item)
{
	(void)item;
	return d->trimming ? OUTBOX_BLOCKED : 0;
}

int outbox_trim(struct deputy *d)
{
	return source_append(d, (struct outbox_item){ .more = trim_more, .holes = -1 });
}

int outbox_memory(struct deputy *d, pid_t pid, uint64_t start, uint64_t end, unsigned int flags)
{
	if (start >= end)
		return 0;
	return source_append(d, (struct outbox_item){ .more = memory_more,
						      .holes = -1,
						      .pid = pid,
						      .at = start,
						      .end = end,
						      .zeros = flags & OUTBOX_ZEROS });
}

int outbox_segment(struct deputy *d, uint64_t object, pid_t pid, uint64_t start, uint64_t end)
{
	if (start >= end)
		return 0;
	return source_append(d, (struct outbox_item){ .more = memory_more,
						      .holes = -1,
						      .pid = pid,
						      .object = object,
						      .start = start,
						      .at = start,
						      .end = end });
}
