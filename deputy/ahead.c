/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Who opens a file asks next for its attributes and reads it. So with the answer to an open goes what fstat would say,
 * and the first data of a regular file: all of a small one, HEAD_BYTES of a larger one (the header of a library); and
 * of a program or library that the family has mapped before, which object that is, so that it can be mapped without
 * asking. That may be a promise (promise.h). With the answer to a read go the data behind it, when the remote sees that the
 * file is read on and on. With the answer to a getdents64 goes that there is nothing behind that, if it is so. The remote
 * uses what is no promise only as long as the guest cannot have learned that time has passed (remote/ahead.h).
 *
 * The file is read through a descriptor of the deputy's own: neither the offset of the guest's descriptor moves, nor,
 * where that can be avoided (open(2), O_NOATIME), its time of access. The reads that the guest makes of these data
 * come as posted calls (posted.c) and do both. Data that would have to come from a disk are not waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "deputy/ahead.h"
#include "deputy/deputy.h"
#include "deputy/listing.h"
#include "deputy/object.h"
#include "deputy/plainfs.h"
#include "deputy/promise.h"
#include "sysdef.h"

#define HEAD_BYTES    4096
#define TOLD_PIECES   4		     /* what is told, its path, data, and how long that is */
#define NOTED_AGAIN_S (24 * 60 * 60) /* relatime notes an access every so often */

static_assert(sizeof(struct stat) == sizeof(((struct wire_ahead *)NULL)->stat), "the kernel's struct stat is glibc's");

int file_reopen(int fd)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOATIME);
	return again < 0 && errno == EPERM ? open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : again;
}

/* Read up to @cap bytes from @pos on, if they are in memory; 0 when there are none */
size_t ahead_read(int fd, off_t pos, void *buf, size_t cap)
{
	struct iovec iov = { buf, cap };
	int again = file_reopen(fd);
	ssize_t n;

	if (again < 0)
		return 0;
	n = preadv2(again, &iov, 1, pos, RWF_NOWAIT);
	if (n < 0 && errno == EOPNOTSUPP)
		n = pread(again, buf, cap, pos); /* a file system without a disk */
	close(again);
	return n < 0 ? 0 : (size_t)n;
}

/* Is @a later than @b? */
static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/*
 * May a read of the file change its time of access? With relatime, as nearly everything is mounted, only if that is not
 * younger than the file, or a day old (relatime_need_update() in fs/inode.c); or will be while what is told now holds.
 */
bool ahead_is_noted(const struct statfs *fs, int flags, const struct stat *st)
{
	const struct timespec *a = &st->st_atim, *m = &st->st_mtim, *c = &st->st_ctim;

	if ((flags & O_NOATIME) || (fs->f_flags & (ST_NOATIME | ST_RDONLY)))
		return false;
	return !(fs->f_flags & ST_RELATIME) || !is_later(a, m) || !is_later(a, c) ||
	       time(NULL) - a->tv_sec >= NOTED_AGAIN_S - AHEAD_HOLDS_S;
}

/* WIRE_AHEAD_* of a regular file; others than these file systems may have an lseek of their own */
static uint32_t file_traits(int fd, int flags, const struct stat *st)
{
	struct statfs fs;
	uint32_t traits;

	if (fstatfs(fd, &fs))
		return WIRE_AHEAD_ACCESSED;
	traits = ahead_is_noted(&fs, flags, st) ? WIRE_AHEAD_ACCESSED : 0;
	return is_plain_fs(&fs) ? traits | WIRE_AHEAD_SEEKABLE : traits;
}

/* Do ids mean to the task what they mean to us? That is found out once, and again when it may have changed them */
static bool has_our_ids(struct task *task)
{
	struct stat its, ours;
	char path[64];

	if (task->ids_known)
		return task->ids_ours;
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)task->pid);
	task->ids_ours = !stat(path, &its) && !stat("/proc/self/ns/user", &ours) && its.st_ino == ours.st_ino;
	task->ids_known = true;
	return task->ids_ours;
}

/*
 * What is there to say of the file that @fd is open on? @data has room for WIRE_AHEAD_DATA_MAX bytes, of which at most
 * @cap are wanted when there is more than that. How many there are, or -1: nothing to say
 */
static ssize_t file_look(struct deputy *d, int fd, size_t cap, struct wire_ahead *ahead, uint8_t *data)
{
	const struct object *object;
	struct stat st;
	off_t pos, rest;
	size_t len;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &st) || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return -1;
	*ahead = (struct wire_ahead){ .flags = (uint32_t)flags };
	memcpy(ahead->stat, &st, sizeof(st));
	if (S_ISREG(st.st_mode) && !(flags & O_PATH))
		ahead->traits = file_traits(fd, flags, &st);
	/* What has no blocks is no file on a disk, and to read it may do something: sysfs */
	if (!S_ISREG(st.st_mode) || (flags & (O_ACCMODE | O_PATH | O_DIRECT)) != O_RDONLY || !st.st_blocks)
		return 0;
	object = object_known(d, &st);
	if (object) {
		ahead->object = object->id;
		ahead->kind = object->live ? MMAP_LIVE_READ_ONLY : MMAP_FILE;
	}
	pos = lseek(fd, 0, SEEK_CUR);
	rest = st.st_size - pos;
	if (pos < 0 || rest < 0)
		return 0;
	ahead->whole = rest < (object ? HEAD_BYTES : WIRE_AHEAD_DATA_MAX); /* what was mapped will be mapped */
	len = ahead_read(fd, pos, data, ahead->whole ? WIRE_AHEAD_DATA_MAX : cap);
	if (ahead->whole && len != (size_t)rest)
		len = ahead->whole = 0; /* it changes right now, or is on the disk only */
	return (ssize_t)len;
}

