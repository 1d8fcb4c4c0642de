/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Who opens a file asks next for its attributes and reads it. So with the answer to an open goes what fstat would say,
 * and the first data of a regular file: all of a small one, HEAD_BYTES of a larger one (the header of a library). With the
 * answer to a read go the data behind it, when the remote sees that the file is read on and on. The remote uses that only as
 * long as the guest cannot have learned that time has passed (remote/ahead.h).
 *
 * The file is looked at through a descriptor of the deputy's own, on the same file: neither the offset of the guest's
 * descriptor moves, nor, where that can be avoided (open(2), O_NOATIME), its time of access. The reads that the guest makes
 * of these data come as posted calls (posted.c) and do both. Data that would have to come from a disk are not waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "deputy/deputy.h"

#define HEAD_BYTES 4096

static_assert(sizeof(struct stat) == sizeof(((struct wire_ahead *)NULL)->stat), "the kernel's struct stat is glibc's");

/* Open the file once more, for reading; @path is the link of the descriptor. Negative when that is not possible */
static int file_reopen(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOATIME);

	return fd < 0 && errno == EPERM ? open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : fd;
}

/* Read up to @cap bytes from @pos on, if they are in memory; 0 when there are none */
static size_t file_read(const char *path, uint64_t pos, void *buf, size_t cap)
{
	struct iovec iov = { buf, cap };
	int fd = file_reopen(path);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = preadv2(fd, &iov, 1, (off_t)pos, RWF_NOWAIT);
	if (n < 0 && errno == EOPNOTSUPP)
		n = pread(fd, buf, cap, (off_t)pos); /* a file system without a disk */
	close(fd);
	return n < 0 ? 0 : (size_t)n;
}

/* Position and flags of a descriptor, as lseek and fcntl(F_GETFL) have them; false when they cannot be found out */
static bool state_read(pid_t tid, int fd, uint64_t *pos, uint32_t *flags)
{
	unsigned long long where;
	char path[64], text[64];
	unsigned int octal;
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)tid, fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return false;
	n = read(info, text, sizeof(text) - 1);
	close(info);
	text[n < 0 ? 0 : n] = '\0';
	if (sscanf(text, "pos: %llu flags: %o", &where, &octal) != 2)
		return false;
	*pos = where;
	*flags = octal & ~(uint32_t)O_CLOEXEC; /* that is the descriptor's, and F_GETFD's */
	return true;
}

/* Do ids mean to the thread what they mean to us? */
static bool has_our_ids(pid_t tid)
{
	char path[64];
	struct stat its, ours;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)tid);
	return !stat(path, &its) && !stat("/proc/self/ns/user", &ours) && its.st_ino == ours.st_ino;
}

/*
 * What is there to say of descriptor @fd? @data has room for WIRE_AHEAD_DATA_MAX bytes, of which at most @cap are wanted when
 * there is more than that. How many there are, or -1: nothing to say
 */
static ssize_t ahead_look(pid_t tid, int fd, size_t cap, struct wire_ahead *ahead, uint8_t *data)
{
	uint64_t pos, rest;
	char path[64];
	struct stat st;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)tid, fd);
	if (stat(path, &st) || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) || !has_our_ids(tid) ||
	    !state_read(tid, fd, &pos, &ahead->flags))
		return -1;
	memcpy(ahead->stat, &st, sizeof(st));
	ahead->whole = 0;
	/* What has no blocks is no file on a disk, and to read it may do something: sysfs */
	if (!S_ISREG(st.st_mode) || (ahead->flags & (O_ACCMODE | O_PATH | O_DIRECT)) != O_RDONLY || !st.st_blocks ||
	    pos > (uint64_t)st.st_size)
		return 0;
	rest = (uint64_t)st.st_size - pos;
	ahead->whole = rest < WIRE_AHEAD_DATA_MAX;
	len = file_read(path, pos, data, ahead->whole ? WIRE_AHEAD_DATA_MAX : cap);
	if (ahead->whole && len != rest)
		len = ahead->whole = 0; /* it changes right now, or is on the disk only */
	return (ssize_t)len;
}

/* Answer as the row says, and then what there is to say of descriptor @fd */
static void answer(struct deputy *d, struct thread *thread, int64_t ret, int fd, size_t cap)
{
	struct wire_ahead ahead;
	int nr = sysplan_collect(&thread->call.plan, ret, d->iov, SYSPLAN_IOV_MAX - 3);
	uint32_t extra;
	ssize_t len;

	/* An open may have changed a file that is mapped: then the order of messages matters more */
	len = ret < 0 || nr < 0 || d->shared_nr ? -1 : ahead_look(thread->tid, fd, cap, &ahead, d->piece);
	if (len < 0) {
		call_row_finish(d, thread, ret);
		return;
	}
	d->iov[nr] = (struct iovec){ &ahead, sizeof(ahead) };
	d->iov[nr + 1] = (struct iovec){ d->piece, (size_t)len };
	extra = (uint32_t)(sizeof(ahead) + (size_t)len);
	d->iov[nr + 2] = (struct iovec){ &extra, sizeof(extra) };
	thread->call.flags |= WIRE_RESULT_AHEAD;
	call_answer(d, thread, ret, d->iov, nr + 3);
}

/* A file was opened */
static void opened(struct deputy *d, struct thread *thread, int64_t ret)
{
	answer(d, thread, ret, (int)ret, HEAD_BYTES);
}

/* A file is read, and not for the first time */
static void was_read(struct deputy *d, struct thread *thread, int64_t ret)
{
	answer(d, thread, ret, (int)thread->call.arg[0], WIRE_AHEAD_DATA_MAX);
}

call_finisher ahead_finisher(const struct wire_call *msg)
{
	switch (msg->nr) {
	case SYS_open:
	case SYS_openat:
		return opened;
	case SYS_read:
		return was_read;
	default:
		return NULL;
	}
}
