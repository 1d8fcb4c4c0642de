/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that are answered from what home has said ahead, or because there is only one answer: see remote/ahead.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "remote/ahead.h"
#include "remote/ahead_impl.h"
#include "remote/calls.h"
#include "remote/fdmap.h"
#include "remote/known.h"
#include "remote/places.h"
#include "remote/reflink.h"
#include "remote/session.h"
#include "remote/writes.h"
#include "tracee.h"
#include "usermem.h"

/**
 * serve_stat() - fstat; after a read the time of access may be another one
 */
static bool serve_stat(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	const struct ahead *ahead = ahead_of(thread, arg[0]);

	*ret = 0;
	return ahead && !(ahead->moved && ahead->told.traits & WIRE_AHEAD_ACCESSED) &&
	       !tracee_write(thread->outer, arg[1], ahead->told.stat, sizeof(ahead->told.stat));
}

/**
 * serve_newfstatat() - The same by another name: with an empty path
 */
static bool serve_newfstatat(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	const uint64_t as_fstat[6] = { arg[0], arg[2] };
	char first;

	return (int)arg[3] == AT_EMPTY_PATH && ahead_of(thread, arg[0]) &&
	       !tracee_read(thread->outer, arg[1], &first, 1) && !first && serve_stat(thread, as_fstat, ret);
}

/**
 * is_promised() - Was that promised, and holds?
 */
static bool is_promised(const struct thread *thread, const struct ahead *ahead)
{
	return promise_holds(&thread->guest->session->promises, ahead->said.promise);
}

/**
 * pos_of() - Where the guest reads next, if that is known; else -1
 */
static int64_t pos_of(const struct thread *thread, const struct ahead *ahead)
{
	bool promised = is_promised(thread, ahead);
	int64_t place = place_of(thread, ahead->fd);

	if (place >= 0 && (promised || !ahead->base))
		return place;
	if (!said_is_fresh(&ahead->said, thread->guest->session) || (promised && ahead->base))
		return -1;
	return (int64_t)ahead->pos;
}

/**
 * data_at() - How many bytes a read of @count at @pos would get, if that is known, and where they are; else -1
 */
static ssize_t data_at(const struct thread *thread, const struct ahead *ahead, uint64_t pos, uint64_t count,
		       const uint8_t **data)
{
	const struct session *session = thread->guest->session;
	uint64_t rest = pos < ahead->len ? ahead->len - pos : 0;

	if (is_promised(thread, ahead))
		return promised_data(&session->promises, ahead->said.promise, pos, count, data);
	if ((!ahead->len || count > rest) && !ahead->told.whole)
		return -1;
	*data = ahead->data + pos;
	return (ssize_t)(count < rest ? count : rest);
}

/**
 * serve_read() - read
 */
static bool serve_read(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	struct ahead *ahead = ahead_of(thread, arg[0]);
	uint64_t consume[6] = { arg[0] };
	const uint8_t *data = NULL;
	int64_t pos = ahead ? pos_of(thread, ahead) : -1;
	/* The kernel refuses its own addresses even where nothing is read */
	ssize_t n = pos >= 0 && arg[1] < USER_END ? data_at(thread, ahead, (uint64_t)pos, arg[2], &data) : -1;

	if (n < 0 || (n && tracee_write(thread->outer, arg[1], data, (size_t)n)))
		return false;
	ahead->pos = (size_t)(pos + n);
	ahead->moved |= n > 0;
	place_move(thread->guest, (int)arg[0], n);
	consume[1] = (uint64_t)n;
	if (n > 0)
		call_post(thread, SYS_read, consume, NULL, 0, 0);
	*ret = n;
	return true;
}

/**
 * serve_lseek() - lseek to a place that is known to exist
 */
