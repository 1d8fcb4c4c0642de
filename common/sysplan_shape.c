/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nested arguments: vectors, temporary signal masks, structures with a pointer or a count inside. */
#include "common/sysplan_walk.h"

/* A signal set, as the kernel has it */
#define SIGSET_LEN 8u

/**
 * vector_fits() - Would a kernel take walk->vec?
 * @w:		The walk
 * @nr:		Entries
 *
 * Return: false if it would fail with EINVAL (negative length) or EFAULT (no user address) before it touches anything
 */
static bool vector_fits(const struct walk *w, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++) {
		uint64_t addr = (uint64_t)w->vec[i].iov_base, len = w->vec[i].iov_len;

		if (len > INT64_MAX || addr > USER_END || len > USER_END - addr)
			return false;
	}
	return true;
}

int walk_vector(struct walk *w, uint64_t addr, uint64_t *nr, unsigned int dir, const struct trim *trim,
		struct placed *array)
{
	const struct placed nowhere = { .home = NO_ADDRESS };
	int err;

	/* Too many entries: the kernel says so before it looks */
	err = w->ops->span(w, addr, *nr > VECTOR_MAX ? UINT64_MAX : *nr * sizeof(struct iovec), DIR_IN, array);
	if (err || !array->bytes || !array->whole)
		return err;
	memcpy(w->vec, array->bytes, *nr * sizeof(struct iovec));
	if (vector_fits(w, *nr)) {
		err = w->ops->cut(w, array, nr);
		if (!err)
			err = w->ops->group(w, *nr, dir, trim);
	} else {
		for (uint64_t i = 0; i < *nr; i++)
			walk_point(w, (uint8_t *)&w->vec[i].iov_base, &nowhere);
	}
	memcpy(array->bytes, w->vec, *nr * sizeof(struct iovec));
	return err;
}

int shape_vector(struct walk *w, const struct sysarg *arg)
{
	const struct trim trim = { .how = TRIM_RET, .unit = 1 };
	uint64_t nr = plan_number(w->p, arg->unit), all = nr;
	int err = walk_vector(w, w->p->arg[w->now], &nr, arg->dir, &trim, &w->arg[w->now]);

	if (nr != all)
		w->p->arg[arg->unit] = nr;
	return err;
}

/**
 * mask_span() - A signal mask for the duration of the call
 * @w:		The walk
 * @addr:	Where it is
 * @size:	Its size, as the guest says
 * @out:	Where it went; at home nowhere, unless the kernel is to find a fault
 */
static int mask_span(struct walk *w, uint64_t addr, uint64_t size, struct placed *out)
{
	int err;

	if (size != SIGSET_LEN) /* for the kernel to refuse, before it reads the mask */
		return w->ops->span(w, addr, 0, DIR_IN, out);
	err = w->ops->span(w, addr, SIGSET_LEN, DIR_IN, out);
	if (err || !out->bytes || !out->whole)
		return err;
	w->p->tempmask = get_u64(out->bytes);
	w->p->has_tempmask = true;
	out->home = 0;
	return 0;
}

int shape_mask(struct walk *w, const struct sysarg *arg)
{
	return mask_span(w, w->p->arg[w->now], plan_number(w->p, arg->unit), &w->arg[w->now]);
}

int shape_mask_pair(struct walk *w, const struct sysarg *arg)
{
	struct placed *pair = &w->arg[w->now], mask = { 0 };
	int err = w->ops->span(w, w->p->arg[w->now], 16, DIR_IN, pair);

	(void)arg;
	if (err || !pair->bytes || !pair->whole)
		return err;
	err = mask_span(w, get_u64(pair->bytes), get_u64(pair->bytes + 8), &mask);
	walk_point(w, pair->bytes, &mask);
	return err;
}

/**
 * nest_length() - Bytes behind the pointer of a structure
 * @def:	What is known of the structure
 * @head:	The structure
 */
static uint64_t nest_length(const struct nestdef *def, const uint8_t *head)
{
	return def->count_len ? get_count(head + def->count_at, def->count_len) * def->unit : def->unit;
}

int shape_nest(struct walk *w, const struct sysarg *arg)
{
	const struct trim all = { .how = TRIM_ALL };
	const struct nestdef *def = &nestdef[arg->unit];
	struct placed *head = &w->arg[w->now], inner = { 0 };
	uint64_t addr = w->p->arg[w->now];
	struct trim trim = { .how = def->trim, .width = def->count_len, .unit = def->unit };
	int err = w->ops->span(w, addr, def->head, DIR_IN, head);

	if (err || !head->bytes || !head->whole)
		return err;
	if (def->if_at && get_u32(head->bytes + def->if_at) != def->if_value)
		return 0;
	if (def->trim == TRIM_LEN)
		trim.ref = head->at + def->count_at;
	err = walk_span(w, get_u64(head->bytes + def->ptr_at), nest_length(def, head->bytes), def->dir, &trim, &inner);
	walk_point(w, head->bytes + def->ptr_at, &inner);
	if (!err && (arg->dir & DIR_OUT))
		err = walk_output(w, addr + def->count_at, head->at + def->count_at, def->count_len, &all, false);
	return err;
}

int shape_var(struct walk *w, const struct sysarg *arg)
{
	const struct trim all = { .how = TRIM_ALL };
	const struct vardef *def = &vardef[arg->unit];
	uint64_t addr = w->p->arg[w->now], len = def->head;
	uint8_t head[UINT8_MAX * 2];
	unsigned int dir = arg->dir;
	struct placed *out = &w->arg[w->now];
	int err, there = 0;

	if (span_class(addr, def->head) == SPAN_TRAVELS)
		there = w->ops->peek(w, addr, def->head, head);
	if (there < 0)
		return there;
	if (there == def->head) {
		uint64_t count = get_count(head + def->count_at, def->count_len);

		if (count > def->max || (def->unit && count > (def->max - len) / def->unit))
			dir |= DIR_EDGE; /* more than a kernel takes, or that could be sent */
		else if (def->unit)
			len += count * def->unit;
		else if (count > len)
			len = count;
	}
	err = walk_span(w, addr, len, dir, &all, out);
	/* Another thread may have changed the count meanwhile: stay with what was looked at */
	if (!err && !w->home && there == def->head && out->good >= def->head)
		memcpy(out->bytes, head, def->head);
	return err;
}

int shape_argv(struct walk *w, const struct sysarg *arg)
{
	(void)arg;
	return w->ops->argv(w, w->p->arg[w->now], &w->arg[w->now]);
}
