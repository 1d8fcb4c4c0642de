/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that are answered without asking home: see remote/ahead.h. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "remote/ahead.h"
#include "remote/calls.h"
#include "remote/session.h"
#include "remote/writes.h"

#define USER_END (1ull << 47) /* the kernel refuses its own addresses even where nothing is read */

/* The flags that tell whether a descriptor is for reading alone */
#define QUIET_FLAGS (O_ACCMODE | O_PATH)

/**
 * struct ahead - What home has said ahead of the descriptor that the thread has opened last
 * @news:	session->news then
 * @until_ns:	When it is too old
 * @fd:		Descriptor
 * @told:	What was said
 * @len:	Bytes of data
 * @pos:	Where in them the guest reads next
 * @moved:	It has read some
 * @base:	Where in the file they begin, if that is known; else UINT64_MAX
 * @data:	The data
 */
struct ahead {
	uint64_t news;
	uint64_t until_ns;
	int fd;
	struct wire_ahead told;
	size_t len, pos;
	bool moved;
	uint64_t base;
	uint8_t data[];
};

void ahead_drop(struct thread *thread)
{
	free(thread->ahead);
	thread->ahead = NULL;
}

/**
 * is_known() - Is that known of the descriptor?
 */
static bool is_known(const struct guest *guest, enum known what, uint64_t fd)
{
	return fd < KNOWN_FDS && guest->known[what][fd / 64] & 1ull << fd % 64;
}

/**
 * known_set() - It is, unless the thread's call crossed one that closes descriptors
 */
static void known_set(struct thread *thread, enum known what, uint64_t fd)
{
	struct guest *guest = thread->guest;

	if (fd < KNOWN_FDS && !guest->loud && thread->call.closes == guest->closes)
		guest->known[what][fd / 64] |= 1ull << fd % 64;
}

/**
 * known_clear() - Nothing is known of it any more
 */
static void known_clear(struct guest *guest, uint64_t fd)
{
	guest->closes++;
	writes_forget(guest, (int)fd);
	for (int what = 0; what < KNOWN_NR && fd < KNOWN_FDS; what++)
		guest->known[what][fd / 64] &= ~(1ull << fd % 64);
}

void ahead_inherit(struct guest *child, struct guest *parent, bool same_files)
{
	parent->loud |= same_files;
	child->loud = parent->loud;
	if (parent->loud)
		memset(parent->known, 0, sizeof(parent->known));
	memset(parent->known[KNOWN_PRIVATE], 0, sizeof(parent->known[KNOWN_PRIVATE]));
	memcpy(child->known, parent->known, sizeof(child->known));
}

/**
 * is_dup() - Does the call copy a descriptor?
 */
static bool is_dup(const struct call *call)
{
	return call->nr == SYS_dup || call->nr == SYS_dup2 || call->nr == SYS_dup3 ||
	       (call->nr == SYS_fcntl && ((int)call->arg[1] == F_DUPFD || (int)call->arg[1] == F_DUPFD_CLOEXEC));
}

/**
 * read_flags() - A read goes home: is it one of many that read a file from one end to the other?
 */
