/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the guest: spans, strings, vectors, arrays of strings. A plain read first; only when that falls short, a
 * careful one that finds out, page by page, how far memory reaches.
 *
 * Whether an output can be written is not tried: that would change memory which the call may never touch. Read-only
 * memory is found out by sysplan_scatter().
 */
#include "common/sysplan_gather.h"

/**
 * room_check() - Is there room in the slot? What does not even fit into a CALL goes somewhere else
 */
static int room_check(const struct gather *g)
{
	return g->cap <= SYSPLAN_TAIL_MAX && g->room > ROOM_MAX ? -ENOMEM : 0;
}

int gather_room(struct gather *g, uint64_t len)
{
	g->room += (len + 31) & ~15ull;
	return room_check(g);
}

int gather_begin(struct gather *g, uint64_t len, uint8_t **bytes)
{
	size_t left = g->cap - g->w.used;

	if (left < 4 || left - 4 < len)
		return -ENOMEM;
	*bytes = g->out + g->w.used + 4;
	return 0;
}

void gather_end(struct gather *g, uint32_t good, uint32_t sent)
{
	put_u32(g->out + g->w.used, good);
	g->w.used += 4 + sent;
}

void reads_begin(struct reads *r)
{
	r->nr = 0;
	r->len = 0;
}

void reads_add(struct reads *r, uint64_t addr, uint64_t len, void *to)
{
	r->local[r->nr] = (struct iovec){ to, len };
	r->remote[r->nr] = (struct iovec){ (void *)addr, len };
	r->nr++;
	r->len += len;
}

void reads_probe(struct reads *r, uint64_t addr, uint64_t len, uint8_t *probe)
{
	reads_add(r, addr, 1, probe);
	if (addr / PAGE_BYTES != (addr + len - 1) / PAGE_BYTES)
		reads_add(r, addr + len - 1, 1, probe);
}

ssize_t reads_make(const struct gather *g, const struct reads *r)
{
	ssize_t n = r->nr ? g->mem->readv(g->mem->ctx, r->local, r->nr, r->remote, r->nr) : 0;

	return n == -EFAULT ? 0 : n;
}

ssize_t read_good(const struct gather *g, uint64_t addr, uint64_t len, uint8_t *to)
{
	uint64_t good = 0;
	uint8_t probe;

	while (good < len) {
		uint64_t at = good;
		struct reads r;
		ssize_t n;

		reads_begin(&r);
		while (at < len && r.nr < READV_MAX) {
			uint64_t here = PAGE_BYTES - (addr + at) % PAGE_BYTES;

			if (here > len - at)
				here = len - at;
			reads_add(&r, addr + at, to ? here : 1, to ? to + at : &probe);
			at += here;
		}
		n = reads_make(g, &r);
		if (n < 0)
			return n;
		if (to) /* so many bytes */
			good += (uint64_t)n;
		else if (n) /* so many pages */
			good = ((addr + good) / PAGE_BYTES + (uint64_t)n) * PAGE_BYTES - addr;
		if ((size_t)n < r.len)
			break;
	}
	return (ssize_t)(good < len ? good : len);
}

/**
 * output_good() - How much of an output is there
 */
static ssize_t output_good(const struct gather *g, uint64_t addr, uint64_t len)
{
	struct reads r;
	uint8_t probe;
	ssize_t n;

	reads_begin(&r);
	reads_probe(&r, addr, len, &probe);
	n = reads_make(g, &r);
	if (n < 0 || (size_t)n == r.len)
		return n < 0 ? n : (ssize_t)len;
	return read_good(g, addr, len, NULL);
}

/**
 * input_good() - Read an input as far as it is there
 */
static ssize_t input_good(const struct gather *g, uint64_t addr, uint64_t len, uint8_t *to)
{
	struct reads r;
	ssize_t n;

	reads_begin(&r);
	reads_add(&r, addr, len, to);
	n = reads_make(g, &r);
	if (n < 0 || (size_t)n == len)
		return n;
	return read_good(g, addr, len, to);
}

int gather_span(struct walk *w, uint64_t addr, uint64_t len, unsigned int dir, struct placed *out)
{
	struct gather *g = gather_of(w);
	bool in = dir & DIR_IN;
	uint8_t *bytes;
	ssize_t good;
	int err;

	*out = (struct placed){ 0 };
	if (span_class(addr, len) != SPAN_TRAVELS)
		return 0;
	err = gather_begin(g, in ? len : 0, &bytes);
	if (!err)
		err = gather_room(g, len);
	if (err)
		return err;
	good = in ? input_good(g, addr, len, bytes) : output_good(g, addr, len);
	if (good < 0)
		return (int)good;
	gather_end(g, (uint32_t)good, in ? (uint32_t)good : 0);
	*out = (struct placed){ .bytes = in ? bytes : NULL, .good = (uint32_t)good, .whole = (uint64_t)good == len };
	return 0;
}

