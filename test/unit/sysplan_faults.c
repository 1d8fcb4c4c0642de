// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bad pointers: calls whose pointer arguments are, one after the other, replaced by addresses that are NULL, odd, no user
 * address, not there, or there in part. The result, and what is in memory afterwards, must be that of the native call.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "test/unit/sysplan_drive.h"
#include "test/unit/unit.h"

/* Pointer arguments in the table below: an offset in the island, which the test turns into an address */
#define P(offset) (PTR_MARK | (offset))
#define PTR_MARK  0x5a5a000000000000ull
/* Descriptors that the test makes; in the table by name */
enum { FILE_FD = 100, PIPE_FD, SOCKET_FD, STREAM_FD, EPOLL_FD, TIMER_FD, TTY_FD };

/* clang-format off */
/* What is in the island when a call is made */
enum {
	AT_NAME = 0,	   /* "/etc/passwd" */
	AT_ATTR = 32,	   /* "user.nothing" */
	AT_POLL = 64,	   /* three pollfds */
	AT_TIME = 128,	   /* zero timespec, timeval */
	AT_MASK = 192,	   /* signal set */
	AT_PAIR = 208,	   /* its address and size */
	AT_IOV = 256,	   /* vector of two */
	AT_MSG = 320,	   /* message */
	AT_LEN = 384,	   /* socklen_t 128 */
	AT_SETS = 448,	   /* three fd_sets of 128 bytes */
	AT_EVENT = 900,	   /* epoll_event */
	AT_CAP = 960,	   /* capability header */
	AT_ATTRIBUTES = 976, /* sched_attr with its size */
	AT_HANDLE = 1040,  /* file_handle with its size */
	AT_BUF = 2048,	   /* output */
};

