/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way back: from the data area, through the tail of RESULT, into the guest.
 *
 * Both sides have the same list of outputs, made by the walk. The home side says for each how much was written; the
 * worker checks that against the room that there is, and the sum against the tail.
 */
#include <sys/socket.h>

#include "common/sysplan_walk.h"

/* Entries of one writev */
#define WRITEV_MAX 64

/**
 * nothing_back() - Does the call bring nothing back, given that it returned @ret?
 */
static bool nothing_back(const struct sysplan *p, int64_t ret)
{
	return !p->span_nr || (ret < 0 && !(p->row->traits & SYS_OUTERR));
}

/**
 * changed() - Bytes of an output up to the last one that is not what it was
 */
static uint32_t changed(const struct sysplan *p, const struct sysspan *span)
{
	const uint8_t *is = p->data + span->at, *was = p->data + span->ref;
	uint32_t len = span->len;

	while (len > 0 && is[len - 1] == was[len - 1])
		len--;
	return len;
}

/**
 * written() - How much of an output was written, as far as the call's result tells
 * @p:		The call
 * @span:	The output; of several joined ones the first
 * @ret:	What the call returned
 */
static uint64_t written(const struct sysplan *p, const struct sysspan *span, int64_t ret)
{
	if (span->index && ret < span->index)
		return 0;
	switch (span->trim) {
	case TRIM_RET:
		return ret < 0 ? 0 : (uint64_t)ret * span->unit + span->ref;
	case TRIM_LEN:
	case TRIM_CMSG:
		return get_count(p->data + span->ref, span->width) * span->unit;
	case TRIM_DIFF:
		return changed(p, span);
	case TRIM_STR:
		return strnlen((const char *)p->data + span->at, span->len) + 1;
	}
	return UINT64_MAX;
}

/**
 * piece_add() - Another piece of the data area for the tail; one with the last if it follows that
 */
static int piece_add(struct iovec *iov, int nr, int max, uint8_t *base, size_t len)
{
	if (!len)
		return nr;
	if (nr > 1 && (uint8_t *)iov[nr - 1].iov_base + iov[nr - 1].iov_len == base) {
		iov[nr - 1].iov_len += len;
		return nr;
	}
	if (nr == max)
		return -ENOBUFS;
	iov[nr] = (struct iovec){ base, len };
	return nr + 1;
}

int sysplan_collect(struct sysplan *p, int64_t ret, struct iovec *iov, int max)
{
	uint32_t groups = 0;
	uint64_t left = 0;
	int nr = 1;

	if (nothing_back(p, ret) || max < 1)
		return 0;
	for (uint32_t i = 0; i < p->span_nr && nr > 0; i++) {
		const struct sysspan *span = &p->span[i];
		uint32_t len;

		if (!span->joined) {
			left = written(p, span, ret);
			p->len[groups++] = 0;
		}
		len = span->len < left ? span->len : (uint32_t)left;
		left -= len;
		p->len[groups - 1] += len;
		nr = piece_add(iov, nr, max, p->data + span->at, len);
	}
	iov[0] = (struct iovec){ p->len, groups * sizeof(*p->len) };
	return nr;
}

void sysplan_limit(struct sysplan *p, unsigned int arg, uint32_t len)
{
	for (uint32_t i = 0; i < p->span_nr; i++) {
		if (p->span[i].arg != arg || p->span[i].trim != TRIM_RET)
			continue;
		if (p->span[i].len > len)
			p->span[i].len = len;
		len -= p->span[i].len;
	}
}

/**
 * struct scatter - Writes into the guest
 * @p:		The call
 * @mem:	The guest's memory
 * @ret:	What the call returned
 * @local:	What is written
 * @remote:	Where to
 * @nr:		Entries that wait
 * @len:	Bytes of them
 * @counted:	Bytes that were written so far, of an output that the result counts in bytes
 */
struct scatter {
	const struct sysplan *p;
	const struct guest_mem *mem;
	int64_t ret;
	struct iovec local[WRITEV_MAX];
	struct iovec remote[WRITEV_MAX];
	int nr;
	size_t len;
	uint64_t counted;
};

/**
 * scatter_flush() - Make the writes that wait
 *
 * Return: 0; or what the call shall return since the guest's memory cannot be written: -EFAULT, or the number of bytes
 * that could be, if the call returns such a number; or another negative errno: the guest is gone
 */
