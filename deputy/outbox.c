/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * What the deputy has to send in order, and may be too much for the channel's queue: images and file contents. An item
 * is a whole message, or a source of many (the pages of a file object, a range of the home process's memory). Items are
 * sent one after the other while the channel's backlog is low; the channel says when it has drained. Results of calls do
 * not wait here, so a large file that one thread maps holds up no other thread; what refers to the items' content (START,
 * the result of that mmap) is queued behind them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deputy/deputy.h"

#define BACKLOG_MAX (1u << 20)	/* bytes queued in the channel above which the outbox waits */
#define PAGE_BYTES 4096u

/**
 * struct outbox_item - One message, or one source of messages
 * @next:	Next in order
 * @more:	Sends the next message of a source; returns 1 when there is more, 0 at the end, negative errno
 * @type:	Message type
 * @msg:	Message, by value
 * @tail_len:	Its tail's length
 * @fd:		Source: the file (not owned), or -1
 * @pid:	Source: the process whose memory is read
 * @at:		Source: next offset or address
 * @end:	Source: where it ends
 * @start:	Source: where an object's content begins in memory
 * @object:	Source: id of the object, 0 = none
 * @zeros:	Source: send pages of zeros, too
 * @tail:	The tail
 */
struct outbox_item {
	struct outbox_item *next;
	int (*more)(struct deputy *d, struct outbox_item *item);
	enum wire_type type;
	union wire_any msg;
	size_t tail_len;
	int fd;
	pid_t pid;
	uint64_t start, at, end, object;
	bool zeros;
	uint8_t tail[];
};

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

/* Send the runs of @data that are not zero, by @send */
static int runs_send(struct deputy *d, struct outbox_item *item, const uint8_t *data, size_t len,
		     int (*send)(struct deputy *, struct outbox_item *, uint64_t at, const struct iovec *))
{
	size_t at = 0;
	int err = 0;

	while (at < len && !err) {
		bool zero;
		size_t n = run_length(data + at, len - at, &zero);
		struct iovec iov = { (void *)(data + at), n };

		if (!zero || item->zeros)
			err = send(d, item, item->at + at, &iov);
		at += n;
	}
	return err;
}

/* Send a piece of a file object */
static int object_send(struct deputy *d, struct outbox_item *item, uint64_t at, const struct iovec *iov)
{
	struct wire_object_data msg = { .object = item->object, .offset = at };

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

/* The next piece of a file; what lies beyond a file that has shrunk stays zero */
static int file_more(struct deputy *d, struct outbox_item *item)
{
	size_t len = item->end - item->at < PIECE_MAX ? item->end - item->at : PIECE_MAX;
	ssize_t n = pread(item->fd, d->piece, len, (off_t)item->at);
	int err;

	if (n <= 0)
		return n < 0 && errno != EINTR ? -errno : n < 0;
	err = runs_send(d, item, d->piece, (size_t)n, object_send);
	item->at += (uint64_t)n;
	return err ? err : item->at < item->end;
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
		if (more > 0 || d->outbox != item)
			continue;
		d->outbox = item->next;
		if (!d->outbox)
			d->outbox_last = NULL;
		free(item);
	}
}

void outbox_clear(struct deputy *d)
{
	while (d->outbox) {
		struct outbox_item *item = d->outbox;

		d->outbox = item->next;
		free(item);
	}
	d->outbox_last = NULL;
}

int deputy_send(struct deputy *d, enum wire_type type, const void *msg, size_t msg_len, const void *tail, size_t tail_len)
{
	struct iovec iov = { (void *)tail, tail_len };
	struct outbox_item *item;

	if (!d->channel)
		return -EPIPE;
	if (!d->outbox)
		return channel_send(d->channel, type, msg, &iov, 1);
	item = calloc(1, sizeof(*item) + tail_len);
	if (!item)
		return -ENOMEM;
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

	if (source.at >= source.end)
		return 0;
	item = malloc(sizeof(*item));
	if (!item)
		return -ENOMEM;
	*item = source;
	item_append(d, item);
	outbox_pump(d);
	return 0;
}

int outbox_file(struct deputy *d, uint64_t object, int fd, uint64_t size, bool zeros)
{
	return source_append(d, (struct outbox_item){
					.more = file_more, .fd = fd, .object = object, .end = size, .zeros = zeros });
}

int outbox_memory(struct deputy *d, pid_t pid, uint64_t start, uint64_t end)
{
	return source_append(d, (struct outbox_item){ .more = memory_more, .fd = -1, .pid = pid, .at = start, .end = end });
}

int outbox_segment(struct deputy *d, uint64_t object, pid_t pid, uint64_t start, uint64_t end)
{
	return source_append(d, (struct outbox_item){ .more = memory_more, .fd = -1, .pid = pid, .object = object,
						      .start = start, .at = start, .end = end });
}