static const struct {
	long nr;
	uint64_t arg[6];
} calls[] = {
	{ SYS_access, { P(AT_NAME), R_OK } },
	{ SYS_faccessat, { AT_FDCWD, P(AT_NAME), R_OK } },
	{ SYS_fstat, { FILE_FD, P(AT_BUF) } },
	{ SYS_fstat, { -1, P(AT_BUF) } },
	{ SYS_stat, { P(AT_NAME), P(AT_BUF) } },
	{ SYS_newfstatat, { AT_FDCWD, P(AT_NAME), P(AT_BUF), 0 } },
	{ SYS_newfstatat, { AT_FDCWD, P(AT_NAME), P(AT_BUF), 12345 } },
	{ SYS_statx, { AT_FDCWD, P(AT_NAME), 0, STATX_INO, P(AT_BUF) } },
	{ SYS_readlink, { P(AT_NAME), P(AT_BUF), 100 } },
	{ SYS_getcwd, { P(AT_BUF), 100 } },
	{ SYS_getcwd, { P(AT_BUF), 1 } },
	{ SYS_uname, { P(AT_BUF) } },
	{ SYS_getrlimit, { RLIMIT_NOFILE, P(AT_BUF) } },
	{ SYS_getrlimit, { 999, P(AT_BUF) } },
	{ SYS_prlimit64, { 0, RLIMIT_NOFILE, 0, P(AT_BUF) } },
	{ SYS_getresuid, { P(AT_BUF), P(AT_BUF + 8), P(AT_BUF + 16) } },
	{ SYS_getgroups, { 64, P(AT_BUF) } },
	{ SYS_getgroups, { 0, P(AT_BUF) } },
	{ SYS_poll, { P(AT_POLL), 3, 0 } },
	{ SYS_poll, { P(AT_POLL), 0, 0 } },
	{ SYS_poll, { P(AT_POLL), -1, 0 } },
	{ SYS_ppoll, { P(AT_POLL), 3, P(AT_TIME), P(AT_MASK), 8 } },
	{ SYS_ppoll, { P(AT_POLL), 3, P(AT_TIME), P(AT_MASK), 4 } },
	{ SYS_ppoll, { P(AT_POLL), 3, P(AT_TIME), 0, 4 } },
	{ SYS_select, { 200, P(AT_SETS), P(AT_SETS + 128), P(AT_SETS + 256), P(AT_TIME) } },
	{ SYS_select, { PIPE_FD + 1, P(AT_SETS), P(AT_SETS + 128), P(AT_SETS + 256), P(AT_TIME) } },
	{ SYS_select, { -1, P(AT_SETS), P(AT_SETS + 128), P(AT_SETS + 256), P(AT_TIME) } },
	{ SYS_pselect6, { 200, P(AT_SETS), 0, P(AT_SETS + 256), P(AT_TIME), P(AT_PAIR) } },
	{ SYS_epoll_wait, { EPOLL_FD, P(AT_BUF), 3, 0 } },
	{ SYS_epoll_wait, { EPOLL_FD, P(AT_BUF), 0, 0 } },
	{ SYS_epoll_wait, { EPOLL_FD, P(AT_BUF), 0x7fffffff, 0 } },
	{ SYS_epoll_pwait, { EPOLL_FD, P(AT_BUF), 3, 0, P(AT_MASK), 8 } },
	{ SYS_epoll_pwait, { EPOLL_FD, P(AT_BUF), 3, 0, P(AT_MASK), 7 } },
	{ SYS_epoll_ctl, { EPOLL_FD, EPOLL_CTL_MOD, PIPE_FD, P(AT_EVENT) } },
	{ SYS_epoll_ctl, { EPOLL_FD, EPOLL_CTL_DEL, FILE_FD, P(AT_EVENT) } },
	{ SYS_getsockname, { SOCKET_FD, P(AT_BUF), P(AT_LEN) } },
	{ SYS_getpeername, { SOCKET_FD, P(AT_BUF), P(AT_LEN) } },
	{ SYS_getpeername, { FILE_FD, P(AT_BUF), P(AT_LEN) } },
	{ SYS_getsockopt, { SOCKET_FD, SOL_SOCKET, SO_TYPE, P(AT_BUF), P(AT_LEN) } },
	{ SYS_getsockopt, { SOCKET_FD, SOL_SOCKET, 9999, P(AT_BUF), P(AT_LEN) } },
	{ SYS_setsockopt, { SOCKET_FD, SOL_SOCKET, SO_KEEPALIVE, P(AT_POLL), 4 } },
	{ SYS_setsockopt, { SOCKET_FD, SOL_SOCKET, SO_KEEPALIVE, P(AT_POLL), 3 } },
	{ SYS_setsockopt, { SOCKET_FD, SOL_SOCKET, SO_KEEPALIVE, P(AT_POLL), -1 } },
	{ SYS_connect, { SOCKET_FD, P(AT_BUF), 16 } },
	{ SYS_connect, { SOCKET_FD, P(AT_BUF), 129 } },
	{ SYS_connect, { SOCKET_FD, P(AT_BUF), -1 } },
	{ SYS_bind, { SOCKET_FD, P(AT_BUF), 16 } },
	{ SYS_accept, { SOCKET_FD, P(AT_BUF), P(AT_LEN) } },
	{ SYS_recvfrom, { SOCKET_FD, P(AT_BUF), 100, MSG_DONTWAIT, P(AT_BUF + 128), P(AT_LEN) } },
	{ SYS_sendto, { SOCKET_FD, P(AT_NAME), 10, MSG_DONTWAIT, P(AT_BUF), 16 } },
	{ SYS_recvmsg, { SOCKET_FD, P(AT_MSG), MSG_DONTWAIT } },
	{ SYS_recvmsg, { STREAM_FD, P(AT_MSG), MSG_DONTWAIT | MSG_PEEK } },
	{ SYS_recvfrom, { STREAM_FD, P(AT_BUF), 100, MSG_DONTWAIT | MSG_PEEK, 0, 0 } },
	{ SYS_pread64, { FILE_FD, P(AT_BUF), 100, 0 } },
	{ SYS_pread64, { FILE_FD, P(AT_BUF), 100, 1000000 } },
	{ SYS_pread64, { -1, P(AT_BUF), 100, 0 } },
	{ SYS_pwrite64, { FILE_FD, P(AT_NAME), 100, 0 } },
	{ SYS_preadv, { FILE_FD, P(AT_IOV), 2, 0 } },
	{ SYS_pwritev, { FILE_FD, P(AT_IOV), 2, 0 } },
	{ SYS_getxattr, { P(AT_NAME), P(AT_ATTR), P(AT_BUF), 100 } },
	{ SYS_listxattr, { P(AT_NAME), P(AT_BUF), 100 } },
	{ SYS_sched_getaffinity, { 0, 128, P(AT_BUF) } },
	{ SYS_sched_getaffinity, { 0, 1, P(AT_BUF) } },
	{ SYS_sched_getparam, { 0, P(AT_BUF) } },
	{ SYS_sched_getattr, { 0, P(AT_BUF), 48, 0 } },
	{ SYS_sched_getattr, { 0, P(AT_BUF), 56, 0 } },
	{ SYS_sched_getattr, { 0, P(AT_BUF), 5, 0 } },
	{ SYS_sched_setattr, { 0, P(AT_ATTRIBUTES), 0 } },
	{ SYS_capget, { P(AT_CAP), P(AT_BUF) } },
	{ SYS_timerfd_gettime, { TIMER_FD, P(AT_BUF) } },
	{ SYS_timerfd_settime, { TIMER_FD, 0, P(AT_TIME), P(AT_BUF) } },
	{ SYS_utimensat, { FILE_FD, 0, P(AT_TIME), 0 } },
	{ SYS_name_to_handle_at, { AT_FDCWD, P(AT_NAME), P(AT_HANDLE), P(AT_BUF), 0 } },
	{ SYS_name_to_handle_at, { AT_FDCWD, P(AT_NAME), P(AT_HANDLE + 16), P(AT_BUF), 0 } },
	{ SYS_fcntl, { FILE_FD, F_GETOWN_EX, P(AT_BUF) } },
	{ SYS_fcntl, { FILE_FD, F_GETLK, P(AT_TIME) } },
	{ SYS_ioctl, { PIPE_FD, FIONREAD, P(AT_BUF) } },
	{ SYS_ioctl, { PIPE_FD, FIONBIO, P(AT_TIME) } },
	{ SYS_ioctl, { FILE_FD, TIOCGWINSZ, P(AT_BUF) } },
	{ SYS_ioctl, { TTY_FD, TIOCGWINSZ, P(AT_BUF) } },
	{ SYS_prctl, { PR_GET_PDEATHSIG, P(AT_BUF) } },
	{ SYS_prctl, { PR_GET_CHILD_SUBREAPER, P(AT_BUF) } },
	{ SYS_semop, { -1, P(AT_TIME), 2 } },
	{ SYS_msgsnd, { -1, P(AT_TIME), 10, 0 } },
	{ SYS_msgrcv, { -1, P(AT_BUF), 10, 0, 0 } },
	{ SYS_mount, { P(AT_NAME), P(AT_ATTR), P(AT_NAME), 0, P(AT_BUF) } },
	{ SYS_pipe2, { P(AT_BUF), -1 } },
	{ SYS_socketpair, { 99, SOCK_STREAM, 0, P(AT_BUF) } },
};

