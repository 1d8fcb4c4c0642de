/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that are answered without asking home: see remote/ahead.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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

/* The flags that tell whether a descriptor is for reading alone */
#define QUIET_FLAGS (O_ACCMODE | O_PATH)

#define AHEADS_MAX 32 /* descriptors of promised files that a thread has something told of */

/**
 * ahead_cut() - Drop what @at points to
 */
static void ahead_cut(struct ahead **at)
{
	struct ahead *ahead = *at;

	*at = ahead->next;
	free(ahead);
}

void ahead_drop(struct thread *thread)
{
	while (thread->ahead)
		ahead_cut(&thread->ahead);
}

void ahead_forget(struct guest *guest, int fd)
{
	for (struct thread *t = guest->threads; t; t = t->next) {
		struct ahead **at = &t->ahead;

		while (*at) {
			if (fd < 0 || (*at)->fd == fd)
				ahead_cut(at);
			else
				at = &(*at)->next;
		}
		if (fd < 0 || t->mapped.fd == fd)
			t->mapped.said = (struct said){ 0 };
	}
}

/**
 * ahead_room() - Make room for one more: what was not promised, and is not of the last one, is void
 */
static void ahead_room(struct thread *thread, int fd)
{
	struct ahead **at = &thread->ahead;
	unsigned int nr = 1;

	while (*at) {
		if ((*at)->fd == fd || !promise_holds(&thread->guest->session->promises, (*at)->said.promise) ||
		    ++nr > AHEADS_MAX)
			ahead_cut(at);
		else
			at = &(*at)->next;
	}
}

/**
 * ahead_add() - Keep what was told of descriptor @fd; @base: where its data begin
 */
static void ahead_add(struct thread *thread, int fd, const struct wire_ahead *told, const uint8_t *data, size_t len,
		      uint64_t base)
{
	struct ahead *ahead;

	if (promise_holds(&thread->guest->session->promises, told->promise))
		len = 0; /* they are kept there, for all */
	ahead_room(thread, fd);
	ahead = malloc(sizeof(*ahead) + len);
	if (!ahead)
		return;
	*ahead = (struct ahead){
		.next = thread->ahead,
		.said = data ? said_now(thread->guest->session) : (struct said){ 0 },
		.fd = fd,
		.told = *told,
		.len = len,
		.base = base,
	};
	ahead->said.promise = told->promise;
	if (len)
		memcpy(ahead->data, data, len);
	thread->ahead = ahead;
}

