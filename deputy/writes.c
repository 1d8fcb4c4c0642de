/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Writes whose result is known before they are made. A write to a file on a disk that has plenty of room succeeds, and writes
 * all it was given; so a guest that writes on and on need not wait for each result. When the remote asks (WIRE_CALL_AHEAD), the
 * answer to a write says how many further bytes are sure to be taken: none, or CREDIT. The next writes, up to that, are
 * posted (posted.c) and overlap with what the guest does meanwhile. When half of the credit is left one of them asks for more;
 * that it is answered does not mean that anybody waits.
 *
 * Sure means: a regular file of a file system that keeps its word about room, with at least ROOM_MIN free and no quota; no
 * limit for the task's files; no write that waits for the disk (O_SYNC, O_DIRECT); no seals; nothing mapped shared, and the
 * file not mapped at all. And only while all other threads of the family wait in calls, as a shell does for its command: a disk
 * may make a writer wait, and others would have to wait with it.
 *
 * Or /dev/null, which takes everything.
 *
 * What is left is a disk that breaks, and limits that change in these very milliseconds. As with a network file system, the
 * next call on that descriptor returns such an error, and what was posted after it is not written. If the task ends without
 * having made such a call, it says so and fails: a write is never lost in silence.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/quota.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/lost.h"
#include "deputy/object.h"
#include "deputy/rlimits.h"
#include "deputy/writes.h"
#include "sysdef.h"

#define CREDIT	 (8u << 20)
#define ROOM_MIN (64ull * CREDIT) /* others write, too */
#define FILE_MAX (1ull << 42)	  /* far from where file systems end: ext4 at 16 TiB */

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif
#define Q_XGETQSTAT (('X' << 8) + 5) /* linux/dqblk_xfs.h */

/* Is the thread in a call that may wait? What others do, map the file or change a limit, will be over in a moment, but is not yet */
static bool is_waiting(const struct thread *thread)
{
	return (thread->state == TH_BUSY || thread->state == TH_HELD) &&
	       sysdef_row(thread->call.nr)->traits & SYS_BLOCK;
}

/* Do all other threads of the family wait? */
static bool is_only_one(const struct deputy *d, const struct thread *writer)
{
	for (const struct task *task = d->tasks; task; task = task->next)
		for (const struct thread *t = task->threads; t; t = t->sibling)
			if (t != writer && !is_waiting(t))
				return false;
	return true;
}

/* Does the file system of @fd count what users or groups write? When in doubt, it does */
static bool has_quota(int fd, const struct statfs *fs)
{
	uint8_t state[128];

	if (fs->f_type == TMPFS_MAGIC)
		return false;
	for (unsigned int type = 0; type < 3; type++) {
		unsigned int command = fs->f_type == XFS_SUPER_MAGIC ? Q_XGETQSTAT : Q_GETFMT;

		memset(state, 0, sizeof(state));
		if (!syscall(SYS_quotactl_fd, fd, QCMD(command, type), 0, state) || (errno != ESRCH && errno != ENOSYS))
			return true;
	}
	return false;
}

/* Has the file system plenty of room, and does it keep its word? */
static bool has_room(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) ||
	    (fs.f_type != EXT4_SUPER_MAGIC && fs.f_type != XFS_SUPER_MAGIC && fs.f_type != TMPFS_MAGIC))
		return false;
	return fs.f_blocks && fs.f_bavail > ROOM_MIN / (uint64_t)fs.f_bsize && !has_quota(fd, &fs);
}

/* /dev/null (Documentation/admin-guide/devices.txt) */
static bool is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* Will a file on a disk surely take CREDIT more? */
static bool is_roomy(struct deputy *d, const struct thread *thread, int fd, const struct stat *st)
{
	int flags = fcntl(fd, F_GETFL);
	struct rlimit limit;

	return S_ISREG(st->st_mode) && !object_find(d, st, true) && !rlimit_read(thread->tid, RLIMIT_FSIZE, &limit) &&
	       !(flags & (O_SYNC | O_DSYNC | O_DIRECT)) && st->st_nlink && (uint64_t)st->st_size < FILE_MAX &&
	       limit.rlim_cur == RLIM_INFINITY && has_room(fd);
}

/* How many bytes will the descriptor surely take, and which file is it? */
static struct wire_room room_of(struct deputy *d, const struct thread *thread, int guest_fd)
{
	int fd = task_fd_copy(thread->task, guest_fd);
	struct wire_room room = { 0 };
	struct stat st;

