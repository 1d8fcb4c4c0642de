// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: Theory of operation
 *
 * A user's deputies may have been started with and without $XDG_RUNTIME_DIR, and so be in several runtime directories
 * (include/rundir.h). All that there can be are looked at.
 *
 * A directory of another user is his to play with: its names are opened one by one, through no link, as what they are
 * at that moment, and connected to by way of that descriptor. Who answers must be a process of the directory's owner.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "tools/omps.h"
#include "tools/omps_sockets.h"

/* Where runtime directories are; %s is a user's number */
static const char *const places[] = { "/run/user/%s/openmosix", "/tmp/openmosix-%s", "/run/openmosix" };

/**
 * is_socket_name() - Is it the name of a deputy's socket?
 * @name:	The name
 */
static bool is_socket_name(const char *name)
{
	size_t digits;

	if (strncmp(name, REPORT_SOCKET_PREFIX, strlen(REPORT_SOCKET_PREFIX)) != 0)
		return false;
	name += strlen(REPORT_SOCKET_PREFIX);
	digits = strspn(name, "0123456789");
	return digits > 0 && !strcmp(name + digits, REPORT_SOCKET_SUFFIX);
}

/**
 * socket_connect() - Connect to a socket
 * @dir:	Its directory
 * @name:	Its name
 *
 * Return: the connection or negative errno.
 */
static int socket_connect(int dir, const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int place = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd, err = 0;
	struct stat st;

	if (place < 0)
		return -errno;
	if (fstat(place, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		close(place);
		return -ENOTSOCK;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d", place);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		err = -errno;
	close(place);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

/**
 * list_add() - Make room for one more deputy
 * @list:	The list
 *
 * Return: it, NULL when there is no memory.
 */
static struct omps_asked *list_add(struct omps_asked_list *list)
{
	struct omps_asked *more = list->asked;

	if (!(list->nr & (list->nr - 1))) { /* room for powers of two */
		more = realloc(more, (list->nr ? list->nr * 2 : 1) * sizeof(*more));
		if (!more)
			return NULL;
		list->asked = more;
	}
	more += list->nr++;
	*more = (struct omps_asked){ .fd = -1 };
	return more;
}

/**
 * ask() - Send the request to a deputy that we are connected to
 * @fd:		The connection, which is taken
 * @owner:	Who it must be
 * @path:	Path of the socket
 * @list:	Where it goes
 *
 * Return: 0 or -ENOMEM.
 */
static int ask(int fd, uid_t owner, const char *path, struct omps_asked_list *list)
{
	struct omps_asked *asked;
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || peer.uid != owner) {
		log_error("%s: not a deputy of its directory's owner", path);
		list->failed = true;
		close(fd);
		return 0;
	}
	asked = list_add(list);
	if (!asked) {
		close(fd);
		return -ENOMEM;
	}
	asked->fd = fd;
	asked->pid = peer.pid;
	asked->uid = peer.uid;
	asked->path = strdup(path);
	if (!asked->path)
		return -ENOMEM;
	/* There is room for a line in a new socket; if it is closed already, reading will tell */
	send(fd, REPORT_REQUEST, strlen(REPORT_REQUEST), MSG_NOSIGNAL);
	return 0;
}

/**
 * socket_open() - Ask the deputy behind a socket
 * @dir:	Its directory
 * @owner:	The directory's owner
 * @path:	The directory's path
 * @name:	Its name
 * @list:	Where it goes
 *
 * Return: 0 or -ENOMEM.
 */
static int socket_open(int dir, uid_t owner, const char *path, const char *name, struct omps_asked_list *list)
{
	int fd = socket_connect(dir, name), ret = 0;
	char *full;

	if (fd == -ECONNREFUSED) {
		unlinkat(dir, name, 0); /* its deputy was killed */
		return 0;
	}
	if (fd == -ENOENT)
		return 0; /* its deputy has just ended */
	if (asprintf(&full, "%s/%s", path, name) < 0) {
		if (fd >= 0)
			close(fd);
		return -ENOMEM;
	}
	if (fd >= 0) {
		ret = ask(fd, owner, full, list);
	} else {
		log_error("%s: %s", full, fd == -EAGAIN ? "busy, as it does not take connections" : strerror(-fd));
		list->failed = true;
	}
	free(full);
	return ret;
}

/**
 * names_read() - Ask the deputies of a directory
 * @dir:	The directory, which is taken
 * @owner:	Its owner
 * @path:	Its path
 * @list:	Where they go
 *
 * Return: 0 or -ENOMEM.
 */
static int names_read(int dir, uid_t owner, const char *path, struct omps_asked_list *list)
{
	DIR *stream = fdopendir(dir);
	const struct dirent *entry;
	int ret = 0;

	if (!stream) {
		close(dir);
		return -ENOMEM;
	}
	while (!ret && (entry = readdir(stream))) {
		if (!is_socket_name(entry->d_name))
			continue;
		if (list->nr == OMPS_DEPUTIES_MAX) {
			log_error("%s: more than %d deputies, the others are left out", path, OMPS_DEPUTIES_MAX);
			list->failed = true;
			break;
		}
		ret = socket_open(dir, owner, path, entry->d_name, list);
	}
	closedir(stream);
	return ret;
}

/**
 * dir_read() - Ask the deputies of a directory, if it is one of those that are wanted
 * @path:	Its path
 * @all:	It may be another user's
 * @seen:	What was read before, which is not read again
 * @list:	Where they go
 *
 * Return: 0 or -ENOMEM.
 */
static int dir_read(const char *path, bool all, const struct stat *seen, struct omps_asked_list *list)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0 || (st.st_dev == seen->st_dev && st.st_ino == seen->st_ino) ||
	    (!all && st.st_uid != geteuid())) {
		if (dir >= 0)
			close(dir);
		return 0;
	}
	/* Where others can write no deputy puts its socket */
	if (st.st_mode & 077) {
		log_error("%s: open to others, not used", path);
		list->failed = true;
		close(dir);
		return 0;
	}
	return names_read(dir, st.st_uid, path, list);
}

