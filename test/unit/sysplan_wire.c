// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random calls and lies. The guest is a piece of memory with holes, full of numbers and pointers into itself; no call is
 * made. What the worker gathers, home must be able to place, and what home collects, the worker must be able to scatter;
 * what anybody else has made of it may be refused, but not do harm.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "parasite.h"
#include "test/unit/sysplan_drive.h"
#include "test/unit/unit.h"

#define WORLD_PAGES ((size_t)24)
#define WORLD_SIZE  (WORLD_PAGES * PAGE)
#define WORLD_BASE  0x10000000ull
/* Pages of the world that are not there */
#define WORLD_HOLES 0x00801010u

static uint8_t world[WORLD_SIZE];
static uint64_t seed = 88172645463325252ull;

static uint64_t random_next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Bytes of the world that follow @addr without a hole, at most @len */
static size_t world_reach(uint64_t addr, size_t len)
{
	size_t n = 0;

	while (n < len) {
		uint64_t page = (addr + n - WORLD_BASE) / PAGE;

		if (addr < WORLD_BASE || page >= WORLD_PAGES || (WORLD_HOLES & 1u << page))
			break;
		n += PAGE - (addr + n) % PAGE;
	}
	return n < len ? n : len;
}

static ssize_t world_move(const struct iovec *local, const struct iovec *remote, int nr, bool write)
{
	size_t total = 0;

	for (int i = 0; i < nr; i++) {
		size_t len = remote[i].iov_len, n = world_reach(PTR(remote[i].iov_base), len);
		uint8_t *at = world + (PTR(remote[i].iov_base) - WORLD_BASE);

		ck_assert_uint_eq(local[i].iov_len, len);
		if (n && write)
			memcpy(at, local[i].iov_base, n);
		else if (n)
			memcpy(local[i].iov_base, at, n);
		total += n;
		if (n < len)
			break;
	}
	return total || !nr ? (ssize_t)total : -EFAULT;
}

static ssize_t world_readv(void *ctx, const struct iovec *local, int ln, const struct iovec *remote, int rn)
{
	(void)ctx;
	ck_assert_int_eq(ln, rn);
	ck_assert_int_le(rn, 1024);
	return world_move(local, remote, rn, false);
}

static ssize_t world_writev(void *ctx, const struct iovec *local, int ln, const struct iovec *remote, int rn)
{
	(void)ctx;
	ck_assert_int_eq(ln, rn);
	ck_assert_int_le(rn, 1024);
	return world_move(local, remote, rn, true);
}

static const struct guest_mem world_mem = { .readv = world_readv, .writev = world_writev };

/* A number that could be an argument, or a field of a structure */
static uint64_t random_value(void)
{
	static const uint64_t known[] = { 0,
					  1,
					  8,
					  64,
					  4096,
					  UINT32_MAX,
					  INT32_MAX,
					  UINT64_MAX,
					  INT64_MAX,
					  1ull << 63,
					  0x7ffffffff000,
					  0x7fffffffefff,
					  1 << 20,
					  (1 << 20) + 1,
					  1024,
					  1025 };
	uint64_t r = random_next();

	switch (r % 8) {
	case 0:
		return known[(r >> 8) % (sizeof(known) / sizeof(known[0]))];
	case 1:
		return (r >> 8) % 64;
	case 2:
		return (r >> 8) % 5000;
	case 3:
		return r >> (r >> 8) % 64;
	default:
		return WORLD_BASE + (r >> 8) % (WORLD_SIZE + PAGE);
	}
}

/* A call of the table, now and then with a command that it knows */
static int64_t random_call(uint64_t arg[6])
{
	static const uint32_t ioctls[] = {
		SIOCGIFCONF, 0xc020660b, 0xc0189436, 0x5401, 0x127a, 0x40085203, 0xc138fd00
	};
	int64_t nr = (int64_t)(random_next() % (sysdef_nr + 2));

	for (int i = 0; i < 6; i++)
		arg[i] = random_value();
	if (nr == SYS_ioctl && random_next() % 4)
		arg[1] = ioctls[random_next() % (sizeof(ioctls) / sizeof(ioctls[0]))];
	if ((nr == SYS_fcntl || nr == SYS_keyctl || nr == SYS_prctl) && random_next() % 4)
		arg[nr == SYS_fcntl] = random_next() % 40;
	return nr;
}

