// SPDX-License-Identifier: GPL-2.0-or-later
/* Address of a node as people write it. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "node.h"

/**
 * parse_port() - Parse a port number
 * @text:	Decimal digits, all of them
 * @port:	1..65535
 */
static bool parse_port(const char *text, uint16_t *port)
{
	unsigned long v = 0;
	size_t i;

	for (i = 0; i < 5 && isdigit((unsigned char)text[i]); i++)
		v = v * 10 + (text[i] - '0');
	if (i == 0 || text[i] != '\0' || v == 0 || v > 65535)
		return false;
	*port = v;
	return true;
}

/**
 * host_name_ok() - Could this be a host name or an IPv4 address?
 * @host:	Candidate
 *
 * Only its characters are looked at: the name service knows the rest, and no name begins like an option.
 */
static bool host_name_ok(const char *host)
{
	if (host[0] == '-' || host[0] == '.' || host[0] == '\0')
		return false;
	for (; *host; host++) {
		if (!isascii((unsigned char)*host))
			return false;
		if (!isalnum((unsigned char)*host) && !strchr("-._", *host))
			return false;
	}
	return true;
}

/**
 * v6_ok() - Is this a numeric IPv6 address, perhaps with %scope?
 * @host:	Candidate
 */
static bool v6_ok(const char *host)
{
	char text[NODE_HOST_MAX];
	struct in6_addr addr;
	char *scope;

	snprintf(text, sizeof(text), "%s", host);
	scope = strchr(text, '%');
	if (scope) {
		*scope++ = '\0';
		if (!host_name_ok(scope))
			return false;
	}
	return inet_pton(AF_INET6, text, &addr) == 1;
}

/**
 * split() - Find the parts of an address
 * @text:	ADDR, ADDR:PORT, V6, [V6], [V6]:PORT
 * @host:	First character of the host
 * @len:	Length of the host
 * @port:	Text of the port, or NULL
 * @v6:		It must be a numeric IPv6 address
 *
 * Return: false when brackets do not match.
 */
static bool split(const char *text, const char **host, size_t *len, const char **port, bool *v6)
{
	const char *end = strchr(text, ':');

	*port = NULL;
	*host = text;
	*len = strlen(text);
	*v6 = false;
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] != '\0' && end[1] != ':'))
			return false;
		*host = text + 1;
		*len = end - *host;
		*v6 = true;
		if (end[1] == ':')
			*port = end + 2;
	} else if (end && strchr(end + 1, ':')) {
		*v6 = true;
	} else if (end) {
		*len = end - text;
		*port = end + 1;
	}
	return true;
}

/**
 * node_parse() - Parse an address
 * @text:	What the user wrote
 * @out:	The address
 * @why:	Reason of a failure
 * @why_len:	Size of @why
 */
int node_parse(const char *text, struct node_addr *out, char *why, size_t why_len)
{
	const char *host, *port;
	size_t len;
	bool v6;

	memset(out, 0, sizeof(*out));
	out->port = NODE_PORT;
	if (!split(text, &host, &len, &port, &v6)) {
		snprintf(why, why_len, "%s: bracket without its counterpart", text);
		return -EINVAL;
	}
	if (len >= sizeof(out->host)) {
		snprintf(why, why_len, "host name longer than %zu characters", sizeof(out->host) - 1);
		return -EINVAL;
	}
	memcpy(out->host, host, len);
	if (v6 ? !v6_ok(out->host) : !host_name_ok(out->host)) {
		snprintf(why, why_len, "%s: not an address or a host name", text);
		return -EINVAL;
	}
	if (port && !parse_port(port, &out->port)) {
		snprintf(why, why_len, "%s: port is not a number from 1 to 65535", text);
		return -EINVAL;
	}
	return 0;
}

/**
 * node_format() - Print an address as node_parse() reads it
 * @addr:	Address
 * @out:	Text
 */
void node_format(const struct node_addr *addr, char out[static NODE_TEXT_MAX])
{
	bool v6 = strchr(addr->host, ':') != NULL;

	if (addr->port == NODE_PORT)
		snprintf(out, NODE_TEXT_MAX, "%s", addr->host);
	else
		snprintf(out, NODE_TEXT_MAX, v6 ? "[%s]:%u" : "%s:%u", addr->host, addr->port);
}

/**
 * node_resolve() - Find the socket addresses of a node
 * @addr:	Address
 * @out:	Socket addresses, in the order in which they should be tried
 * @why:	Reason of a failure
 * @why_len:	Size of @why
 *
 * Return: their number (at least 1), or -ENXIO, -EAGAIN.
 */
int node_resolve(const struct node_addr *addr, struct node_sockaddr out[static NODE_SOCKADDR_MAX], char *why,
		 size_t why_len)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *list, *ai;
	char port[8];
	int err, n = 0;

	snprintf(port, sizeof(port), "%u", addr->port);
	err = getaddrinfo(addr->host, port, &hints, &list);
	if (err) {
		snprintf(why, why_len, "%s: %s", addr->host, gai_strerror(err));
		return err == EAI_AGAIN ? -EAGAIN : -ENXIO;
	}
	for (ai = list; ai && n < NODE_SOCKADDR_MAX; ai = ai->ai_next) {
		if (ai->ai_addrlen > sizeof(out[n].addr))
			continue;
		memcpy(&out[n].addr, ai->ai_addr, ai->ai_addrlen);
		out[n++].len = ai->ai_addrlen;
	}
	freeaddrinfo(list);
	if (n == 0)
		snprintf(why, why_len, "%s: has no address", addr->host);
	return n > 0 ? n : -ENXIO;
}

/**
 * begins() - Is @name, which is not empty, at the beginning of @text?
 */
static bool begins(const char *text, const char *name)
{
	return *name && strncmp(text, name, strlen(name)) == 0;
}

bool node_is_named(const char *node, const struct node_addr *addr, const char *why)
{
	return begins(why, node) || (begins(why, addr->host) && strstr(node, addr->host));
}