static bool serve_lseek(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	struct ahead *ahead = ahead_of(thread, arg[0]);
	uint64_t seek[6] = { arg[0], arg[1], SEEK_SET };
	int64_t to = (int64_t)arg[1], place = place_of(thread, (int)arg[0]), pos;
	bool fresh;

	/* It is there already, so nobody has to be told */
	if (place >= 0 && (((int)arg[2] == SEEK_CUR && !to) || ((int)arg[2] == SEEK_SET && to == place))) {
		*ret = place;
		return true;
	}
	if (ahead && ahead->base)
		ahead = NULL; /* where its data are is not known */
	fresh = ahead && said_is_fresh(&ahead->said, thread->guest->session);
	pos = ahead ? pos_of(thread, ahead) : -1;
	if (to < -WIRE_SEEK_MAX || to > WIRE_SEEK_MAX || !known_is(thread->guest, KNOWN_SEEKABLE, (uint32_t)arg[0]))
		return false;
	if ((int)arg[2] == SEEK_CUR && place >= 0)
		to += place;
	else if ((int)arg[2] == SEEK_CUR && pos >= 0)
		to += pos;
	else if ((int)arg[2] != SEEK_SET)
		return false;
	if (to < 0 || to > WIRE_SEEK_MAX)
		return false;
	/* What was said of another descriptor of the same open is void, but not this */
	thread->guest->session->news++;
	if (fresh) {
		ahead->pos = (size_t)to;
		ahead->said.news = thread->guest->session->news;
	}
	thread->sought = true;
	place_set(thread, (int)arg[0], to);
	seek[1] = (uint64_t)to;
	call_post(thread, SYS_lseek, seek, NULL, 0, 0);
	*ret = to;
	return true;
}

/**
 * serve_pread() - pread64
 */
static bool serve_pread(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	const struct ahead *ahead = ahead_of(thread, arg[0]);
	const uint8_t *data = NULL;
	ssize_t n = ahead && (!ahead->base || is_promised(thread, ahead)) && (int64_t)arg[3] >= 0
			    ? data_at(thread, ahead, arg[3], arg[2], &data)
			    : -1;

	*ret = n;
	return n > 0 && !tracee_write(thread->outer, arg[1], data, (size_t)n);
}

/**
 * serve_fadvise() - fadvise64 of a regular file, with advice that exists
 */
static bool serve_fadvise(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	if ((int)arg[3] < POSIX_FADV_NORMAL || (int)arg[3] > POSIX_FADV_NOREUSE || (int64_t)arg[2] < 0 ||
	    !known_is(thread->guest, KNOWN_SEEKABLE, (uint32_t)arg[0]))
		return false;
	call_post(thread, SYS_fadvise64, arg, NULL, 0, 0);
	*ret = 0;
	return true;
}

/**
 * serve_fcntl() - fcntl: F_GETFL, F_GETFD, F_SETFD
 */
static bool serve_fcntl(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	const struct ahead *ahead;

	if ((int)arg[1] == F_SETFD && known_is(thread->guest, KNOWN_QUIET, (uint32_t)arg[0])) {
		const uint64_t posted[6] = { arg[0], F_SETFD, arg[2] };

		thread->call.closes = thread->guest->closes;
		known_cloexec(thread, (uint32_t)arg[0], arg[2] & FD_CLOEXEC);
		call_post(thread, SYS_fcntl, posted, NULL, 0, 0);
		*ret = 0;
		return true;
	}
	if ((int)arg[1] == F_GETFD && known_is(thread->guest, KNOWN_FD_FLAGS, (uint32_t)arg[0])) {
		*ret = known_is(thread->guest, KNOWN_CLOEXEC, (uint32_t)arg[0]) ? FD_CLOEXEC : 0;
		return true;
	}
	ahead = (int)arg[1] == F_GETFL ? ahead_of(thread, arg[0]) : NULL;
	/* Others that are open on it by the same open could change them */
	if (!ahead || !(said_is_fresh(&ahead->said, thread->guest->session) ||
			known_is(thread->guest, KNOWN_SINGLE, (uint32_t)arg[0])))
		return false;
	*ret = ahead->told.flags;
	return true;
}

/**
 * serve_ioctl() - Is it a terminal? No: isatty(3). Or FICLONE
 */
static bool serve_ioctl(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	if ((uint32_t)arg[1] != TCGETS)
		return reflink_serve(thread, arg, ret);
	*ret = -ENOTTY;
	return known_is(thread->guest, KNOWN_SEEKABLE, (uint32_t)arg[0]);
}

/**
 * serve_copy() - copy_file_range, at the end of the file
 */
