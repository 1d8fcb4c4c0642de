// SPDX-License-Identifier: GPL-2.0-or-later
/* Key files, and the log's lines. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key.h"
#include "log.h"
#include "test/unit/unit.h"

static char base[64];

/**
 * path_of() - Path of a file in this test's folder
 * @name:	Its name
 *
 * Return: valid until the next call but one.
 */
static const char *path_of(const char *name)
{
	static char path[2][128];
	static int i;

	i = !i;
	if (base[0] == '\0') {
		strcpy(base, "/tmp/om-unit-XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(base));
		setenv("HOME", base, 1);
		unsetenv("OPENMOSIX_KEY");
	}
	snprintf(path[i], sizeof(path[i]), "%s/%s", base, name);
	return path[i];
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

/**
 * clean() - Remove the folder
 */
static void clean(void)
{
	ck_assert_int_eq(nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/**
 * put() - Make a file
 * @name:	Its name
 * @text:	What is in it
 * @mode:	Its mode
 */
static void put(const char *name, const char *text, mode_t mode)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	ck_assert_int_eq(chmod(path, mode), 0);
}

START_TEST(key_generate_makes_what_load_reads)
{
	uint8_t one[KEY_LEN], two[KEY_LEN];
	char why[300];
	struct stat st;

	umask(0);
	ck_assert_int_eq(key_generate(path_of("a"), why, sizeof(why)), 0);
	ck_assert_int_eq(stat(path_of("a"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(key_load(path_of("a"), one, why, sizeof(why)), 0);
	ck_assert_int_eq(key_generate(path_of("b"), why, sizeof(why)), 0);
	ck_assert_int_eq(key_load(path_of("b"), two, why, sizeof(why)), 0);
	ck_assert_int_ne(memcmp(one, two, KEY_LEN), 0);

	ck_assert_int_eq(key_generate(path_of("a"), why, sizeof(why)), -EEXIST);
	ck_assert_int_eq(key_load(path_of("a"), two, why, sizeof(why)), 0);
	ck_assert_int_eq(memcmp(one, two, KEY_LEN), 0);
	ck_assert_int_eq(key_generate(path_of("no/such/folder"), why, sizeof(why)), -ENOENT);
	clean();
}
END_TEST

START_TEST(key_that_others_can_touch_is_refused)
{
	static const mode_t bad[] = { 0604, 0640, 0620, 0602, 0610, 0601, 0666 };
	uint8_t key[KEY_LEN];
	char why[300];

	ck_assert_int_eq(key_generate(path_of("a"), why, sizeof(why)), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(chmod(path_of("a"), bad[i]), 0);
		ck_assert_int_eq(key_load(path_of("a"), key, why, sizeof(why)), -EPERM);
		ck_assert_ptr_nonnull(strstr(why, "chmod 600"));
	}
	ck_assert_int_eq(chmod(path_of("a"), 0400), 0);
	ck_assert_int_eq(key_load(path_of("a"), key, why, sizeof(why)), 0);
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(path_of("a"), 12345, -1), 0);
		ck_assert_int_eq(key_load(path_of("a"), key, why, sizeof(why)), -EPERM);
		ck_assert_ptr_nonnull(strstr(why, "12345"));
	}
	clean();
}
END_TEST

START_TEST(key_that_is_none_is_refused)
{
	static const char *const bad[] = {
		"",
		"\n",
		"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE",	  /* no padding */
		"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA==\n", /* 31 bytes */
		"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy\n", /* 33 bytes */
		"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE*\n",
		"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=x\n",
		"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDF=\n", /* bits that nobody reads */
		" MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n",
		"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\nMDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n",
	};
	uint8_t key[KEY_LEN];
	char why[300];

	put("good", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n", 0600);
	ck_assert_int_eq(key_load(path_of("good"), key, why, sizeof(why)), 0);
	ck_assert_int_eq(memcmp(key, "01234567890123456789012345678901", KEY_LEN), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put("bad", bad[i], 0600);
		ck_assert_int_eq(key_load(path_of("bad"), key, why, sizeof(why)), -EINVAL);
	}
	ck_assert_int_eq(key_load(path_of(""), key, why, sizeof(why)), -EINVAL);
	ck_assert_int_eq(key_load("", key, why, sizeof(why)), -ENOENT);
	ck_assert_int_eq(mkfifo(path_of("fifo"), 0600), 0);
	ck_assert_int_eq(key_load(path_of("fifo"), key, why, sizeof(why)), -EINVAL);
	clean();
}
END_TEST

START_TEST(key_is_searched_in_this_order)
{
	uint8_t key[KEY_LEN];
	char why[300];

	put("env", "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZY=\n", 0600);
	setenv("OPENMOSIX_KEY", path_of("env"), 1);
	ck_assert_int_eq(key_load(NULL, key, why, sizeof(why)), 0);
	setenv("OPENMOSIX_KEY", path_of("missing"), 1);
	ck_assert_int_eq(key_load(NULL, key, why, sizeof(why)), -ENOENT);
	ck_assert_int_eq(key_load(path_of("env"), key, why, sizeof(why)), 0);
	unsetenv("OPENMOSIX_KEY");

	ck_assert_int_eq(mkdir(path_of(".config"), 0700), 0);
	ck_assert_int_eq(mkdir(path_of(".config/openmosix"), 0700), 0);
	put(".config/openmosix/key", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n", 0600);
	ck_assert_int_eq(key_load(NULL, key, why, sizeof(why)), 0);
	ck_assert_int_eq(key[0], '0');
	/* one that is no good is not passed over */
	chmod(path_of(".config/openmosix/key"), 0644);
	ck_assert_int_eq(key_load(NULL, key, why, sizeof(why)), -EPERM);
	clean();
}
END_TEST

/**
 * logged() - What a line looks like on stderr
 * @text:	Text that is logged
 * @level:	Its level
 *
 * Return: what was written; static.
 */
static const char *logged(const char *text, enum log_level level)
{
	static char line[4096];
	int fd[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	ck_assert_int_eq(pipe2(fd, O_NONBLOCK), 0);
	dup2(fd[1], STDERR_FILENO);
	log_at(level, "%s", text);
	dup2(saved, STDERR_FILENO);
	n = read(fd[0], line, sizeof(line) - 1);
	line[n > 0 ? n : 0] = '\0';
	close(saved);
	close(fd[0]);
	close(fd[1]);
	return line;
}

START_TEST(log_writes_one_line)
{
	char text[2000];

	unsetenv("OPENMOSIX_LOG");
	log_init("prog");
	ck_assert_str_eq(logged("what: why", LOG_LEVEL_WARN), "prog: what: why\n");
	ck_assert_str_eq(logged("what: why", LOG_LEVEL_INFO), "");
	ck_assert_str_eq(logged("a\nprog: forged\x1b[2J\x7f", LOG_LEVEL_ERROR), "prog: a?prog: forged?[2J?\n");
	setenv("OPENMOSIX_LOG", "debug", 1);
	log_init("prog");
	ck_assert_int_eq(log_level(), LOG_LEVEL_DEBUG);
	ck_assert_str_eq(logged("x", LOG_LEVEL_DEBUG), "prog: x\n");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	ck_assert_uint_le(strlen(logged(text, LOG_LEVEL_ERROR)), 1024);
	ck_assert_ptr_eq(strchr(logged(text, LOG_LEVEL_ERROR), '\n')[1] ? NULL : text, text);
}
END_TEST

UNIT(key)
{
	tcase_add_test(tc, key_generate_makes_what_load_reads);
	tcase_add_test(tc, key_that_others_can_touch_is_refused);
	tcase_add_test(tc, key_that_is_none_is_refused);
	tcase_add_test(tc, key_is_searched_in_this_order);
	tcase_add_test(tc, log_writes_one_line);
}