static int64_t scatter_flush(struct scatter *s)
{
	ssize_t n = s->nr ? s->mem->writev(s->mem->ctx, s->local, s->nr, s->remote, s->nr) : 0;
	bool counts = s->p->row->ret == RET_COUNT && s->p->span[0].trim == TRIM_RET && s->p->span[0].unit == 1;

	if (n < 0 && n != -EFAULT)
		return n;
	if (n < 0)
		n = 0;
	s->counted += (uint64_t)n;
	if ((size_t)n == s->len) {
		s->nr = 0;
		s->len = 0;
		return 0;
	}
	return counts && s->counted && s->counted < (uint64_t)s->ret ? (int64_t)s->counted : -EFAULT;
}

/**
 * scatter_add() - Write @len bytes at @addr of the guest
 */
static int64_t scatter_add(struct scatter *s, uint64_t addr, const uint8_t *from, size_t len)
{
	int64_t err = 0;

	if (!len)
		return 0;
	if (s->nr == WRITEV_MAX)
		err = scatter_flush(s);
	if (err)
		return err;
	s->local[s->nr] = (struct iovec){ (void *)from, len };
	s->remote[s->nr] = (struct iovec){ (void *)addr, len };
	s->nr++;
	s->len += len;
	return 0;
}

/**
 * scatter_cmsg() - Write control messages, but not what lies between them
 */
static int64_t scatter_cmsg(struct scatter *s, uint64_t addr, const uint8_t *from, size_t len)
{
	int64_t err = 0;

	while (len && !err) {
		uint64_t own = len < sizeof(struct cmsghdr) ? len : get_u64(from + offsetof(struct cmsghdr, cmsg_len));
		size_t step = len;

		if (own < len && own >= sizeof(struct cmsghdr))
			step = CMSG_ALIGN(own);
		else
			own = len;
		if (step > len)
			step = len;
		err = scatter_add(s, addr, from, own);
		addr += step;
		from += step;
		len -= step;
	}
	return err;
}

/**
 * tail_fits() - Is this tail one that the call can have?
 * @p:		The call
 * @tail:	The tail of RESULT
 * @tail_len:	Its length
 * @groups:	Out: the number of lengths at its start
 */
static bool tail_fits(const struct sysplan *p, const uint8_t *tail, size_t tail_len, uint32_t *groups)
{
	uint64_t room = 0, sum = 0;
	uint32_t nr = 0;

	for (uint32_t i = 0; i < p->span_nr; i++)
		nr += !p->span[i].joined;
	*groups = nr;
	if (tail_len < nr * sizeof(uint32_t))
		return false;
	for (uint32_t i = p->span_nr; i > 0; i--) {
		uint32_t len;

		room += p->span[i - 1].len;
		if (p->span[i - 1].joined)
			continue;
		len = get_u32(tail + --nr * sizeof(uint32_t));
		if (len > room)
			return false;
		sum += len;
		room = 0;
	}
	return sum == tail_len - *groups * sizeof(uint32_t);
}

int sysplan_scatter(struct sysplan *p, int64_t *ret, const uint8_t *tail, size_t tail_len, const struct guest_mem *mem)
{
	const uint8_t *from;
	struct scatter s;
	uint32_t groups, group = 0, left = 0;
	int64_t err = 0;

	if (nothing_back(p, *ret))
		return tail_len ? -EPROTO : 0;
	if (!tail_fits(p, tail, tail_len, &groups))
		return -EPROTO;
	from = tail + groups * sizeof(uint32_t);
	s.p = p;
	s.mem = mem;
	s.ret = *ret;
	s.nr = 0;
	s.len = 0;
	s.counted = 0;
	for (uint32_t i = 0; i < p->span_nr && !err; i++) {
		const struct sysspan *span = &p->span[i];
		uint32_t len;

		if (!span->joined)
			left = get_u32(tail + group++ * sizeof(uint32_t));
		len = span->len < left ? span->len : left;
		if (span->trim == TRIM_CMSG)
			err = scatter_cmsg(&s, span->addr, from, len);
		else
			err = scatter_add(&s, span->addr, from, len);
		from += len;
		left -= len;
	}
	if (!err)
		err = scatter_flush(&s);
	if (err)
		*ret = err;
	return 0;
}