/* clang-format on */

#define CALLS	     (sizeof(calls) / sizeof(calls[0]))
#define ISLAND_PAGES 2

static uint8_t *ground, *edge;

static void lay_out(uint8_t *at)
{
	struct pollfd *fds = (struct pollfd *)(at + AT_POLL);
	struct iovec *vec = (struct iovec *)(at + AT_IOV);
	struct msghdr *msg = (struct msghdr *)(at + AT_MSG);

	ck_assert_ptr_nonnull(at);
	memset(at, 0, AT_BUF);
	memset(at + AT_BUF, 0x5a, ISLAND_PAGES * PAGE - AT_BUF);
	strcpy((char *)at + AT_NAME, "/etc/passwd");
	strcpy((char *)at + AT_ATTR, "user.nothing");
	fds[0] = (struct pollfd){ PIPE_FD, POLLIN, 0x77 };
	fds[1] = (struct pollfd){ -1, POLLIN, 0x77 };
	fds[2] = (struct pollfd){ FILE_FD, POLLIN, 0x77 };
	*(uint64_t *)(at + AT_PAIR) = PTR(at + AT_MASK);
	*(uint64_t *)(at + AT_PAIR + 8) = 8;
	vec[0] = (struct iovec){ at + AT_BUF, 20 };
	vec[1] = (struct iovec){ at + AT_BUF + 20, 80 };
	*msg = (struct msghdr){ at + AT_BUF + 200, 100, vec, 2, at + AT_BUF + 300, 100, 0 };
	*(socklen_t *)(at + AT_LEN) = 128;
	FD_SET(PIPE_FD, (fd_set *)(at + AT_SETS));
	FD_SET(FILE_FD, (fd_set *)(at + AT_SETS + 128));
	*(struct epoll_event *)(at + AT_EVENT) = (struct epoll_event){ EPOLLIN, { .u64 = 42 } };
	*(uint32_t *)(at + AT_CAP) = _LINUX_CAPABILITY_VERSION_3;
	*(uint32_t *)(at + AT_ATTRIBUTES) = 7; /* too short: E2BIG, and the kernel says its size */
	*(uint32_t *)(at + AT_HANDLE) = 0;     /* no room: EOVERFLOW, and the kernel says how much */
	*(uint32_t *)(at + AT_HANDLE + 16) = 128;
}

