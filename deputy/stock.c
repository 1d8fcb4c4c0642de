/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Who reads a file in large pieces, one after the other, is sent the next piece before he asks for it: STOCK. When he does,
 * the read is made as ever, and what it got is compared with what was sent. If that is the same, and it is unless
 * somebody has written to the file or moved the offset, the RESULT says where in the STOCK it is, and has no data. So while the
 * guest takes in one piece the next one is read, encrypted and sent; and nothing needs to be known of who else uses the file:
 * what was sent ahead is a guess at bytes, no more.
 *
 * A piece is no longer than half of what has been read in a row, so no more than that is sent in vain. It is read through a
 * descriptor of the deputy's own, as ahead.c does; what would have to come from a disk is not waited for.
 *
 * Large reads from a pipe are made here, too, where they need not wait. Nothing can be sent ahead of them, but the home process
 * need not be woken.
 *
 * Two copies of the bytes are needed here for the comparison, and reading twice costs a tenth of what encryption does.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "deputy/ahead.h"
#include "deputy/deputy.h"
#include "deputy/stock.h"

#define READ_MIN    (32u << 10) /* shorter reads are ahead.c's */
#define ALIGN	    4096u	/* as files are in memory: copying is faster */
#define IDLE_NS	    1000000000u /* after that a number may be used for another reader */
#define BACKLOG_MAX (2u << 20)	/* nothing is sent ahead while more than that waits for the network */

/* Nobody reads in a row here. The worker forgets what was sent when something else comes with that number */
static void stock_end(struct stock *s)
{
	free(s->data);
	*s = (struct stock){ 0 };
}

/* What is known of the thread's reads from @fd, or NULL */
static struct stock *stock_find(struct deputy *d, const struct thread *thread, int fd)
{
	for (struct stock *s = d->stock; s < d->stock + WIRE_STOCKS_MAX; s++) {
		if (s->tid != thread->tid || s->fd != fd)
			continue;
		s->used_ns = uv_hrtime();
		return s;
	}
	return NULL;
}

/* A place for one more, that of somebody who has not read for a while if need be; NULL: there are too many */
static struct stock *stock_begin(struct deputy *d, const struct thread *thread, int fd)
{
	uint64_t now = uv_hrtime();
	struct stock *oldest = d->stock;

	for (struct stock *s = d->stock; s < d->stock + WIRE_STOCKS_MAX; s++)
		if (s->used_ns < oldest->used_ns)
			oldest = s;
	if (oldest->tid && now - oldest->used_ns < IDLE_NS)
		return NULL;
	stock_end(oldest);
	*oldest = (struct stock){ .tid = thread->tid, .fd = fd, .used_ns = now };
	return oldest;
}

/* Read what comes next in the file that @fd is open on, if it is one and that is in memory: up to @cap bytes; how many */
static size_t file_next(int fd, uint8_t *data, size_t cap)
{
	int flags = fcntl(fd, F_GETFL);
	off_t pos = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	if (flags < 0 || (flags & (O_PATH | O_DIRECT)) || (flags & O_ACCMODE) == O_WRONLY || pos < 0 ||
	    fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_blocks || pos >= st.st_size)
		return 0;
	if ((uint64_t)(st.st_size - pos) < cap)
		cap = (size_t)(st.st_size - pos);
	return ahead_read(fd, pos, data, cap) == cap ? cap : 0;
}

/* Send what comes next, @cap bytes at most */
static void stock_send(struct deputy *d, const struct thread *thread, struct stock *s, size_t cap)
{
	struct wire_stock msg = { (uint32_t)(s - d->stock) };
	int fd = task_fd_copy(thread->task, s->fd);
	struct iovec tail;

	if (fd < 0)
		return;
	if (!s->data)
		s->data = aligned_alloc(ALIGN, WIRE_STOCK_MAX);
	if (!d->fresh)
		d->fresh = aligned_alloc(ALIGN, WIRE_STOCK_MAX);
	s->len = s->data && d->fresh ? file_next(fd, s->data, cap) : 0;
	s->pos = 0;
	close(fd);
	if (!s->len)
		return;
	tail = (struct iovec){ s->data, s->len };
	d->stats.bytes_out += s->len;
	channel_send(d->channel, WIRE_STOCK, &msg, &tail, 1);
}

