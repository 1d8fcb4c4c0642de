/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * What is in the files that were sent to workers, so that it can be named by its hash the next time, without reading it
 * again: a file of the user's with records of identity (device, inode, size, times of change) and BLAKE2b-256 hash.
 *
 * All deputies of the user read and write it at the same time, without locks: it has a fixed number of records in
 * buckets, a record is written at once and has a checksum. One that was torn, or damaged otherwise, is as none; one that
 * two write at the same time is one of theirs; a bucket that is full loses its oldest. So the file never grows, and at
 * worst a file is sent once more.
 *
 * The time of change tells contents apart only if the clock has moved on since: a file that was changed within the last
 * two seconds is not remembered.
 */
#ifndef OM_DEPUTY_HASHES_H
#define OM_DEPUTY_HASHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define HASH_LEN	  32
#define HASHES_BUCKETS	  512u
#define HASHES_PER_BUCKET 8u
#define HASHES_RECORD_LEN 128u

/* Its path: in $XDG_CACHE_HOME, or ~/.cache, which must be this user's; 0 or negative errno */
int hashes_path(char *out, size_t cap);

/* Could the file change once more without its times showing it? */
bool hashes_is_young(const struct stat *st);

/* The hash of the content of the file with @st, if it is known */
bool hashes_find(const char *path, const struct stat *st, uint8_t hash[static HASH_LEN]);
void hashes_remember(const char *path, const struct stat *st, const uint8_t hash[static HASH_LEN]);

#endif
