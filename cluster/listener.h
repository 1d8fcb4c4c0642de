/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A listening socket that always has an answer. Three things keep a plain accept loop from that:
 *
 *  - Descriptors run out. Then the owner is asked to end a connection that can be spared, and the accept is repeated.
 *    When none can be spared, a descriptor held in reserve is given up, so that the newcomer can be accepted and
 *    closed at once (it learns soon that it must try elsewhere, instead of hanging in the queue), and taken again.
 *  - Memory runs out. The queue would stay readable and the loop spin, so the listener rests for a moment.
 *  - Connections arrive faster than they can be looked at. A turn accepts a bounded number and then lets the loop see
 *    to those that it has.
 */
#ifndef OM_CLUSTER_LISTENER_H
#define OM_CLUSTER_LISTENER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <uv.h>

#include "node.h"

#define LISTENER_SOCKETS_MAX NODE_SOCKADDR_MAX

/**
 * union listener_addr - An address as the kernel returns it
 * @any:	Large enough for each
 * @common:	What all have
 * @in:		IPv4
 * @in6:	IPv6; family and port are where IPv4 has them
 */
union listener_addr {
	struct sockaddr_storage any;
	struct sockaddr common;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/**
 * struct listener_ops - What the owner does
 * @accepted:	Take a new connection: a non-blocking descriptor, closed on exec
 * @spare:	End one connection that can be spared, its descriptor included; false when there is none
 */
struct listener_ops {
	void (*accepted)(void *ctx, int fd);
	bool (*spare)(void *ctx);
};

/**
 * struct listener_socket - One address
 * @poll:	Readable: connections wait
 * @listener:	The listener it belongs to
 * @fd:		The socket
 */
struct listener_socket {
	uv_poll_t poll;
	struct listener *listener;
	int fd;
};

/**
 * struct listener - All addresses of a node
 * @socket:	One socket per address
 * @sockets:	Their number
 * @rest:	Ends a rest
 * @reserve_fd:	Descriptor held in reserve, or -1
 * @ops:	The owner
 * @ctx:	Its context
 */
struct listener {
	struct listener_socket socket[LISTENER_SOCKETS_MAX];
	int sockets;
	uv_timer_t rest;
	int reserve_fd;
	const struct listener_ops *ops;
	void *ctx;
};

/*
 * Listen on @addr; an empty host stands for all addresses, IPv6 and IPv4. Returns 0 or negative errno with one line in
 * @why, and nothing is left open.
 */
int listener_open(struct listener *listener, uv_loop_t *loop, const struct node_addr *addr,
		  const struct listener_ops *ops, void *ctx, char *why, size_t why_len);

/* Where a process on this machine reaches the listener, as node_parse() reads it, with the port that it really has */
void listener_address(const struct listener *listener, char out[static NODE_TEXT_MAX]);

/* Stop listening. The handles are closed by the loop afterwards. */
void listener_close(struct listener *listener);

#endif
