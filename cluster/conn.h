/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection that is still omd's: intake.c knows it until it has proved the key, purpose.c from then on. */
#ifndef OM_CLUSTER_CONN_H
#define OM_CLUSTER_CONN_H

#include <arpa/inet.h>

#include "channel.h"
#include "cluster/halfopen.h"
#include "cluster/intake.h"

#define PEER_SIZE (INET6_ADDRSTRLEN + 10)

/**
 * struct conn - One connection that is still omd's
 * @entry:	Its place in the table
 * @intake:	All connections
 * @poll:	Watches @fd during the handshake, then NULL
 * @hs:		The handshake once a byte has come, then NULL
 * @ch:		The channel after the handshake, before that NULL
 * @fd:		The socket, -1 when it is the channel's
 * @sent_ns:	When the handshake sent something last: CLOCK_MONOTONIC
 * @answered:	The answer is under way: the other side's end of the connection is no surprise
 * @peer:	Its address in words, once somebody has asked for it
 */
struct conn {
	struct halfopen entry;
	struct intake *intake;
	uv_poll_t *poll;
	struct handshake *hs;
	struct channel *ch;
	int fd;
	uint64_t sent_ns;
	bool answered;
	char peer[PEER_SIZE];
};

/* Its address in words; kept, since after the end of a session nobody knows it any more */
const char *conn_peer(struct conn *conn);
/* Log that it ended badly, within the bound on such lines */
void conn_complain(struct conn *conn, const char *why);
/* End it; it is gone afterwards */
void conn_drop(struct conn *conn);
/* Let go of what only the handshake needs */
void conn_handshake_end(struct conn *conn);
/* The other side has proved that it knows the key: go on with a channel, up to its HELLO and what follows from that */
void conn_trust(struct conn *conn);

#endif
