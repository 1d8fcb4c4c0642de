/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The pager is a process of its own beside the remote. It serves the FUSE file system whose files are the paged objects
 * of a session (paged.h), with what it fetches from home over the session's second connection:
 *
 *	guest's fault ─► kernel ─► /dev/fuse ─► pager ── FETCH ──► deputy
 *	     page     ◄─ kernel ◄─ /dev/fuse ◄─ pager ◄─ FETCHED ── pread
 *
 * So the guests' page faults, and those that local calls and the remote itself make in the guests' memory, are what they
 * are for any file: the kernel reads ahead, keeps the pages for all guests, and takes them away when memory is short.
 *
 * Why a process, and not a thread of the remote. The kernel waits for a page that was asked for until it comes, or until
 * nobody has /dev/fuse open any more, even when who waits is killed. The remote reads the guests' memory; if it had the
 * descriptor itself and was killed while it waits, it would wait for itself, for ever. The pager never touches a file
 * of its own file system. So its death frees everybody: it ends with the connection, and with the remote.
 *
 * Why FUSE, and not userfaultfd: an ordinary user's userfaultfd does not see the faults of kernel accesses; what it has
 * given cannot be taken away when memory is short; and it would know each mapping of each guest, through mremap, fork and
 * munmap, where a file system knows files.
 *
 * The remote tells the pager what home says of a file by the file system itself: it creates and truncates files, extends
 * them, and punches holes where content is stale. The kernel then forgets the pages, in the remote, while the pager
 * goes on to answer; a notification by the pager would wait for pages that the pager has to bring.
 *
 *	pager.c		the process, the connection, fetches
 *	pager_fuse.c	the kernel's protocol
 *	pager_pieces.c	what has been fetched, and what will be read next
 *	pager_store.c	files whose content is here: fronts of what guests write to by memory (front.h)
 */
#ifndef OM_PAGER_H
#define OM_PAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "handover.h"
#include "wire.h"

/* Its descriptors */
#define PAGER_JOIN_FD	HANDOVER_LINK_FD      /* where omd hands over the connection */
#define PAGER_DEVICE_FD (PAGER_JOIN_FD + 1)   /* /dev/fuse */
#define PAGER_FRONT_FD	(PAGER_DEVICE_FD + 1) /* where the remote sends what a front is made from (front.h) */

#define PAGER_STREAMS	 4   /* sequential readers of a file that are told apart */
#define PAGER_BUCKETS	 256 /* hash buckets of files */
#define PAGER_FRONT_NAME 'f' /* before the number of an object: its file is a front */
#define PAGER_READ_PAGES 64  /* that the kernel asks for at once, at most */

struct channel;
struct store;

/**
 * struct part - A part of a read that waits for a piece
 * @next:	Next one that waits for the same piece
 * @read:	The read
 */
struct part {
	struct part *next;
	struct pager_read *read;
};

/**
 * struct pager_read - A READ of the kernel
 * @unique:	The kernel's number of it
 * @offset:	Where in the file
 * @len:	How much
 * @missing:	How much of it is still to come
 * @error:	0 or negative errno
 * @data:	It
 */
struct pager_read {
	uint64_t unique;
	uint64_t offset;
	uint32_t len;
	uint32_t missing;
	int error;
	uint8_t data[];
};

/**
 * struct piece - A stretch of a file that is being fetched, or was before it is needed
 * @next:	Next piece of the file
 * @file:	The file; NULL: it is stale or the file is gone, only the parts wait for it
 * @fetch:	Number of its FETCH while it is under way, 0: it is here
 * @offset:	Where in the file
 * @len:	How much
 * @used:	Bytes of it that were read
 * @ahead:	It was not asked for
 * @born:	pager.reads when its FETCH was sent
 * @parts:	Who waits for it
 * @data:	It, once it is here, if it was not asked for
 */
