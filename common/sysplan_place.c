/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The home side's half of the walk: from the tail of CALL to a data area and arguments that a kernel can be given.
 *
 * The tail comes from a peer that may be hostile. Its lengths are compared with what the row and the numbers among the
 * arguments allow, never used as they are; a span that does not fit ends in -EPROTO, and so does a tail that is shorter or
 * longer than the walk.
 *
 * Layout: spans follow each other from the start of the data area. One span that is not wholly reachable in the guest is
 * put at the end of the area, its good bytes right before the inaccessible page. Large spans keep their position within
 * a page, as far as there is room: drivers that transfer to memory directly look at it.
 */
#include "common/sysplan_walk.h"

/* Spans from this length on keep their position within a page */
#define ALIGN_LEN_MIN 512u
/* Bytes that a call may lose for that */
#define ALIGN_LOSS_MAX (64u << 10)

/**
 * struct place - A walk at home
 * @w:		The walk; w.used is how much of the tail was read
 * @tail:	The tail of CALL
 * @tail_len:	Its length
 * @from:	The free part of the data area
 * @to:		Its end: less than the area's when a span lies at the edge
 * @loss:	Bytes that may still be lost to alignment
 * @edge:	A span lies at the edge
 */
struct place {
	struct walk w;
	const uint8_t *tail;
	size_t tail_len;
	size_t from;
	size_t to;
	uint32_t loss;
	bool edge;
};

static struct place *place_of(struct walk *w)
{
	return (struct place *)w;
}

/**
 * address() - Address in the home process of an offset in the data area
 */
static uint64_t address(const struct walk *w, size_t at)
{
	return w->p->data_addr + at;
}

/**
 * room_take() - Take @len bytes of the data area, for a span that is at @addr in the guest
 *
 * An @addr of 0 stands for a string: these are packed.
 *
 * Return: 0 with the offset in *@at, or -ENOMEM
 */
static int room_take(struct place *h, uint64_t addr, size_t len, uint32_t *at)
{
	size_t start = addr ? (h->from + 15) & ~(size_t)15 : h->from;

	if (addr && len >= ALIGN_LEN_MIN) {
		uint32_t loss = (uint32_t)((addr - address(&h->w, start)) % PAGE_BYTES);

		if (loss <= h->loss) {
			h->loss -= loss;
			start += loss;
		}
	}
	if (start > h->to || len > h->to - start)
		return -ENOMEM;
	h->from = start + len;
	*at = (uint32_t)start;
	return 0;
}

int walk_room(struct walk *w, uint32_t len, struct placed *out)
{
	int err = room_take(place_of(w), PAGE_BYTES, len, &out->at);

	out->bytes = w->p->data + out->at;
	out->home = address(w, out->at);
	return err;
}

/**
 * edge_take() - Room for @good bytes that end at the inaccessible page
 *
 * Only one span of a call can be there. Another one has no good bytes then.
 */
static int edge_take(struct place *h, uint32_t *good, uint32_t *at)
{
	if (h->edge)
		*good = 0;
	*at = (uint32_t)(h->w.p->data_cap - *good);
	if (!*good)
		return 0;
	if (*at < h->from)
		return -ENOMEM;
	h->to = *at;
	h->edge = true;
	return 0;
}

/**
 * mark_read() - The reachable length of the next span, as the worker says, and its bytes
 * @h:		The walk
 * @max:	How long the span can be
 * @in:		Are there bytes?
 * @good:	Out: the length
 * @bytes:	Out: the bytes
 */
static int mark_read(struct place *h, uint64_t max, bool in, uint32_t *good, const uint8_t **bytes)
{
	size_t left = h->tail_len - h->w.used;

	if (left < 4)
		return -EPROTO;
	*good = get_u32(h->tail + h->w.used);
	if (*good > max || (in && *good > left - 4))
		return -EPROTO;
	*bytes = h->tail + h->w.used + 4;
	h->w.used += 4 + (in ? *good : 0);
	return 0;
}

/**
 * span_lay() - Lay a span out
 * @h:		The walk
 * @addr:	Where it is in the guest
 * @len:	Its length
 * @good:	How much of it there is
 * @bytes:	Its bytes, NULL if it has none yet
 * @edge:	At the edge, even if it is whole
 * @out:	Where it went
 */
