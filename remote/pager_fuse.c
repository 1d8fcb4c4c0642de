/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The part of the kernel's FUSE protocol (linux/fuse.h) that the pager's file system needs: a table of operations. Names
 * are numbers of objects, with a letter before those of fronts; a file is made, opened once more, and then has no name, so
 * nothing is ever looked up. What is not in the table is not there (ENOSYS), such as FSYNC: what has been written is kept.
 * Who asks is the kernel, so requests are as they should be.
 *
 * Attributes and contents stay valid until the remote changes them through the file system itself.
 */
#include <errno.h>
#include <linux/fuse.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"
#include "remote/pager.h"
#include "usermem.h"

/* What the kernel reads ahead; beyond that the pager does (pager_pieces.c), which can see whether it is worth it */
#define READAHEAD_BYTES (64u << 10)
#define WRITE_MAX	(64u << 10)
#define BACKGROUND_MAX	64u
/* The first version that has all we need, Linux 4.20 */
#define MINOR_MIN 28u
/* How long attributes are valid, seconds: for ever */
#define VALID_S (1u << 30)

/**
 * struct request - A request of the kernel
 * @head:	Its head
 * @arg:	Behind it
 * @file:	The file that it is about, or NULL
 */
struct request {
	const struct fuse_in_header *head;
	const void *arg;
	struct pager_file *file;
};

void fuse_reply(uint64_t unique, int error, const void *data, size_t len)
{
	struct fuse_out_header head = { .len = (uint32_t)(sizeof(head) + len), .error = error, .unique = unique };
	struct iovec piece[2] = { { &head, sizeof(head) }, { (void *)data, len } };

	/* ENOENT: who asked has been killed before it was read */
	if (writev(PAGER_DEVICE_FD, piece, len ? 2 : 1) < 0 && errno != ENOENT)
		log_debug("the kernel does not take an answer: %s", strerror(errno));
}

/**
 * attr_fill() - Attributes of a file, or of the directory (NULL)
 */
static void attr_fill(const struct pager_file *file, struct fuse_attr *attr)
{
	*attr = (struct fuse_attr){
		.ino = file ? file->node : FUSE_ROOT_ID,
		.size = file ? file->size : 0,
		.blocks = file ? (file->size + 511) / 512 : 0,
		.mode = file ? S_IFREG | 0600 : S_IFDIR | 0700,
		.nlink = 1,
		.uid = geteuid(),
		.gid = getegid(),
		.blksize = PAGE_BYTES,
	};
}

/**
 * attr_reply() - Answer with the attributes of a file or of the directory
 */
static void attr_reply(const struct request *r)
{
	struct fuse_attr_out out = { .attr_valid = VALID_S };

	attr_fill(r->file, &out.attr);
	fuse_reply(r->head->unique, 0, &out, sizeof(out));
}

/**
 * on_init() - The first request
 */
static void on_init(struct pager *pager, const struct request *r)
{
	const struct fuse_init_in *in = r->arg;
	const uint32_t flags = FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_MAX_PAGES;
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = in->max_readahead < READAHEAD_BYTES ? in->max_readahead : READAHEAD_BYTES,
		.flags = in->flags & flags,
		.max_background = BACKGROUND_MAX,
		.congestion_threshold = BACKGROUND_MAX,
		.max_write = WRITE_MAX,
		.time_gran = 1,
		.max_pages = PAGER_READ_PAGES,
	};

	(void)pager;
	if (in->major != FUSE_KERNEL_VERSION || in->minor < MINOR_MIN)
		fuse_reply(r->head->unique, -EPROTO, NULL, 0);
	else
		fuse_reply(r->head->unique, 0, &out, sizeof(out));
}

static void on_getattr(struct pager *pager, const struct request *r)
{
	(void)pager;
	attr_reply(r);
}

/**
 * on_setattr() - The size of the file has changed; nothing else ever does
 */
