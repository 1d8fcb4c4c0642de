// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of nodes in files; see include/nodefile.h for the theory of operation. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nodefile.h"
#include "rundir.h"

/* Longest line that is read; a longer one is wrong */
#define LINE_SIZE_MAX 512

bool nodefile_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NODEFILE_NAME_MAX || name[0] == '.' || name[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = name[i];

		if (!isascii(c) || (!isalnum(c) && c != '.' && c != '_' && c != '-'))
			return false;
	}
	return true;
}

/**
 * next_word() - Cut the next word off a line
 * @at:		Cursor into the line, moved behind the word
 * @len:	Length of the word; 0 at the end of the line
 *
 * Return: the word's first character (not terminated).
 */
static const char *next_word(const char **at, size_t *len)
{
	const char *word = *at + strspn(*at, " \t\r\n");

	*len = strcspn(word, " \t\r\n#");
	*at = word + *len;
	return word;
}

int nodefile_parse_line(const char *line, char name[static NODEFILE_NAME_MAX + 1],
			char addr[static NODEFILE_ADDR_MAX + 1])
{
	size_t name_len, addr_len, rest_len;
	const char *word;

	word = next_word(&line, &name_len);
	if (name_len == 0)
		return 0;
	if (name_len > NODEFILE_NAME_MAX)
		return -EINVAL;
	memcpy(name, word, name_len);
	name[name_len] = '\0';

	word = next_word(&line, &addr_len);
	if (addr_len == 0 || addr_len > NODEFILE_ADDR_MAX)
		return -EINVAL;
	memcpy(addr, word, addr_len);
	addr[addr_len] = '\0';

	next_word(&line, &rest_len);
	return rest_len == 0 && nodefile_name_valid(name) ? 1 : -EINVAL;
}

/**
 * find_in() - Look for a name in an open map
 * @file:	The map
 * @path:	Its path, for @why
 * @name:	The name
 * @addr:	Its address
 * @why:	Explanation of an error
 * @why_len:	Size of @why
 *
 * Return: 0, -ENOENT, or -EINVAL for a wrong line before the name was found.
 */
static int find_in(FILE *file, const char *path, const char *name, char addr[static NODEFILE_ADDR_MAX + 1], char *why,
		   size_t why_len)
{
	char line[LINE_SIZE_MAX], found[NODEFILE_NAME_MAX + 1];

	for (unsigned int nr = 1; fgets(line, sizeof(line), file); nr++) {
		bool whole = strchr(line, '\n') || feof(file);
		int ret = nodefile_parse_line(line, found, addr);

		if (ret < 0 || !whole) {
			snprintf(why, why_len, "%s: line %u: not of the form NAME ADDR[:PORT]", path, nr);
			return -EINVAL;
		}
		if (ret > 0 && strcmp(found, name) == 0)
			return 0;
	}
	return -ENOENT;
}

int nodefile_lookup_in(const char *path, const char *name, char addr[static NODEFILE_ADDR_MAX + 1], char *why,
		       size_t why_len)
{
	FILE *file = fopen(path, "re");
	int ret;

	if (!file) {
		if (errno == ENOENT || errno == ENOTDIR)
			return -ENOENT;
		ret = -errno;
		snprintf(why, why_len, "%s: %s", path, strerror(-ret));
		return ret;
	}
	ret = find_in(file, path, name, addr, why, why_len);
	fclose(file);
	return ret;
}

/**
 * lock_held() - Is the lock on a registration held by the omd that wrote it?
 * @fd:		The file
 *
 * Asking does not take the lock, so a reader is never in the way of an omd that starts.
 */
