/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The walk over a call's arguments, and the two backends that make it mean something: the worker's reads the guest and
 * writes the tail (sysplan_gather.c), the home side's reads the tail and writes the data area (sysplan_place.c). Nested
 * structures (sysplan_shape.c, sysplan_msg.c, sysplan_argv.c, sysplan_aio.c) are written once, against struct walk_ops;
 * the same code then visits the same spans in the same order on both sides, which is what makes the tail need no
 * description of itself.
 *
 * A structure that was read is looked at as a copy, made once: what another thread of the guest does to it meanwhile
 * cannot make the two sides disagree. Pointers in a structure are changed at home alone (walk->home).
 */
#ifndef OM_SYSPLAN_WALK_H
#define OM_SYSPLAN_WALK_H

#include <errno.h>
#include <string.h>

#include "sysplan.h"
#include "usermem.h"

/* What the home kernel gets for an address that no user can have */
#define NO_ADDRESS 0xffff800000000000ull
/* Longest vector and longest array of messages that a kernel takes (UIO_MAXIOV) */
#define VECTOR_MAX 1024u
/* Longest transfer that a kernel makes (MAX_RW_COUNT) */
#define TRANSFER_MAX 0x7ffff000ull
/* Longest argument of a new program (MAX_ARG_STRLEN); with one byte more the kernel refuses it */
#define ARG_STRING_MAX ((128u << 10) + 1)
/* With a direction: the kernel is to find the end of memory right behind the span */
#define DIR_EDGE 4u

enum span_class {
	SPAN_NULL,    /* no pointer */
	SPAN_OUTSIDE, /* no user address, or longer than anything that a kernel accepts */
	SPAN_EMPTY,   /* nothing behind it */
	SPAN_TRAVELS,
};

/**
 * struct placed - Where a span went
 * @bytes:	The bytes of an input: in the tail (worker), in the data area (home)
 * @good:	How many there are
 * @whole:	All that there should be
 * @at:		Home: offset in the data area
 * @home:	Home: the address for the kernel
 */
struct placed {
	uint8_t *bytes;
	uint32_t good;
	bool whole;
	uint32_t at;
	uint64_t home;
};

/**
 * struct trim - How much of an output was written; see struct sysspan
 */
struct trim {
	uint8_t how;
	uint8_t width;
	uint16_t index;
	uint32_t unit;
	uint32_t ref;
};

struct walk;

/**
 * struct walk_ops - What the two sides do differently; 0 or negative errno
 * @span:	@len bytes at @addr of the guest, which is any pointer
 * @string:	Up to and with the NUL, at most @max bytes
 * @peek:	The first @len bytes of the next span, without passing it; returns how many there are
 * @cut:	Let walk->vec be no longer than a part; *@nr entries stand in @array
 * @group:	The memory that walk->vec, @nr entries, points at
 * @argv:	An array of strings
 * @rewind:	Forget all that came after walk->used was @used and the plan had @spans outputs, and of @array all but @len
 *		bytes. NULL at home.
 */
struct walk_ops {
	int (*span)(struct walk *w, uint64_t addr, uint64_t len, unsigned int dir, struct placed *out);
	int (*string)(struct walk *w, uint64_t addr, uint32_t max, struct placed *out);
	int (*peek)(struct walk *w, uint64_t addr, uint32_t len, void *out);
	int (*cut)(struct walk *w, struct placed *array, uint64_t *nr);
	int (*group)(struct walk *w, uint64_t nr, unsigned int dir, const struct trim *trim);
	int (*argv)(struct walk *w, uint64_t addr, struct placed *out);
	void (*rewind)(struct walk *w, size_t used, uint32_t spans, struct placed *array, uint32_t len);
};

/**
 * struct walk - A walk
 * @p:		The call
 * @ops:	The backend
 * @home:	It is the home side's
 * @now:	Argument where the walk is
 * @used:	Bytes of the tail that were written or read
 * @arg:	Where the pointer arguments went
 * @vec:	The vector that is being walked
 */
struct walk {
	struct sysplan *p;
	const struct walk_ops *ops;
	bool home;
	uint8_t now;
	size_t used;
	struct placed arg[6];
	struct iovec vec[VECTOR_MAX];
};

static inline enum span_class span_class(uint64_t addr, uint64_t len)
{
	if (!addr)
		return SPAN_NULL;
	if (addr > USER_END || len > SYSPLAN_PART_MAX || len > USER_END - addr)
		return SPAN_OUTSIDE;
	return len ? SPAN_TRAVELS : SPAN_EMPTY;
}

/* Make @p a call that has no outputs yet */
void plan_init(struct sysplan *p, int64_t nr, const uint64_t arg[6]);
/* Another output, if its length is not 0 or it is counted; -ENOMEM */
int plan_output(struct sysplan *p, const struct sysspan *span);
/* The number that argument @i is: 32 bits for an int */
uint64_t plan_number(const struct sysplan *p, unsigned int i);
/* Bytes of an argument that stands alone (not SIZE_LEN, not nested); maximum of a string */
uint64_t plan_length(const struct sysplan *p, const struct sysarg *arg);
/* Its direction, with DIR_EDGE if that is not the length that the guest gave */
unsigned int plan_dir(const struct sysplan *p, const struct sysarg *arg);
/* How an argument that stands alone, or has its length behind another, is trimmed */
struct trim plan_trim(const struct walk *w, const struct sysarg *arg);

/* An output of @len bytes at @addr of the guest and @at of the data area */
int walk_output(struct walk *w, uint64_t addr, uint32_t at, uint32_t len, const struct trim *trim, bool joined);
/* A span that comes back trimmed by @trim if its direction says so */
int walk_span(struct walk *w, uint64_t addr, uint64_t len, unsigned int dir, const struct trim *trim,
	      struct placed *out);
/* At home: let the pointer at @at of a structure point to @to */
void walk_point(const struct walk *w, uint8_t *at, const struct placed *to);
/* Room in the data area that belongs to no span; at home alone */
int walk_room(struct walk *w, uint32_t len, struct placed *out);
/* The second half of each walk: the arguments that depend on others, and the nested ones */
int walk_dependent(struct walk *w);
/* A vector of *@nr entries at @addr and what it points at; *@nr may become less */
int walk_vector(struct walk *w, uint64_t addr, uint64_t *nr, unsigned int dir, const struct trim *trim,
		struct placed *array);

/* The shapes: argument @arg, number walk->now */
int shape_vector(struct walk *w, const struct sysarg *arg);
int shape_message(struct walk *w, const struct sysarg *arg);
int shape_messages(struct walk *w, const struct sysarg *arg);
int shape_mask(struct walk *w, const struct sysarg *arg);
int shape_mask_pair(struct walk *w, const struct sysarg *arg);
int shape_nest(struct walk *w, const struct sysarg *arg);
int shape_var(struct walk *w, const struct sysarg *arg);
int shape_argv(struct walk *w, const struct sysarg *arg);
int shape_iocbs(struct walk *w, const struct sysarg *arg);

static inline uint16_t get_u16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t get_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t get_u64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void put_u32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void put_u64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* A count of @width bytes */
static inline uint64_t get_count(const uint8_t *p, unsigned int width)
{
	return width == 2 ? get_u16(p) : width == 4 ? get_u32(p) : get_u64(p);
}

#endif
