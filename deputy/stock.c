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
 * The same with a pipe: when a large piece was read from it, what its writers put into it next is sent as soon as it is there,
 * without taking it out (pipes.c). What a read gets may begin with that and go on behind it. Large reads from a pipe are made
 * here where they need not wait: the home process need not be woken.
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
#include "deputy/pipes.h"
#include "deputy/stock.h"

#define PIPE_MIN    (16u << 10) /* who gets less from a pipe than that waits for its writer, not for us */
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

/* Is there room for what comes next? */
static bool stock_room(struct deputy *d, struct stock *s)
{
	if (!s->data)
		s->data = aligned_alloc(ALIGN, WIRE_STOCK_MAX);
	if (!d->fresh)
		d->fresh = aligned_alloc(ALIGN, WIRE_STOCK_MAX);
	return s->data && d->fresh;
}

/* The @len bytes that come next are in s->data: send them */
static void stock_put(struct deputy *d, struct stock *s, size_t len)
{
	struct wire_stock msg = { (uint32_t)(s - d->stock) };
	struct iovec tail = { s->data, len };

	s->pos = 0;
	s->len = len;
	if (!len)
		return;
	d->stats.bytes_out += len;
	channel_send(d->channel, WIRE_STOCK, &msg, &tail, 1);
}

/* May something be sent ahead now? */
static bool stock_may(const struct deputy *d)
{
	return d->channel && channel_backlog(d->channel) < BACKLOG_MAX;
}

/* Send what comes next behind @fd, @cap bytes at most; from a pipe, when there is something */
static void stock_send(struct deputy *d, struct stock *s, int fd, size_t cap)
{
	if (!s->pipe)
		s->pipe = pipe_is_stream(fd);
	if (s->pipe)
		pipe_await(d, fd, (uint32_t)(s - d->stock));
	else
		stock_put(d, s, stock_room(d, s) ? file_next(fd, s->data, cap) : 0);
}

void stock_filled(struct deputy *d, uint32_t index)
{
	struct stock *s = &d->stock[index];
	struct thread *thread = s->tid && s->pipe && s->pos == s->len ? thread_find(d, s->tid) : NULL;
	int fd = thread && stock_may(d) && stock_room(d, s) ? task_fd_copy(thread->task, s->fd) : -1;

	if (fd < 0)
		return;
	stock_put(d, s, pipe_peek(d, fd, s->data, WIRE_STOCK_MAX));
	close(fd);
}

/* Somebody has got @len bytes, as many as may be expected: send what comes next, if he has nothing left */
static void stock_extend(struct deputy *d, struct stock *s, int fd, uint64_t len)
{
	uint64_t cap;

	s->bytes += len;
	cap = s->bytes / 2 < WIRE_STOCK_MAX ? s->bytes / 2 : WIRE_STOCK_MAX;
	if (s->pos == s->len && len <= cap && stock_may(d))
		stock_send(d, s, fd, (size_t)(cap - cap % len));
}

/*
 * Answer a read that got the @n bytes at @data. What of them the worker has is not sent again: from a file that is all or
 * nothing, from a pipe it may be the beginning
 */
static void answer(struct deputy *d, struct thread *thread, struct stock *s, const uint8_t *data, size_t n)
{
	size_t left = s ? s->len - s->pos : 0, known = n < left ? n : left;
	struct wire_stocked place;
	uint32_t len = (uint32_t)n;
	struct iovec tail[2];

	if (known && !memcmp(data, s->data + s->pos, known)) {
		place = (struct wire_stocked){ (uint32_t)(s - d->stock), (uint32_t)s->pos };
		tail[0] = (struct iovec){ &place, sizeof(place) };
		s->pos += known;
		thread->call.flags |= WIRE_RESULT_STOCK;
	} else {
		tail[0] = (struct iovec){ &len, sizeof(len) };
		if (known)
			s->pos = s->len = s->bytes = 0;
		known = 0;
	}
	tail[1] = (struct iovec){ (void *)(data + known), n - known };
	call_answer(d, thread, (int64_t)n, tail, n > known ? 2 : 1);
}

/* A read of the thread's from @fd has got @n bytes of @asked: does somebody read on and on here, so that what comes next is worth sending? */
static void stock_note(struct deputy *d, const struct thread *thread, struct stock *s, int fd, uint64_t n,
		       uint64_t asked)
{
	if (n == asked || n >= PIPE_MIN) {
		if (!s)
			s = stock_begin(d, thread, (int)thread->call.arg[0]);
		if (s)
			stock_extend(d, s, fd, n);
	} else if (s) {
		stock_end(s);
	}
}

/* A large read is done, which was not made here */
static void was_read(struct deputy *d, struct thread *thread, int64_t ret)
{
	uint64_t asked = thread->call.arg[2];
	int fd = (int)thread->call.arg[0];
	struct stock *s = stock_find(d, thread, fd);
	const uint8_t *data =
		ret > 0 && s && s->pipe ? call_pointer(thread, thread->call.home_arg[1], (size_t)ret) : NULL;

	if (data)
		answer(d, thread, s, data, (size_t)ret);
	else
		call_row_finish(d, thread, ret);
	if (s && !data && s->pos < s->len)
		s->bytes = 0; /* not one after the other */
	if (s && !data)
		s->pos = s->len = 0;
	fd = ret > 0 ? task_fd_copy(thread->task, fd) : -1;
	if (fd >= 0) {
		stock_note(d, thread, s, fd, (uint64_t)ret, asked);
		close(fd);
	} else if (s) {
		stock_end(s);
	}
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

	if (fstat(fd, &st) ||
	    !(S_ISFIFO(st.st_mode) || (known && S_ISREG(st.st_mode) && !(fcntl(fd, F_GETFL) & O_DIRECT))))
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
	if (s && !s->pipe && asked > s->len - s->pos)
		s = NULL;
	if (!d->fresh)
		d->fresh = aligned_alloc(ALIGN, WIRE_STOCK_MAX);
	memcpy(&room, tail, sizeof(room));
	fd = room == asked && d->fresh ? task_fd_copy(thread->task, (int)thread->call.arg[0]) : -1;
	if (fd < 0)
		return false;
	n = file_read(fd, d->fresh, asked, s && !s->pipe);
	if (n > 0) {
		answer(d, thread, s, d->fresh, (size_t)n);
		stock_note(d, thread, s, fd, (uint64_t)n, asked);
	}
	close(fd);
	return n > 0;
}

void stock_clear(struct deputy *d)
{
	for (struct stock *s = d->stock; s < d->stock + WIRE_STOCKS_MAX; s++)
		stock_end(s);
	free(d->fresh);
	pipes_close(d);
}
