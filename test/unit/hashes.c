/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of known contents: what it finds, and what it does with a file that is not as it should be. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "deputy/hashes.h"
#include "test/unit/unit.h"

#define FILE_LEN (HASHES_BUCKETS * HASHES_PER_BUCKET * HASHES_RECORD_LEN)

static char dir[] = "/tmp/om-hashes-XXXXXX", path[64];

static void place(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/hashes", dir);
}

static void remove_place(void)
{
	unlink(path);
	rmdir(dir);
}

/* A file of its own for each number, old enough */
static struct stat file_of(unsigned int i)
{
	struct stat st = { .st_dev = 3, .st_ino = 100 + i, .st_size = 5000 };

	st.st_mtim = (struct timespec){ 1700000000, 17 };
	st.st_ctim = (struct timespec){ 1700000001, 18 };
	return st;
}

static bool known(const struct stat *st, uint8_t fill)
{
	uint8_t hash[HASH_LEN], wanted[HASH_LEN];

	memset(wanted, fill, sizeof(wanted));
	return hashes_find(path, st, hash) && !memcmp(hash, wanted, sizeof(hash));
}

static void remember(const struct stat *st, uint8_t fill)
{
	uint8_t hash[HASH_LEN];

	memset(hash, fill, sizeof(hash));
	hashes_remember(path, st, hash);
}

START_TEST(hashes_are_of_one_state_of_a_file)
{
	struct stat st = file_of(1), other;

	place();
	ck_assert(!known(&st, 7));
	remember(&st, 7);
	ck_assert(known(&st, 7));
	other = st;
	other.st_dev++;
	ck_assert(!known(&other, 7));
	other = st;
	other.st_size++;
	ck_assert(!known(&other, 7));
	other = st;
	other.st_mtim.tv_nsec++;
	ck_assert(!known(&other, 7));
	other = st;
	other.st_ctim.tv_nsec++;
	ck_assert(!known(&other, 7));
	remember(&other, 8);
	ck_assert(known(&other, 8));
	ck_assert(!known(&st, 7)); /* its record is the file's, not the state's */
	remove_place();
}
END_TEST

START_TEST(hashes_of_young_files_are_not_kept)
{
	struct stat st = file_of(1);

	place();
	clock_gettime(CLOCK_REALTIME, &st.st_ctim);
	remember(&st, 7);
	ck_assert(!known(&st, 7));
	st.st_ctim.tv_sec += 1000; /* by a clock that was put back */
	remember(&st, 7);
	ck_assert(!known(&st, 7));
	remove_place();
}
END_TEST

START_TEST(hashes_file_does_not_grow)
{
	struct stat st, found;
	unsigned int left = 0;

	place();
	for (unsigned int i = 0; i < 3 * HASHES_BUCKETS * HASHES_PER_BUCKET; i++) {
		st = file_of(i);
		remember(&st, (uint8_t)i);
		ck_assert(known(&st, (uint8_t)i));
	}
	for (unsigned int i = 0; i < 3 * HASHES_BUCKETS * HASHES_PER_BUCKET; i++) {
		st = file_of(i);
		left += known(&st, (uint8_t)i);
	}
	ck_assert_uint_le(left, HASHES_BUCKETS * HASHES_PER_BUCKET);
	ck_assert_uint_gt(left, HASHES_BUCKETS * HASHES_PER_BUCKET * 9 / 10);
	ck_assert_int_eq(stat(path, &found), 0);
	ck_assert_int_le(found.st_size, FILE_LEN);
	remove_place();
}
END_TEST

START_TEST(hashes_damage_is_seen)
{
	struct stat st = file_of(1), found;
	uint8_t bytes[HASHES_RECORD_LEN];
	int fd;

	place();
	remember(&st, 7);
	ck_assert_int_eq(stat(path, &found), 0);
	fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, bytes, sizeof(bytes), found.st_size - HASHES_RECORD_LEN), HASHES_RECORD_LEN);
	for (unsigned int i = 0; i < sizeof(bytes); i++) {
		bytes[i] ^= 0x10;
		ck_assert_int_eq(pwrite(fd, bytes, sizeof(bytes), found.st_size - HASHES_RECORD_LEN), sizeof(bytes));
		ck_assert(!known(&st, 7));
		bytes[i] ^= 0x10;
	}
	ck_assert_int_eq(pwrite(fd, bytes, sizeof(bytes), found.st_size - HASHES_RECORD_LEN), sizeof(bytes));
	ck_assert(known(&st, 7));
	ck_assert_int_eq(ftruncate(fd, found.st_size - 1), 0); /* torn */
	ck_assert(!known(&st, 7));
	remember(&st, 9);
	ck_assert(known(&st, 9));
	close(fd);
	remove_place();
}
END_TEST

START_TEST(hashes_file_of_others_is_not_used)
{
	struct stat st = file_of(1);
	char target[80];

	place();
	remember(&st, 7);
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert(!known(&st, 7));
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert(known(&st, 7));
	snprintf(target, sizeof(target), "%s/target", dir);
	ck_assert_int_eq(rename(path, target), 0);
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert(!known(&st, 7));
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert(!known(&st, 7));
	remember(&st, 7);
	unlink(target);
	remove_place();
}
END_TEST

START_TEST(hashes_place_is_the_users)
{
	char out[64], cache[64];

	place();
	setenv("XDG_CACHE_HOME", dir, 1);
	ck_assert_int_eq(hashes_path(out, sizeof(out)), 0);
	snprintf(cache, sizeof(cache), "%s/openmosix", dir);
	ck_assert_int_eq(strncmp(out, cache, strlen(cache)), 0);
	ck_assert_int_eq(hashes_path(out, 30), -ENAMETOOLONG);
	ck_assert_int_eq(chmod(dir, 0777), 0);
	ck_assert_int_eq(hashes_path(out, sizeof(out)), -EPERM);
	unsetenv("XDG_CACHE_HOME");
	setenv("HOME", "/nowhere", 1);
	ck_assert_int_eq(hashes_path(out, sizeof(out)), -ENOENT);
	rmdir(cache);
	remove_place();
}
END_TEST

UNIT(hashes)
{
	tcase_add_test(tc, hashes_are_of_one_state_of_a_file);
	tcase_add_test(tc, hashes_of_young_files_are_not_kept);
	tcase_add_test(tc, hashes_file_does_not_grow);
	tcase_add_test(tc, hashes_damage_is_seen);
	tcase_add_test(tc, hashes_file_of_others_is_not_used);
	tcase_add_test(tc, hashes_place_is_the_users);
}