static void on_setattr(struct pager *pager, const struct request *r)
{
	const struct fuse_setattr_in *in = r->arg;
	uint64_t before = r->file ? r->file->size : 0;
	int err = 0;

	if (r->file && r->file->store && in->valid & FATTR_SIZE)
		err = store_resize(r->file, in->size);
	if (err) {
		fuse_reply(r->head->unique, err, NULL, 0);
		return;
	}
	if (r->file && in->valid & FATTR_SIZE) {
		r->file->size = in->size;
		pieces_stale(pager, r->file, in->size < before ? in->size : before, UINT64_MAX);
	}
	attr_reply(r);
}

/**
 * on_create() - A new object; the name is its number
 */
static void on_create(struct pager *pager, const struct request *r)
{
	const char *name = (const char *)r->arg + sizeof(struct fuse_create_in);
	struct pager_file *file = calloc(1, sizeof(*file));
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out = { 0 };

	int err = file ? 0 : -ENOMEM;

	if (!err) {
		file->object = strtoull(name + (*name == PAGER_FRONT_NAME), NULL, 10);
		err = *name == PAGER_FRONT_NAME ? store_take(file) : 0;
	}
	if (err) {
		free(file);
		fuse_reply(r->head->unique, err, NULL, 0);
		return;
	}
	file->node = FUSE_ROOT_ID + ++pager->nodes;
	file->lookups = 1;
	for (int i = 0; i < PAGER_STREAMS; i++)
		file->stream[i].next = UINT64_MAX;
	file->next = pager->file[file->node % PAGER_BUCKETS];
	pager->file[file->node % PAGER_BUCKETS] = file;
	out.entry.nodeid = file->node;
	out.entry.entry_valid = out.entry.attr_valid = VALID_S;
	attr_fill(file, &out.entry.attr);
	out.open.open_flags = FOPEN_KEEP_CACHE;
	fuse_reply(r->head->unique, 0, &out, sizeof(out));
}

static void on_open(struct pager *pager, const struct request *r)
{
	const struct fuse_open_out out = { .open_flags = FOPEN_KEEP_CACHE };

	(void)pager;
	fuse_reply(r->head->unique, 0, &out, sizeof(out));
}

static void on_read(struct pager *pager, const struct request *r)
{
	const struct fuse_read_in *in = r->arg;

	if (!r->file || !in->size)
		fuse_reply(r->head->unique, r->file ? 0 : -EIO, NULL, 0);
	else if (r->file->store)
		store_read(r->file, r->head->unique, in->offset, in->size);
	else
		pieces_read(pager, r->file, r->head->unique, in->offset, in->size);
}

/**
 * on_write() - Guests have written to a front by memory, or the remote has
 */
static void on_write(struct pager *pager, const struct request *r)
{
	const struct fuse_write_in *in = r->arg;
	const struct fuse_write_out out = { .size = in->size };
	size_t len = r->head->len - sizeof(*r->head) - sizeof(*in);
	int err = -EIO;

	(void)pager;
	if (r->file && r->file->store && in->size <= len)
		err = store_write(r->file, in->offset, (const uint8_t *)(in + 1), in->size);
	fuse_reply(r->head->unique, err, &out, err ? 0 : sizeof(out));
}

/**
 * on_fallocate() - The file grows, or a part of it is stale, or, of a front, zeros
 */
static void on_fallocate(struct pager *pager, const struct request *r)
{
	const struct fuse_fallocate_in *in = r->arg;
	int err = 0;

	if (r->file && r->file->store && in->mode)
		err = store_zero(r->file, in->offset, in->offset + in->length);
	if (err) {
		fuse_reply(r->head->unique, err, NULL, 0);
		return;
	}
	if (r->file) {
		pieces_stale(pager, r->file, in->offset, in->offset + in->length);
		if (!in->mode && in->offset + in->length > r->file->size)
			r->file->size = in->offset + in->length;
	}
	fuse_reply(r->head->unique, r->file ? 0 : -EIO, NULL, 0);
}

/**
 * file_forget() - The kernel has given references back
 */
static void file_forget(struct pager *pager, uint64_t node, uint64_t lookups)
{
	struct pager_file **at = &pager->file[node % PAGER_BUCKETS], *file;

	while (*at && (*at)->node != node)
		at = &(*at)->next;
	file = *at;
	if (!file)
		return;
	file->lookups -= lookups < file->lookups ? lookups : file->lookups;
	if (file->lookups)
		return;
	pieces_stale(pager, file, 0, UINT64_MAX);
	store_free(file);
	*at = file->next;
	free(file);
}

