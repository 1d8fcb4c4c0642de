/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Known contents of files: see deputy/hashes.h. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "deputy/hashes.h"

#define YOUNG_S	  2
#define CHECK_LEN 16

/**
 * struct record - What is in one file
 * @dev:	Identity: device
 * @ino:	.        inode
 * @size:	.        size
 * @mtime_s:	.        last modification
 * @ctime_s:	.        last change
 * @mtime_ns:	.
 * @ctime_ns:	.
 * @stamp_s:	When it was written
 * @hash:	Of the content
 * @mark:	What it is a record of
 * @check:	Hash of all that
 */
struct record {
	uint64_t dev, ino, size;
	int64_t mtime_s, ctime_s;
	uint32_t mtime_ns, ctime_ns;
	int64_t stamp_s;
	uint8_t hash[HASH_LEN];
	char mark[24];
	uint8_t check[CHECK_LEN];
};
static_assert(sizeof(struct record) == HASHES_RECORD_LEN, "records lie next to each other in the file");

static const char mark[24] = "openMosix hash 1";

/* Is it a directory of this user's, which nobody else may write to? */
static bool own_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022);
}

int hashes_path(char *out, size_t cap)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n;

	if (xdg && xdg[0] == '/') {
		n = snprintf(out, cap, "%s", xdg);
	} else {
		if (!home || home[0] != '/' || !own_dir(home))
			return -ENOENT;
		n = snprintf(out, cap, "%s/.cache", home);
		if (n > 0 && (size_t)n < cap)
			mkdir(out, 0700);
	}
	if (n < 0 || (size_t)n + sizeof("/openmosix/hashes") > cap)
		return -ENAMETOOLONG;
	if (!own_dir(out))
		return -EPERM;
	strcat(out, "/openmosix");
	mkdir(out, 0700);
	if (!own_dir(out))
		return -EPERM;
	strcat(out, "/hashes");
	return 0;
}

bool hashes_is_young(const struct stat *st)
{
	return st->st_ctim.tv_sec > time(NULL) - YOUNG_S;
}

/* The record of a file, but for what is in it */
static struct record record_of(const struct stat *st)
{
	struct record r = { .dev = st->st_dev,
			    .ino = st->st_ino,
			    .size = (uint64_t)st->st_size,
			    .mtime_s = st->st_mtim.tv_sec,
			    .ctime_s = st->st_ctim.tv_sec,
			    .mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
			    .ctime_ns = (uint32_t)st->st_ctim.tv_nsec };

	memcpy(r.mark, mark, sizeof(mark));
	return r;
}

/* The checksum of a record */
static void record_check(const struct record *r, uint8_t check[static CHECK_LEN])
{
	crypto_generichash(check, CHECK_LEN, (const uint8_t *)r, offsetof(struct record, check), NULL, 0);
}

/* Is it a record? */
static bool record_valid(const struct record *r)
{
	uint8_t check[CHECK_LEN];

	record_check(r, check);
	return !memcmp(check, r->check, CHECK_LEN) && !memcmp(r->mark, mark, sizeof(mark));
}

/* Where the bucket of a file begins */
static off_t bucket_at(const struct record *r)
{
	static const uint8_t key[crypto_shorthash_KEYBYTES] = { 0 };
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t number;

	crypto_shorthash(hash, (const uint8_t *)r, offsetof(struct record, size), key);
	memcpy(&number, hash, sizeof(number));
	return (off_t)(number % HASHES_BUCKETS * HASHES_PER_BUCKET * HASHES_RECORD_LEN);
}

/* Open the file, which must be ours and nothing else */
static int hashes_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022))
		return fd;
	close(fd);
	return -EPERM;
}

/* Read a bucket; what is not there is as empty records */
static void bucket_read(int fd, off_t at, struct record bucket[static HASHES_PER_BUCKET])
{
	memset(bucket, 0, HASHES_PER_BUCKET * sizeof(*bucket));
	if (pread(fd, bucket, HASHES_PER_BUCKET * sizeof(*bucket), at) < 0)
		memset(bucket, 0, HASHES_PER_BUCKET * sizeof(*bucket));
}

bool hashes_find(const char *path, const struct stat *st, uint8_t hash[static HASH_LEN])
{
	struct record wanted = record_of(st), bucket[HASHES_PER_BUCKET];
	int fd = hashes_open(path, O_RDONLY);

	if (fd < 0)
		return false;
	bucket_read(fd, bucket_at(&wanted), bucket);
	close(fd);
	for (unsigned int i = 0; i < HASHES_PER_BUCKET; i++) {
		if (memcmp(&bucket[i], &wanted, offsetof(struct record, stamp_s)) || !record_valid(&bucket[i]))
			continue;
		memcpy(hash, bucket[i].hash, HASH_LEN);
		return true;
	}
	return false;
}

/* Which record of a bucket a new one replaces: the same file's, else one that is none, else the oldest */
static unsigned int record_victim(const struct record bucket[static HASHES_PER_BUCKET], const struct record *r)
{
	unsigned int victim = 0;
	int64_t oldest = INT64_MAX;

	for (unsigned int i = 0; i < HASHES_PER_BUCKET; i++) {
		int64_t stamp = record_valid(&bucket[i]) ? bucket[i].stamp_s : INT64_MIN;

		if (bucket[i].dev == r->dev && bucket[i].ino == r->ino)
			return i;
		if (stamp < oldest) {
			oldest = stamp;
			victim = i;
		}
	}
	return victim;
}

void hashes_remember(const char *path, const struct stat *st, const uint8_t hash[static HASH_LEN])
{
	struct record r = record_of(st), bucket[HASHES_PER_BUCKET];
	off_t at = bucket_at(&r);
	ssize_t n;
	int fd;

	if (hashes_is_young(st))
		return;
	fd = hashes_open(path, O_RDWR | O_CREAT);
	if (fd < 0)
		return;
	bucket_read(fd, at, bucket);
	memcpy(r.hash, hash, HASH_LEN);
	r.stamp_s = time(NULL);
	record_check(&r, r.check);
	at += (off_t)(record_victim(bucket, &r) * sizeof(r));
	n = pwrite(fd, &r, sizeof(r), at);
	(void)n; /* one that could not be written is as none */
	close(fd);
}
