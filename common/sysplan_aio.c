/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * io_submit: an array of pointers to requests, each with a buffer or a vector. The requests are submitted at home for
 * real, but their buffers are in the slot, which the next call uses again: so the deputy waits for their events before
 * it answers, and what was read goes back with the answer. Kernels do buffered I/O within io_submit anyway.
 *
 * At home a table in the data area says for each request which one it is in the guest, and how many bytes it has read;
 * the room for the events comes behind the table.
 */
#include "common/sysplan_walk.h"

/* Fields of struct iocb */
#define IOCB_OPCODE 16
#define IOCB_BUF    24
#define IOCB_NBYTES 32
#define IOCB_SIZE   64

/**
 * struct aio_entry - A request, in the table
 * @guest:	Its address in the guest
 * @home:	Its address in the home process
 * @result:	Bytes that were read
 * @unused:	Padding
 */
struct aio_entry {
	uint64_t guest;
	uint64_t home;
	uint32_t result;
	uint32_t unused;
};

/* What the requests that move data do */
static const struct {
	uint16_t opcode;
	uint8_t dir;
	bool vector;
} aio_ops[] = {
	{ IOCB_CMD_PREAD, DIR_OUT, false },
	{ IOCB_CMD_PWRITE, DIR_IN, false },
	{ IOCB_CMD_PREADV, DIR_OUT, true },
	{ IOCB_CMD_PWRITEV, DIR_IN, true },
};

/**
 * request_data() - The memory of a request
 * @w:		The walk
 * @iocb:	The request
 * @index:	Its number, from 1
 * @entry_at:	Home: where its entry is
 */
static int request_data(struct walk *w, uint8_t *iocb, uint16_t index, uint32_t entry_at)
{
	const struct trim trim = { TRIM_LEN, 4, index, 1, entry_at + (uint32_t)offsetof(struct aio_entry, result) };
	uint64_t addr = get_u64(iocb + IOCB_BUF), len = get_u64(iocb + IOCB_NBYTES), nr = len;
	struct placed buf = { 0 };
	int err;

	for (size_t i = 0; i < sizeof(aio_ops) / sizeof(aio_ops[0]); i++) {
		if (get_u16(iocb + IOCB_OPCODE) != aio_ops[i].opcode)
			continue;
		if (aio_ops[i].vector)
			err = walk_vector(w, addr, &nr, aio_ops[i].dir, &trim, &buf);
		else
			err = walk_span(w, addr, len, aio_ops[i].dir, &trim, &buf);
		put_u64(iocb + IOCB_NBYTES, nr);
		walk_point(w, iocb + IOCB_BUF, &buf);
		return err;
	}
	return 0;
}

/**
 * request_walk() - A request: entry @i of the array at @slot
 */
static int request_walk(struct walk *w, uint8_t *slot, uint64_t i)
{
	uint32_t entry_at = w->p->aio_at + (uint32_t)(i * sizeof(struct aio_entry));
	struct aio_entry entry = { .guest = get_u64(slot) };
	struct placed iocb = { 0 };
	int err = w->ops->span(w, entry.guest, IOCB_SIZE, DIR_IN, &iocb);

	if (w->home) {
		entry.home = iocb.home;
		memcpy(w->p->data + entry_at, &entry, sizeof(entry));
	}
	walk_point(w, slot, &iocb);
	if (err || !iocb.bytes || !iocb.whole)
		return err;
	return request_data(w, iocb.bytes, (uint16_t)(i + 1), entry_at);
}

int shape_iocbs(struct walk *w, const struct sysarg *arg)
{
	struct placed *array = &w->arg[w->now], table = { 0 };
	uint64_t nr = plan_number(w->p, arg->unit);
	int err;

	if (nr > VECTOR_MAX)
		nr = nr > INT64_MAX ? 0 : VECTOR_MAX; /* negative: the kernel will say so */
	err = w->ops->span(w, w->p->arg[w->now], nr * 8, DIR_IN, array);
	if (err || array->good < 8)
		return err;
	if (!array->whole && w->home)
		return -EPROTO;
	nr = array->good / 8;
	if (!array->whole)
		w->ops->rewind(w, w->used, w->p->span_nr, array, (uint32_t)nr * 8);
	if (w->home)
		err = walk_room(w, (uint32_t)(nr * (sizeof(struct aio_entry) + sizeof(struct io_event))), &table);
	w->p->aio_at = table.at;
	w->p->aio_nr = (uint32_t)nr;
	for (uint64_t i = 0; i < nr && !err; i++) {
		uint32_t spans = w->p->span_nr;
		size_t used = w->used;

		err = request_walk(w, array->bytes + i * 8, i);
		if (err == -ENOMEM && i > 0 && !w->home) {
			/* No room for this one any more; fewer than asked for are a success */
			w->ops->rewind(w, used, spans, array, (uint32_t)i * 8);
			nr = i;
			err = 0;
		}
	}
	w->p->arg[arg->unit] = nr;
	return err;
}

uint64_t sysplan_aio_room(const struct sysplan *p)
{
	return p->data_addr + p->aio_at + p->aio_nr * sizeof(struct aio_entry);
}

int sysplan_aio_done(struct sysplan *p, unsigned int nr, struct io_event *out)
{
	struct aio_entry *table = (struct aio_entry *)(p->data + p->aio_at);
	const struct io_event *events = (const struct io_event *)(table + p->aio_nr);

	if (nr > p->aio_nr)
		return -EPROTO;
	for (unsigned int i = 0; i < nr; i++) {
		out[i] = events[i];
		for (unsigned int k = 0; k < p->aio_nr; k++) {
			if (table[k].home != events[i].obj)
				continue;
			out[i].obj = table[k].guest;
			table[k].result =
				events[i].res > 0 && events[i].res <= SYSPLAN_PART_MAX ? (uint32_t)events[i].res : 0;
		}
	}
	return 0;
}
