/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The worker's half of the walk: from the guest's arguments to the tail of CALL.
 *
 * What most calls need is got with one readv of the guest's memory: the bytes of inputs, straight to their place in the
 * tail, the beginning of strings, and one byte of the first and of the last page of outputs, to see whether they are
 * there. Only when that falls short (a string is long, some address is bad) each argument gets its own, careful look.
 *
 * Here, too, the arguments for CALL are cut: to a part of a transfer that is made in parts, and to what fits where the
 * kernel may do less than it is asked to.
 */
#include "common/sysplan_gather.h"

/**
 * struct wish - An argument that stands alone, in the first read
 * @arg:	Its number
 * @pos:	Where in the tail it begins
 * @len:	Bytes of it, or what is read of a string
 */
struct wish {
	uint8_t arg;
	size_t pos;
	uint64_t len;
};

/**
 * stands_alone() - Is it a pointer whose length depends on numbers only?
 */
static bool stands_alone(const struct sysarg *arg)
{
	return arg->kind == ARG_MEM && arg->size != SIZE_LEN && arg->size != SIZE_SHAPE;
}

/**
 * wishes_read() - Read all arguments that stand alone at once
 * @g:		The walk
 * @wish:	Out: those that travel
 * @nr:		Out: their number
 *
 * Return: 1 if all could be read, 0 if not, or negative errno
 */
static int wishes_read(struct gather *g, struct wish wish[6], int *nr)
{
	const struct sysplan *p = g->w.p;
	size_t used = g->w.used;
	struct reads r;
	uint8_t probe;
	ssize_t n;

	*nr = 0;
	reads_begin(&r);
	for (int i = 0; i < 6; i++) {
		const struct sysarg *arg = &p->row->arg[i];
		uint64_t len, addr = p->arg[i];

		if (!stands_alone(arg))
			continue;
		len = plan_length(p, arg);
		if (arg->size == SIZE_STR) {
			uint64_t page = PAGE_BYTES - addr % PAGE_BYTES;

			if (len > STRING_GUESS)
				len = STRING_GUESS;
			if (len > page)
				len = page;
		}
		if (span_class(addr, len) != SPAN_TRAVELS)
			continue;
		if (g->cap - used < 4 + ((arg->dir & DIR_IN) ? len : 0))
			return -ENOMEM;
		wish[(*nr)++] = (struct wish){ (uint8_t)i, used, len };
		used += 4;
		if (arg->dir & DIR_IN) {
			reads_add(&r, addr, len, g->out + used);
			used += len;
		} else {
			reads_probe(&r, addr, len, &probe);
		}
	}
	n = reads_make(g, &r);
	return n < 0 ? (int)n : (size_t)n == r.len;
}

/**
 * wish_close() - An argument is there: move it to its place, which is before where it was read to if strings came first
 * @g:		The walk
 * @wish:	The argument
 *
 * Return: 1 if done, 0 if it is a string that did not end, or negative errno
 */
static int wish_close(struct gather *g, const struct wish *wish)
{
	const struct sysarg *arg = &g->w.p->row->arg[wish->arg];
	struct placed *out = &g->w.arg[wish->arg];
	const uint8_t *from = g->out + wish->pos + 4;
	uint32_t len = (uint32_t)wish->len;
	bool in = arg->dir & DIR_IN;

	if (arg->size == SIZE_STR) {
		const uint8_t *end = memchr(from, 0, len);

		if (!end)
			return 0;
		len = (uint32_t)(end - from) + 1;
	}
	if (in && g->w.used != wish->pos)
		memmove(g->out + g->w.used + 4, from, len);
	*out = (struct placed){ .bytes = in ? g->out + g->w.used + 4 : NULL, .good = len, .whole = true };
	gather_end(g, len, in ? len : 0);
	return gather_room(g, len) ?: 1;
}

/**
 * alone_careful() - Look at each argument that stands alone by itself
 */
static int alone_careful(struct gather *g)
{
	const struct sysplan *p = g->w.p;
	int err = 0;

	for (int i = 0; i < 6 && !err; i++) {
		const struct sysarg *arg = &p->row->arg[i];

		if (!stands_alone(arg))
			continue;
		if (arg->size == SIZE_STR)
			err = gather_string(&g->w, p->arg[i], arg->unit, &g->w.arg[i]);
		else
			err = gather_span(&g->w, p->arg[i], plan_length(p, arg), arg->dir, &g->w.arg[i]);
	}
	return err;
}

/**
 * alone_outputs() - Remember the outputs among the arguments that stand alone
 */
static int alone_outputs(struct walk *w)
{
	int err = 0;

	for (w->now = 0; w->now < 6 && !err; w->now++) {
		const struct sysarg *arg = &w->p->row->arg[w->now];
		struct trim trim;

		if (!stands_alone(arg) || !(arg->dir & DIR_OUT))
			continue;
		if (span_class(w->p->arg[w->now], plan_length(w->p, arg)) != SPAN_TRAVELS)
			continue;
		trim = plan_trim(w, arg);
		err = walk_output(w, w->p->arg[w->now], 0, w->arg[w->now].good, &trim, false);
	}
	return err;
}

/**
 * gather_alone() - The first half of the walk
 */
static int gather_alone(struct gather *g)
{
	struct wish wish[6];
	int nr, err = wishes_read(g, wish, &nr);

	for (int i = 0; i < nr && err == 1; i++)
		err = wish_close(g, &wish[i]);
	if (err == 0) {
		g->w.used = 0;
		g->room = 0;
		err = alone_careful(g);
	}
	return err < 0 ? err : alone_outputs(&g->w);
}

