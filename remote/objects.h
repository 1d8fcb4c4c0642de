/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A file of home that a guest maps is an object: home sends its content once, the remote keeps it as a memfd of exactly
 * the file's size (so that an access behind the end is a SIGBUS, as it has to be), and the guest's own kernel maps
 * that. Several mappings and several guests share the pages.
 *
 * A guest gets the memfd in its descriptor table to be able to map it. It must not be able to change what other guests,
 * or its own later mappings, will see; so the memfd is sealed against writing before the first guest gets it. Private
 * mappings stay writable: those are copies. Data that home sends after that is a violation of the protocol.
 *
 * As such a content never changes, it may be that of earlier sessions: when home names it by its hash (OFFER) and the
 * node's cache has it (cache.h), the object is that memfd, shared with whoever else maps it, and home sends nothing. When
 * all of a new one has come (KEEP) it is sealed and given to the cache.
 *
 * A file that can change is a live object: home announces new sizes (OBJECT again) and sends new content at any time.
 * Guests get a descriptor that cannot write, but for shared mappings that can become writable; and what guests write
 * goes home (live.h, front.h). No seal protects it: whoever may map it for writing is of the same family.
 *
 * A large file may be a paged object instead, whose content is fetched as it is touched (paged.h). Guests get a descriptor
 * that only reads, so it cannot be mapped for writing by those who share it.
 *
 * What arrives is bounded by the worker's memory: an object that would be too much fails, and so does its mapping, with
 * ENOMEM; if it was offered, before it is sent. Objects live as long as the session, but those of shared memory, which end with their last attachment
 * (shm.h).
 */
#ifndef OM_REMOTE_OBJECTS_H
#define OM_REMOTE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "remote/paged.h"
#include "wire.h"

#define OBJECTS_MAX    16384u
#define OBJECT_BUCKETS 256u

struct front;
struct sent;

/* What an answer to mmap refers to */
enum object_kind {
	OBJECT_FILE,	       /* an object that never changes */
	OBJECT_ZERO,	       /* the zero device: anonymous memory */
	OBJECT_LIVE,	       /* a live object, for a shared mapping that can become writable */
	OBJECT_LIVE_READ_ONLY, /* likewise, that cannot, or for a private mapping */
	OBJECT_ZERO_READ_ONLY, /* the zero device, for a mapping that cannot become writable */
};

/**
 * struct object - Content of a file
 * @next:	Next in the bucket
 * @id:		Its number
 * @size:	Bytes
 * @name:	The file's at home
 * @fd:		memfd, -1 when the content could not be kept; of a sealed one, open for reading only. Paged, or with a front: its file
 * @fd_read:	Live or paged: the same, open for reading only; -1 until it is needed
 * @taken:	Bytes of memory that its content takes
 * @sealed:	A guest may have it; not for live ones
 * @live:	Mapped shared
 * @paged:	Its content is fetched; @fd is a memfd nevertheless, and empty, until @fd_read is there
 * @dirty:	Live, of shared memory: guests may have written to it since home has got it
 * @watched:	Live: next one that guests may write to
 * @watched_bytes: Live, watched, without a front: bytes of data in it when it began to be
 * @mapped:	Live: guests may have mapped it
 * @front:	Live: what guests map instead of the memfd, or NULL (front.h)
 * @shadow:	Live, watched: the content as home knows it, NULL when it is not watched
 * @shadow_len:	Bytes of it
 * @memory:	Live, watched, without a front: the content as it is
 * @memory_len:	Bytes of it
 * @sent:	Live, watched: what home may not have seen yet, see merge.h
 * @sent_last:	Its end
 */
struct object {
	struct object *next;
	uint64_t id;
	uint64_t size;
	char name[65];
	int fd;
	int fd_read;
	uint64_t taken;
	bool sealed;
	bool live;
	bool paged;
	bool dirty;
	bool mapped;
	struct front *front;
	struct object *watched;
	uint64_t watched_bytes;
	uint8_t *shadow;
	uint64_t shadow_len;
	uint8_t *memory;
	uint64_t memory_len;
	struct sent *sent, *sent_last;
};

/**
 * struct object_table - All objects of a session
 * @bucket:	Objects by number
 * @nr:		How many there are
 * @bytes:	Bytes of memory that their content takes
 * @bytes_max:	Most that will be kept
 * @watched:	Live objects that guests may write to
 * @watched_bytes: Bytes of data in these, when they began to be
 * @written:	How many WRITE_BACKs were sent
 * @seen:	How many of them home has made before it sent what comes from it now
 * @zero:	Descriptor of the worker's zero device
 * @zero_read:	The same, open for reading only
 * @paging:	The paged ones' surroundings
 */
struct object_table {
	struct object *bucket[OBJECT_BUCKETS];
	unsigned int nr;
	uint64_t bytes;
	uint64_t bytes_max;
	struct object *watched;
	uint64_t watched_bytes;
	uint64_t written, seen;
	int zero, zero_read;
	struct paging paging;
};

/* 0 or negative errno; paged ones are made with the help of @sandbox */
int objects_init(struct object_table *table, struct sandbox *sandbox);
void objects_clear(struct object_table *table);

/* Take OBJECT and OBJECT_DATA: 0, or -EPROTO when the other side breaks the rules. Lack of memory is no error here. */
int objects_add(struct object_table *table, const struct wire_object *msg);
int objects_data(struct object_table *table, const struct wire_object_data *msg, const uint8_t *data, size_t len);
/* Likewise OFFER (*@wanted: the answer, enum wire_wanted), KEEP, SEEN, OBJECT_ZERO and OBJECT_STALE */
int objects_offer(struct object_table *table, const struct wire_offer *msg, uint32_t *wanted);
int objects_keep(struct object_table *table, const struct wire_keep *msg);
int objects_seen(struct object_table *table, const struct wire_seen *msg);
int objects_zero(struct object_table *table, const struct wire_object_zero *msg);
int objects_stale(struct object_table *table, const struct wire_object_stale *msg);

/*
 * Descriptor to map for an answer to mmap; seals the object. It stays the table's. -EPROTO for an object that was not
 * sent, -ENOMEM for one that could not be kept, -ENODEV for a live one that is too large for this node to be mapped for writing.
 */
int objects_fd(struct object_table *table, uint64_t id, uint32_t kind);
/* As what it is to be mapped for reading: a large one cannot become writable later, as that has a price at each call */
uint32_t objects_kind_to_read(struct object_table *table, uint64_t id, uint32_t kind);
/* Likewise for a mapping of an image, that cannot become writable if it is shared */
int objects_image_fd(struct object_table *table, uint64_t id);

/* Likewise of a live object that is not compared (shm.h) */
int objects_segment_fd(struct object_table *table, uint64_t id, bool writable);
/* An object ends that is not watched */
void objects_remove(struct object_table *table, struct object *object);

/* The object with number @id, or NULL */
struct object *object_find(const struct object_table *table, uint64_t id);
/* Give the content up; its pages go when no guest maps them */
void object_close(struct object *object);

/* The name at home of the file whose content is inode @inode of device @dev here, NULL: none is known */
const char *objects_name(const struct object_table *table, dev_t dev, uint64_t inode);

#endif
