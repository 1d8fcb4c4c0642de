/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Guests of two families, on two nodes, must not share memory: what one writes, the other would not see. That a file is
 * mapped so cannot be seen at home, where nobody maps it. So a deputy whose guests may write to a file by memory shows
 * that to the others: it has a socket whose name is made of the file's device and inode, in the abstract namespace,
 * where all users meet and where two cannot have the same name. The name goes when the object does, or the deputy. Nothing is ever
 * sent there.
 *
 * Families in different network namespaces do not meet. Who takes a name to keep others from a file can do that to
 * their mappings of it, and learns nothing.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/object.h"

/* Another object of the same file, which has the claim or might have it, or NULL: there are two for a while (trim.c) */
static struct object *other_find(struct deputy *d, const struct object *o, bool claimed)
{
	for (struct object *other = d->objects; other; other = other->next) {
		if (other != o && other->shared && (other->claim >= 0) == claimed && stat_same_file(&other->st, &o->st))
			return other;
	}
	return NULL;
}

/* Take the name of a file; the socket, or negative errno */
static int name_take(const struct stat *st)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), len, err;

	if (fd < 0)
		return -errno;
	len = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "openmosix/shared/%x:%x/%llu", major(st->st_dev),
		       minor(st->st_dev), (unsigned long long)st->st_ino);
	if (!bind(fd, (struct sockaddr *)&addr, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)))
		return fd;
	err = errno == EADDRINUSE ? -ENODEV : -errno;
	close(fd);
	return err;
}

int claim_take(struct deputy *d, struct object *o)
{
	struct object *other = other_find(d, o, true);

	if (!other) {
		o->claim = name_take(&o->st);
		return o->claim < 0 ? o->claim : 0;
	}
	o->claim = other->claim;
	other->claim = -1;
	return 0;
}

void claim_end(struct deputy *d, struct object *o)
{
	struct object *other = o->claim >= 0 ? other_find(d, o, false) : NULL;

	if (other)
		other->claim = o->claim;
	else if (o->claim >= 0)
		close(o->claim);
	o->claim = -1;
}