/**
 * window_set() - Let the arguments of a transfer in one buffer mean the part that comes after p->done
 * @p:		The call
 * @arg:	The buffer, which is argument 1
 *
 * A buffer that is no user memory as a whole is left alone: the kernel fails before it touches anything.
 */
static void window_set(struct sysplan *p, const struct sysarg *arg)
{
	uint64_t addr = p->guest_arg[1], len = plan_number(p, arg->ref);

	if (!addr || !len || addr > USER_END || len > USER_END - addr)
		return;
	p->whole = len < TRANSFER_MAX ? len : TRANSFER_MAX;
	p->part = p->whole - p->done;
	if (p->part > SYSPLAN_PART_MAX)
		p->part = SYSPLAN_PART_MAX;
	p->arg[1] = addr + p->done;
	p->arg[arg->ref] = p->part;
}

/**
 * outputs_clamp() - Ask for no more than fits, where a kernel may return less than it is asked for
 */
static void outputs_clamp(struct sysplan *p)
{
	for (int i = 0; i < 6; i++) {
		const struct sysarg *arg = &p->row->arg[i];
		uint64_t len;

		if (arg->kind != ARG_MEM || arg->trim != TRIM_RET)
			continue;
		len = plan_number(p, arg->ref);
		if (arg->size == SIZE_MSG && len > SYSPLAN_PART_MAX / 2 && len <= INT64_MAX)
			p->arg[arg->ref] = SYSPLAN_PART_MAX / 2;
		if (arg->size != SIZE_ARG)
			continue;
		len = plan_length(p, arg);
		if (len > SYSPLAN_PART_MAX && len <= INT32_MAX && p->arg[i] < USER_END && len <= USER_END - p->arg[i])
			p->arg[arg->ref] = SYSPLAN_PART_MAX / arg->unit;
	}
}

/**
 * gather_cut() - Let the vector be no longer than a part, and begin after p->done
 */
static int gather_cut(struct walk *w, struct placed *array, uint64_t *nr)
{
	bool split = w->p->row->traits & SYS_SPLIT;
	uint64_t skip = split ? w->p->done : 0, whole = 0, part = 0, kept = 0;

	for (uint64_t i = 0; i < *nr; i++) {
		uint64_t addr = (uint64_t)w->vec[i].iov_base, len = w->vec[i].iov_len;
		uint64_t skipped = len < skip ? len : skip;

		if (len > TRANSFER_MAX - whole)
			len = TRANSFER_MAX - whole;
		whole += len;
		skip -= skipped;
		len = len > skipped ? len - skipped : 0;
		if (len > SYSPLAN_PART_MAX - part)
			len = SYSPLAN_PART_MAX - part;
		part += len;
		/* Entries that were used up, or do not fit any more, are dropped; empty ones of the guest are kept */
		if (!len && w->vec[i].iov_len)
			continue;
		w->vec[kept++] = (struct iovec){ (void *)(addr + skipped), len };
	}
	if (kept != *nr) {
		w->ops->rewind(w, w->used, w->p->span_nr, array, (uint32_t)(kept * sizeof(struct iovec)));
		*nr = kept;
	}
	if (split) {
		w->p->whole = whole;
		w->p->part = part;
	}
	return 0;
}

/**
 * gather_rewind() - Forget the end of the tail, and shorten an array before it
 */
static void gather_rewind(struct walk *w, size_t used, uint32_t spans, struct placed *array, uint32_t len)
{
	struct gather *g = gather_of(w);
	uint8_t *end = array->bytes + array->good;
	uint32_t cut = array->good - len;

	w->used = used;
	w->p->span_nr = spans;
	memmove(end - cut, end, (size_t)(g->out + used - end));
	w->used -= cut;
	put_u32(array->bytes - 4, len);
	array->good = len;
	array->whole = true;
}

static const struct walk_ops gather_ops = {
	.span = gather_span,
	.string = gather_string,
	.peek = gather_peek,
	.cut = gather_cut,
	.group = gather_group,
	.argv = gather_argv,
	.rewind = gather_rewind,
};

ssize_t sysplan_gather_next(struct sysplan *p, const struct guest_mem *mem, uint8_t *out, size_t cap)
{
	const struct sysarg *transfer = &p->row->arg[1];
	struct gather g;
	int err;

	g.w.p = p;
	g.w.ops = &gather_ops;
	g.w.home = false;
	g.w.used = 0;
	memset(g.w.arg, 0, sizeof(g.w.arg));
	g.mem = mem;
	g.out = out;
	g.cap = cap;
	g.room = 0;
	p->span_nr = 0;
	p->part = p->whole = 0;
	memcpy(p->arg, p->guest_arg, sizeof(p->arg));
	if ((p->row->traits & SYS_SPLIT) && transfer->size == SIZE_ARG)
		window_set(p, transfer);
	else
		outputs_clamp(p);
	for (int i = 2; i < 6; i++)
		if (p->row->arg[i].kind == ARG_POS && (int64_t)p->arg[i] >= 0)
			p->arg[i] += p->done;
	err = gather_alone(&g);
	if (!err)
		err = walk_dependent(&g.w);
	return err ? err : (ssize_t)g.w.used;
}

ssize_t sysplan_gather(struct sysplan *p, int64_t nr, const uint64_t arg[6], const struct guest_mem *mem, uint8_t *out,
		       size_t cap)
{
	ssize_t len;

	plan_init(p, nr, arg);
	memcpy(p->guest_arg, arg, sizeof(p->guest_arg));
	if (p->row->where == SYS_DENY)
		return -p->row->ret;
	len = sysplan_gather_next(p, mem, out, cap);
	if (len < 0)
		sysplan_release(p);
	return len;
}
