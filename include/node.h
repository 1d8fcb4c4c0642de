/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address of a node as people write it: ADDR[:PORT], [V6ADDR][:PORT], or a host name in place of ADDR. */
#ifndef OM_NODE_H
#define OM_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define NODE_PORT	  4660 /* when none is given */
#define NODE_HOST_MAX	  256  /* a host name and its NUL */
#define NODE_TEXT_MAX	  272  /* "[" host "]:65535" and NUL */
#define NODE_SOCKADDR_MAX 8    /* addresses of one host name that are tried */

/**
 * struct node_addr - A node's address, not resolved
 * @host:	Numeric address or host name, without brackets
 * @port:	TCP port, host byte order
 */
struct node_addr {
	char host[NODE_HOST_MAX];
	uint16_t port;
};

/**
 * struct node_sockaddr - A resolved address
 * @len:	Bytes of @addr in use
 * @addr:	For bind() or connect()
 */
struct node_sockaddr {
	socklen_t len;
	struct sockaddr_storage addr;
};

/* Parse @text; 0, or -EINVAL with a reason in @why */
int node_parse(const char *text, struct node_addr *out, char *why, size_t why_len);
/* Print as node_parse() reads it; the port is left out when it is the default */
void node_format(const struct node_addr *addr, char out[static NODE_TEXT_MAX]);
/* Resolve (may ask the name service); number of addresses in @out, or -ENXIO (unknown host), -EAGAIN, with @why */
int node_resolve(const struct node_addr *addr, struct node_sockaddr out[static NODE_SOCKADDR_MAX], char *why,
		 size_t why_len);

/* Does @why, of a failure with the node at @addr that the user calls @node, begin with that name? Then it is said once */
bool node_is_named(const char *node, const struct node_addr *addr, const char *why);

#endif
