/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where processes are in their files: see remote/places.h. */
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "remote/guest.h"
#include "remote/known.h"
#include "remote/places.h"
#include "sysplan.h"

/* Calls that leave the places of open files alone; what read, write and lseek do to theirs is counted */
static const uint32_t still[] = {
	SYS_read,	SYS_write,     SYS_lseek,      SYS_close,      SYS_open,      SYS_openat,	SYS_creat,
	SYS_stat,	SYS_lstat,     SYS_fstat,      SYS_newfstatat, SYS_statx,     SYS_access,	SYS_faccessat,
	SYS_faccessat2, SYS_readlink,  SYS_readlinkat, SYS_getcwd,     SYS_chdir,     SYS_pread64,	SYS_pwrite64,
	SYS_fsync,	SYS_fdatasync, SYS_ftruncate,  SYS_fadvise64,  SYS_fallocate, SYS_fchmod,	SYS_fchown,
	SYS_utimensat,	SYS_mkdir,     SYS_rmdir,      SYS_rename,     SYS_unlink,    SYS_unlinkat,	SYS_mmap,
	SYS_munmap,	SYS_getrusage, SYS_times,      SYS_prlimit64,  SYS_getppid,   SYS_rt_sigaction, SYS_kill,
	SYS_poll,	SYS_wait4,     SYS_nanosleep,  SYS_getrlimit,  SYS_statfs,    SYS_fstatfs,	SYS_umask,
};

/**
 * place_find() - What is known of the descriptor, or NULL
 */
static struct place *place_find(struct guest *guest, int fd)
{
	for (struct place *place = guest->places; place < guest->places + PLACES; place++)
		if (place->known && place->fd == fd)
			return place;
	return NULL;
}

/**
 * own_place() - The same, if the thread is the only one
 */
static const struct place *own_place(const struct thread *thread, int fd)
{
	return thread->next || thread->guest->threads != thread ? NULL : place_find(thread->guest, fd);
}

int64_t place_of(const struct thread *thread, int fd)
{
	const struct place *place = own_place(thread, fd);

	return place ? place->at : -1;
}

uint64_t place_dev(const struct thread *thread, int fd)
{
	const struct place *place = own_place(thread, fd);

	return place ? place->dev : 0;
}

/**
 * place_make() - Where the place of the descriptor may be noted; NULL: nowhere
 */
static struct place *place_make(struct thread *thread, int fd)
{
	struct guest *guest = thread->guest;
	struct place *place = place_find(guest, fd);

	if (thread->next || guest->threads != thread || !known_is(guest, KNOWN_SINGLE, (uint32_t)fd))
		return NULL;
	if (!place) {
		place = &guest->places[guest->place_next++ % PLACES];
		*place = (struct place){ .known = true, .fd = fd };
	}
	return place;
}

void place_set(struct thread *thread, int fd, int64_t at)
{
	struct place *place = place_make(thread, fd);

	if (place)
		place->at = at;
}

void place_opened(struct thread *thread, int fd, uint64_t dev)
{
	struct place *place = place_make(thread, fd);

	if (place)
		*place = (struct place){ .known = true, .fd = fd, .dev = dev };
}

void place_move(struct guest *guest, int fd, int64_t count)
{
	struct place *place = place_find(guest, fd);

	if (place)
		place->at += count;
}

void place_forget(struct guest *guest, int fd)
{
	for (struct place *place = guest->places; place < guest->places + PLACES; place++)
		if (fd < 0 || place->fd == fd)
			place->known = false;
}

bool call_is_still(uint32_t nr)
{
	for (size_t i = 0; i < sizeof(still) / sizeof(*still); i++)
		if (still[i] == nr)
			return true;
	return false;
}

void places_call(struct thread *thread)
{
	const struct call *call = &thread->call;

	if (!call_is_still(call->nr))
		place_forget(thread->guest, -1);
	else if ((call->nr == SYS_read || call->nr == SYS_write) && call->arg[2] > SYSPLAN_PART_MAX)
		place_forget(thread->guest, (int)call->arg[0]); /* it is made in parts */
}

void places_answered(struct thread *thread, int64_t ret)
{
	const struct call *call = &thread->call;
	int fd = (int)call->arg[0];

	if (call->nr == SYS_lseek && ret >= 0)
		place_set(thread, fd, ret);
	else if ((call->nr == SYS_read || call->nr == SYS_write) && ret < 0)
		place_forget(thread->guest, fd);
	else if (call->nr == SYS_read || call->nr == SYS_write)
		place_move(thread->guest, fd, ret);
}
