/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that are answered from what home has promised of a file: see remote/promises.h. */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "remote/ahead.h"
#include "remote/calls.h"
#include "remote/fdmap.h"
#include "remote/session.h"
#include "sysdef.h"
#include "tracee.h"

/**
 * serve_open() - open for reading, with the flags @flags
 */
static bool serve_open(struct thread *thread, const struct promised_path *p, uint64_t flags, int64_t *ret)
{
	int fd = fdmap_next(thread);
	const uint64_t arg[6] = { 0, 0, flags, 0, p->told.promise, (uint64_t)fd };

	if (!p->opened || fd < 0 || flags & ~(uint64_t)WIRE_POSTED_OPEN_FLAGS)
		return false;
	call_post(thread, SYS_openat, arg, NULL, 0, 0);
	fdmap_set(thread->guest, (uint64_t)fd, true);
	thread->call.closes = thread->guest->closes;
	ahead_opened(thread, fd, flags, &p->told, NULL, 0);
	*ret = fd;
	return true;
}

/**
 * serve_stat() - Its attributes, to @addr
 */
static bool serve_stat(struct thread *thread, const struct promised_path *p, uint64_t addr, int64_t *ret)
{
	*ret = 0;
	return !tracee_write(thread->outer, addr, p->told.stat, sizeof(p->told.stat));
}

/**
 * serve_access() - Is it there, and may it be used for that?
 */
static bool serve_access(const struct promised_path *p, uint64_t mode, int64_t *ret)
{
	*ret = 0;
	return !((uint32_t)mode & ~p->mode);
}

bool promise_serve(struct thread *thread)
{
	const struct promise_table *table = &thread->guest->session->promises;
	const struct sysdef *row = sysdef_row(thread->call.nr);
	char path[WIRE_LISTING_PATH_MAX + 1];
	const struct promised_path *p;
	const uint64_t *arg;
	bool served = false;
	int64_t ret = 0;

	if (!table->paths || !(row->traits & SYS_LOOKUP) || thread->guest->session->objects.watched)
		return false;
	arg = thread->call.arg + sysdef_path(row);
	p = path_read(thread, arg[0], path) ? promise_find(table, path) : NULL;
	if (!p)
		return false;
	switch (thread->call.nr) {
	case SYS_open:
	case SYS_openat:
		served = serve_open(thread, p, arg[1], &ret);
		break;
	case SYS_stat:
		served = serve_stat(thread, p, arg[1], &ret);
		break;
	case SYS_newfstatat:
		served = !(int)arg[2] && serve_stat(thread, p, arg[1], &ret);
		break;
	case SYS_access:
	case SYS_faccessat:
		served = serve_access(p, arg[1], &ret);
		break;
	default:
		break;
	}
	if (served)
		call_return(thread, ret);
	return served;
}