/* Fill the world: at one time mostly zeros, at another mostly text, or numbers */
static void world_fill(void)
{
	uint64_t kind = random_next() % 4;

	for (size_t i = 0; i + 8 <= WORLD_SIZE; i += 8) {
		uint64_t v = kind == 0 ? 0 : kind == 1 ? 0x4141414141414141 : random_value();

		if (random_next() % 4 == 0)
			v = random_value();
		memcpy(world + i, &v, 8);
	}
}

/* What is home's of a call: addresses in the data area, or ones that are none */
static void check_home(const struct sysplan *p, const uint64_t home[6])
{
	uint64_t base = PTR(home_data);

	for (int i = 0; i < 6; i++) {
		if (p->row->arg[i].kind != ARG_MEM)
			continue;
		ck_assert(home[i] == 0 || home[i] > 1ull << 60 ||
			  (home[i] >= base && home[i] <= base + SLOT_DATA_SIZE));
	}
	for (uint32_t i = 0; i < p->span_nr; i++) {
		ck_assert_uint_le(p->span[i].at, SLOT_DATA_SIZE);
		ck_assert_uint_le(p->span[i].len, SLOT_DATA_SIZE - p->span[i].at);
	}
}

/* The tail of RESULT after a home call that has returned @ret, malloc'ed to its very length */
static uint8_t *collect(struct sysplan *p, int64_t ret, size_t *len)
{
	static struct iovec iov[SYSPLAN_IOV_MAX];
	int nr = sysplan_collect(p, ret, iov, SYSPLAN_IOV_MAX);
	uint8_t *tail, *to;

	ck_assert_int_ge(nr, 0);
	*len = 0;
	for (int i = 0; i < nr; i++)
		*len += iov[i].iov_len;
	ck_assert_uint_le(*len, SYSPLAN_TAIL_MAX);
	to = tail = malloc(*len + !*len);
	for (int i = 0; i < nr; i++)
		to = mempcpy(to, iov[i].iov_base, iov[i].iov_len);
	return tail;
}

static int64_t random_result(void)
{
	switch (random_next() % 4) {
	case 0:
		return -(int64_t)(random_next() % 600);
	case 1:
		return (int64_t)random_next();
	default:
		return (int64_t)(random_next() % 5000);
	}
}

/* There and back: nothing honest is refused */
START_TEST(wire_random)
{
	static uint8_t room[SYSPLAN_TAIL_MAX];
	unsigned int placed = 0;

	home_begin();
	for (int round = 0; round < 8000; round++) {
		uint64_t arg[6], home_arg[6];
		struct sysplan w, h;
		size_t back_len;
		uint8_t *tail, *back;
		int64_t nr = random_call(arg), ret;
		ssize_t len;
		int err;

		if (round % 100 == 0)
			world_fill();
		len = sysplan_gather(&w, nr, arg, &world_mem, room, sizeof(room));
		if (len < 0)
			continue;
		if (w.row->where == SYS_LOCAL) {
			sysplan_release(&w);
			continue;
		}
		tail = malloc((size_t)len);
		memcpy(tail, room, (size_t)len);
		err = sysplan_place(&h, nr, w.arg, tail, (size_t)len, home_data, PTR(home_data), SLOT_DATA_SIZE,
				    home_arg);
		ck_assert_msg(err == 0, "%s: %d", sysdef_name(nr), err);
		check_home(&h, home_arg);
		for (int i = 0; i < 20; i++)
			home_data[random_next() % 9000] = (uint8_t)random_next();
		ret = random_result();
		back = collect(&h, ret, &back_len);
		err = sysplan_scatter(&w, &ret, back, back_len, &world_mem);
		ck_assert_msg(err == 0, "%s: %d", sysdef_name(nr), err);
		sysplan_next(&w, ret, true);
		sysplan_finish(&w, ret);
		sysplan_release(&w);
		sysplan_release(&h);
		free(tail);
		free(back);
		placed++;
	}
	ck_assert_uint_gt(placed, 3000);
}
END_TEST