static void on_forget(struct pager *pager, const struct request *r)
{
	const struct fuse_forget_in *in = r->arg;

	file_forget(pager, r->head->nodeid, in->nlookup);
}

static void on_batch_forget(struct pager *pager, const struct request *r)
{
	const struct fuse_batch_forget_in *in = r->arg;
	const struct fuse_forget_one *one = (const struct fuse_forget_one *)(in + 1);

	for (uint32_t i = 0; i < in->count; i++)
		file_forget(pager, one[i].nodeid, one[i].nlookup);
}

static void on_lookup(struct pager *pager, const struct request *r)
{
	(void)pager;
	fuse_reply(r->head->unique, -ENOENT, NULL, 0);
}

/**
 * on_statfs() - The remote wants to know whether we are there
 */
static void on_statfs(struct pager *pager, const struct request *r)
{
	const struct fuse_statfs_out out = { .st = { .bsize = PAGE_BYTES, .frsize = PAGE_BYTES, .namelen = 255 } };

	(void)pager;
	fuse_reply(r->head->unique, 0, &out, sizeof(out));
}

/**
 * on_done() - There is nothing to do
 */
static void on_done(struct pager *pager, const struct request *r)
{
	(void)pager;
	fuse_reply(r->head->unique, 0, NULL, 0);
}

/* What is done for each operation, and how many bytes it has behind the head at least */
static const struct {
	void (*serve)(struct pager *pager, const struct request *r);
	size_t len;
} operations[] = {
	[FUSE_INIT] = { on_init, offsetof(struct fuse_init_in, flags2) },
	[FUSE_LOOKUP] = { on_lookup, 0 },
	[FUSE_GETATTR] = { on_getattr, 0 },
	[FUSE_SETATTR] = { on_setattr, sizeof(struct fuse_setattr_in) },
	[FUSE_CREATE] = { on_create, sizeof(struct fuse_create_in) + 2 },
	[FUSE_OPEN] = { on_open, 0 },
	[FUSE_READ] = { on_read, sizeof(struct fuse_read_in) },
	[FUSE_WRITE] = { on_write, sizeof(struct fuse_write_in) },
	[FUSE_FALLOCATE] = { on_fallocate, sizeof(struct fuse_fallocate_in) },
	[FUSE_UNLINK] = { on_done, 0 },
	[FUSE_RELEASE] = { on_done, 0 },
	[FUSE_FLUSH] = { on_done, 0 },
	[FUSE_STATFS] = { on_statfs, 0 },
	[FUSE_FORGET] = { on_forget, sizeof(struct fuse_forget_in) },
	[FUSE_BATCH_FORGET] = { on_batch_forget, sizeof(struct fuse_batch_forget_in) },
};

/**
 * request_serve() - Serve one request
 *
 * INTERRUPT is not there either: the kernel stops to send it, and who waits for a page waits for it, as for a disk's.
 */
static void request_serve(struct pager *pager, const struct fuse_in_header *head, size_t len)
{
	struct request r = { .head = head, .arg = head + 1 };

	if (len < sizeof(*head) || len != head->len)
		return;
	if (head->opcode >= sizeof(operations) / sizeof(*operations) || !operations[head->opcode].serve ||
	    len - sizeof(*head) < operations[head->opcode].len) {
		log_debug("the kernel asks for operation %u", head->opcode);
		fuse_reply(head->unique, -ENOSYS, NULL, 0);
		return;
	}
	r.file = pager->file[head->nodeid % PAGER_BUCKETS];
	while (r.file && r.file->node != head->nodeid)
		r.file = r.file->next;
	operations[head->opcode].serve(pager, &r);
}

bool fuse_serve(struct pager *pager)
{
	while (pager_has_room(pager)) {
		ssize_t n = read(PAGER_DEVICE_FD, pager->buffer, sizeof(pager->buffer));

		if (n > 0)
			request_serve(pager, (const struct fuse_in_header *)pager->buffer, (size_t)n);
		else if (n == 0 || errno == ENODEV)
			return false;
		else if (errno == EAGAIN)
			break;
	}
	return true;
}