static bool lock_held(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/**
 * lookup_registered() - Look a name up among the omds that run here
 * @name:	The name, valid
 * @addr:	Its address
 * @why:	Explanation of an error
 * @why_len:	Size of @why
 *
 * Return: 0, -ENOENT, or another negative errno.
 */
static int lookup_registered(const char *name, char addr[static NODEFILE_ADDR_MAX + 1], char *why, size_t why_len)
{
	char dir[PATH_MAX], path[PATH_MAX + NODEFILE_NAME_MAX + 8];
	FILE *file;
	int ret;

	/* A runtime directory that cannot be had is the business of who must write there: nobody registered in it */
	if (rundir_path(dir, sizeof(dir)) < 0)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/nodes/%s", dir, name);
	file = fopen(path, "re");
	if (!file)
		return -ENOENT;
	ret = lock_held(fileno(file)) ? find_in(file, path, name, addr, why, why_len) : -ENOENT;
	fclose(file);
	return ret;
}

int nodefile_lookup(const char *name, char addr[static NODEFILE_ADDR_MAX + 1], char *why, size_t why_len)
{
	const char *home = getenv("HOME");
	char path[PATH_MAX];
	int ret;

	if (!nodefile_name_valid(name))
		return -ENOENT;
	ret = lookup_registered(name, addr, why, why_len);
	if (ret == -ENOENT && home && *home &&
	    (size_t)snprintf(path, sizeof(path), "%s/.config/openmosix/nodes", home) < sizeof(path))
		ret = nodefile_lookup_in(path, name, addr, why, why_len);
	if (ret == -ENOENT)
		ret = nodefile_lookup_in("/etc/openmosix/nodes", name, addr, why, why_len);
	return ret;
}

/**
 * is_numeric() - Is a host an IPv4 or IPv6 address, with or without a scope?
 * @host:	Address or name
 */
static bool is_numeric(const char *host)
{
	struct in6_addr addr;

	return strchr(host, ':') || inet_pton(AF_INET, host, &addr) == 1;
}

int node_lookup(const char *text, struct node_addr *out, char *why, size_t why_len)
{
	char addr[NODEFILE_ADDR_MAX + 1];
	struct node_addr mapped;
	int ret;

	ret = node_parse(text, out, why, why_len);
	if (ret < 0 || is_numeric(out->host))
		return ret;
	ret = nodefile_lookup(out->host, addr, why, why_len);
	if (ret == -ENOENT)
		return 0;
	if (ret == 0)
		ret = node_parse(addr, &mapped, why, why_len);
	if (ret < 0)
		return ret;
	if (strchr(text, ':'))
		mapped.port = out->port;
	*out = mapped;
	return 0;
}

/**
 * open_locked() - Open a registration and take its lock
 * @path:	Its path
 *
 * The file may be removed by the omd that goes while this one comes; a lock on a file without a name is worth nothing,
 * so the opened file must still be the one at @path once the lock is held.
 *
 * Return: a descriptor, -EADDRINUSE when a running omd holds the lock, or another negative errno.
 */
static int open_locked(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct stat opened, named;
	int fd, ret;

	for (;;) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return -errno;
		if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
			ret = errno == EAGAIN || errno == EACCES ? -EADDRINUSE : -errno;
			break;
		}
		if (fstat(fd, &opened) < 0) {
			ret = -errno;
			break;
		}
		if (stat(path, &named) == 0 && named.st_ino == opened.st_ino && named.st_dev == opened.st_dev)
			return fd;
		close(fd);
	}
	close(fd);
	return ret;
}

int nodefile_register(struct nodefile *reg, const char *name, const char *addr, char *why, size_t why_len)
{
	char dir[PATH_MAX - NODEFILE_NAME_MAX - 8];
	int ret, len;

	reg->fd = -1;
	if (!nodefile_name_valid(name)) {
		snprintf(why, why_len, "%s: not a valid node name", name);
		return -EINVAL;
	}
	ret = rundir_path(dir, sizeof(dir));
	if (ret < 0) {
		snprintf(why, why_len, "runtime directory: %s", strerror(-ret));
		return ret;
	}
	snprintf(reg->path, sizeof(reg->path), "%s/nodes", dir);
	if (mkdir(reg->path, 0700) < 0 && errno != EEXIST) {
		ret = -errno;
		snprintf(why, why_len, "%s: %s", reg->path, strerror(-ret));
		return ret;
	}
	snprintf(reg->path, sizeof(reg->path), "%s/nodes/%s", dir, name);
	reg->fd = open_locked(reg->path);
	if (reg->fd < 0) {
		snprintf(why, why_len, "%s: %s", reg->path,
			 reg->fd == -EADDRINUSE ? "another omd has this name" : strerror(-reg->fd));
		return reg->fd;
	}
	len = ftruncate(reg->fd, 0) < 0 ? -1 : dprintf(reg->fd, "%s %s\n", name, addr);
	if (len < 0) {
		ret = -errno;
		snprintf(why, why_len, "%s: %s", reg->path, strerror(-ret));
		nodefile_unregister(reg);
		return ret;
	}
	return 0;
}

void nodefile_unregister(struct nodefile *reg)
{
	if (reg->fd < 0)
		return;
	unlink(reg->path);
	close(reg->fd);
	reg->fd = -1;
}
