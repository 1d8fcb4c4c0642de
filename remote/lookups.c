/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that look for a path, and are answered if it is known that there is none: see remote/listing.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "remote/calls.h"
#include "remote/session.h"
#include "sysdef.h"
#include "tracee.h"
#include "usermem.h"

/* Flags of an open that are good with any file that is there, and with one that is not */
#define OPEN_FLAGS                                                                                                     \
	(O_ACCMODE | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_DIRECTORY | O_NOFOLLOW | O_APPEND | O_TRUNC |               \
	 0100000 /* O_LARGEFILE */)

/**
 * enum look - What a look-up is told of
 * @LOOK_BAD:	Its other arguments may be bad
 * @LOOK_LINK:	A link itself
 * @LOOK_FOLLOW: What a link leads to
 */
enum look {
	LOOK_BAD,
	LOOK_LINK,
	LOOK_FOLLOW,
};

/**
 * flags_look() - A call with @flags, of which those in @good are good, and @nofollow says that it does not follow links
 */
static enum look flags_look(uint64_t flags, uint32_t good, uint32_t nofollow)
{
	if ((uint32_t)flags & ~good)
		return LOOK_BAD;
	return (uint32_t)flags & nofollow ? LOOK_LINK : LOOK_FOLLOW;
}

/* The arguments are those from @arg on, which are behind the path */
static enum look open_look(const struct thread *thread, const uint64_t *arg)
{
	(void)thread;
	return (arg[0] & O_ACCMODE) == O_ACCMODE ? LOOK_BAD : flags_look(arg[0], OPEN_FLAGS, O_NOFOLLOW);
}

static enum look access_look(const struct thread *thread, const uint64_t *arg)
{
	(void)thread;
	return flags_look(arg[0], R_OK | W_OK | X_OK, 0);
}

static enum look faccessat2_look(const struct thread *thread, const uint64_t *arg)
{
	return access_look(thread, arg) == LOOK_BAD
		       ? LOOK_BAD
		       : flags_look(arg[1], AT_EACCESS | AT_SYMLINK_NOFOLLOW, AT_SYMLINK_NOFOLLOW);
}

static enum look stat_look(const struct thread *thread, const uint64_t *arg)
{
	(void)thread;
	(void)arg;
	return LOOK_FOLLOW;
}

static enum look lstat_look(const struct thread *thread, const uint64_t *arg)
{
	(void)thread;
	(void)arg;
	return LOOK_LINK;
}

static enum look newfstatat_look(const struct thread *thread, const uint64_t *arg)
{
	(void)thread;
	return flags_look(arg[1], AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, AT_SYMLINK_NOFOLLOW);
}

static enum look statx_look(const struct thread *thread, const uint64_t *arg)
{
	(void)thread;
	return (uint32_t)arg[1] & STATX__RESERVED
		       ? LOOK_BAD
		       : flags_look(arg[0], AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, AT_SYMLINK_NOFOLLOW);
}

static enum look readlink_look(const struct thread *thread, const uint64_t *arg)
{
	(void)thread;
	return (int)arg[1] > 0 ? LOOK_LINK : LOOK_BAD;
}

/* As execvp(3) goes along PATH: the arguments were good just before, and what the kernel finds wrong with them comes first */
static enum look execve_look(const struct thread *thread, const uint64_t *arg)
{
	return thread->tried[0] == arg[0] && thread->tried[1] == arg[1] ? LOOK_FOLLOW : LOOK_BAD;
}

/* Calls that look for a path (LOOKUP) */
static const struct {
	uint32_t nr;
	enum look (*look)(const struct thread *thread, const uint64_t *arg);
} lookups[] = {
	{ SYS_open, open_look },	 { SYS_openat, open_look },	      { SYS_access, access_look },
	{ SYS_faccessat, access_look },	 { SYS_faccessat2, faccessat2_look }, { SYS_stat, stat_look },
	{ SYS_lstat, lstat_look },	 { SYS_newfstatat, newfstatat_look }, { SYS_statx, statx_look },
	{ SYS_readlink, readlink_look }, { SYS_readlinkat, readlink_look },   { SYS_execve, execve_look },
};

bool path_read(const struct thread *thread, uint64_t addr, char out[static WIRE_LISTING_PATH_MAX + 1])
{
	size_t first = PAGE_BYTES - addr % PAGE_BYTES, cap = WIRE_LISTING_PATH_MAX + 1;
	struct iovec local = { out, cap };
	struct iovec remote[2] = { { (void *)(uintptr_t)addr, first < cap ? first : cap },
				   { (void *)(uintptr_t)(addr + first), first < cap ? cap - first : 0 } };
	ssize_t n = process_vm_readv(thread->outer, &local, 1, remote, 2, 0);

	return n > 0 && memchr(out, '\0', (size_t)n);
}

/**
 * readlink_serve() - readlink of something of that @kind; @arg: its arguments behind the path
 */
static bool readlink_serve(struct thread *thread, int kind, const char *target, const uint64_t *arg)
{
	size_t len = strlen(target), cap = (size_t)(int)arg[1];

	if (kind != PATH_LINK) {
		call_return(thread, -EINVAL);
		return true;
	}
	len = len < cap ? len : cap;
	if (!len || tracee_write(thread->outer, arg[0], target, len))
		return false;
	call_return(thread, (int64_t)len);
	return true;
}

bool listing_serve(struct thread *thread)
{
	const struct listing_table *table = &thread->guest->session->listings;
	const struct call *call = &thread->call;
	char path[WIRE_LISTING_PATH_MAX + 1];
	struct path_end end;

	for (size_t i = 0; i < sizeof(lookups) / sizeof(*lookups) && table->nr; i++) {
		const uint64_t *arg;
		enum look look;
		int kind;

		if (lookups[i].nr != call->nr)
			continue;
		arg = call->arg + sysdef_path(sysdef_row(call->nr));
		look = lookups[i].look(thread, arg + 1);
		if (look == LOOK_BAD || !path_read(thread, arg[0], path))
			return false;
		kind = listing_look(table, path, look == LOOK_FOLLOW, &end);
		if (kind > PATH_UNKNOWN && lookups[i].look == readlink_look)
			return readlink_serve(thread, kind, end.target, arg + 1);
		if (kind >= 0)
			return false;
		call_return(thread, kind);
		return true;
	}
	return false;
}