static uint32_t read_flags(struct thread *thread)
{
	const uint64_t *arg = thread->call.arg;

	if (!is_known(thread->guest, KNOWN_QUIET, (uint32_t)arg[0]) || thread->guest->session->objects.watched)
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
	case SYS_write:
	case SYS_pwrite64:
		return writes_flags(thread);
	case SYS_lseek:
		/* Where it is in what only it has opened, a process could know; but it is home that has counted */
		thread->call.silent = !arg[1] && (int)arg[2] == SEEK_CUR && is_known(guest, KNOWN_PRIVATE, (uint32_t)arg[0]);
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
		guest->closes++;
		memset(guest->known, 0, sizeof(guest->known));
		writes_forget(guest, -1);
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
	ahead->news = thread->guest->session->news;
	ahead->until_ns = uv_hrtime() + AHEAD_MS * 1000000ull;
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
	if (thread->call.nr != SYS_read && told.traits & WIRE_AHEAD_SEEKABLE) {
		known_set(thread, KNOWN_SEEKABLE, (uint64_t)fd);
		known_set(thread, KNOWN_PRIVATE, (uint64_t)fd);
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
	/* The copy of a descriptor is one as the first */
	for (enum known what = 0; what < KNOWN_NR && ret >= 0 && is_dup(call); what++) {
		if (is_known(thread->guest, what, (uint32_t)call->arg[0]))
			known_set(thread, what, (uint64_t)ret);
	}
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

/**
 * guest_write() - Give the guest @len bytes; false when its memory does not take them: home will say what comes of that
 */
static bool guest_write(const struct thread *thread, uint64_t addr, const void *data, size_t len)
{
	struct iovec local = { (void *)data, len }, remote = { (void *)(uintptr_t)addr, len };

	return !len || process_vm_writev(thread->outer, &local, 1, &remote, 1, 0) == (ssize_t)len;
}

/**
 * told_of() - What was said ahead of descriptor @fd, if it still holds
 */
static struct ahead *told_of(struct thread *thread, uint64_t fd)
{
	struct ahead *ahead = thread->ahead;

	if (ahead && (ahead->news != thread->guest->session->news || thread->guest->session->objects.watched ||
		      uv_hrtime() > ahead->until_ns)) {
		ahead_drop(thread);
		ahead = NULL;
	}
	return ahead && (uint32_t)fd == (uint32_t)ahead->fd ? ahead : NULL;
}

/**
 * serve_stat() - fstat; after a read the time of access may be another one
 */
static bool serve_stat(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	const struct ahead *ahead = told_of(thread, arg[0]);

	*ret = 0;
	return ahead && !(ahead->moved && ahead->told.traits & WIRE_AHEAD_ACCESSED) &&
	       guest_write(thread, arg[1], ahead->told.stat, sizeof(ahead->told.stat));
}

/**
 * serve_newfstatat() - The same by another name: with an empty path
 */
static bool serve_newfstatat(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	const uint64_t as_fstat[6] = { arg[0], arg[2] };
	struct iovec local, remote = { (void *)(uintptr_t)arg[1], 1 };
	char first;

	if ((int)arg[3] != AT_EMPTY_PATH || !told_of(thread, arg[0]))
		return false;
	local = (struct iovec){ &first, 1 };
	if (process_vm_readv(thread->outer, &local, 1, &remote, 1, 0) != 1 || first)
		return false;
	return serve_stat(thread, as_fstat, ret);
}

void ahead_mapped(struct thread *thread, int fd, uint64_t object, uint32_t kind)
{
	thread->mapped = (struct mapped){
		.news = thread->guest->session->news,
		.until_ns = uv_hrtime() + AHEAD_MS * 1000000ull,
		.fd = fd,
		.object = object,
		.kind = kind,
	};
}

bool ahead_mapping(struct thread *thread, uint64_t *object, uint32_t *kind)
{
	const struct mapped *mapped = &thread->mapped;
	const uint64_t *arg = thread->call.arg;
	const struct ahead *ahead;

	if ((arg[3] & (MAP_TYPE | MAP_ANONYMOUS)) != MAP_PRIVATE || !is_known(thread->guest, KNOWN_QUIET, (uint32_t)arg[4]))
		return false;
	if (mapped->fd == (int)arg[4] && mapped->news == thread->guest->session->news &&
	    uv_hrtime() <= mapped->until_ns) {
		*object = mapped->object;
		*kind = mapped->kind;
		return true;
	}
	ahead = told_of(thread, arg[4]);
	if (!ahead || !ahead->told.object)
		return false;
	*object = ahead->told.object;
	*kind = ahead->told.kind;
	return true;
}

/**
 * data_at() - How many bytes a read of @count at @pos would get, if that is known; else -1
 */
static ssize_t data_at(const struct ahead *ahead, uint64_t pos, uint64_t count)
{
	uint64_t rest = pos < ahead->len ? ahead->len - pos : 0;

	if ((!ahead->len || count > rest) && !ahead->told.whole)
		return -1;
	return (ssize_t)(count < rest ? count : rest);
}

/**
 * serve_read() - read
 */
static bool serve_read(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	struct ahead *ahead = told_of(thread, arg[0]);
	uint64_t consume[6] = { arg[0] };
	ssize_t n = ahead && arg[1] < USER_END ? data_at(ahead, ahead->pos, arg[2]) : -1;

	if (n < 0 || !guest_write(thread, arg[1], ahead->data + ahead->pos, (size_t)n))
		return false;
	ahead->pos += (size_t)n;
	ahead->moved |= n > 0;
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
	struct ahead *ahead = told_of(thread, arg[0]);
	uint64_t seek[6] = { arg[0], arg[1], SEEK_SET };
	int64_t to = (int64_t)arg[1];

	if (ahead && ahead->base)
		ahead = NULL; /* where its data are is not known */
	if (to < -WIRE_SEEK_MAX || to > WIRE_SEEK_MAX || !is_known(thread->guest, KNOWN_SEEKABLE, (uint32_t)arg[0]))
		return false;
	if ((int)arg[2] == SEEK_CUR && ahead)
		to += (int64_t)ahead->pos;
	else if ((int)arg[2] != SEEK_SET)
		return false;
	if (to < 0 || to > WIRE_SEEK_MAX)
		return false;
	/* What was said of another descriptor of the same open is void, but not this */
	thread->guest->session->news++;
	if (ahead) {
		ahead->pos = (size_t)to;
		ahead->news = thread->guest->session->news;
	}
	thread->sequential = 0;
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
	const struct ahead *ahead = told_of(thread, arg[0]);
	ssize_t n = ahead && !ahead->base && (int64_t)arg[3] >= 0 ? data_at(ahead, arg[3], arg[2]) : -1;

	*ret = n;
	return n > 0 && guest_write(thread, arg[1], ahead->data + arg[3], (size_t)n);
}

/**
 * serve_fadvise() - fadvise64 with advice that exists
 */
static bool serve_fadvise(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	const struct ahead *ahead = told_of(thread, arg[0]);
	struct stat st;

	if (!ahead || (int)arg[3] < POSIX_FADV_NORMAL || (int)arg[3] > POSIX_FADV_NOREUSE || (int64_t)arg[2] < 0)
		return false;
	memcpy(&st, ahead->told.stat, sizeof(st));
	if (!S_ISREG(st.st_mode) || ahead->told.flags & O_PATH)
		return false;
	call_post(thread, SYS_fadvise64, arg, NULL, 0, 0);
	*ret = 0;
	return true;
}

/**
 * serve_fcntl() - fcntl: F_GETFL, F_SETFD
 */
static bool serve_fcntl(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	const struct ahead *ahead;

	if ((int)arg[1] == F_SETFD && is_known(thread->guest, KNOWN_QUIET, (uint32_t)arg[0])) {
		const uint64_t posted[6] = { arg[0], F_SETFD, arg[2] };

		call_post(thread, SYS_fcntl, posted, NULL, 0, 0);
		*ret = 0;
		return true;
	}
	ahead = (int)arg[1] == F_GETFL ? told_of(thread, arg[0]) : NULL;
	if (!ahead)
		return false;
	*ret = ahead->told.flags;
	return true;
}

/**
 * serve_ioctl() - Is it a terminal? No: isatty(3)
 */
static bool serve_ioctl(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	*ret = -ENOTTY;
	return (uint32_t)arg[1] == TCGETS && is_known(thread->guest, KNOWN_SEEKABLE, (uint32_t)arg[0]);
}

/**
 * serve_close() - close
 */
static bool serve_close(struct thread *thread, const uint64_t arg[6], int64_t *ret)
{
	if (!is_known(thread->guest, KNOWN_QUIET, (uint32_t)arg[0]))
		return false;
	known_clear(thread->guest, (uint32_t)arg[0]);
	for (struct thread *t = thread->guest->threads; t; t = t->next)
		if (t->ahead && t->ahead->fd == (int)arg[0])
			ahead_drop(t);
	call_post(thread, SYS_close, arg, NULL, 0, 0);
	*ret = 0;
	return true;
}

/* Who serves which call */
static const struct {
	uint32_t nr;
	bool (*serve)(struct thread *thread, const uint64_t arg[6], int64_t *ret);
} serve_table[] = {
	{ SYS_read, serve_read },	  { SYS_close, serve_close },
	{ SYS_fstat, serve_stat },	  { SYS_newfstatat, serve_newfstatat },
	{ SYS_pread64, serve_pread },	  { SYS_fcntl, serve_fcntl },
	{ SYS_fadvise64, serve_fadvise }, { SYS_write, writes_serve },
	{ SYS_pwrite64, writes_serve },	  { SYS_lseek, serve_lseek },
	{ SYS_ioctl, serve_ioctl },
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