	if (fd < 0)
		return room;
	if (!fstat(fd, &st) && (is_null(&st) || is_roomy(d, thread, fd, &st)))
		room = (struct wire_room){ st.st_dev, st.st_ino, CREDIT };
	close(fd);
	return room;
}

/* Answer the thread's write, with credit if there is some; false when there is none */
static bool credit_answer(struct deputy *d, struct thread *thread, int64_t ret)
{
	struct wire_room room = { 0 };
	uint32_t extra = sizeof(room);
	struct iovec iov[] = { { &room, sizeof(room) }, { &extra, sizeof(extra) } };

	/* To the last byte, and no order of messages to be kept because of a mapping */
	if (ret > 0 && (uint64_t)ret == thread->call.arg[2] && !d->shared_nr && is_only_one(d, thread))
		room = room_of(d, thread, (int)thread->call.arg[0]);
	if (!room.credit)
		return false;
	thread->call.flags |= WIRE_RESULT_AHEAD;
	call_answer(d, thread, ret, iov, 2);
	return true;
}

/* call_post()'s finish of a write whose caller asks for credit */
static void write_done(struct deputy *d, struct thread *thread, int64_t ret)
{
	if (!credit_answer(d, thread, ret))
		call_row_finish(d, thread, ret);
}

call_finisher write_finisher(const struct wire_call *msg)
{
	return msg->nr == SYS_write || msg->nr == SYS_pwrite64 ? write_done : NULL;
}

/* A posted write is done; should it have failed, remember that */
static void posted_written(struct deputy *d, struct thread *thread, int64_t ret)
{
	struct task *task = thread->task;

	thread->call.code = 0;
	if (ret == (int64_t)thread->call.bytes) {
		thread->call.id = thread->call.asks;
		if (thread->call.id && !credit_answer(d, thread, ret))
			thread->call.id = 0;
		return;
	}
	if (task->late_error)
		return;
	task->late_fd = (int)thread->call.arg[0];
	task->late_error = ret < 0 ? (int)-ret : ENOSPC;
}

bool write_post(struct deputy *d, struct thread *thread, const struct wire_call *msg, const uint8_t *tail,
		size_t tail_len)
{
	unsigned int slot = (unsigned int)thread->slot;

	if ((msg->nr != SYS_write && msg->nr != SYS_pwrite64) || !tail_len || msg->arg[2] != tail_len ||
	    tail_len > SLOT_DATA_SIZE || d->shared_nr)
		return false;
	if (thread->task->late_error)
		return true; /* behind one that has failed nothing is written, until the guest knows */
	memset(&thread->call, 0, sizeof(thread->call));
	memcpy(thread->call.arg, msg->arg, sizeof(msg->arg));
	thread->call.whole = true;
	thread->call.asks = msg->flags & WIRE_CALL_AHEAD ? msg->call : 0;
	thread->call.bytes = (uint32_t)tail_len;
	memcpy(arena_data(thread->arena, slot), tail, tail_len);
	d->poster = thread;
	executor_begin(thread->arena, slot, 0);
	executor_add(thread->arena, slot, msg->nr, msg->arg[0], arena_data_addr(thread->arena, slot), tail_len,
		     msg->arg[3], 0, 0);
	call_post(d, thread, posted_written);
	return true;
}

/* The descriptor is closed all the same; the error is close's */
static void late_closed(struct deputy *d, struct thread *thread, int64_t ret)
{
	(void)ret;
	call_row_finish(d, thread, -thread->task->late_error);
	thread->task->late_error = 0;
}

/* Does the thread's call end the program? Behind that there is nobody to tell */
static bool is_end(const struct thread *thread)
{
	switch (thread->call.nr) {
	case SYS_exit_group:
	case SYS_execve:
	case SYS_execveat:
		return true;
	case SYS_exit:
		return thread->task->threads == thread && !thread->sibling;
	default:
		return false;
	}
}

bool write_late(struct deputy *d, struct thread *thread, call_finisher *finish)
{
	const struct sysdef *row = sysdef_row(thread->call.nr);
	struct task *task = thread->task;

	if (!task->late_error)
		return false;
	if (is_end(thread)) {
		char why[96];

		snprintf(why, sizeof(why), "a write that the program took for done has failed: %s",
			 strerror(task->late_error));
		task->late_error = 0;
		task_end(d, task, why);
		return true;
	}
	if (row->arg[0].kind != ARG_FD || (int)thread->call.arg[0] != task->late_fd)
		return false;
	if (thread->call.nr == SYS_close) {
		*finish = late_closed;
		return false;
	}
	call_answer(d, thread, -task->late_error, NULL, 0);
	task->late_error = 0;
	return true;
}
