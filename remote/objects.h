/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A file of home that a guest maps is an object: home sends its content once, the remote keeps it as a memfd of exactly
 * the file's size (so that an access behind the end is a SIGBUS, as it has to be), and the guest's own kernel maps that.
 * Several mappings and several guests share the pages.
 *
 * A guest gets the memfd in its descriptor table to be able to map it. It must not be able to change what other guests,
 * or its own later mappings, will see; so the memfd is sealed against writing before the first guest gets it. Private
 * mappings stay writable: those are copies. Data that home sends after that is a violation of the protocol.
 *
 * A file that is mapped shared is a live object: home changes its content (OBJECT_DATA at any time, OBJECT again with a
 * larger size), and guests do through their mappings. What they have changed is found by comparing with a copy, and sent
 * home before any call of any guest (objects_flush()); so live objects that are mapped for writing must be small
 * together. No seal protects a live object: whoever may map it for writing is of the same family.
 *
 * What arrives is bounded by the worker's memory: an object that would be too much fails, and so does its mapping, with
 * ENOMEM. Objects live as long as the session.
 */
#ifndef OM_REMOTE_OBJECTS_H
#define OM_REMOTE_OBJECTS_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define OBJECTS_MAX 16384u
#define OBJECT_BUCKETS 256u

/* What an answer to mmap refers to */
enum object_kind {
	OBJECT_FILE = 0, /* an object */
	OBJECT_ZERO = 1, /* the zero device: anonymous memory */
	OBJECT_LIVE = 2, /* a live object that the guest may map for writing */
	OBJECT_LIVE_READ_ONLY = 3,
};

/* Bytes of live objects that are mapped for writing; their comparison with the copies delays calls */
#define OBJECTS_LIVE_MAX (16u << 20)

struct object;

/**
 * struct object_table - All objects of a session
 * @bucket:	Objects by number
 * @nr:		How many there are
 * @bytes:	Bytes of content received
 * @bytes_max:	Most that will be kept
 * @live:	Live objects that are mapped for writing
 * @live_bytes:	Bytes of these
 * @zero:	Descriptor of the worker's zero device
 */
struct object_table {
	struct object *bucket[OBJECT_BUCKETS];
	unsigned int nr;
	uint64_t bytes;
	uint64_t bytes_max;
	struct object *live;
	uint64_t live_bytes;
	int zero;
};

/* 0 or negative errno */
int objects_init(struct object_table *table);
void objects_clear(struct object_table *table);

/* Take OBJECT and OBJECT_DATA: 0, or -EPROTO when the other side breaks the rules. Lack of memory is no error here. */
int objects_add(struct object_table *table, const struct wire_object *msg);
int objects_data(struct object_table *table, const struct wire_object_data *msg, const uint8_t *data, size_t len);

/*
 * Descriptor to map for an answer to mmap; seals the object. It stays the table's. -EPROTO for an object that was not
 * sent, -ENOMEM for one that could not be kept, -ENODEV for a live one that is too large to be mapped for writing.
 */
int objects_fd(struct object_table *table, uint64_t id, uint32_t kind);

/*
 * Hand what guests have changed in live objects to @send (an offset, and bytes that are valid during the call)
 */
void objects_flush(struct object_table *table, void *ctx,
		   void (*send)(void *ctx, uint64_t id, uint64_t offset, const uint8_t *data, size_t len));

#endif
