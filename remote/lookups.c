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
#include "usermem.h"

/* Flags of an open that are good with any file that is there, and with one that is not */
#define OPEN_FLAGS                                                                                                     \
	(O_ACCMODE | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_DIRECTORY | O_NOFOLLOW | O_APPEND | O_TRUNC |               \
	 0100000 /* O_LARGEFILE */)

/* Are the arguments from @arg on good? */
static bool good_open(const uint64_t *arg)
{
	return !(arg[0] & ~(uint64_t)OPEN_FLAGS) && (arg[0] & O_ACCMODE) != O_ACCMODE;
}

static bool good_access(const uint64_t *arg)
{
	return !((uint32_t)arg[0] & ~(uint32_t)(R_OK | W_OK | X_OK));
}

static bool good_faccessat2(const uint64_t *arg)
{
	return good_access(arg) && !((uint32_t)arg[1] & ~(uint32_t)(AT_EACCESS | AT_SYMLINK_NOFOLLOW));
}

static bool good_stat(const uint64_t *arg)
{
	(void)arg;
	return true;
}

static bool good_newfstatat(const uint64_t *arg)
{
	return !((uint32_t)arg[1] & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT));
}

static bool good_statx(const uint64_t *arg)
{
	return !((uint32_t)arg[0] & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)) &&
	       !((uint32_t)arg[1] & STATX__RESERVED);
}

static bool good_readlink(const uint64_t *arg)
{
	return (int)arg[1] > 0;
}

/* What is asked of the arguments behind the path of the calls that look for one (LOOKUP) */
static const struct {
	uint32_t nr;
	bool (*is_good)(const uint64_t *arg);
	bool wants_link;
} lookups[] = {
	{ SYS_open, good_open, false },
	{ SYS_openat, good_open, false },
	{ SYS_access, good_access, false },
	{ SYS_faccessat, good_access, false },
	{ SYS_faccessat2, good_faccessat2, false },
	{ SYS_stat, good_stat, false },
	{ SYS_lstat, good_stat, false },
	{ SYS_newfstatat, good_newfstatat, false },
	{ SYS_statx, good_statx, false },
	{ SYS_readlink, good_readlink, true },
	{ SYS_readlinkat, good_readlink, true },
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

bool listing_serve(struct thread *thread)
{
	const struct listing_table *table = &thread->guest->session->listings;
	const struct call *call = &thread->call;
	char path[WIRE_LISTING_PATH_MAX + 1];

	for (size_t i = 0; i < sizeof(lookups) / sizeof(*lookups) && table->nr; i++) {
		const uint64_t *arg;
		int found;

		if (lookups[i].nr != call->nr)
			continue;
		arg = call->arg + sysdef_path(sysdef_row(call->nr));
		found = lookups[i].is_good(arg + 1) && path_read(thread, arg[0], path) ? listing_look(table, path) : 1;
		if (found > 0 || (!found && !lookups[i].wants_link))
			return false;
		call_return(thread, found ? found : -EINVAL);
		return true;
	}
	return false;
}
