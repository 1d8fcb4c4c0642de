/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What omd hands to an om-remote.
 *
 * om-remote is started with two sockets. On HANDOVER_LINK_FD it is handed the arrival that it is for: a struct handover as
 * it is in memory, which is what omd learned on the connection, and the connection's descriptor. It starts its sandbox
 * first, so that no child of it has ever seen a key; so it can be started before there is an arrival (cluster/remotes.h).
 * Where the same socket has a second message, that is a second connection of the session, which home has opened and
 * for which it has shown the ticket that the first one had.
 *
 * HANDOVER_CACHE_FD is the way to omd's cache of file contents (cachelink.h), closed where there is none.
 */
#ifndef OM_HANDOVER_H
#define OM_HANDOVER_H

#include <stddef.h>
#include <stdint.h>

#include "handshake.h"
#include "wire.h"

#define HANDOVER_LINK_FD  3
#define HANDOVER_CACHE_FD 4

/* Maxima of the parts: a peer that has sent more behind its HELLO, before it was accepted, is refused */
#define HANDOVER_HELLO_MAX    2048
#define HANDOVER_LEFTOVER_MAX 16384

/* A name of the process while it is for nobody yet */
#define HANDOVER_READY_NAME "om-ready"

/**
 * struct handover - What om-remote is told about a connection
 * @keys:	Keys and counters of the session, as they are behind the HELLO
 * @hello:	HELLO as an encoded wire message (type and fields; wire_decode() it)
 * @hello_len:	Its length
 * @leftover:	Bytes received from the socket behind the HELLO's record, still encrypted
 * @leftover_len: Their number
 * @sent_ns:	When omd said its last word before HELLO: CLOCK_MONOTONIC
 * @at_ns:	When it was handed over, right after HELLO came: CLOCK_MONOTONIC
 * @ticket:	With which home may open a second connection
 */
struct handover {
	struct session_keys keys;
	uint8_t hello[HANDOVER_HELLO_MAX];
	size_t hello_len;
	uint8_t leftover[HANDOVER_LEFTOVER_MAX];
	size_t leftover_len;
	uint64_t sent_ns;
	uint64_t at_ns;
	uint8_t ticket[WIRE_TICKET_LEN];
};

/*
 * Hand over a connection, which remains the caller's. Does not block. 0 or negative errno: -EPIPE when the other end has
 * gone.
 */
int handover_send(int link, struct handover *block, int socket_fd);

/*
 * Wait for a connection. 0, -EPROTO when what comes is none (om-remote and omd are of one build), -EPIPE when omd has gone, or
 * another negative errno.
 */
int handover_receive(int link, struct handover *out, int *socket_fd);

/* Overwrite the keys */
void handover_wipe(struct handover *block);

#endif
