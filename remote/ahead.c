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
#include "remote/known.h"
#include "remote/places.h"
#include "remote/session.h"
#include "remote/writes.h"

/* The flags that tell whether a descriptor is for reading alone */
#define QUIET_FLAGS (O_ACCMODE | O_PATH)

void ahead_drop(struct thread *thread)
{
	free(thread->ahead);
	thread->ahead = NULL;
}

/**
 * read_flags() - A read goes home: is it one of many that read a file from one end to the other?
 */
static uint32_t read_flags(struct thread *thread)
{
	const uint64_t *arg = thread->call.arg;

	if (!known_is(thread->guest, KNOWN_QUIET, (uint32_t)arg[0]) || thread->guest->session->objects.watched)
		return 0;
	thread->sequential = thread->reading == (int)arg[0] ? thread->sequential + 1 : 0;
	thread->reading = (int)arg[0];
	return thread->sequential && arg[2] <= WIRE_AHEAD_DATA_MAX / 2 ? WIRE_CALL_AHEAD : 0;
}

uint32_t ahead_flags(struct thread *thread)
{
	struct guest *guest = thread->guest;
	const uint64_t *arg = thread->call.arg;

	thread->call.closes = guest->closes;
	known_call(thread);
	places_call(thread);
	switch (thread->call.nr) {
	case SYS_open:
	case SYS_openat:
		return guest->loud || guest->session->objects.watched ? 0 : WIRE_CALL_AHEAD;
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
	case SYS_lseek:
		/* Where it is in what only it has opened, a process could know; but it is home that has counted */
		thread->call.silent =
			!arg[1] && (int)arg[2] == SEEK_CUR && known_is(guest, KNOWN_PRIVATE, (uint32_t)arg[0]);
		if (!thread->call.silent)
			thread->sequential = 0;
		return 0;
	case SYS_fcntl:
	case SYS_ioctl:
		writes_forget(guest, (int)arg[0]);
		return 0;
	case SYS_mmap:
	case SYS_prlimit64:
	case SYS_setrlimit:
		writes_forget(guest, -1);
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
	struct wire_ahead told;
	struct ahead *ahead;
	struct stat st;

	if (tail_len < sizeof(told) || tail_len > sizeof(told) + WIRE_AHEAD_DATA_MAX)
		return false;
	memcpy(&told, tail, sizeof(told));
	memcpy(&st, told.stat, sizeof(st));
	ahead_drop(thread);
	ahead = malloc(sizeof(*ahead) + tail_len - sizeof(told));
	if (!ahead)
		return true;
	ahead->said = said_now(thread->guest->session);
	ahead->fd = fd;
	ahead->told = told;
	ahead->len = tail_len - sizeof(told);
	ahead->pos = 0;
	ahead->moved = false;
	ahead->base = thread->call.nr == SYS_read ? UINT64_MAX : 0;
	memcpy(ahead->data, tail + sizeof(told), ahead->len);
	thread->ahead = ahead;
	if (thread->call.nr != SYS_read && (told.flags & QUIET_FLAGS) == O_RDONLY &&
	    (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		known_set(thread, KNOWN_QUIET, (uint64_t)fd);
	if (thread->call.nr != SYS_read)
		known_cloexec(thread, (uint64_t)fd, thread->call.arg[thread->call.nr == SYS_open ? 1 : 2] & O_CLOEXEC);
	if (thread->call.nr != SYS_read && told.traits & WIRE_AHEAD_SEEKABLE) {
		known_set(thread, KNOWN_SEEKABLE, (uint64_t)fd);
		known_set(thread, KNOWN_PRIVATE, (uint64_t)fd);
		if (!(told.flags & O_APPEND))
			known_set(thread, KNOWN_SINGLE, (uint64_t)fd);
	}
	return true;
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
	case SYS_read:
		return file_told(thread, (int)call->arg[0], tail, extra);
	case SYS_getdents64:
		thread->ended_fd = (int)call->arg[0];
		thread->ended = said_now(thread->guest->session);
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
	known_copied(thread, ret);
	places_answered(thread, ret);
	return true;
}

void ahead_changed(struct thread *thread, uint64_t dev, uint64_t ino)
{
	struct stat st;

	if (!thread->ahead)
		return;
	memcpy(&st, thread->ahead->told.stat, sizeof(st));
	if (st.st_dev == dev && st.st_ino == ino)
		ahead_drop(thread);
}

struct ahead *ahead_of(struct thread *thread, uint64_t fd)
{
	struct ahead *ahead = thread->ahead;

	if (ahead && (!said_holds(&ahead->said, thread->guest->session) || thread->guest->session->objects.watched)) {
		ahead_drop(thread);
		ahead = NULL;
	}
	return ahead && (uint32_t)fd == (uint32_t)ahead->fd ? ahead : NULL;
}