void ahead_opened(struct thread *thread, int fd, uint64_t flags, const struct wire_ahead *told, const uint8_t *data,
		  size_t len)
{
	struct stat st;

	memcpy(&st, told->stat, sizeof(st));
	ahead_add(thread, fd, told, data, len, 0);
	if ((told->flags & QUIET_FLAGS) == O_RDONLY && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		known_set(thread, KNOWN_QUIET, (uint64_t)fd);
	known_cloexec(thread, (uint64_t)fd, flags & O_CLOEXEC);
	if (!(told->traits & WIRE_AHEAD_SEEKABLE))
		return;
	known_set(thread, KNOWN_SEEKABLE, (uint64_t)fd);
	known_set(thread, KNOWN_PRIVATE, (uint64_t)fd);
	known_set(thread, KNOWN_PUNCTUAL, (uint64_t)fd);
	if (told->flags & O_APPEND)
		return;
	known_set(thread, KNOWN_SINGLE, (uint64_t)fd);
	place_opened(thread, fd, st.st_dev);
}

/**
 * read_flags() - A read goes home: is it one of many that read a file from one end to the other?
 */
static uint32_t read_flags(struct thread *thread)
{
	const uint64_t *arg = thread->call.arg;
	bool again = thread->reading == (int)arg[0];

	if (!known_is(thread->guest, KNOWN_QUIET, (uint32_t)arg[0]) || thread->guest->session->objects.watched)
		return 0;
	thread->sequential = again && !thread->sought ? thread->sequential + 1 : 0;
	thread->reading = (int)arg[0];
	thread->sought = false;
	if (arg[2] > WIRE_AHEAD_DATA_MAX / 2)
		return 0;
	if (thread->sequential)
		return WIRE_CALL_AHEAD;
	/* Here and there in one file: that is worth a promise */
	return again && place_of(thread, (int)arg[0]) >= 0 && promises_have_room(&thread->guest->session->promises)
		       ? WIRE_CALL_AHEAD | WIRE_CALL_HERE
		       : 0;
}

uint32_t ahead_flags(struct thread *thread)
{
	struct guest *guest = thread->guest;
	const uint64_t *arg = thread->call.arg;

	thread->call.closes = guest->closes;
	known_call(thread);
	places_call(thread);
	fdmap_call(thread);
	switch (thread->call.nr) {
	case SYS_open:
	case SYS_openat:
		return guest->loud || guest->session->objects.watched ? 0 : WIRE_CALL_AHEAD;
	case SYS_stat:
	case SYS_newfstatat:
	case SYS_access:
	case SYS_faccessat:
		return guest->session->objects.watched ? 0 : WIRE_CALL_AHEAD;
	case SYS_close:
		known_clear(guest, (uint32_t)arg[0]);
		return 0;
	case SYS_dup2:
	case SYS_dup3:
		known_clear(guest, (uint32_t)arg[1]);
		thread->call.closes = guest->closes;
		return 0;
	case SYS_read:
		return read_flags(thread);
	case SYS_getdents64:
		return known_is(guest, KNOWN_QUIET, (uint32_t)arg[0]) && !guest->session->objects.watched
			       ? WIRE_CALL_AHEAD
			       : 0;
	case SYS_write:
	case SYS_pwrite64:
		return writes_flags(thread);
	case SYS_copy_file_range:
		return known_is(guest, KNOWN_QUIET, (uint32_t)arg[0]) && !arg[1] && !guest->session->objects.watched
			       ? WIRE_CALL_AHEAD
			       : 0;
	case SYS_lseek:
		/* Where it is in what only it has opened, a process could know; but it is home that has counted */
		thread->call.silent =
			!arg[1] && (int)arg[2] == SEEK_CUR && known_is(guest, KNOWN_PRIVATE, (uint32_t)arg[0]);
		if (!thread->call.silent)
			thread->sought = true;
		return 0;
	case SYS_fcntl:
	case SYS_ioctl:
	case SYS_mmap:
	case SYS_prlimit64:
	case SYS_setrlimit:
		writes_doubt(thread);
		return 0;
	case SYS_close_range:
	case SYS_execve:
	case SYS_execveat:
	case SYS_sendmsg:  /* descriptors may be given to others, */
	case SYS_sendmmsg: /* who move their offsets */
		known_forget(guest);
		return 0;
	default:
		return 0;
	}
}

/**
 * file_told() - Home tells of descriptor @fd
 */
static bool file_told(struct thread *thread, int fd, const uint8_t *tail, size_t tail_len)
{
	const struct call *call = &thread->call;
	uint64_t base = call->nr == SYS_read ? UINT64_MAX : 0;
	int64_t place = place_of(thread, fd);
	struct wire_ahead told;
	size_t path_len = 0;

	if (tail_len < sizeof(told) || tail_len > sizeof(told) + WIRE_LISTING_PATH_MAX + 1 + WIRE_AHEAD_DATA_MAX)
		return false;
	memcpy(&told, tail, sizeof(told));
	tail += sizeof(told);
	tail_len -= sizeof(told);
	if (call->nr == SYS_read && place >= 0 && told.promise)
		base = (uint64_t)(place - place % WIRE_PROMISE_BLOCK);
	if (told.promise && !promise_take(&thread->guest->session->promises, &told, base, tail, tail_len, &path_len))
		return false;
	tail += path_len;
	tail_len -= path_len;
	if (tail_len > WIRE_AHEAD_DATA_MAX)
		return false;
	/* Not what comes next, but where the read has been: it is of use to nobody if the promise does not hold */
	if (call->nr == SYS_read && told.promise && !promise_holds(&thread->guest->session->promises, told.promise))
		return true;
	if (call->nr == SYS_read)
		ahead_add(thread, fd, &told, tail, tail_len, base);
	else
		ahead_opened(thread, fd, call->arg[call->nr == SYS_open ? 1 : 2], &told, tail, tail_len);
	return true;
}

/**
 * name_told() - Home promises what is at a path
 */
static bool name_told(struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	struct wire_ahead told;
	size_t path_len;

	if (tail_len < sizeof(told))
		return false;
	memcpy(&told, tail, sizeof(told));
	return told.traits & WIRE_AHEAD_NAMED && told.promise &&
	       promise_take(&thread->guest->session->promises, &told, UINT64_MAX, tail + sizeof(told),
			    tail_len - sizeof(told), &path_len);
}

/**
 * told_take() - RESULT says more than the row wants: take that off the tail's end, where its length is
 */
static bool told_take(struct thread *thread, int64_t ret, const uint8_t *tail, size_t *tail_len)
{
	const struct call *call = &thread->call;
	uint32_t extra;

	if (ret < 0 || ret > INT32_MAX || *tail_len < sizeof(extra))
		return false;
	*tail_len -= sizeof(extra);
	memcpy(&extra, tail + *tail_len, sizeof(extra));
	if (extra > *tail_len)
		return false;
	*tail_len -= extra;
	tail += *tail_len;
	switch (call->nr) {
	case SYS_open:
	case SYS_openat:
		return file_told(thread, (int)ret, tail, extra);
	case SYS_stat:
	case SYS_newfstatat:
	case SYS_access:
	case SYS_faccessat:
		return name_told(thread, tail, extra);
	case SYS_read:
		return file_told(thread, (int)call->arg[0], tail, extra);
	case SYS_getdents64:
		thread->ended_fd = (int)call->arg[0];
		thread->ended = said_now(thread->guest->session);
		return !extra;
	case SYS_copy_file_range:
		thread->copied_fd = (int)call->arg[0];
		thread->copied_to = (int)call->arg[2];
		thread->copied = said_now(thread->guest->session);
		return !extra;
	case SYS_write:
	case SYS_pwrite64:
		return writes_take(thread, tail, extra);
	default:
		return false;
	}
}

bool ahead_take(struct thread *thread, int64_t ret, uint32_t flags, const uint8_t *tail, size_t *tail_len)
{
	const struct call *call = &thread->call;

	if (flags & WIRE_RESULT_AHEAD && !told_take(thread, ret, tail, tail_len))
		return false;
	if (call->nr == SYS_write || call->nr == SYS_pwrite64)
		writes_answered(thread, flags & WIRE_RESULT_AHEAD);
	reflink_answered(thread, ret);
	known_copied(thread, ret);
	places_answered(thread, ret);
	fdmap_answered(thread, ret, tail, *tail_len);
	return true;
}

void ahead_changed(struct thread *thread, uint64_t dev, uint64_t ino)
{
	struct ahead **at = &thread->ahead;
	struct stat st;

	while (*at) {
		memcpy(&st, (*at)->told.stat, sizeof(st));
		if (st.st_dev == dev && st.st_ino == ino)
			ahead_cut(at);
		else
			at = &(*at)->next;
	}
}

struct ahead *ahead_of(struct thread *thread, uint64_t fd)
{
	const struct session *session = thread->guest->session;
	struct ahead **at = &thread->ahead;

	while (*at && (uint32_t)(*at)->fd != (uint32_t)fd)
		at = &(*at)->next;
	if (!*at)
		return NULL;
	if (said_holds(&(*at)->said, session) && !session->objects.watched)
		return *at;
	ahead_cut(at);
	return NULL;
}
