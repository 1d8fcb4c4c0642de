/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the worker's backend share: sysplan_read.c reads the guest, sysplan_gather.c drives. */
#ifndef OM_SYSPLAN_GATHER_H
#define OM_SYSPLAN_GATHER_H

#include "common/sysplan_walk.h"

/* What is read of a string before its length is known */
#define STRING_GUESS 256u
/* Entries of one readv */
#define READV_MAX 256
/* Room in the data area that a call may take: less than there is, for alignment and for what the deputy adds */
#define ROOM_MAX (SYSPLAN_TAIL_MAX - (96u << 10))

/**
 * struct gather - A walk on the worker
 * @w:		The walk; w.used is the length of the tail
 * @mem:	The guest's memory
 * @out:	The tail
 * @cap:	Its room
 * @room:	Room that the call will take at home
 */
struct gather {
	struct walk w;
	const struct guest_mem *mem;
	uint8_t *out;
	size_t cap;
	size_t room;
};

/**
 * struct reads - Reads that are made at once
 * @nr:		Their number
 * @len:	Bytes of all
 * @local:	Where they go
 * @remote:	Where they come from
 */
struct reads {
	int nr;
	size_t len;
	struct iovec local[READV_MAX];
	struct iovec remote[READV_MAX];
};

static inline struct gather *gather_of(struct walk *w)
{
	return (struct gather *)w;
}

/* Account for @len bytes of the data area; -ENOMEM */
int gather_room(struct gather *g, uint64_t len);
/* Room in the tail for a span's length and @len bytes, which go to *@bytes; -ENOMEM */
int gather_begin(struct gather *g, uint64_t len, uint8_t **bytes);
/* The span is there: @good reachable bytes, of which @sent follow */
void gather_end(struct gather *g, uint32_t good, uint32_t sent);

void reads_begin(struct reads *r);
void reads_add(struct reads *r, uint64_t addr, uint64_t len, void *to);
/* One byte of the first and of the last page of an output: two entries at most */
void reads_probe(struct reads *r, uint64_t addr, uint64_t len, uint8_t *probe);
/* Make them: bytes read up to the first that cannot be, or negative errno: the guest is gone */
ssize_t reads_make(const struct gather *g, const struct reads *r);
/* Read as far as memory goes; @to NULL: only look. Bytes from the start that can be reached, or negative errno */
ssize_t read_good(const struct gather *g, uint64_t addr, uint64_t len, uint8_t *to);

/* The backend's functions that read (struct walk_ops) */
int gather_span(struct walk *w, uint64_t addr, uint64_t len, unsigned int dir, struct placed *out);
int gather_string(struct walk *w, uint64_t addr, uint32_t max, struct placed *out);
int gather_peek(struct walk *w, uint64_t addr, uint32_t len, void *out);
int gather_group(struct walk *w, uint64_t nr, unsigned int dir, const struct trim *trim);
int gather_argv(struct walk *w, uint64_t addr, struct placed *out);

#endif