int gather_string(struct walk *w, uint64_t addr, uint32_t max, struct placed *out)
{
	struct gather *g = gather_of(w);
	bool ended = false, there = true;
	uint8_t *bytes = NULL;
	uint32_t len = 0;
	int err;

	*out = (struct placed){ 0 };
	if (span_class(addr, 1) != SPAN_TRAVELS)
		return 0;
	while (len < max && there && !ended) {
		uint64_t step = PAGE_BYTES - (addr + len) % PAGE_BYTES;
		const uint8_t *end;
		ssize_t n;

		if (step > max - len)
			step = max - len;
		if (!len && step > STRING_GUESS)
			step = STRING_GUESS;
		err = gather_begin(g, len + step, &bytes);
		if (err)
			return err;
		n = span_class(addr + len, step) == SPAN_TRAVELS ? read_good(g, addr + len, step, bytes + len) : 0;
		if (n < 0)
			return (int)n;
		end = memchr(bytes + len, 0, (size_t)n);
		ended = end != NULL;
		there = (uint64_t)n == step;
		len += ended ? (uint32_t)(end - (bytes + len)) + 1 : (uint32_t)n;
	}
	gather_end(g, len, len);
	*out = (struct placed){ .bytes = bytes, .good = len, .whole = ended || len == max };
	g->room += len; /* strings are packed */
	return room_check(g);
}

int gather_peek(struct walk *w, uint64_t addr, uint32_t len, void *out)
{
	return (int)input_good(gather_of(w), addr, len, out);
}

/**
 * vector_plain() - Read all inputs, or look at all outputs, of a vector at once
 * @w:		The walk, with the vector
 * @nr:		Its entries
 * @to:		Where inputs go; NULL: they are outputs
 *
 * Return: 1 if all is there, 0 if not, or negative errno
 */
static int vector_plain(struct walk *w, uint64_t nr, uint8_t *to)
{
	uint8_t probe;
	uint64_t i = 0;

	while (i < nr) {
		struct reads r;
		ssize_t n;

		reads_begin(&r);
		for (; i < nr && r.nr < READV_MAX - 1; i++) {
			uint64_t addr = (uint64_t)w->vec[i].iov_base, len = w->vec[i].iov_len;

			if (!len)
				continue;
			if (to)
				reads_add(&r, addr, len, to);
			else
				reads_probe(&r, addr, len, &probe);
			to = to ? to + len : NULL;
		}
		n = reads_make(gather_of(w), &r);
		if (n < 0 || (size_t)n < r.len)
			return n < 0 ? (int)n : 0;
	}
	return 1;
}

/**
 * vector_careful() - Find out where a vector's memory ends
 *
 * Return: bytes from its start that can be reached, or negative errno
 */
static ssize_t vector_careful(struct walk *w, uint64_t nr, uint8_t *to)
{
	uint64_t good = 0;

	for (uint64_t i = 0; i < nr; i++) {
		ssize_t n =
			read_good(gather_of(w), (uint64_t)w->vec[i].iov_base, w->vec[i].iov_len, to ? to + good : NULL);

		if (n < 0)
			return n;
		good += (uint64_t)n;
		if ((size_t)n < w->vec[i].iov_len)
			break;
	}
	return (ssize_t)good;
}

/**
 * vector_outputs() - Remember the memory of a vector as outputs
 * @good:	How much of it there is
 */
static int vector_outputs(struct walk *w, uint64_t nr, uint64_t good, const struct trim *trim)
{
	bool joined = false;

	for (uint64_t i = 0; i < nr && (good || !joined); i++) {
		uint64_t len = w->vec[i].iov_len < good ? w->vec[i].iov_len : good;
		int err;

		if (!w->vec[i].iov_len)
			continue;
		err = walk_output(w, (uint64_t)w->vec[i].iov_base, 0, (uint32_t)len, trim, joined);
		if (err)
			return err;
		good -= len;
		joined = true;
	}
	return 0;
}

