/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A system call of a guest is made at home in four steps, two on each side, over one walk of the call's row (sysdef.h):
 *
 *	worker  sysplan_gather()   reads what is behind the pointers into the tail of CALL
 *	home    sysplan_place()    lays it out in the slot's data area and computes the arguments of the home call
 *	home    sysplan_collect()  lists what the kernel has written, as the tail of RESULT
 *	worker  sysplan_scatter()  writes that into the guest
 *
 * Both sides compute every span from the row and the arguments; the other side's lengths are only ever compared. Whoever
 * lies gets -EPROTO. No pointer from the wire reaches a kernel: pointers that the guest has in its address space become
 * addresses in the data area, NULL stays NULL, and what is no user address at all becomes one constant that is none.
 *
 * Bad pointers: each span travels with the number of bytes, from its start, that the guest can reach. At home a span that
 * is not wholly reachable is laid out so that its good bytes end where the inaccessible page after the data area begins:
 * the home kernel finds the fault by itself, in its own order of checks. One span per call can have that; a second one
 * counts as bad from its first byte.
 *
 * Nothing is written to the guest when the call failed, unless the row says so, and of outputs no more than the kernel
 * has written.
 *
 * The tail of CALL is, for each span in the order of the walk, its reachable length (u32) and for inputs that many bytes;
 * arguments whose size depends on others, and nested ones, come after those that stand alone. NULL, empty and impossible
 * spans are not in it. The tail of RESULT is the length (u32) of each
 * output in that order, then their bytes; it is empty when nothing is to be written.
 *
 * A transfer that is larger than SYSPLAN_PART_MAX goes home in parts (rows with SYS_SPLIT):
 *
 *	n = sysplan_gather(&p, ...)
 *	do send CALL with p.arg, nr and n bytes of tail, flags WIRE_CALL_MORE if sysplan_more(&p)
 *	   receive RESULT; sysplan_scatter(&p, &ret, ...)
 *	while (sysplan_next(&p, ret, result.flags & WIRE_RESULT_REGULAR) && (n = sysplan_gather_next(&p, ...)) >= 0)
 *	ret = sysplan_finish(&p, ret)
 */
#ifndef OM_SYSPLAN_H
#define OM_SYSPLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/aio_abi.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "sysdef.h"

/* Longest part of a transfer; longest single span */
#define SYSPLAN_PART_MAX (1u << 20)
/* Most output spans of a call; most entries that sysplan_collect() makes */
#define SYSPLAN_SPANS_MAX 8192u
#define SYSPLAN_IOV_MAX	  (SYSPLAN_SPANS_MAX + 1u)
/* Most bytes that gather needs in its buffer: room for twenty of the longest datagrams, which is what libuv asks for */
#define SYSPLAN_TAIL_MAX (1408u << 10)
/* As much for an execve as the kernel could take: 6 MiB of strings and pointers, here with their lengths */
#define SYSPLAN_ARGUMENTS_MAX (16u << 20)

/**
 * struct guest_mem - How gather and scatter reach the guest's memory
 * @ctx:	Handed to the functions
 * @readv:	As process_vm_readv(): bytes read up to the first unreachable one, or negative errno (-EFAULT: none).
 *		At most 1024 entries a side; the bases of @remote are addresses of the guest.
 * @writev:	As process_vm_writev(), likewise
 */
struct guest_mem {
	void *ctx;
	ssize_t (*readv)(void *ctx, const struct iovec *local, int local_nr, const struct iovec *remote, int remote_nr);
	ssize_t (*writev)(void *ctx, const struct iovec *local, int local_nr, const struct iovec *remote,
			  int remote_nr);
};

/**
 * struct sysspan - An output of a call
 * @addr:	Where it is in the guest
 * @at:		Home: where it is in the data area
 * @len:	Bytes that may be written
 * @unit:	Bytes per element, for trims that count
 * @ref:	Home: TRIM_LEN, TRIM_CMSG, TRIM_DIFF: where in the data area the count, or what was there before, is;
 *		TRIM_RET: bytes that come on top
 * @index:	Only if the call returned at least this: the number of the message in an array of them, from 1; 0: always
 * @trim:	enum arg_trim
 * @width:	TRIM_LEN, TRIM_CMSG: bytes of the count
 * @joined:	Goes on where the span before it ends: one length on the wire for all
 * @arg:	Argument that it belongs to
 */
struct sysspan {
	uint64_t addr;
	uint32_t at;
	uint32_t len;
	uint32_t unit;
	uint32_t ref;
	uint16_t index;
	uint8_t trim;
	uint8_t width;
	uint8_t joined;
	uint8_t arg;
};

#define SYSPLAN_INLINE 12u