static int span_lay(struct place *h, uint64_t addr, size_t len, uint32_t good, const uint8_t *bytes, bool edge,
		    struct placed *out)
{
	uint32_t at;
	int err;

	if (good < len || edge)
		err = edge_take(h, &good, &at);
	else
		err = room_take(h, addr, len, &at);
	if (err)
		return err;
	*out = (struct placed){ .good = good, .whole = good == len, .at = at, .home = address(&h->w, at) };
	if (!bytes)
		return 0;
	out->bytes = h->w.p->data + at;
	memcpy(out->bytes, bytes, good);
	return 0;
}

/**
 * nothing_lay() - A pointer behind which nothing travels
 */
static void nothing_lay(const struct walk *w, enum span_class class, struct placed *out)
{
	*out = (struct placed){ 0 };
	if (class == SPAN_OUTSIDE)
		out->home = NO_ADDRESS;
	else if (class == SPAN_EMPTY)
		out->home = address(w, 0);
}

/**
 * place_span() - A span of a known length
 */
static int place_span(struct walk *w, uint64_t addr, uint64_t len, unsigned int dir, struct placed *out)
{
	enum span_class class = span_class(addr, len);
	const uint8_t *bytes;
	uint32_t good;
	int err;

	nothing_lay(w, class, out);
	if (class != SPAN_TRAVELS)
		return 0;
	err = mark_read(place_of(w), len, dir & DIR_IN, &good, &bytes);
	if (err)
		return err;
	return span_lay(place_of(w), addr, len, good, (dir & DIR_IN) ? bytes : NULL, dir & DIR_EDGE, out);
}

/**
 * place_string() - A string: whole if it has its NUL or is as long as the kernel looks
 */
static int place_string(struct walk *w, uint64_t addr, uint32_t max, struct placed *out)
{
	enum span_class class = span_class(addr, 1);
	const uint8_t *bytes;
	uint32_t good;
	int err;

	nothing_lay(w, class, out);
	if (class != SPAN_TRAVELS)
		return 0;
	err = mark_read(place_of(w), max, true, &good, &bytes);
	if (err)
		return err;
	if (good == max || (good && !bytes[good - 1]))
		return span_lay(place_of(w), 0, good, good, bytes, false, out);
	return span_lay(place_of(w), 0, max, good, bytes, false, out);
}

/**
 * place_peek() - What is next in the tail
 */
static int place_peek(struct walk *w, uint64_t addr, uint32_t len, void *out)
{
	const struct place *h = place_of(w);
	size_t left = h->tail_len - w->used;
	uint32_t good;

	(void)addr;
	if (left < 4)
		return -EPROTO;
	good = get_u32(h->tail + w->used);
	if (good > len)
		good = len;
	if (good > left - 4)
		return -EPROTO;
	memcpy(out, h->tail + w->used + 4, good);
	return (int)good;
}

/**
 * place_cut() - The worker has cut the vector: is it short enough?
 */
static int place_cut(struct walk *w, struct placed *array, uint64_t *nr)
{
	uint64_t total = 0;

	(void)array;
	for (uint64_t i = 0; i < *nr; i++) {
		if (w->vec[i].iov_len > SYSPLAN_PART_MAX - total)
			return -EPROTO;
		total += w->vec[i].iov_len;
	}
	return 0;
}

/**
 * place_group() - The memory of a vector: one reachable length for all, from the start
 */
static int place_group(struct walk *w, uint64_t nr, unsigned int dir, const struct trim *trim)
{
	const uint8_t *bytes = NULL;
	uint64_t total = 0;
	bool joined = false;
	uint32_t left = 0;
	int err = 0;

	for (uint64_t i = 0; i < nr; i++)
		total += w->vec[i].iov_len;
	if (total)
		err = mark_read(place_of(w), total, dir & DIR_IN, &left, &bytes);
	for (uint64_t i = 0; i < nr && !err; i++) {
		uint64_t addr = (uint64_t)w->vec[i].iov_base, len = w->vec[i].iov_len;
		uint32_t good = len < left ? (uint32_t)len : left;
		struct placed out;

		nothing_lay(w, span_class(addr, len), &out);
		if (len && addr)
			err = span_lay(place_of(w), addr, len, good, (dir & DIR_IN) ? bytes : NULL, false, &out);
		w->vec[i].iov_base = (void *)out.home;
		if (err || !len)
			continue;
		left -= good;
		if (dir & DIR_IN)
			bytes += good;
		if (dir & DIR_OUT)
			err = walk_output(w, addr, out.at, out.good, trim, joined);
		joined = true;
	}
	return err;
}

