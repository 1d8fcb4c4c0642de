/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both sides of a call share: its outputs, the lengths of its arguments, the second half of the walk. */
#include <stdlib.h>

#include "common/sysplan_walk.h"

/* The type in front of a message's text (struct msgbuf) */
#define MSG_HEAD 8u

void plan_init(struct sysplan *p, int64_t nr, const uint64_t arg[6])
{
	p->row = sysdef_resolve(nr, arg, &p->resolved);
	p->nr = nr;
	memcpy(p->arg, arg, sizeof(p->arg));
	p->done = p->part = p->whole = 0;
	p->has_tempmask = false;
	p->aio_nr = 0;
	p->span_nr = 0;
	p->span_cap = SYSPLAN_INLINE;
	p->span = p->few;
	p->len = p->few_len;
}

void sysplan_release(struct sysplan *p)
{
	if (p->span != p->few)
		free(p->span);
	p->span = p->few;
	p->len = p->few_len;
	p->span_nr = 0;
	p->span_cap = SYSPLAN_INLINE;
}

/**
 * outputs_grow() - Make room for more outputs
 * @p:	The call
 *
 * One block holds the spans and, behind them, their lengths.
 *
 * Return: 0 or -ENOMEM
 */
static int outputs_grow(struct sysplan *p)
{
	uint32_t cap = p->span_cap < 128 ? 128 : p->span_cap * 8;
	struct sysspan *more;

	if (p->span_cap == SYSPLAN_SPANS_MAX)
		return -ENOMEM;
	if (cap > SYSPLAN_SPANS_MAX)
		cap = SYSPLAN_SPANS_MAX;
	more = malloc(cap * (sizeof(*p->span) + sizeof(*p->len)));
	if (!more)
		return -ENOMEM;
	memcpy(more, p->span, p->span_nr * sizeof(*p->span));
	if (p->span != p->few)
		free(p->span);
	p->span = more;
	p->len = (uint32_t *)(more + cap);
	p->span_cap = cap;
	return 0;
}

int plan_output(struct sysplan *p, const struct sysspan *span)
{
	int err = p->span_nr == p->span_cap ? outputs_grow(p) : 0;

	if (!err)
		p->span[p->span_nr++] = *span;
	return err;
}

uint64_t plan_number(const struct sysplan *p, unsigned int i)
{
	return p->row->arg[i].kind == ARG_INT ? (uint32_t)p->arg[i] : p->arg[i];
}

uint64_t plan_length(const struct sysplan *p, const struct sysarg *arg)
{
	uint64_t n;

	if (arg->size == SIZE_FIXED || arg->size == SIZE_STR)
		return arg->unit;
	n = plan_number(p, arg->ref);
	if (arg->size == SIZE_MSG)
		return MSG_HEAD + (n <= SYSPLAN_PART_MAX - MSG_HEAD ? n : 0);
	if (n > UINT32_MAX)
		return UINT64_MAX; /* times its unit it would not fit; no such span travels */
	if (arg->size == SIZE_BITS)
		return (n + 63) / 64 * 8;
	return n * arg->unit;
}

unsigned int plan_dir(const struct sysplan *p, const struct sysarg *arg)
{
	/* The kernel reads the type of a message before it looks at the length */
	if (arg->size == SIZE_MSG && plan_number(p, arg->ref) > SYSPLAN_PART_MAX - MSG_HEAD)
		return arg->dir | DIR_EDGE;
	return arg->dir;
}

struct trim plan_trim(const struct walk *w, const struct sysarg *arg)
{
	struct trim trim = { .how = arg->trim, .unit = arg->unit };

	if (arg->size == SIZE_MSG)
		trim.ref = MSG_HEAD;
	if (arg->trim == TRIM_LEN) {
		trim.ref = w->arg[arg->ref].at;
		trim.width = 4;
		trim.unit = 1;
	}
	return trim;
}

int walk_output(struct walk *w, uint64_t addr, uint32_t at, uint32_t len, const struct trim *trim, bool joined)
{
	struct sysspan span = {
		.addr = addr,
		.at = at,
		.len = len,
		.unit = trim->unit,
		.ref = trim->ref,
		.index = trim->index,
		.trim = trim->how,
		.width = trim->width,
		.joined = joined,
		.arg = w->now,
	};

	return plan_output(w->p, &span);
}

int walk_span(struct walk *w, uint64_t addr, uint64_t len, unsigned int dir, const struct trim *trim,
	      struct placed *out)
{
	struct trim own = *trim;
	struct placed before;
	int err = w->ops->span(w, addr, len, dir, out);

	if (err || !(dir & DIR_OUT) || span_class(addr, len) != SPAN_TRAVELS)
		return err;
	if (w->home && trim->how == TRIM_DIFF) {
		err = walk_room(w, out->good, &before);
		if (err)
			return err;
		memcpy(before.bytes, out->bytes, out->good);
		own.ref = before.at;
	}
	return walk_output(w, addr, out->at, out->good, &own, false);
}

void walk_point(const struct walk *w, uint8_t *at, const struct placed *to)
{
	if (w->home)
		put_u64(at, to->home);
}

/**
 * counted_span() - An argument whose length is a u32 behind another one
 * @w:		The walk
 * @arg:	The argument
 *
 * A length beyond what the row allows is cut: the kernel writes less than that anyway, and it writes its own length.
 */
static int counted_span(struct walk *w, const struct sysarg *arg)
{
	struct placed *length = &w->arg[arg->ref];
	struct trim trim = plan_trim(w, arg);
	uint32_t len = 0;

	if (length->bytes && length->good == 4)
		len = get_u32(length->bytes);
	if (len > INT32_MAX) {
		len = 0; /* negative: the kernel will say so */
	} else if (len > arg->unit) {
		len = arg->unit;
		put_u32(length->bytes, len);
	}
	return walk_span(w, w->p->arg[w->now], len, arg->dir, &trim, &w->arg[w->now]);
}

/* By enum arg_shape */
static int (*const shapes[SHAPE_NR])(struct walk *w, const struct sysarg *arg) = {
	[SHAPE_IOV] = shape_vector, [SHAPE_MSG] = shape_message, [SHAPE_MMSG] = shape_messages,
	[SHAPE_ARGV] = shape_argv,  [SHAPE_MASK] = shape_mask,	 [SHAPE_MASK_PAIR] = shape_mask_pair,
	[SHAPE_NEST] = shape_nest,  [SHAPE_VAR] = shape_var,	 [SHAPE_IOCB] = shape_iocbs,
};

int walk_dependent(struct walk *w)
{
	const struct sysdef *row = w->p->row;
	int err = 0;

	for (w->now = 0; w->now < 6 && !err; w->now++) {
		const struct sysarg *arg = &row->arg[w->now];

		if (arg->kind != ARG_MEM)
			continue;
		if (arg->size == SIZE_LEN)
			err = counted_span(w, arg);
		else if (arg->size == SIZE_SHAPE)
			err = shapes[arg->ref](w, arg);
	}
	return err;
}

bool sysplan_more(const struct sysplan *p)
{
	return p->part && p->done + p->part < p->whole;
}

bool sysplan_next(struct sysplan *p, int64_t ret, bool regular)
{
	bool reads = p->row->arg[1].dir == DIR_OUT;

	if (!sysplan_more(p) || ret < 0 || (uint64_t)ret != p->part || (reads && !regular))
		return false;
	p->done += p->part;
	return true;
}

int64_t sysplan_finish(const struct sysplan *p, int64_t ret)
{
	if (ret < 0 && p->done)
		return (int64_t)p->done;
	return ret < 0 ? ret : (int64_t)p->done + ret;
}