/**
 * struct sysplan - A call in flight, on either side
 * @row:	Its row, resolved; may point at @resolved
 * @nr:		Number of the call
 * @arg:	Arguments as they are in CALL
 * @guest_arg:	Worker: arguments as the guest made the call
 * @done:	Worker: bytes that earlier parts have transferred
 * @part:	Worker: bytes of this part; 0: the call is no transfer
 * @whole:	Worker: bytes of the whole transfer
 * @tempmask:	The signal mask that is in force during the call, valid if @has_tempmask. The home call gets none.
 * @has_tempmask: The call has such a mask, and it could be read
 * @data:	Home: the data area as this process sees it
 * @data_addr:	Home: its address in the home process
 * @data_cap:	Home: its size
 * @aio_at:	Home: where in the data area the table of an io_submit is
 * @aio_nr:	Home: its entries
 * @span_nr:	Number of outputs
 * @span_cap:	Room in @span and @len
 * @span:	Outputs
 * @len:	Home: their lengths in RESULT
 * @resolved:	Room for a row
 * @few:	Room for the usual few
 * @few_len:	Likewise
 */
struct sysplan {
	const struct sysdef *row;
	int64_t nr;
	uint64_t arg[6];
	uint64_t guest_arg[6];
	uint64_t done;
	uint64_t part;
	uint64_t whole;
	uint64_t tempmask;
	bool has_tempmask;
	uint8_t *data;
	uint64_t data_addr;
	size_t data_cap;
	uint32_t aio_at;
	uint32_t aio_nr;
	uint32_t span_nr;
	uint32_t span_cap;
	struct sysspan *span;
	uint32_t *len;
	struct sysdef resolved;
	struct sysspan few[SYSPLAN_INLINE];
	uint32_t few_len[SYSPLAN_INLINE];
};

/*
 * Worker: begin a call. Fills @p, which may be uninitialised, and writes the tail of CALL to @out (@cap of
 * SYSPLAN_TAIL_MAX is always enough, but for an execve: then it is -E2BIG, and SYSPLAN_ARGUMENTS_MAX is). Returns its length, or the negative errno that is the result of the call.
 * -ESRCH: the guest is gone. Each successful gather or place is followed by one sysplan_release().
 */
ssize_t sysplan_gather(struct sysplan *p, int64_t nr, const uint64_t arg[6], const struct guest_mem *mem, uint8_t *out,
		       size_t cap);

/* Worker: is the call that gather has prepared a part of a larger transfer? */
bool sysplan_more(const struct sysplan *p);

/*
 * Worker: write the tail of RESULT into the guest. 0, or -EPROTO: the tail is not what the call can have. *@ret becomes
 * -EFAULT, or the shorter count, when the guest's memory cannot be written.
 */
int sysplan_scatter(struct sysplan *p, int64_t *ret, const uint8_t *tail, size_t tail_len, const struct guest_mem *mem);

/*
 * Worker: the part returned @ret. True: make the next one with sysplan_gather_next() (its tail replaces the last one).
 * A short part ends the transfer, and for reads so does a descriptor that is not @regular: a second read could block.
 */
bool sysplan_next(struct sysplan *p, int64_t ret, bool regular);
ssize_t sysplan_gather_next(struct sysplan *p, const struct guest_mem *mem, uint8_t *out, size_t cap);

/* Worker: what the whole call returns when its last part returned @ret */
int64_t sysplan_finish(const struct sysplan *p, int64_t ret);

/*
 * Home: lay a call out in the data area: @data here, @data_addr in the home process, @data_cap bytes, with an
 * inaccessible page behind. 0 with the arguments in @home_arg, -EPROTO, or -ENOMEM.
 */
int sysplan_place(struct sysplan *p, int64_t nr, const uint64_t arg[6], const uint8_t *tail, size_t tail_len,
		  uint8_t *data, uint64_t data_addr, size_t data_cap, uint64_t home_arg[6]);

/* Home: list the tail of RESULT in @iov (room for SYSPLAN_IOV_MAX); returns the number of entries, 0 for none */
int sysplan_collect(struct sysplan *p, int64_t ret, struct iovec *iov, int max);

/* Home, before collect: of what the result counts, argument @arg has written no more than @len bytes (what the row cannot know) */
void sysplan_limit(struct sysplan *p, unsigned int arg, uint32_t len);

/*
 * Home: asynchronous I/O is made synchronous, since the slot is used again after the call. When io_submit has returned
 * n > 0, get its events with io_getevents(context, n, n, address, NULL), the address being sysplan_aio_room(); then
 * sysplan_aio_done() takes the results into account for collect and copies the events, as the guest knows them, to @out.
 */
uint64_t sysplan_aio_room(const struct sysplan *p);
int sysplan_aio_done(struct sysplan *p, unsigned int nr, struct io_event *out);

/* Free what the call holds; @p is empty then */
void sysplan_release(struct sysplan *p);

#endif