/* Change something in a tail */
static void spoil(uint8_t *tail, size_t *len)
{
	switch (random_next() % 4) {
	case 0:
		*len -= *len ? random_next() % (*len < 9 ? *len : 9) + 1 : 0;
		return;
	case 1:
		*len += random_next() % 9;
		return;
	case 2:
		if (*len >= 4) {
			uint32_t v = (uint32_t)random_value();

			memcpy(tail + random_next() % (*len - 3), &v, 4);
		}
		return;
	default:
		if (*len)
			tail[random_next() % *len] ^= (uint8_t)(1u << random_next() % 8);
	}
}

/* Whatever the worker sends, home refuses it or lays it out within the data area */
START_TEST(wire_lies_to_home)
{
	static uint8_t room[SYSPLAN_TAIL_MAX + 16];
	unsigned int refused = 0, taken = 0;

	home_begin();
	for (int round = 0; round < 8000; round++) {
		uint64_t arg[6], home_arg[6];
		struct sysplan w, h;
		uint8_t *tail;
		int64_t nr = random_call(arg);
		ssize_t len;
		size_t lied;
		int err;

		if (round % 100 == 0)
			world_fill();
		len = sysplan_gather(&w, nr, arg, &world_mem, room, SYSPLAN_TAIL_MAX);
		lied = len < 0 ? 0 : (size_t)len;
		memcpy(arg, w.arg, sizeof(arg));
		if (len >= 0)
			sysplan_release(&w);
		spoil(room, &lied);
		if (random_next() % 4 == 0)
			arg[random_next() % 6] = random_value();
		tail = malloc(lied + !lied);
		memcpy(tail, room, lied);
		err = sysplan_place(&h, nr, arg, tail, lied, home_data, PTR(home_data), SLOT_DATA_SIZE, home_arg);
		ck_assert(err == 0 || err == -EPROTO || err == -ENOMEM);
		if (!err) {
			size_t back_len;

			check_home(&h, home_arg);
			free(collect(&h, random_result(), &back_len));
			sysplan_release(&h);
		}
		free(tail);
		refused += err == -EPROTO;
		taken += err == 0;
	}
	ck_assert_uint_gt(refused, 1000);
	ck_assert_uint_gt(taken, 100);
}
END_TEST

/* Whatever home sends, the worker refuses it or writes no more than the call could have */
START_TEST(wire_lies_to_worker)
{
	static uint8_t room[SYSPLAN_TAIL_MAX + 16], before[WORLD_SIZE];
	unsigned int refused = 0;

	home_begin();
	for (int round = 0; round < 4000; round++) {
		uint64_t arg[6], home_arg[6];
		struct sysplan w, h;
		int64_t nr = random_call(arg), ret;
		ssize_t len;
		size_t lied;
		uint8_t *tail;
		int err;

		if (round % 100 == 0)
			world_fill();
		len = sysplan_gather(&w, nr, arg, &world_mem, room, SYSPLAN_TAIL_MAX);
		if (len < 0)
			continue;
		ret = random_result();
		err = sysplan_place(&h, nr, w.arg, room, (size_t)len, home_data, PTR(home_data), SLOT_DATA_SIZE,
				    home_arg);
		lied = 0;
		if (!err) {
			uint8_t *honest = collect(&h, ret, &lied);

			memcpy(room, honest, lied);
			free(honest);
			sysplan_release(&h);
		}
		spoil(room, &lied);
		tail = malloc(lied + !lied);
		memcpy(tail, room, lied);
		memcpy(before, world, WORLD_SIZE);
		err = sysplan_scatter(&w, &ret, tail, lied, &world_mem);
		ck_assert(err == 0 || err == -EPROTO);
		refused += err == -EPROTO;
		/* Put back what an output covers: nothing else may have changed */
		for (uint32_t i = 0; i < w.span_nr; i++) {
			size_t n = world_reach(w.span[i].addr, w.span[i].len);

			if (n)
				memcpy(world + (w.span[i].addr - WORLD_BASE), before + (w.span[i].addr - WORLD_BASE),
				       n);
		}
		ck_assert_int_eq(memcmp(world, before, WORLD_SIZE), 0);
		sysplan_release(&w);
		free(tail);
	}
	ck_assert_uint_gt(refused, 300);
}
END_TEST

