// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: Theory of operation
 *
 * Both parsers of the system-call engine. The first byte of the input chooses:
 *
 * - a hostile worker: call, arguments and tail of CALL come from the input, then the result of the call. Home may refuse;
 *   if not, all that it hands to its kernel lies within the data area, and what it sends back fits into a message.
 * - a strange guest: call and arguments come from the input, and the guest's memory is the input, with a hole in it. What
 *   the worker gathers, home must be able to place; the tail of RESULT is then taken from the input as it is.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "parasite.h"
#include "sysplan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD	   (1 + 2 + 6 * 8 + 8)
#define GUEST_BASE 0x10000ull
#define GUEST_MAX  16384u
#define HOLE_FIRST 8192u
#define HOLE_END   12288u

#define MUST(cond)                                                                                                     \
	do {                                                                                                           \
		if (!(cond))                                                                                           \
			abort();                                                                                       \
	} while (0)

/**
 * struct guest - The guest's memory
 */
static struct guest {
	uint8_t bytes[GUEST_MAX];
} guest;

/* The data area: what lies behind it must stay untouched, and is watched by the sanitizer */
static uint8_t *area;

static ssize_t move(const struct iovec *local, const struct iovec *remote, int nr, bool write)
{
	size_t total = 0;

	for (int i = 0; i < nr; i++) {
		for (size_t k = 0; k < remote[i].iov_len; k++, total++) {
			uint64_t at = (uint64_t)remote[i].iov_base + k - GUEST_BASE;

			if (at >= GUEST_MAX || (at >= HOLE_FIRST && at < HOLE_END))
				return total ? (ssize_t)total : -EFAULT;
			if (write)
				guest.bytes[at] = ((uint8_t *)local[i].iov_base)[k];
			else
				((uint8_t *)local[i].iov_base)[k] = guest.bytes[at];
		}
	}
	return (ssize_t)total;
}

static ssize_t guest_readv(void *ctx, const struct iovec *local, int ln, const struct iovec *remote, int rn)
{
	(void)ctx;
	MUST(ln == rn && rn <= 1024);
	return move(local, remote, rn, false);
}

static ssize_t guest_writev(void *ctx, const struct iovec *local, int ln, const struct iovec *remote, int rn)
{
	(void)ctx;
	MUST(ln == rn && rn <= 1024);
	return move(local, remote, rn, true);
}

static const struct guest_mem mem = { .readv = guest_readv, .writev = guest_writev };

/* What home hands to its kernel */
static void home_check(const struct sysplan *p, const uint64_t home[6])
{
	uint64_t base = (uint64_t)area;

	for (int i = 0; i < 6; i++)
		if (p->row->arg[i].kind == ARG_MEM)
			MUST(!home[i] || home[i] > 1ull << 60 || (home[i] >= base && home[i] <= base + SLOT_DATA_SIZE));
	for (uint32_t i = 0; i < p->span_nr; i++)
		MUST(p->span[i].at <= SLOT_DATA_SIZE && p->span[i].len <= SLOT_DATA_SIZE - p->span[i].at);
}

/* The tail of RESULT */
static size_t home_collect(struct sysplan *p, int64_t ret)
{
	static struct iovec iov[SYSPLAN_IOV_MAX];
	int nr = sysplan_collect(p, ret, iov, SYSPLAN_IOV_MAX);
	volatile uint8_t sum = 0;
	size_t len = 0;

	MUST(nr >= 0);
	for (int i = 0; i < nr; i++) {
		len += iov[i].iov_len;
		sum = (uint8_t)(sum + ((uint8_t *)iov[i].iov_base)[iov[i].iov_len - 1]);
	}
	MUST(len <= SYSPLAN_TAIL_MAX);
	return len;
}

static void hostile_worker(int64_t nr, const uint64_t arg[6], int64_t ret, const uint8_t *data, size_t size)
{
	uint8_t *tail = malloc(size);
	uint64_t home[6];
	struct sysplan p;
	int err;

	memcpy(tail, data, size);
	err = sysplan_place(&p, nr, arg, tail, size, area, (uint64_t)area, SLOT_DATA_SIZE, home);
	MUST(err == 0 || err == -EPROTO || err == -ENOMEM);
	if (!err) {
		struct io_event events[8];

		home_check(&p, home);
		sysplan_limit(&p, 1, 5);
		if (p.aio_nr)
			sysplan_aio_done(&p, p.aio_nr < 8 ? p.aio_nr : 8, events);
		home_collect(&p, ret);
		sysplan_release(&p);
	}
	free(tail);
}

static void strange_guest(int64_t nr, const uint64_t arg[6], int64_t ret, const uint8_t *data, size_t size)
{
	static uint8_t tail[SYSPLAN_TAIL_MAX];
	struct sysplan w, h;
	uint64_t home[6];
	uint8_t *back;
	ssize_t len;
	int err;

	memset(guest.bytes, 0, sizeof(guest.bytes));
	memcpy(guest.bytes, data, size < GUEST_MAX ? size : GUEST_MAX);
	len = sysplan_gather(&w, nr, arg, &mem, tail, sizeof(tail));
	MUST(len <= (ssize_t)sizeof(tail));
	if (len < 0)
		return;
	if (w.row->where != SYS_LOCAL) {
		err = sysplan_place(&h, nr, w.arg, tail, (size_t)len, area, (uint64_t)area, SLOT_DATA_SIZE, home);
		MUST(!err);
		home_check(&h, home);
		home_collect(&h, ret);
		sysplan_release(&h);
	}
	back = malloc(size);
	memcpy(back, data, size);
	err = sysplan_scatter(&w, &ret, back, size, &mem);
	MUST(err == 0 || err == -EPROTO);
	while (sysplan_next(&w, ret, true) && sysplan_gather_next(&w, &mem, tail, sizeof(tail)) >= 0)
		ret = (int64_t)w.part;
	sysplan_finish(&w, ret);
	sysplan_release(&w);
	free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t arg[6];
	int64_t ret;
	uint16_t nr;

	if (!area)
		area = calloc(1, SLOT_DATA_SIZE);
	if (!area || size < HEAD)
		return 0;
	memcpy(&nr, data + 1, sizeof(nr));
	memcpy(arg, data + 3, sizeof(arg));
	memcpy(&ret, data + 3 + sizeof(arg), sizeof(ret));
	(data[0] & 1 ? hostile_worker : strange_guest)(nr % 512, arg, ret, data + HEAD, size - HEAD);
	return 0;
}
