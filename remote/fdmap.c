/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which descriptors a process has: see remote/fdmap.h. */
#include <string.h>
#include <sys/syscall.h>

#include "remote/fdmap.h"
#include "remote/places.h"
#include "remote/session.h"
#include "sysdef.h"

/* Calls that make no descriptors, besides those that leave the places of files alone; close is seen where it is answered */
static const uint32_t plain[] = {
	SYS_ioctl,	     SYS_fcntl,	      SYS_readv,      SYS_writev,     SYS_preadv,  SYS_pwritev,
	SYS_getdents64,	     SYS_getdents,    SYS_select,     SYS_pselect6,   SYS_ppoll,   SYS_epoll_wait,
	SYS_epoll_pwait,     SYS_epoll_ctl,   SYS_connect,    SYS_bind,	      SYS_listen,  SYS_sendto,
	SYS_recvfrom,	     SYS_shutdown,    SYS_setsockopt, SYS_getsockopt, SYS_waitid,  SYS_sysinfo,
	SYS_uname,	     SYS_chmod,	      SYS_fchmodat,   SYS_chown,      SYS_link,	   SYS_symlink,
	SYS_linkat,	     SYS_symlinkat,   SYS_renameat,   SYS_renameat2,  SYS_mkdirat, SYS_sendfile,
	SYS_getsockname,     SYS_getpeername, SYS_tgkill,     SYS_setpgid,    SYS_getpgid, SYS_getsid,
	SYS_copy_file_range,
};

void fdmap_begin(struct guest *guest, const uint8_t used[static FDMAP_FDS / 8])
{
	memcpy(guest->fdmap.used, used, sizeof(guest->fdmap.used));
	guest->fdmap.known = true;
}

/**
 * makes_pair() - Does that call write two descriptors?
 */
static bool makes_pair(uint32_t nr)
{
	return nr == SYS_pipe || nr == SYS_pipe2 || nr == SYS_socketpair;
}

/**
 * is_plain() - Does that call make no descriptors but those that are known from its answer?
 */
static bool is_plain(const struct call *call)
{
	if (call->nr == SYS_prlimit64 && call->arg[2])
		return false; /* there may be fewer from now on */
	if (call->plan.row->ret == RET_FD || call_is_still(call->nr) || makes_pair(call->nr))
		return true;
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (plain[i] == call->nr)
			return true;
	return false;
}

void fdmap_call(struct thread *thread)
{
	if (is_plain(&thread->call))
		return;
	thread->guest->fdmap.known = false;
	/* It may be the limit of another process */
	for (struct guest *g = thread->guest->session->guests.guests; g && thread->call.nr == SYS_prlimit64;
	     g = g->next)
		g->fdmap.known = false;
}

void fdmap_answered(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	const struct call *call = &thread->call;
	int pair[2];

	if (call->nr == SYS_ioctl && ret > 0)
		thread->guest->fdmap.known = false; /* of some commands that is a descriptor */
	if (call->nr == SYS_close)
		fdmap_set(thread->guest, (uint32_t)call->arg[0],
			  false); /* whatever it returns, it is closed (close(2)) */
	else if (call->planned && call->plan.row->ret == RET_FD && ret >= 0)
		fdmap_set(thread->guest, (uint64_t)ret, true);
	if (!makes_pair(call->nr) || ret)
		return;
	if (tail_len == sizeof(uint32_t) + sizeof(pair)) { /* behind their length */
		memcpy(pair, tail + sizeof(uint32_t), sizeof(pair));
		fdmap_set(thread->guest, (uint32_t)pair[0], true);
		fdmap_set(thread->guest, (uint32_t)pair[1], true);
	} else {
		thread->guest->fdmap.known = false;
	}
}

int fdmap_next(const struct thread *thread)
{
	const struct fdmap *map = &thread->guest->fdmap;

	if (!map->known || thread->guest->loud || thread->guest->threads != thread || thread->next)
		return -1;
	for (unsigned int i = 0; i < FDMAP_FDS / 64; i++)
		if (~map->used[i])
			return (int)(i * 64) + __builtin_ctzll(~map->used[i]);
	return -1;
}

void fdmap_set(struct guest *guest, uint64_t fd, bool used)
{
	if (fd >= FDMAP_FDS)
		return;
	if (used)
		guest->fdmap.used[fd / 64] |= 1ull << fd % 64;
	else
		guest->fdmap.used[fd / 64] &= ~(1ull << fd % 64);
}
