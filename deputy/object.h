/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are mapped on the worker: see deputy/object.c for the theory of operation. */
#ifndef OM_DEPUTY_OBJECT_H
#define OM_DEPUTY_OBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "deputy/call.h"
#include "deputy/hashes.h"
#include "wire.h"

struct deputy;
struct task;
struct thread;

/* What the answer to mmap says is behind the mapping */
enum mmap_kind { MMAP_FILE, MMAP_ZERO, MMAP_LIVE, MMAP_LIVE_READ_ONLY, MMAP_ZERO_READ_ONLY };

/* Has the worker been asked whether it wants the content? */
enum object_offer {
	OFFER_NONE,	 /* no, or it does */
	OFFER_OUT,	 /* its answer is to come */
	OFFER_PAGED_OUT, /* likewise, and it may be that it fetches pages */
	OFFER_DECLINED,	 /* it does not */
	OFFER_JOINING,	 /* it fetches pages, when there is a connection for that */
	OFFER_PAGED,	 /* it does */
};

/**
 * struct object - A file, as it was when it was sent
 * @next:	Next, newest first
 * @id:		Its number on the wire
 * @fd:		Open on it
 * @live:	It can change
 * @shared:	Live: mapped shared for writing
 * @writable:	@fd can write
 * @claim:	Socket that shows other deputies that it is shared here, -1: it is not, see claim.c
 * @holders:	Processes that map it through a descriptor that can write, see held.c
 * @released:	There were some
 * @trimming:	The worker has been asked whether it can end
 * @gone:	It has ended; what waits to be sent of it is dropped
 * @used:	deputy.mapped when it was mapped last
 * @kept:	Our own mapping of a memfd that is sealed against others (F_SEAL_FUTURE_WRITE), for what guests write; or NULL
 * @kept_len:	Its length
 * @told:	How large the worker knows it to be
 * @offer:	What has become of an offer
 * @st:		Identity: device, inode, size, times of change
 */
struct object {
	struct object *next;
	uint64_t id;
	int fd;
	bool live;
	bool shared;
	bool writable;
	int claim;
	unsigned int holders;
	bool released;
	bool trimming;
	bool gone;
	uint64_t used;
	uint8_t *kept;
	size_t kept_len;
	uint64_t told;
	enum object_offer offer;
	struct stat st;
};

/* The same file; the same times and size */
bool stat_same_file(const struct stat *a, const struct stat *b);
bool stat_same_content(const struct stat *a, const struct stat *b);

/* Can the content of the file that @fd is open on, with @st, be taken for what it will always be? */
bool object_is_steady(int fd, const struct stat *st);

/* The object for the file with @st, if there is one; NULL if not */
struct object *object_find(struct deputy *d, const struct stat *st, bool live);

/* Bytes of a file that are not holes */
uint64_t object_data_bytes(const struct stat *st);

/* The object for the file that @fd (ours to close) is open on; sends what the worker has not got. @shared: of a mapping */
int object_of_fd(struct deputy *d, int fd, bool shared, struct object **out);

/* The object that a private mapping of the file with @st is of, if the worker has all its content; or NULL */
struct object *object_known(struct deputy *d, const struct stat *st);

/* Nobody maps it for writing any more: let others execute it */
void object_only_read(struct object *o);

/* It is about to be sealed so that only who maps it already can write to it: 0 or negative errno */
int object_keep_mapped(struct object *o);
/* Nobody maps it so any more */
void object_unmap(struct object *o);

/* A live object has changed, and is as @st says: send all of it */
int object_refresh(struct deputy *d, struct object *o, const struct stat *st);

/* All content has been sent, and has this hash */
void object_sent(struct deputy *d, struct object *o, const uint8_t hash[static HASH_LEN]);

/* offer.c: announce a new object, and what it is; @whole: it cannot be paged. Its content follows in the outbox */
int object_offer(struct deputy *d, struct object *o, bool whole);
/* The answer to an offer; 0 or -EPROTO */
int object_wanted(struct deputy *d, const struct wire_want *msg);
/* Is it not yet known what is to be sent of it? */
bool object_is_undecided(const struct object *o);
/* Does the worker fetch its pages, or may it be going to? */
bool object_is_paged(const struct object *o);
/* The connection for pages is there, or there will be none */
void objects_joined(struct deputy *d);

/* Guests may write to it by memory from now on; 0, or negative errno: they may not */
int object_share(struct deputy *d, struct object *o);
/* Would mapping it shared mean sharing memory with a process outside the family? */
bool object_is_mapped_elsewhere(struct deputy *d, int fd);
int object_write_back(struct deputy *d, const struct wire_write_back *msg, const uint8_t *data, size_t len);
void objects_free(struct deputy *d);

/* claim.c: its guests may map @o shared for writing; 0, or negative errno: -ENODEV if those of another family may */
int claim_take(struct deputy *d, struct object *o);
void claim_end(struct deputy *d, struct object *o); /* the object ends */

/* held.c: @task maps @object through a descriptor that can write; 0 or -ENOMEM */
int held_add(struct task *task, struct object *object);
int held_inherit(struct task *child, const struct task *parent); /* by a fork */
void held_forget(struct deputy *d, struct task *task);		 /* its address space is gone */
void held_end(struct deputy *d, const struct object *object);	 /* nobody maps it any more */

void held_unwritable(struct deputy *d, uint64_t object); /* what was written there cannot be kept */

/* trim.c: an object was made; it may be time to end others */
void objects_trim(struct deputy *d);
/* What is not mapped is to end before the thread's call is made, which @go does */
void objects_trim_for(struct deputy *d, struct thread *thread, call_goer go);
/* The worker's answer; 0 or -EPROTO */
int objects_trimmed(struct deputy *d, const struct wire_trimmed *msg, const uint8_t *tail, size_t tail_len);
/* Nothing waits in the outbox: free those that have ended */
void objects_sweep(struct deputy *d);

/* written.c: the thread's call has succeeded; when it changed live objects, send that, and say so */
bool objects_written(struct deputy *d, const struct thread *thread, int64_t ret);

#endif