/* A read of @got bytes is done: the data of the block in which it began. How many there are */
static ssize_t block_look(int fd, int64_t got, const struct stat *st, struct wire_ahead *ahead, uint8_t *data)
{
	off_t pos = lseek(fd, 0, SEEK_CUR) - got, base = pos - pos % WIRE_PROMISE_BLOCK;
	ssize_t len = pos < 0 ? 0 : (ssize_t)ahead_read(fd, base, data, WIRE_PROMISE_BLOCK);

	ahead->whole = base + len == st->st_size;
	return len;
}

/*
 * The same for descriptor @guest_fd of a task. @path: it was opened as that just now, and it may be promised; or NULL. @got: so many
 * bytes were read here and there, and what is around them may be promised; or -1
 */
static ssize_t ahead_look(struct deputy *d, struct task *task, int guest_fd, size_t cap, const char *path, int64_t got,
			  struct wire_ahead *ahead, uint8_t *data)
{
	int fd = has_our_ids(task) ? task_fd_copy(task, guest_fd) : -1;
	uint64_t promise = 0;
	struct stat st;
	ssize_t len;

	if (fd < 0)
		return -1;
	/* It is watched from before it is looked at */
	if ((path || got >= 0) && !fstat(fd, &st))
		promise = path ? promise_make(d, task->pid, path, fd, &st) : promise_data(d, task->pid, fd, &st);
	len = file_look(d, fd, cap, ahead, data);
	if (len >= 0 && ahead->traits == WIRE_AHEAD_SEEKABLE)
		ahead->promise = promise;
	if (len >= 0 && ahead->promise && got >= 0)
		len = block_look(fd, got, &st, ahead, data);
	close(fd);
	return len;
}

/*
 * Answer with the @nr pieces in d->iov that the row has said, and behind them @ahead, @path (NULL: an empty one) if that is a
 * promise, and the @len bytes in d->piece
 */
static void answer_told(struct deputy *d, struct thread *thread, int64_t ret, int nr, struct wire_ahead *ahead,
			const char *path, size_t len)
{
	int first = nr;
	uint32_t extra = 0;

	d->iov[nr++] = (struct iovec){ ahead, sizeof(*ahead) };
	if (ahead->promise)
		d->iov[nr++] = (struct iovec){ (void *)(path ? path : ""), path ? strlen(path) + 1 : 1 };
	d->iov[nr++] = (struct iovec){ d->piece, len };
	while (first < nr)
		extra += (uint32_t)d->iov[first++].iov_len;
	d->iov[nr++] = (struct iovec){ &extra, sizeof(extra) };
	thread->call.flags |= WIRE_RESULT_AHEAD;
	call_answer(d, thread, ret, d->iov, nr);
}

/* Answer as the row says, and then what there is to say of descriptor @fd; @path and @got as above */
static void answer(struct deputy *d, struct thread *thread, int64_t ret, int64_t got, int fd, size_t cap,
		   const char *path)
{
	struct wire_ahead ahead;
	int nr = sysplan_collect(&thread->call.plan, ret, d->iov, SYSPLAN_IOV_MAX - TOLD_PIECES);
	ssize_t len;

	/* An open may have changed a file that is mapped: then the order of messages matters more */
	len = ret < 0 || nr < 0 || d->shared_nr ? -1
						: ahead_look(d, thread->task, fd, cap, path, got, &ahead, d->piece);
	if (len < 0)
		call_row_finish(d, thread, ret);
	else
		answer_told(d, thread, ret, nr, &ahead, path, (size_t)len);
}

/* The call's path, if it is absolute and changes of where it leads to can be seen; or NULL */
static const char *promisable(struct deputy *d, struct thread *thread)
{
	const struct call *call = &thread->call;
	const char *path;

	if (!listings_ready(d, thread))
		return NULL;
	path = call_pointer(thread, call->home_arg[sysdef_path(sysdef_row(call->nr))], WIRE_LISTING_PATH_MAX + 1);
	return path && path[0] == '/' && memchr(path, '\0', WIRE_LISTING_PATH_MAX + 1) ? path : NULL;
}

/* A file was opened: could the remote post the next such open? */
static void opened(struct deputy *d, struct thread *thread, int64_t ret)
{
	uint64_t flags = thread->call.arg[sysdef_path(sysdef_row(thread->call.nr)) + 1];
	bool may = ret >= 0 && !(flags & ~(uint64_t)WIRE_POSTED_OPEN_FLAGS);

	answer(d, thread, ret, -1, (int)ret, HEAD_BYTES, may ? promisable(d, thread) : NULL);
}

