/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Files that are fronts (front.h): their content is on this node. What the kernel reads comes from the store, the memfd
 * that the remote keeps as home knows it; what the kernel writes is kept in a memfd of the pager's own, page by page, and
 * is read from there from then on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fdpass.h"
#include "log.h"
#include "remote/front.h"
#include "remote/pager.h"
#include "usermem.h"

#define WRITTEN_BYTES (FRONT_PAGES_MAX / 8)
#define WORD(page)    ((page) / FRONT_WORD_BITS)
#define BIT(page)     (1ull << (page) % FRONT_WORD_BITS)

/**
 * struct store - Where the content of a front is
 * @base:	The remote's
 * @fresh:	Pages that were written to
 * @marks:	The remote is to look at these
 * @written:	A bit for each page that is in @fresh
 */
struct store {
	int base, fresh;
	struct front_marks *marks;
	uint64_t *written;
};

/**
 * store_map() - Memory of a descriptor, or (-1) of our own; NULL when there is none
 */
static void *store_map(int fd, size_t len)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
	void *map = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

/**
 * part_free() - Free what there is of a store
 */
static void part_free(struct store *store)
{
	if (store->marks)
		munmap(store->marks, sizeof(*store->marks));
	if (store->written)
		munmap(store->written, WRITTEN_BYTES);
	if (store->fresh >= 0)
		close(store->fresh);
	if (store->base >= 0)
		close(store->base);
	free(store);
}

int store_take(struct pager_file *file)
{
	struct store *store = calloc(1, sizeof(*store));
	struct front_message msg[2];
	int marks = -1, err;

	if (!store)
		return -ENOMEM;
	store->fresh = store->base = -1;
	err = fdpass_receive(PAGER_FRONT_FD, &msg[0], sizeof(msg[0]), &store->base, MSG_DONTWAIT);
	if (!err)
		err = fdpass_receive(PAGER_FRONT_FD, &msg[1], sizeof(msg[1]), &marks, MSG_DONTWAIT);
	if (!err && (msg[0].object != file->object || msg[1].object != file->object || store->base < 0 || marks < 0))
		err = -EPROTO;
	if (!err) {
		store->fresh = memfd_create("om:front", MFD_CLOEXEC);
		store->marks = store_map(marks, sizeof(*store->marks));
		store->written = store_map(-1, WRITTEN_BYTES);
		err = store->fresh < 0 || !store->marks || !store->written ? -ENOMEM : 0;
	}
	if (marks >= 0)
		close(marks);
	if (err) {
		part_free(store);
		return err;
	}
	file->store = store;
	return 0;
}

void store_free(struct pager_file *file)
{
	if (file->store)
		part_free(file->store);
	file->store = NULL;
}

/**
 * is_written() - Is the page that byte @at is in one that was written to?
 */
static bool is_written(const struct store *store, uint64_t at)
{
	uint64_t page = at / PAGE_BYTES;

	return store->written[WORD(page)] & BIT(page);
}

/**
 * content_read() - Bytes of the content, zeros where there is none: 0 or negative errno
 */
static int content_read(const struct store *store, uint64_t offset, uint8_t *out, size_t len)
{
	memset(out, 0, len);
	while (len) {
		bool written = is_written(store, offset);
		size_t n = PAGE_BYTES - offset % PAGE_BYTES;

		while (n < len && is_written(store, offset + n) == written)
			n += PAGE_BYTES;
		if (n > len)
			n = len;
		if (pread(written ? store->fresh : store->base, out, n, (off_t)offset) < 0)
			return -errno;
		out += n;
		offset += n;
		len -= n;
	}
	return 0;
}

void store_read(const struct pager_file *file, uint64_t unique, uint64_t offset, uint32_t len)
{
	static uint8_t data[PAGER_READ_PAGES * PAGE_BYTES];
	int err = len > sizeof(data) ? -EINVAL : content_read(file->store, offset, data, len);

	if (err && err != -EINVAL)
		log_warn("object %llu: %s", (unsigned long long)file->object, strerror(-err));
	fuse_reply(unique, err, data, err ? 0 : len);
}

/**
 * page_keep() - Have the page that byte @at is in among those that were written to, before a part of it is
 */
static int page_keep(struct store *store, uint64_t at)
{
	uint64_t start = at / PAGE_BYTES * PAGE_BYTES;
	uint8_t data[PAGE_BYTES];
	int err;

	if (is_written(store, at))
		return 0;
	err = content_read(store, start, data, sizeof(data));
	if (!err && pwrite(store->fresh, data, sizeof(data), (off_t)start) != (ssize_t)sizeof(data))
		err = -ENOSPC;
	return err;
}

/**
 * edges_keep() - Keep the pages at both ends of a stretch, where they are not wholly in it
 */
static int edges_keep(struct store *store, uint64_t from, uint64_t to)
{
	int err = from % PAGE_BYTES ? page_keep(store, from) : 0;

	if (!err && to % PAGE_BYTES)
		err = page_keep(store, to);
	return err;
}

/**
 * pages_mark() - The stretch has been written
 */
static void pages_mark(struct store *store, uint64_t from, uint64_t to)
{
	for (uint64_t page = from / PAGE_BYTES; page < (to + PAGE_BYTES - 1) / PAGE_BYTES; page++) {
		store->written[WORD(page)] |= BIT(page);
		atomic_fetch_or(&store->marks->page[WORD(page)], BIT(page));
	}
	atomic_fetch_add(&store->marks->changes, 1);
}

int store_write(struct pager_file *file, uint64_t offset, const uint8_t *data, uint32_t len)
{
	struct store *store = file->store;
	int err;

	if (offset > FRONT_PAGES_MAX * PAGE_BYTES || len > FRONT_PAGES_MAX * PAGE_BYTES - offset)
		return -EFBIG;
	err = edges_keep(store, offset, offset + len);
	if (!err && pwrite(store->fresh, data, len, (off_t)offset) != (ssize_t)len)
		err = -ENOSPC;
	if (!err)
		pages_mark(store, offset, offset + len);
	return err;
}

int store_zero(struct pager_file *file, uint64_t from, uint64_t to)
{
	const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	struct store *store = file->store;
	int err;

	if (to > file->size)
		to = file->size;
	if (from >= to)
		return 0;
	err = edges_keep(store, from, to);
	/* What is behind the end of the memory file is zeros anyway */
	if (!err && fallocate(store->fresh, punch, (off_t)from, (off_t)(to - from)) < 0)
		err = -errno;
	if (!err)
		pages_mark(store, from, to);
	return err;
}

int store_resize(struct pager_file *file, uint64_t size)
{
	struct store *store = file->store;
	uint64_t first = (size + PAGE_BYTES - 1) / PAGE_BYTES, end = (file->size + PAGE_BYTES - 1) / PAGE_BYTES;

	if (size > FRONT_PAGES_MAX * PAGE_BYTES)
		return -EFBIG;
	if (size >= file->size)
		return 0;
	for (uint64_t page = first; page < end; page++)
		store->written[WORD(page)] &= ~BIT(page);
	return ftruncate(store->fresh, (off_t)size) < 0 ? -errno : 0;
}