/**
 * place_read() - Ask the deputies in all directories of one kind
 * @place:	Row of places[]
 * @all:	Of all users
 * @seen:	Directory that was read before
 * @list:	Where they go
 *
 * Return: 0 or -ENOMEM.
 */
static int place_read(const char *place, bool all, const struct stat *seen, struct omps_asked_list *list)
{
	char user[16] = "*", pattern[64];
	glob_t found;
	int ret;

	if (!all)
		snprintf(user, sizeof(user), "%u", (unsigned int)geteuid());
	snprintf(pattern, sizeof(pattern), "%.*s%s%s", (int)strcspn(place, "%"), place, strchr(place, '%') ? user : "",
		 strchr(place, '%') ? strchr(place, '%') + 2 : "");
	ret = glob(pattern, GLOB_NOSORT, NULL, &found);
	if (ret)
		return ret == GLOB_NOSPACE ? -ENOMEM : 0;
	for (size_t i = 0; i < found.gl_pathc && !ret; i++)
		ret = dir_read(found.gl_pathv[i], all, seen, list);
	globfree(&found);
	return ret;
}

int omps_sockets_open(bool all, struct omps_asked_list *list)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	const struct stat none = { 0 };
	struct stat seen = { 0 };
	int ret = 0;

	*list = (struct omps_asked_list){ 0 };
	if (xdg && xdg[0] == '/') {
		char path[PATH_MAX];

		if (snprintf(path, sizeof(path), "%s/openmosix", xdg) < (int)sizeof(path) && !stat(path, &seen))
			ret = dir_read(path, all, &none, list);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !ret; i++)
		ret = place_read(places[i], all, &seen, list);
	return ret;
}

void omps_asked_free(struct omps_asked_list *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		if (list->asked[i].fd >= 0)
			close(list->asked[i].fd);
		free(list->asked[i].path);
		free(list->asked[i].text);
	}
	free(list->asked);
	*list = (struct omps_asked_list){ 0 };
}