/* Of what was asked for by its path: is it something that the remote could know? *@mode: that it may be used for that */
static bool is_plain_question(const struct call *call, uint32_t *mode)
{
	*mode = 0;
	switch (call->nr) {
	case SYS_stat:
		return true;
	case SYS_newfstatat:
		return !(int)call->arg[3];
	case SYS_access:
		*mode = (uint32_t)call->arg[1];
		return true;
	case SYS_faccessat:
		*mode = (uint32_t)call->arg[2];
		return true;
	default:
		return false;
	}
}

/* A file or directory was asked for by its path */
static void named(struct deputy *d, struct thread *thread, int64_t ret)
{
	struct wire_ahead ahead = { .traits = WIRE_AHEAD_NAMED };
	bool may = !ret && !d->shared_nr && has_our_ids(thread->task) && is_plain_question(&thread->call, &ahead.kind);
	const char *path = may ? promisable(d, thread) : NULL;
	struct stat st;
	int nr;

	if (path)
		ahead.promise = promise_name(d, thread->task->pid, path, &st);
	nr = ahead.promise ? sysplan_collect(&thread->call.plan, ret, d->iov, SYSPLAN_IOV_MAX - TOLD_PIECES) : -1;
	if (nr < 0) {
		call_row_finish(d, thread, ret);
		return;
	}
	memcpy(ahead.stat, &st, sizeof(st));
	answer_told(d, thread, ret, nr, &ahead, path, 0);
}

/* A file is read, and not for the first time */
static void was_read(struct deputy *d, struct thread *thread, int64_t ret)
{
	answer(d, thread, ret, -1, (int)thread->call.arg[0], WIRE_AHEAD_DATA_MAX, NULL);
}

/* A file is read here and there */
static void was_read_here(struct deputy *d, struct thread *thread, int64_t ret)
{
	listings_ready(d, thread);
	answer(d, thread, ret, ret, (int)thread->call.arg[0], WIRE_AHEAD_DATA_MAX, NULL);
}

/* Is there nothing behind what was read last from the directory that @fd is open on? In doubt there is */
static bool is_at_end(int fd)
{
	uint8_t entry[512]; /* room for any */
	struct statfs fs;
	off_t pos = lseek(fd, 0, SEEK_CUR);
	int again = pos < 0 || fstatfs(fd, &fs) || !is_plain_fs(&fs) ? -1 : file_reopen(fd);
	bool end;

	if (again < 0)
		return false;
	end = lseek(again, pos, SEEK_SET) == pos && !syscall(SYS_getdents64, again, entry, sizeof(entry));
	close(again);
	return end;
}

/* Has all been copied that was in the regular file that @fd is open on? */
static bool is_copied(int fd)
{
	off_t pos = lseek(fd, 0, SEEK_CUR);
	struct statfs fs;
	struct stat st;

	return pos >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && pos >= st.st_size && !fstatfs(fd, &fs) &&
	       is_plain_fs(&fs);
}

/* Something was read, or copied, from a descriptor: who does that asks for more until there is none. @at_end: there is none */
static void answer_end(struct deputy *d, struct thread *thread, int64_t ret, bool (*at_end)(int fd))
{
	int fd = ret > 0 && !d->shared_nr ? task_fd_copy(thread->task, (int)thread->call.arg[0]) : -1;
	int nr = fd < 0 ? -1 : sysplan_collect(&thread->call.plan, ret, d->iov, SYSPLAN_IOV_MAX - 1);
	bool end = nr >= 0 && at_end(fd);
	uint32_t extra = 0;

	if (fd >= 0)
		close(fd);
	if (!end) {
		call_row_finish(d, thread, ret);
		return;
	}
	d->iov[nr] = (struct iovec){ &extra, sizeof(extra) };
	thread->call.flags |= WIRE_RESULT_AHEAD;
	call_answer(d, thread, ret, d->iov, nr + 1);
}

/* A directory was read */
static void listed(struct deputy *d, struct thread *thread, int64_t ret)
{
	answer_end(d, thread, ret, is_at_end);
}

/* A file was copied, or some of it */
static void copied(struct deputy *d, struct thread *thread, int64_t ret)
{
	struct rlimit limit;

	/* Where the copy may not be any longer, that is looked at first */
	if (prlimit(thread->task->pid, RLIMIT_FSIZE, NULL, &limit) || limit.rlim_cur != RLIM_INFINITY)
		call_row_finish(d, thread, ret);
	else
		answer_end(d, thread, ret, is_copied);
}

call_finisher ahead_finisher(const struct wire_call *msg)
{
	switch (msg->nr) {
	case SYS_open:
	case SYS_openat:
		return opened;
	case SYS_read:
		return msg->flags & WIRE_CALL_HERE ? was_read_here : was_read;
	case SYS_getdents64:
		return listed;
	case SYS_copy_file_range:
		return copied;
	case SYS_stat:
	case SYS_newfstatat:
	case SYS_access:
	case SYS_faccessat:
		return named;
	default:
		return NULL;
	}
}