/* Single lies, one by one */
START_TEST(wire_lengths)
{
	uint64_t read_arg[6] = { 0, 0x1000, 100 }, write_arg[6] = { 1, 0x1000, 4 }, out[6];
	uint8_t tail[16] = { 100, 0, 0, 0 };
	struct sysplan h;

	home_begin();
#define PLACE(nr, arg, len) sysplan_place(&h, nr, arg, tail, len, home_data, PTR(home_data), SLOT_DATA_SIZE, out)
	ck_assert_int_eq(PLACE(SYS_read, read_arg, 4), 0);
	ck_assert_int_eq(PLACE(SYS_read, read_arg, 3), -EPROTO);
	ck_assert_int_eq(PLACE(SYS_read, read_arg, 5), -EPROTO);
	ck_assert_int_eq(PLACE(SYS_read, read_arg, 0), -EPROTO);
	tail[0] = 101;
	ck_assert_int_eq(PLACE(SYS_read, read_arg, 4), -EPROTO);
	tail[0] = 4;
	ck_assert_int_eq(PLACE(SYS_write, write_arg, 8), 0);
	ck_assert_int_eq(PLACE(SYS_write, write_arg, 7), -EPROTO);
	ck_assert_int_eq(PLACE(SYS_write, write_arg, 9), -EPROTO);
	tail[0] = 3;
	ck_assert_int_eq(PLACE(SYS_write, write_arg, 8), -EPROTO);
	/* What the remote answers by itself is never asked for here */
	ck_assert_int_eq(PLACE(SYS_bpf, write_arg, 0), -EPROTO);
	ck_assert_int_eq(PLACE(SYS_getpid, write_arg, 0), -EPROTO);
	ck_assert_int_eq(PLACE(-1, write_arg, 0), -EPROTO);
	ck_assert_int_eq(PLACE(SYS_getppid, write_arg, 0), 0);
	/* Arguments that the row does not have do not get through */
	for (int i = 0; i < 6; i++)
		ck_assert_uint_eq(out[i], 0);
#undef PLACE
}
END_TEST

static ssize_t gone(void *ctx, const struct iovec *local, int ln, const struct iovec *remote, int rn)
{
	(void)ctx;
	(void)local;
	(void)ln;
	(void)remote;
	(void)rn;
	return -ESRCH;
}

/* A guest that has died, and a tail without room */
START_TEST(wire_gather_fails)
{
	static const struct guest_mem dead = { .readv = gone, .writev = gone };
	static const struct iovec vec[2] = { { (void *)WORLD_BASE, 4 }, { (void *)(WORLD_BASE + 8), 4 } };
	static const long calls[] = { SYS_write,  SYS_read,	SYS_openat,
				      SYS_readv,  SYS_writev,	SYS_sendmsg,
				      SYS_execve, SYS_recvmmsg, SYS_name_to_handle_at,
				      SYS_accept, SYS_pselect6, SYS_io_submit };
	static uint8_t large[SYSPLAN_TAIL_MAX];
	uint64_t arg[6];
	uint8_t room[64];
	struct sysplan p;

	for (int i = 0; i < 6; i++)
		arg[i] = WORLD_BASE;
	memset(world, 0x41, sizeof(world));
	memcpy(world, vec, sizeof(vec));
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const uint64_t three[6] = { WORLD_BASE, WORLD_BASE, 3, WORLD_BASE, WORLD_BASE, WORLD_BASE };
		ssize_t n;

		ck_assert_int_eq(sysplan_gather(&p, calls[i], three, &dead, large, sizeof(large)), -ESRCH);
		for (size_t cap = 0; cap < sizeof(room); cap++) {
			n = sysplan_gather(&p, calls[i], three, &world_mem, room, cap);
			ck_assert(n == -ENOMEM || n == -E2BIG || (n >= 0 && (size_t)n <= cap));
			if (n >= 0)
				sysplan_release(&p);
		}
	}
	ck_assert_int_eq(sysplan_gather(&p, SYS_bpf, arg, &world_mem, room, sizeof(room)), -EPERM);
	ck_assert_int_eq(sysplan_gather(&p, -1, arg, &world_mem, room, sizeof(room)), -ENOSYS);
	ck_assert_int_eq(sysplan_gather(&p, SYS_getppid, arg, &dead, room, 0), 0);
}
END_TEST

UNIT(sysplan_wire)
{
	tcase_add_test(tc, wire_gather_fails);
	tcase_add_test(tc, wire_random);
	tcase_add_test(tc, wire_lies_to_home);
	tcase_add_test(tc, wire_lies_to_worker);
	tcase_add_test(tc, wire_lengths);
}