int gather_group(struct walk *w, uint64_t nr, unsigned int dir, const struct trim *trim)
{
	struct gather *g = gather_of(w);
	bool in = dir & DIR_IN;
	uint64_t total = 0;
	uint8_t *bytes;
	ssize_t good;
	int err = 0;

	for (uint64_t i = 0; i < nr && !err; i++) {
		total += w->vec[i].iov_len;
		err = gather_room(g, w->vec[i].iov_len);
	}
	if (err || !total)
		return err;
	err = gather_begin(g, in ? total : 0, &bytes);
	if (err)
		return err;
	good = vector_plain(w, nr, in ? bytes : NULL);
	if (good == 1)
		good = (ssize_t)total;
	else if (good == 0)
		good = vector_careful(w, nr, in ? bytes : NULL);
	if (good < 0)
		return (int)good;
	gather_end(g, (uint32_t)good, in ? (uint32_t)good : 0);
	return (dir & DIR_OUT) ? vector_outputs(w, nr, (uint64_t)good, trim) : 0;
}

/**
 * argv_pointers() - Read an array of pointers up to its NULL
 * @out:	In the tail, whole if the NULL was found
 */
static int argv_pointers(struct gather *g, uint64_t addr, struct placed *out)
{
	bool ended = false, there = true;
	uint64_t len = 0;
	uint8_t *bytes = NULL;

	while (there && !ended) {
		uint64_t step = PAGE_BYTES - (addr + len) % PAGE_BYTES;
		int err = gather_begin(g, len + step, &bytes);
		ssize_t n;

		if (err)
			return err;
		n = addr + len < USER_END ? read_good(g, addr + len, step, bytes + len) : 0;
		if (n < 0)
			return (int)n;
		there = (uint64_t)n == step;
		for (uint64_t end = (len & ~7ull) + 8; end <= len + (uint64_t)n && !ended; end += 8) {
			ended = !get_u64(bytes + end - 8);
			if (ended)
				len = end;
		}
		if (!ended)
			len += (uint64_t)n;
	}
	gather_end(g, (uint32_t)len, (uint32_t)len);
	*out = (struct placed){ .bytes = bytes, .good = (uint32_t)len, .whole = ended };
	return gather_room(g, len);
}

/**
 * struct window - A part of the guest's memory that has been read
 * @addr:	Where it begins
 * @len:	Bytes of it
 * @bytes:	What is there
 */
struct window {
	uint64_t addr;
	size_t len;
	uint8_t bytes[PAGE_BYTES];
};

/**
 * window_string() - The string at @addr, if it is in the window, which is moved there first if need be
 * @len:	Its length with the zero
 */
static const uint8_t *window_string(const struct gather *g, struct window *window, uint64_t addr, uint32_t *len)
{
	bool moved = false;

	for (;;) {
		uint64_t at = addr - window->addr;
		const uint8_t *end = at < window->len ? memchr(window->bytes + at, 0, window->len - at) : NULL;
		ssize_t n;

		if (end)
			*len = (uint32_t)(end - (window->bytes + at)) + 1;
		if (end || moved || span_class(addr, 1) != SPAN_TRAVELS)
			return end ? window->bytes + at : NULL;
		n = read_good(g, addr, PAGE_BYTES - addr % PAGE_BYTES, window->bytes);
		window->addr = addr;
		window->len = n > 0 ? (size_t)n : 0;
		moved = true;
	}
}

/**
 * argv_string() - Gather one string of an array. Most lie behind each other, and are read together.
 */
static int argv_string(struct walk *w, struct window *window, uint64_t addr)
{
	struct gather *g = gather_of(w);
	struct placed string;
	const uint8_t *found;
	uint8_t *bytes;
	uint32_t len;
	int err;

	found = window_string(g, window, addr, &len);
	if (!found)
		return w->ops->string(w, addr, ARG_STRING_MAX, &string);
	err = gather_begin(g, len, &bytes);
	if (err)
		return err;
	memcpy(bytes, found, len);
	gather_end(g, len, len);
	g->room += len;
	return room_check(g);
}

int gather_argv(struct walk *w, uint64_t addr, struct placed *out)
{
	struct window window = { 0 };
	int err;

	*out = (struct placed){ 0 };
	if (span_class(addr, 8) != SPAN_TRAVELS)
		return 0;
	err = argv_pointers(gather_of(w), addr, out);
	for (uint32_t at = 0; out->whole && at + 8 < out->good && !err; at += 8)
		err = argv_string(w, &window, get_u64(out->bytes + at));
	return err == -ENOMEM ? -E2BIG : err;
}