struct piece {
	struct piece *next;
	struct pager_file *file;
	uint64_t fetch;
	uint64_t offset;
	uint32_t len;
	uint32_t used;
	bool ahead;
	uint64_t born;
	struct part *parts;
	uint8_t *data;
};

/**
 * struct stream - A sequential reader
 * @next:	Where its next read begins if it is one
 * @ahead:	Up to where has been fetched for it
 * @window:	How far ahead to fetch
 * @used:	When it read last
 */
struct stream {
	uint64_t next;
	uint64_t ahead;
	uint32_t window;
	uint64_t used;
};

/**
 * struct pager_file - A file, which is an object
 * @next:	Next in the bucket
 * @node:	Its number in the file system
 * @object:	Its number on the wire
 * @size:	Bytes
 * @lookups:	References that the kernel has
 * @pieces:	What of it is under way or kept
 * @stream:	Who reads it
 * @store:	A front's content, NULL: it is none
 */
struct pager_file {
	struct pager_file *next;
	uint64_t node;
	uint64_t object;
	uint64_t size;
	uint64_t lookups;
	struct piece *pieces;
	struct stream stream[PAGER_STREAMS];
	struct store *store;
};

/**
 * struct pager - The process
 * @loop:	Event loop
 * @device:	/dev/fuse
 * @join:	Where the connection comes from
 * @channel:	The connection, NULL before
 * @file:	Files by number
 * @nodes:	Number of the last one
 * @fetches:	Number of the last FETCH
 * @fetching:	Pieces that are under way, by the number of their FETCH modulo the most that there can be
 * @fetching_nr: How many
 * @ahead_bytes: Of pieces that were not asked for
 * @reads:	Counts reads
 * @paused:	The kernel is not listened to: too much is under way
 * @buffer:	Request of the kernel
 */
struct pager {
	uv_loop_t loop;
	uv_poll_t device;
	uv_poll_t join;
	struct channel *channel;
	struct pager_file *file[PAGER_BUCKETS];
	uint64_t nodes;
	uint64_t fetches;
	struct piece *fetching[WIRE_FETCHES_MAX];
	unsigned int fetching_nr;
	uint64_t ahead_bytes;
	uint64_t reads;
	bool paused;
	_Alignas(8) uint8_t buffer[1u << 17];
};

/* The process's life, with the descriptors above */
_Noreturn void pager_run(void);

/* Ask home for a piece; false: too many are under way, or there is no connection */
bool pager_fetch(struct pager *pager, struct piece *piece);
/* Is there room for as many fetches as a read can need? */
bool pager_has_room(const struct pager *pager);

/* Serve what the kernel has asked; false when it has ended the file system */
bool fuse_serve(struct pager *pager);
/* Answer a request: @error 0 or negative errno */
void fuse_reply(uint64_t unique, int error, const void *data, size_t len);

/* The kernel reads; it is answered now or later */
void pieces_read(struct pager *pager, struct pager_file *file, uint64_t unique, uint64_t offset, uint32_t len);
/* A piece has come: @len bytes of it, behind them are zeros; or @error */
void pieces_arrived(struct pager *pager, struct piece *piece, int error, const uint8_t *data, size_t len);
/* The content between @from and @to has changed at home, before now */
void pieces_stale(struct pager *pager, struct pager_file *file, uint64_t from, uint64_t to);

/* A new file is a front: take what the remote has sent for it. 0 or negative errno */
int store_take(struct pager_file *file);
void store_free(struct pager_file *file);
/* The kernel reads, and is answered at once */
void store_read(const struct pager_file *file, uint64_t unique, uint64_t offset, uint32_t len);
/* It writes, makes zeros, or is about to change file->size: 0 or negative errno */
int store_write(struct pager_file *file, uint64_t offset, const uint8_t *data, uint32_t len);
int store_zero(struct pager_file *file, uint64_t from, uint64_t to);
int store_resize(struct pager_file *file, uint64_t size);

#endif