static bool serve_copy(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	*ret = 0;
	return thread->copied_fd == (int)arg[0] && thread->copied_to == (int)arg[2] && !arg[1] && !arg[3] &&
	       !(uint32_t)arg[5] && said_holds(&thread->copied, thread->guest->session) &&
	       known_is(thread->guest, KNOWN_QUIET, (uint32_t)arg[0]) && !thread->guest->session->objects.watched;
}

/**
 * serve_getdents() - getdents64, at the end of the directory
 */
static bool serve_getdents(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	*ret = 0;
	return arg[1] < USER_END && thread->ended_fd == (int)arg[0] &&
	       said_holds(&thread->ended, thread->guest->session) &&
	       known_is(thread->guest, KNOWN_QUIET, (uint32_t)arg[0]) && !thread->guest->session->objects.watched;
}

/**
 * serve_close() - close
 */
static bool serve_close(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	if (!known_is(thread->guest, KNOWN_QUIET, (uint32_t)arg[0]) &&
	    !known_is(thread->guest, KNOWN_PUNCTUAL, (uint32_t)arg[0]))
		return false;
	known_clear(thread->guest, (uint32_t)arg[0]);
	fdmap_set(thread->guest, (uint32_t)arg[0], false);
	for (struct thread *t = thread->guest->threads; t; t = t->next) {
		if (t->ended_fd == (int)arg[0])
			t->ended_fd = -1;
		if (t->copied_fd == (int)arg[0] || t->copied_to == (int)arg[0])
			t->copied_fd = -1;
	}
	call_post(thread, SYS_close, arg, NULL, 0, 0);
	*ret = 0;
	return true;
}

/**
 * limit_tell() - Tell the thread its own limit, which came with its program
 */
static bool limit_tell(const struct thread *thread, uint64_t resource, uint64_t addr)
{
	const struct guest *guest = thread->guest;
	size_t at = (uint32_t)resource * sizeof(struct rlimit64);

	return (uint32_t)resource < RLIM_NLIMITS && addr && said_is_fresh(&guest->limits_said, guest->session) &&
	       !tracee_write(thread->outer, addr, guest->limits + at, sizeof(struct rlimit64));
}

/**
 * serve_prlimit() - prlimit64, as each program asks for the size of its stack
 */
static bool serve_prlimit(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	*ret = 0;
	return !arg[2] && (!(int)arg[0] || (uint32_t)arg[0] == thread->guest->pid) &&
	       limit_tell(thread, arg[1], arg[3]);
}

/**
 * serve_getrlimit() - getrlimit
 */
static bool serve_getrlimit(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	*ret = 0;
	return limit_tell(thread, arg[0], arg[1]);
}

/* Who serves which call */
static const struct {
	uint32_t nr;
	bool (*serve)(struct thread *thread, const uint64_t arg[6], int64_t *ret);
} serve_table[] = {
	{ SYS_read, serve_read },
	{ SYS_close, serve_close },
	{ SYS_fstat, serve_stat },
	{ SYS_newfstatat, serve_newfstatat },
	{ SYS_pread64, serve_pread },
	{ SYS_fcntl, serve_fcntl },
	{ SYS_fadvise64, serve_fadvise },
	{ SYS_write, writes_serve },
	{ SYS_pwrite64, writes_serve },
	{ SYS_lseek, serve_lseek },
	{ SYS_ioctl, serve_ioctl },
	{ SYS_getdents64, serve_getdents },
	{ SYS_copy_file_range, serve_copy },
	{ SYS_prlimit64, serve_prlimit },
	{ SYS_getrlimit, serve_getrlimit },
};

bool ahead_serve(struct thread *thread)
{
	uint64_t arg[6];
	int64_t ret;

	if (thread->guest->loud)
		return false;
	memcpy(arg, thread->call.arg, sizeof(arg));
	for (size_t i = 0; i < sizeof(serve_table) / sizeof(*serve_table); i++) {
		if (serve_table[i].nr != thread->call.nr)
			continue;
		if (!serve_table[i].serve(thread, arg, &ret))
			return false;
		call_return(thread, ret);
		return true;
	}
	return false;
}