/* Somebody has read all that he asked for: send what comes next, if he has nothing left */
static void stock_extend(struct deputy *d, const struct thread *thread, struct stock *s, uint64_t asked)
{
	uint64_t cap;

	s->bytes += asked;
	cap = s->bytes / 2 < WIRE_STOCK_MAX ? s->bytes / 2 : WIRE_STOCK_MAX;
	if (s->pos == s->len && asked <= cap && d->channel && channel_backlog(d->channel) < BACKLOG_MAX)
		stock_send(d, thread, s, (size_t)(cap - cap % asked));
}

/* A large read is done, which was not made here */
static void was_read(struct deputy *d, struct thread *thread, int64_t ret)
{
	int fd = (int)thread->call.arg[0];
	uint64_t asked = thread->call.arg[2];
	struct stock *s = stock_find(d, thread, fd);

	call_row_finish(d, thread, ret);
	if (ret <= 0 || (uint64_t)ret != asked) {
		if (s)
			stock_end(s);
		return;
	}
	if (!s)
		s = stock_begin(d, thread, fd);
	if (!s)
		return;
	if (s->pos < s->len)
		s->bytes = 0; /* not one after the other */
	s->pos = s->len = 0;
	stock_extend(d, thread, s, asked);
}

call_finisher stock_finisher(const struct wire_call *msg)
{
	return msg->nr == SYS_read && msg->arg[2] > READ_MIN ? was_read : NULL;
}

/*
 * read(2) as the task would make it, when it need not wait: through a copy of its descriptor, whose offset is the same one. So
 * the bytes need not go through its slot, and no time goes by until it is on a CPU. From a pipe, or from a file if what it gets
 * is @known, for then it was in memory just now. -1: nothing was done
 */
static ssize_t file_read(int fd, uint8_t *data, size_t len, bool known)
{
	struct iovec iov = { data, len };
	ssize_t n, rest;
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &st) ||
	    !(S_ISFIFO(st.st_mode) || (known && S_ISREG(st.st_mode) && !(flags & O_DIRECT))))
		return -1;
	n = preadv2(fd, &iov, 1, -1, RWF_NOWAIT);
	if (n <= 0)
		return -1;
	/* What is not in memory any more has to be waited for, or is not there any more */
	for (; S_ISREG(st.st_mode) && (size_t)n < len; n += rest) {
		rest = read(fd, data + n, len - (size_t)n);
		if (rest <= 0)
			break;
	}
	return n;
}

/* Answer a read that got @n bytes, which are in d->fresh */
static void answer(struct deputy *d, struct thread *thread, struct stock *s, ssize_t n)
{
	struct wire_stocked place;
	uint32_t len = (uint32_t)n;
	struct iovec tail[2];

	if (s && !memcmp(d->fresh, s->data + s->pos, (size_t)n)) {
		place = (struct wire_stocked){ (uint32_t)(s - d->stock), (uint32_t)s->pos };
		tail[0] = (struct iovec){ &place, sizeof(place) };
		s->pos += (size_t)n;
		thread->call.flags |= WIRE_RESULT_STOCK;
		call_answer(d, thread, n, tail, 1);
		return;
	}
	tail[0] = (struct iovec){ &len, sizeof(len) };
	tail[1] = (struct iovec){ d->fresh, (size_t)n };
	if (s)
		s->pos = s->len = s->bytes = 0;
	call_answer(d, thread, n, tail, 2);
}

bool stock_read(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	uint64_t asked = thread->call.arg[2];
	struct stock *s;
	uint32_t room;
	ssize_t n;
	int fd;

	if (thread->call.row_finish != was_read || asked > WIRE_STOCK_MAX || tail_len != sizeof(room) || d->poster ||
	    thread->task->stopped)
		return false;
	s = stock_find(d, thread, (int)thread->call.arg[0]);
	if (s && asked > s->len - s->pos)
		s = NULL;
	if (!d->fresh)
		d->fresh = aligned_alloc(ALIGN, WIRE_STOCK_MAX);
	memcpy(&room, tail, sizeof(room));
	fd = room == asked && d->fresh ? task_fd_copy(thread->task, (int)thread->call.arg[0]) : -1;
	if (fd < 0)
		return false;
	n = file_read(fd, d->fresh, asked, s != NULL);
	close(fd);
	if (n < 0)
		return false;
	answer(d, thread, s, n);
	if (s && (uint64_t)n == asked)
		stock_extend(d, thread, s, asked);
	else if (s)
		stock_end(s);
	return true;
}

void stock_clear(struct deputy *d)
{
	for (struct stock *s = d->stock; s < d->stock + WIRE_STOCKS_MAX; s++)
		stock_end(s);
	free(d->fresh);
}