/**
 * place_argv() - An array of strings
 *
 * The worker sends the strings only if it has found the array's end.
 */
static int place_argv(struct walk *w, uint64_t addr, struct placed *out)
{
	enum span_class class = span_class(addr, 8);
	const uint8_t *bytes;
	uint32_t good, len;
	int err;

	nothing_lay(w, class, out);
	if (class != SPAN_TRAVELS)
		return 0;
	err = mark_read(place_of(w), UINT32_MAX, true, &good, &bytes);
	if (err)
		return err;
	for (len = 0; len + 8 <= good; len += 8)
		if (!get_u64(bytes + len))
			break;
	if (len + 8 > good)
		return span_lay(place_of(w), addr, (size_t)good + 8, good, bytes, false, out);
	if (len + 8 != good)
		return -EPROTO;
	err = span_lay(place_of(w), addr, good, good, bytes, false, out);
	for (uint32_t at = 0; at < len && !err; at += 8) {
		struct placed string;

		err = place_string(w, get_u64(bytes + at), ARG_STRING_MAX, &string);
		if (!err)
			put_u64(out->bytes + at, string.home);
	}
	return err;
}

static const struct walk_ops place_ops = {
	.span = place_span,
	.string = place_string,
	.peek = place_peek,
	.cut = place_cut,
	.group = place_group,
	.argv = place_argv,
};

/**
 * place_alone() - The first half of the walk: pointers whose length depends on numbers only
 */
static int place_alone(struct walk *w)
{
	int err = 0;

	for (w->now = 0; w->now < 6 && !err; w->now++) {
		const struct sysarg *arg = &w->p->row->arg[w->now];
		struct placed *out = &w->arg[w->now];
		uint64_t addr = w->p->arg[w->now];
		struct trim trim;

		if (arg->kind != ARG_MEM || arg->size == SIZE_LEN || arg->size == SIZE_SHAPE)
			continue;
		trim = plan_trim(w, arg);
		if (arg->size == SIZE_STR)
			err = w->ops->string(w, addr, arg->unit, out);
		else
			err = walk_span(w, addr, plan_length(w->p, arg), plan_dir(w->p, arg), &trim, out);
	}
	return err;
}

/**
 * arguments_make() - The arguments of the home call
 *
 * What the row does not name is 0, so that a pointer which the row has forgotten does not get through.
 */
static void arguments_make(const struct walk *w, uint64_t home_arg[6])
{
	for (int i = 0; i < 6; i++) {
		uint8_t kind = w->p->row->arg[i].kind;

		if (kind == ARG_MEM)
			home_arg[i] = w->arg[i].home;
		else
			home_arg[i] = kind == ARG_NONE || kind == ARG_ANY ? 0 : w->p->arg[i];
	}
}

int sysplan_place(struct sysplan *p, int64_t nr, const uint64_t arg[6], const uint8_t *tail, size_t tail_len,
		  uint8_t *data, uint64_t data_addr, size_t data_cap, uint64_t home_arg[6])
{
	struct place h;
	int err;

	plan_init(p, nr, arg);
	if (p->row->where == SYS_DENY || p->row->where == SYS_LOCAL)
		return -EPROTO; /* never sent by a remote of ours */
	p->data = data;
	p->data_addr = data_addr;
	p->data_cap = data_cap;
	h.w.p = p;
	h.w.ops = &place_ops;
	h.w.home = true;
	h.w.used = 0;
	memset(h.w.arg, 0, sizeof(h.w.arg));
	h.tail = tail;
	h.tail_len = tail_len;
	h.from = 0;
	h.to = data_cap;
	h.loss = ALIGN_LOSS_MAX;
	h.edge = false;
	err = place_alone(&h.w);
	if (!err)
		err = walk_dependent(&h.w);
	if (!err && h.w.used != tail_len)
		err = -EPROTO;
	if (err)
		sysplan_release(p);
	else
		arguments_make(&h.w, home_arg);
	return err;
}
