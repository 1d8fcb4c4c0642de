/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What omd hands to the om-remote that it starts for an arrival.
 *
 * om-remote is started with the accepted socket as descriptor HANDOVER_SOCKET_FD and the reading end of a pipe as
 * HANDOVER_PIPE_FD. HANDOVER_CACHE_FD is the way to omd's cache of file contents (cachelink.h), closed where there is
 * none. Through the pipe omd passes what it learned on the connection: the session's keys and counters, the
 * HELLO, and bytes that it received behind the HELLO. The whole block is small enough for a pipe's buffer, so that omd
 * can write it at once, whenever om-remote comes to read it (it starts its sandbox first, so that no child of it has
 * ever seen a key).
 *
 * HANDOVER_JOIN_FD is a socket on which omd hands over a second connection of the session, if home opens one and shows
 * the ticket that the block has: a struct handover as it is in memory, and the connection's descriptor.
 */
#ifndef OM_HANDOVER_H
#define OM_HANDOVER_H

#include <stddef.h>
#include <stdint.h>

#include "handshake.h"
#include "wire.h"

#define HANDOVER_SOCKET_FD 3
#define HANDOVER_PIPE_FD   4
#define HANDOVER_CACHE_FD  5
#define HANDOVER_JOIN_FD   6

/* Maxima of the parts: a peer that has sent more behind its HELLO, before it was accepted, is refused */
#define HANDOVER_HELLO_MAX    2048
#define HANDOVER_LEFTOVER_MAX 16384

/**
 * struct handover - The block as om-remote reads it
 * @keys:	Keys and counters of the session, as they are behind the HELLO
 * @hello:	HELLO as an encoded wire message (type and fields; wire_decode() it)
 * @hello_len:	Its length
 * @leftover:	Bytes received from the socket behind the HELLO's record, still encrypted
 * @leftover_len: Their number
 * @at_ns:	When omd wrote the block, right after HELLO came: CLOCK_MONOTONIC
 * @ticket:	With which home may open a second connection
 */
struct handover {
	struct session_keys keys;
	uint8_t hello[HANDOVER_HELLO_MAX];
	size_t hello_len;
	uint8_t leftover[HANDOVER_LEFTOVER_MAX];
	size_t leftover_len;
	uint64_t at_ns;
	uint8_t ticket[WIRE_TICKET_LEN];
};

/*
 * Write a block into the pipe; does not block (the pipe is empty and takes it whole). Returns 0, -EMSGSIZE when a part
 * is longer than its maximum, or the error of write(2).
 */
int handover_write(int pipe_fd, const struct session_keys *keys, const void *hello, size_t hello_len,
		   const uint8_t *leftover, size_t leftover_len, const uint8_t ticket[static WIRE_TICKET_LEN]);

/* Read a block up to the end of the pipe. Returns 0, -EPROTO when it is no such block, or the error of read(2). */
int handover_read(int pipe_fd, struct handover *out);

/* Overwrite the keys */
void handover_wipe(struct handover *block);

#endif
