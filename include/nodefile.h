/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A node can be named wherever a command takes NODE. Names come from three places, the first that knows one wins:
 *
 *   $rundir/nodes/NAME             written by each omd of this user on this machine while it runs
 *   ~/.config/openmosix/nodes      the user's own map
 *   /etc/openmosix/nodes           the machine's map
 *
 * All have the same lines: `NAME ADDR[:PORT]`; blank lines and what follows a '#' are ignored. What ADDR may be is not
 * decided here: it is handed to node_parse() as it stands.
 *
 * A file in the runtime directory is only as good as the omd that wrote it. omd therefore keeps an open file
 * description lock on it, and a reader believes the file while the lock is held. So a file that a killed omd left
 * behind is neither believed nor in the way of the next one: it is taken over.
 */
#ifndef OM_NODEFILE_H
#define OM_NODEFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "node.h"

#define NODEFILE_NAME_MAX 63 /* characters of a name, as in the wire's FIX(node, 64) */
#define NODEFILE_ADDR_MAX (NODE_TEXT_MAX - 1)

/**
 * struct nodefile - A name that this process has registered
 * @fd:		The file with the lock, or -1
 * @path:	Its path
 */
struct nodefile {
	int fd;
	char path[PATH_MAX];
};

/* Is @name usable as a name: letters, digits, '.', '_' and '-', not first a '.' or '-', not longer than the maximum */
bool nodefile_name_valid(const char *name);

/*
 * Parse one line. Returns 1 with @name and @addr filled, 0 for a line that says nothing, -EINVAL for a wrong one.
 */
int nodefile_parse_line(const char *line, char name[static NODEFILE_NAME_MAX + 1],
			char addr[static NODEFILE_ADDR_MAX + 1]);

/*
 * Look @name up. Returns 0 with @addr filled, -ENOENT when no file knows it, or another negative errno with one line
 * of explanation in @why (a file that cannot be read, a wrong line).
 */
int nodefile_lookup(const char *name, char addr[static NODEFILE_ADDR_MAX + 1], char *why, size_t why_len);

/* The same in one map file. A file that does not exist knows nothing. */
int nodefile_lookup_in(const char *path, const char *name, char addr[static NODEFILE_ADDR_MAX + 1], char *why,
		       size_t why_len);

/*
 * What a command does with its NODE argument: a numeric address is taken as it is, a name is looked up, and a name that
 * no file knows is taken as a host name. A port in @text has the last word. Returns 0, or a negative errno with @why.
 */
int node_lookup(const char *text, struct node_addr *out, char *why, size_t why_len);

/*
 * Register @name with @addr in the runtime directory until nodefile_unregister(). Returns 0, -EADDRINUSE when another
 * process that runs has registered it, or another negative errno; @why says what.
 */
int nodefile_register(struct nodefile *reg, const char *name, const char *addr, char *why, size_t why_len);
void nodefile_unregister(struct nodefile *reg);

#endif
