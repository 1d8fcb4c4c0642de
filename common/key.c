// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: Theory of operation
 *
 * Whoever has the cluster's key can run programs as any of its users on any of its nodes, so a key file is treated as
 * ssh treats its own: a file that others can read, or that somebody else could have written, is refused rather than
 * used. The checks are made on the open descriptor, so that the file that was checked is the file that is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key.h"

/* Characters of a key in base64 with padding */
#define KEY_TEXT_LEN 44

#define KEY_SYSTEM_PATH "/etc/openmosix/key"

/**
 * check_file() - May the key in this file be used?
 * @fd:		The open file
 * @path:	Its name, for @why
 * @why:	Reason of a refusal
 * @why_len:	Size of @why
 */
static int check_file(int fd, const char *path, char *why, size_t why_len)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		int err = -errno;

		snprintf(why, why_len, "key %s: %s", path, strerror(-err));
		return err;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, why_len, "key %s: not a regular file", path);
		return -EINVAL;
	}
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		snprintf(why, why_len, "key %s: belongs to another user (uid %u)", path, (unsigned int)st.st_uid);
		return -EPERM;
	}
	if (st.st_mode & 077) {
		snprintf(why, why_len, "key %s: others can access it (mode %04o); chmod 600 it", path,
			 st.st_mode & 07777);
		return -EPERM;
	}
	return 0;
}

/**
 * parse_key() - Parse the text of a key file
 * @text:	What was read
 * @len:	Its length
 * @key:	The key
 */
static int parse_key(const char *text, size_t len, uint8_t key[static KEY_LEN])
{
	size_t key_len;

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (len != KEY_TEXT_LEN)
		return -EINVAL;
	if (sodium_base642bin(key, KEY_LEN, text, len, NULL, &key_len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return -EINVAL;
	return key_len == KEY_LEN ? 0 : -EINVAL;
}

/**
 * load_from() - Load the key from one file
 * @path:	Its path
 * @key:	The key
 * @why:	Reason of a failure
 * @why_len:	Size of @why
 */
static int load_from(const char *path, uint8_t key[static KEY_LEN], char *why, size_t why_len)
{
	char text[KEY_TEXT_LEN + 8];
	ssize_t len;
	int fd, err;

	/* O_NONBLOCK: a fifo in the place of the key must not hold us */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		err = -errno;
		snprintf(why, why_len, "key %s: %s", path, strerror(-err));
		return err;
	}
	err = check_file(fd, path, why, why_len);
	if (err)
		goto close_file;
	len = read(fd, text, sizeof(text));
	if (len < 0) {
		err = -errno;
		snprintf(why, why_len, "key %s: %s", path, strerror(-err));
		goto close_file;
	}
	err = parse_key(text, len, key);
	if (err)
		snprintf(why, why_len, "key %s: not a key (one line of %d characters, as omctl keygen makes it)", path,
			 KEY_TEXT_LEN);
	sodium_memzero(text, sizeof(text));
close_file:
	close(fd);
	return err;
}

/**
 * key_load() - Load the cluster's key
 * @path:	Where, or NULL to search
 * @key:	The key
 * @why:	Reason of a failure, one line
 * @why_len:	Size of @why
 */
int key_load(const char *path, uint8_t key[static KEY_LEN], char *why, size_t why_len)
{
	const char *home = getenv("HOME");
	char user_path[PATH_MAX];

	if (path)
		return load_from(path, key, why, why_len);
	path = getenv("OPENMOSIX_KEY");
	if (path && path[0] != '\0')
		return load_from(path, key, why, why_len);

	/* Of the usual places the first that exists counts, even if it is no good: a silent second choice would surprise */
	if (home && snprintf(user_path, sizeof(user_path), "%s/.config/openmosix/key", home) < PATH_MAX &&
	    (access(user_path, F_OK) == 0 || errno != ENOENT))
		return load_from(user_path, key, why, why_len);
	if (access(KEY_SYSTEM_PATH, F_OK) == 0 || errno != ENOENT)
		return load_from(KEY_SYSTEM_PATH, key, why, why_len);
	snprintf(why, why_len,
		 "no key: neither --key, $OPENMOSIX_KEY, ~/.config/openmosix/key nor " KEY_SYSTEM_PATH
		 " (omctl keygen makes one)");
	return -ENOENT;
}

/**
 * write_all() - Write a short text
 * @fd:		File
 * @text:	What
 * @len:	How much
 */
static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/**
 * key_generate() - Make a new key
 * @path:	File that must not exist
 * @why:	Reason of a failure, one line
 * @why_len:	Size of @why
 */
int key_generate(const char *path, char *why, size_t why_len)
{
	char text[KEY_TEXT_LEN + 2];
	uint8_t key[KEY_LEN];
	int fd, err;

	if (sodium_init() < 0) {
		snprintf(why, why_len, "key %s: libsodium cannot start", path);
		return -ENOTSUP;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		err = -errno;
		snprintf(why, why_len, "key %s: %s", path, strerror(-err));
		return err;
	}
	randombytes_buf(key, sizeof(key));
	sodium_bin2base64(text, sizeof(text), key, sizeof(key), sodium_base64_VARIANT_ORIGINAL);
	strcat(text, "\n");
	err = fchmod(fd, 0600) < 0 ? -errno : write_all(fd, text, strlen(text));
	sodium_memzero(key, sizeof(key));
	sodium_memzero(text, sizeof(text));
	if (close(fd) < 0 && !err)
		err = -errno;
	if (err) {
		unlink(path);
		snprintf(why, why_len, "key %s: %s", path, strerror(-err));
	}
	return err;
}
