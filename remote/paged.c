/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paged objects, as the remote sees them: see remote/paged.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdpass.h"
#include "handover.h"
#include "log.h"
#include "remote/cache.h"
#include "remote/front.h"
#include "remote/paged.h"
#include "remote/pager.h"
#include "remote/sandbox.h"
#include "usermem.h"

#define FROM_BYTES (16u << 20) /* unless the environment says otherwise */
#define FROM_ENV   "OPENMOSIX_PAGED_FROM"

void paging_init(struct paging *paging, struct sandbox *sandbox)
{
	const char *text = getenv(FROM_ENV);
	uint64_t bytes;
	char *end;

	*paging = (struct paging){ .sandbox = sandbox, .from_bytes = FROM_BYTES, .root = -1, .fronts = -1 };
	if (!text)
		return;
	bytes = strtoull(text, &end, 10);
	if (end == text || *end)
		log_warn("%s=%s is no number of bytes", FROM_ENV, text);
	else
		paging->from_bytes = bytes;
}

/**
 * can_join() - Is there a way for a second connection?
 */
static bool can_join(void)
{
	socklen_t len = sizeof(int);
	int type;

	return !getsockopt(HANDOVER_LINK_FD, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_SEQPACKET;
}

/**
 * pager_start() - Start the pager, which gets @device
 */
static int pager_start(struct paging *paging, int device)
{
	char *argv[] = { "om-remote", "pager", NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, HANDOVER_LINK_FD, PAGER_JOIN_FD);
	posix_spawn_file_actions_adddup2(&files, device, PAGER_DEVICE_FD);
	posix_spawn_file_actions_adddup2(&files, pair[1], PAGER_FRONT_FD);
	posix_spawn_file_actions_addclosefrom_np(&files, PAGER_FRONT_FD + 1);
	err = -posix_spawn(&paging->pager, "/proc/self/exe", &files, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	close(pair[1]);
	paging->fronts = pair[0];
	if (err)
		paging->pager = 0;
	return err;
}

void paging_end(struct paging *paging)
{
	if (paging->pager > 0) {
		kill(paging->pager, SIGKILL);
		waitpid(paging->pager, NULL, 0);
	}
	paging->pager = 0;
	if (paging->root >= 0)
		close(paging->root);
	if (paging->fronts >= 0)
		close(paging->fronts);
	paging->root = paging->fronts = -1;
}

/**
 * paging_start() - Make the file system and who serves it; failing that, nothing is paged
 */
static void paging_start(struct paging *paging)
{
	int device = -1, err = can_join() ? sandbox_fuse(paging->sandbox, &paging->root, &device) : -ENOTCONN;
	struct stat st;

	if (!err) {
		err = pager_start(paging, device);
		close(HANDOVER_LINK_FD);
		close(device); /* or nobody's death would end the file system: see pager.h */
	}
	/* The directory is root's, whom this user namespace may not know, until the kernel has asked whose it is */
	if (!err && fstat(paging->root, &st) < 0)
		err = -errno;
	if (!err)
		return;
	paging_end(paging);
	log_info("large files are not brought page by page, but as a whole: FUSE: %s", strerror(-err));
}

/**
 * paging_is_possible() - Is there a file system, or can one be made now?
 */
static bool paging_is_possible(struct paging *paging)
{
	if (!paging->from_bytes)
		return false;
	if (!paging->tried)
		paging_start(paging);
	paging->tried = true;
	return paging->root >= 0;
}

bool paging_wanted(struct paging *paging, uint64_t bytes)
{
	return bytes >= paging->from_bytes && paging_is_possible(paging);
}

bool paging_has_ended(struct paging *paging, pid_t pid)
{
	if (pid != paging->pager)
		return false;
	paging->pager = 0;
	return true;
}

bool paging_is_lost(const struct paging *paging)
{
	struct statvfs st;

	return paging->root >= 0 && fstatvfs(paging->root, &st) < 0;
}

/**
 * file_create() - Make a file of the file system
 */
static int file_create(const struct paging *paging, const char *name, uint64_t size, int *fd, int *fd_read)
{
	int err = 0;

	*fd = openat(paging->root, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*fd < 0)
		return -errno;
	if (unlinkat(paging->root, name, 0) < 0)
		err = -errno;
	if (!err)
		err = paged_resize(*fd, 0, size);
	*fd_read = err ? err : cache_reopen(*fd);
	if (*fd_read >= 0)
		return 0;
	close(*fd);
	*fd = -1;
	return *fd_read;
}

int paged_create(const struct paging *paging, uint64_t id, uint64_t size, int *fd, int *fd_read)
{
	char name[24];

	snprintf(name, sizeof(name), "%" PRIu64, id);
	return file_create(paging, name, size, fd, fd_read);
}

int paged_create_front(struct paging *paging, uint64_t id, uint64_t size, int store, int marks, int *fd, int *fd_read)
{
	const struct front_message msg = { id };
	char name[24];
	int err;

	if (!paging_is_possible(paging))
		return -EOPNOTSUPP;
	err = fdpass_send(paging->fronts, &msg, sizeof(msg), store, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (!err)
		err = fdpass_send(paging->fronts, &msg, sizeof(msg), marks, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (err)
		return err;
	snprintf(name, sizeof(name), "%c%" PRIu64, PAGER_FRONT_NAME, id);
	return file_create(paging, name, size, fd, fd_read);
}

int paged_resize(int fd, uint64_t before, uint64_t size)
{
	if (size > before) /* ftruncate() would make the kernel forget all pages */
		return fallocate(fd, 0, (off_t)before, (off_t)(size - before)) < 0 ? -errno : 0;
	return size < before && ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

int paged_stale(int fd, uint64_t offset, uint64_t len)
{
	uint64_t from = offset / PAGE_BYTES * PAGE_BYTES,
		 to = (offset + len + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;

	if (!len)
		return 0;
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(to - from)) < 0 ? -errno
													      : 0;
}
