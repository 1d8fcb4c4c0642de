// SPDX-License-Identifier: GPL-2.0-or-later
/* Driving the system-call engine in one process: see test/unit/sysplan_drive.h. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "parasite.h"
#include "test/unit/sysplan_drive.h"

unsigned int home_calls;
bool home_regular;
uint64_t home_args[6];
uint8_t *home_data;

static ssize_t own_readv(void *ctx, const struct iovec *local, int local_nr, const struct iovec *remote, int remote_nr)
{
	ssize_t n = process_vm_readv(getpid(), local, local_nr, remote, remote_nr, 0);

	(void)ctx;
	return n < 0 ? -errno : n;
}

static ssize_t own_writev(void *ctx, const struct iovec *local, int local_nr, const struct iovec *remote, int remote_nr)
{
	ssize_t n = process_vm_writev(getpid(), local, local_nr, remote, remote_nr, 0);

	(void)ctx;
	return n < 0 ? -errno : n;
}

const struct guest_mem own_mem = { .readv = own_readv, .writev = own_writev };

void home_begin(void)
{
	home_data = mmap(NULL, SLOT_DATA_SIZE + SLOT_GUARD_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	ck_assert_ptr_ne(home_data, MAP_FAILED);
	ck_assert_int_eq(mprotect(home_data + SLOT_DATA_SIZE, SLOT_GUARD_SIZE, PROT_NONE), 0);
	memset(home_data, 0xa5, SLOT_DATA_SIZE);
	home_calls = 0;
	home_regular = false;
}

uint8_t *island(unsigned int pages)
{
	uint8_t *at = mmap(NULL, (pages + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(at, MAP_FAILED);
	ck_assert_int_eq(mprotect(at + PAGE, pages * PAGE, PROT_READ | PROT_WRITE), 0);
	return at + PAGE;
}

uint8_t *read_only(const void *from, size_t len)
{
	uint8_t *at = island((unsigned int)((len + PAGE - 1) / PAGE));

	memcpy(at, from, len);
	ck_assert_int_eq(mprotect(at, len, PROT_READ), 0);
	return at;
}

int64_t native(int64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
	long ret = syscall(nr, a0, a1, a2, a3, a4, a5);

	return ret == -1 ? -errno : ret;
}

/**
 * home_make() - The home side of one call: from the tail of CALL to the tail of RESULT
 * @p:		The worker's plan, for its arguments
 * @nr:		The call
 * @tail:	Tail of CALL
 * @len:	Its length
 * @out:	Out: tail of RESULT, malloc'ed to its very length
 * @out_len:	Out: that length
 */
static int64_t home_make(const struct sysplan *p, int64_t nr, const uint8_t *tail, size_t len, uint8_t **out,
			 size_t *out_len)
{
	static struct iovec iov[SYSPLAN_IOV_MAX];
	uint64_t *a = home_args;
	struct sysplan home;
	uint8_t *to;
	int64_t ret;
	int pieces;

	ck_assert_int_eq(sysplan_place(&home, nr, p->arg, tail, len, home_data, PTR(home_data), SLOT_DATA_SIZE, a), 0);
	ret = native(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	home_calls++;
	pieces = sysplan_collect(&home, ret, iov, SYSPLAN_IOV_MAX);
	ck_assert_int_ge(pieces, 0);
	*out_len = 0;
	for (int i = 0; i < pieces; i++)
		*out_len += iov[i].iov_len;
	to = *out = malloc(*out_len + !*out_len);
	for (int i = 0; i < pieces; i++)
		to = mempcpy(to, iov[i].iov_base, iov[i].iov_len);
	sysplan_release(&home);
	return ret;
}

int64_t forward(int64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
	const uint64_t arg[6] = { a0, a1, a2, a3, a4, a5 };
	uint8_t *room = malloc(SYSPLAN_TAIL_MAX);
	struct sysplan p;
	int64_t ret;
	ssize_t len;

	memset(&p, 0xee, sizeof(p)); /* it may be uninitialised */
	len = sysplan_gather(&p, nr, arg, &own_mem, room, SYSPLAN_TAIL_MAX);
	if (len < 0) {
		free(room);
		return len;
	}
	for (;;) {
		uint8_t *tail = malloc((size_t)len + !len), *back;
		size_t back_len;

		memcpy(tail, room, (size_t)len);
		ret = home_make(&p, nr, tail, (size_t)len, &back, &back_len);
		ck_assert_int_eq(sysplan_scatter(&p, &ret, back, back_len, &own_mem), 0);
		free(tail);
		free(back);
		if (!sysplan_next(&p, ret, home_regular))
			break;
		len = sysplan_gather_next(&p, &own_mem, room, SYSPLAN_TAIL_MAX);
		if (len < 0) {
			ret = len;
			break;
		}
	}
	ret = sysplan_finish(&p, ret);
	sysplan_release(&p);
	free(room);
	return ret;
}
