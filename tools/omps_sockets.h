/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets of the deputies that run on this machine. */
#ifndef OM_OMPS_SOCKETS_H
#define OM_OMPS_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct omps_asked - A deputy that has been sent the request
 * @fd:		The connection, -1 when there is no more to come
 * @pid:	Who listens there, by the kernel
 * @uid:	Its user, by the kernel
 * @path:	The socket
 * @text:	What it has answered
 * @len:	Bytes of that
 * @error:	Negative errno when that is not all, and will not be
 */
struct omps_asked {
	int fd;
	pid_t pid;
	uid_t uid;
	char *path;
	char *text;
	size_t len;
	int error;
};

/**
 * struct omps_asked_list - They
 * @asked:	The deputies
 * @nr:		Their number
 * @failed:	Something was wrong; it was logged
 */
struct omps_asked_list {
	struct omps_asked *asked;
	size_t nr;
	bool failed;
};

/*
 * Connect to the deputies of this user, or of @all, and send them the request. Sockets of deputies that are dead are
 * removed. 0, or -ENOMEM; omps_asked_free() in any case.
 */
int omps_sockets_open(bool all, struct omps_asked_list *list);
void omps_asked_free(struct omps_asked_list *list);

#endif