/* The descriptors that the table names */
static void open_all(void)
{
	struct epoll_event event = { EPOLLIN, { .u64 = 1 } };
	int p[2], s[2];

	signal(SIGPIPE, SIG_IGN);
	ground = island(ISLAND_PAGES);
	edge = island(1) + PAGE;
	dup2(memfd_create("faults", 0), FILE_FD);
	ck_assert_int_eq(ftruncate(FILE_FD, 50), 0);
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(write(p[1], "12345", 5), 5);
	dup2(p[0], PIPE_FD);
	dup2(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), SOCKET_FD);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	ck_assert_int_eq(write(s[1], "stream", 6), 6);
	dup2(s[0], STREAM_FD);
	dup2(epoll_create1(0), EPOLL_FD);
	epoll_ctl(EPOLL_FD, EPOLL_CTL_ADD, PIPE_FD, &event);
	dup2(timerfd_create(CLOCK_MONOTONIC, 0), TIMER_FD);
	dup2(posix_openpt(O_RDWR | O_NOCTTY), TTY_FD);
}

/* Make call @i with these arguments both ways */
static void compare(size_t i, const uint64_t a[6], const char *what)
{
	static uint8_t after[ISLAND_PAGES * PAGE], edge_before[256], edge_after[256];
	int64_t want, got;

	lay_out(ground);
	memcpy(edge_before, edge - 256, 256);
	want = native(calls[i].nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	memcpy(after, ground, sizeof(after));
	memcpy(edge_after, edge - 256, 256);
	memcpy(edge - 256, edge_before, 256);
	lay_out(ground);
	got = forward(calls[i].nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	ck_assert_msg(got == want, "call %zu (%s) with %s: %ld, natively %ld", i, sysdef_name(calls[i].nr), what,
		      (long)got, (long)want);
	if (want < 0 && want != -E2BIG && want != -EOVERFLOW)
		return; /* natively a structure may have been written in part before the fault */
	ck_assert_msg(!memcmp(ground, after, sizeof(after)) && !memcmp(edge - 256, edge_after, 256),
		      "call %zu (%s) with %s: memory differs", i, sysdef_name(calls[i].nr), what);
}

/* The arguments of call @i with pointers in the island */
static void arguments(size_t i, uint64_t a[6])
{
	for (int k = 0; k < 6; k++) {
		a[k] = calls[i].arg[k];
		if ((a[k] & 0xffff000000000000ull) == PTR_MARK)
			a[k] = PTR(ground) + (a[k] & ~PTR_MARK);
	}
}

static bool is_pointer(size_t i, int k)
{
	return (calls[i].arg[k] & 0xffff000000000000ull) == PTR_MARK;
}

START_TEST(fault_none)
{
	uint64_t a[6];

	home_begin();
	open_all();
	for (size_t i = 0; i < CALLS; i++) {
		arguments(i, a);
		compare(i, a, "good pointers");
	}
}
END_TEST

START_TEST(fault_one)
{
	static const uint64_t bad[] = {
		0, 1, 16, 0x7ffffffff000ull, 0x7fffffffefffull, 1ull << 63, UINT64_MAX, UINT64_MAX - 15
	};

	home_begin();
	open_all();
	for (size_t i = 0; i < CALLS; i++) {
		for (int k = 0; k < 6; k++) {
			if (!is_pointer(i, k))
				continue;
			for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
				char what[80];
				uint64_t a[6];

				arguments(i, a);
				a[k] = bad[b];
				snprintf(what, sizeof(what), "argument %d = %#lx", k, (long)bad[b]);
				compare(i, a, what);
			}
		}
	}
}
END_TEST

START_TEST(fault_two)
{
	home_begin();
	open_all();
	for (size_t i = 0; i < CALLS; i++) {
		for (int k = 0; k < 6; k++) {
			for (int l = 0; l < k; l++) {
				uint64_t a[6];

				if (!is_pointer(i, k) || !is_pointer(i, l))
					continue;
				arguments(i, a);
				a[k] = a[l] = 16;
				compare(i, a, "two bad arguments");
				a[k] = PTR(ground) + ISLAND_PAGES * PAGE - 1;
				compare(i, a, "two bad arguments, one of them there in part");
				a[l] = PTR(ground) + ISLAND_PAGES * PAGE;
				a[k] = UINT64_MAX;
				compare(i, a, "two bad arguments, one of them no address");
			}
		}
	}
}
END_TEST

/* Arguments whose memory ends after some bytes; the kernel's own structure of what was there is moved along */
START_TEST(fault_edge)
{
	static const unsigned int there[] = { 0,  1,  2,  3,  4,  5,  7,  8,   9,   11,	 12, 13,
					      15, 16, 17, 24, 32, 47, 48, 100, 127, 128, 144 };

	home_begin();
	open_all();
	for (size_t i = 0; i < CALLS; i++) {
		for (int k = 0; k < 6; k++) {
			for (size_t t = 0; is_pointer(i, k) && t < sizeof(there) / sizeof(there[0]); t++) {
				char what[80];
				uint64_t a[6];

				arguments(i, a);
				lay_out(ground);
				memcpy(edge - there[t], (void *)a[k], there[t]);
				a[k] = PTR(edge - there[t]);
				snprintf(what, sizeof(what), "argument %d there for %u bytes", k, there[t]);
				compare(i, a, what);
			}
		}
	}
}
END_TEST

/* Memory that can be read and not written is found out at the end: the result is the same */
START_TEST(fault_read_only)
{
	uint8_t *text = read_only("12345678", 8);

	home_begin();
	open_all();
	SAME(SYS_fstat, FILE_FD, text);
	SAME(SYS_uname, text);
	SAME(SYS_pread64, FILE_FD, text, 8, 0);
	SAME(SYS_getcwd, text, 100);
	SAME(SYS_ioctl, PIPE_FD, FIONREAD, text);
	SAME(SYS_getresuid, text, text, text);
	SAME(SYS_fstat, -1, text);
	/* It is good enough for inputs */
	SAME(SYS_pwrite64, FILE_FD, text, 8, 0);
}
END_TEST

UNIT(sysplan_faults)
{
	tcase_add_test(tc, fault_none);
	tcase_add_test(tc, fault_one);
	tcase_add_test(tc, fault_two);
	tcase_add_test(tc, fault_edge);
	tcase_add_test(tc, fault_read_only);
}
