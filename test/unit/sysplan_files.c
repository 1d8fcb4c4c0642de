// SPDX-License-Identifier: GPL-2.0-or-later
/* Forwarded calls on files: spans of fixed and counted length, strings, trimmed outputs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "test/unit/sysplan_drive.h"
#include "test/unit/unit.h"

static char dir[64];
static int started_in;

/* An own directory as current directory */
static void enter(void)
{
	home_begin();
	started_in = open(".", O_RDONLY | O_DIRECTORY);
	strcpy(dir, "/tmp/om-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void leave(void)
{
	/* What a test may have left; the rest it has removed itself */
	unlink("a");
	unlink("f");
	ck_assert_int_eq(fchdir(started_in), 0);
	close(started_in);
	ck_assert_int_eq(rmdir(dir), 0);
}

START_TEST(file_read_write)
{
	char out[32] = "untouched-untouched";
	int64_t fd;

	enter();
	fd = FORWARD(SYS_openat, AT_FDCWD, "a", O_RDWR | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(FORWARD(SYS_write, fd, "hello", 5), 5);
	ck_assert_int_eq(FORWARD(SYS_pwrite64, fd, "HE", 2, 0), 2);
	ck_assert_int_eq(FORWARD(SYS_lseek, fd, 0, SEEK_SET), 0);
	/* No more than was read comes back */
	ck_assert_int_eq(FORWARD(SYS_read, fd, out, sizeof(out)), 5);
	ck_assert_int_eq(memcmp(out, "HElloched-untouched", 20), 0);
	ck_assert_int_eq(FORWARD(SYS_read, fd, out, sizeof(out)), 0);
	ck_assert_int_eq(FORWARD(SYS_pread64, fd, out, 2, 3), 2);
	ck_assert_int_eq(memcmp(out, "lollo", 5), 0);
	ck_assert_int_eq(FORWARD(SYS_write, fd, NULL, 0), 0);
	ck_assert_int_eq(FORWARD(SYS_read, fd, 16, 0), 0);
	ck_assert_int_eq(FORWARD(SYS_close, fd), 0);
	SAME(SYS_close, fd);
	SAME(SYS_read, fd, out, 1);
	SAME(SYS_write, fd, out, 1);
	leave();
}
END_TEST

START_TEST(file_stat)
{
	struct stat a, b, before;
	struct statfs f, g;
	struct statx x, y;

	enter();
	ck_assert_int_eq(NATIVE(SYS_newfstatat, AT_FDCWD, "/bin/sh", &a, 0), 0);
	ck_assert_int_eq(FORWARD(SYS_newfstatat, AT_FDCWD, "/bin/sh", &b, 0), 0);
	ck_assert_int_eq(a.st_ino, b.st_ino);
	ck_assert_int_eq(a.st_size, b.st_size);
	ck_assert_int_eq(FORWARD(SYS_stat, "/bin/sh", &b), 0);
	ck_assert_int_eq(a.st_ino, b.st_ino);
	ck_assert_int_eq(FORWARD(SYS_fstat, 0, &b), NATIVE(SYS_fstat, 0, &a));
	ck_assert_int_eq(memcmp(&a.st_ino, &b.st_ino, 8), 0);
	/* Nothing comes back from a call that failed */
	memset(&b, 0x5a, sizeof(b));
	before = b;
	ck_assert_int_eq(FORWARD(SYS_stat, "/nonexistent", &b), -ENOENT);
	ck_assert_int_eq(memcmp(&b, &before, sizeof(b)), 0);
	ck_assert_int_eq(FORWARD(SYS_statfs, "/", &f), NATIVE(SYS_statfs, "/", &g));
	ck_assert_int_eq(f.f_type, g.f_type);
	ck_assert_int_eq(FORWARD(SYS_statx, AT_FDCWD, "/", 0, STATX_ALL, &x),
			 NATIVE(SYS_statx, AT_FDCWD, "/", 0, STATX_ALL, &y));
	ck_assert_int_eq(x.stx_ino, y.stx_ino);
	leave();
}
END_TEST

START_TEST(file_names)
{
	char a[PATH_MAX], b[PATH_MAX];

	enter();
	memset(a, 0x5a, sizeof(a));
	memset(b, 0x5a, sizeof(b));
	ck_assert_int_eq(FORWARD(SYS_symlink, "the/target", "link"), 0);
	ck_assert_int_eq(FORWARD(SYS_readlink, "link", a, sizeof(a)), 10);
	ck_assert_int_eq(NATIVE(SYS_readlink, "link", b, sizeof(b)), 10);
	ck_assert_int_eq(memcmp(a, b, sizeof(a)), 0);
	ck_assert_int_eq(FORWARD(SYS_readlink, "link", a, 3), 3);
	SAME(SYS_readlink, "link", a, 0);
	SAME(SYS_readlink, "link", a, -1);
	SAME(SYS_readlink, "nolink", a, 3);
	ck_assert_int_eq(FORWARD(SYS_getcwd, a, sizeof(a)), NATIVE(SYS_getcwd, b, sizeof(b)));
	ck_assert_str_eq(a, b);
	SAME(SYS_getcwd, a, 3);
	SAME(SYS_getcwd, a, 0);
	ck_assert_int_eq(FORWARD(SYS_mkdirat, AT_FDCWD, "d", 0700), 0);
	ck_assert_int_eq(FORWARD(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "e", 0), 0);
	ck_assert_int_eq(FORWARD(SYS_rename, "e", "f"), 0);
	ck_assert_int_eq(FORWARD(SYS_rmdir, "f"), 0);
	SAME(SYS_rmdir, "f");
	ck_assert_int_eq(FORWARD(SYS_unlink, "link"), 0);
	leave();
}
END_TEST

START_TEST(file_directory)
{
	_Alignas(8) uint8_t a[4096], b[4096];
	int64_t fd;
	int64_t n;

	enter();
	fd = FORWARD(SYS_open, "/", O_RDONLY | O_DIRECTORY);
	memset(a, 0x5a, sizeof(a));
	memset(b, 0x5a, sizeof(b));
	n = FORWARD(SYS_getdents64, fd, a, sizeof(a));
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(NATIVE(SYS_lseek, fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(NATIVE(SYS_getdents64, fd, b, sizeof(b)), n);
	/* The kernel leaves the padding of an entry alone, so look at the entries only, and at what is behind them */
	for (int64_t at = 0; at < n; at += ((const struct dirent64 *)(a + at))->d_reclen) {
		const struct dirent64 *x = (const struct dirent64 *)(a + at), *y = (const struct dirent64 *)(b + at);

		ck_assert_int_eq(x->d_ino, y->d_ino);
		ck_assert_int_eq(x->d_reclen, y->d_reclen);
		ck_assert_str_eq(x->d_name, y->d_name);
	}
	ck_assert_int_eq(memcmp(a + n, b + n, sizeof(a) - (size_t)n), 0);
	ck_assert_int_eq(FORWARD(SYS_lseek, fd, 0, SEEK_SET), 0);
	SAME(SYS_getdents64, fd, a, 10);
	ck_assert_int_eq(FORWARD(SYS_close, fd), 0);
	leave();
}
END_TEST

/* Names of every length around the limits of what is read at first, of a page, and of PATH_MAX */
START_TEST(file_long_names)
{
	static const size_t lengths[] = { 0, 1, 254, 255, 256, 257, 511, 512, 4093, 4094, 4095, 4096, 4097, 5000 };
	uint8_t *at = island(3);
	struct stat st;

	enter();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (size_t shift = 0; shift < 3; shift++) {
			/* At the start, across pages, and with the NUL as the last byte there is */
			char *name = (char *)(shift == 2 ? at + 3 * PAGE - lengths[i] - 1 : at + shift * 100);

			memset(name, '/', lengths[i]);
			name[lengths[i]] = 0;
			SAME(SYS_stat, name, &st);
			memset(name, 'x', lengths[i]);
			SAME(SYS_stat, name, &st);
			SAME(SYS_link, name, name);
			SAME(SYS_link, "nothing", name);
			SAME(SYS_getxattr, name, name, NULL, 0);
			SAME(SYS_getxattr, "/", name, NULL, 0);
		}
	}
	leave();
}
END_TEST

START_TEST(file_attributes)
{
	char a[64], b[64];
	int64_t n;

	enter();
	ck_assert_int_eq(NATIVE(SYS_mknod, "f", S_IFREG | 0600, 0), 0);
	n = FORWARD(SYS_setxattr, "f", "user.om", "value", 5, 0);
	ck_assert(n == 0 || n == -EOPNOTSUPP);
	if (n == 0) {
		memset(a, 0x5a, sizeof(a));
		memset(b, 0x5a, sizeof(b));
		ck_assert_int_eq(FORWARD(SYS_getxattr, "f", "user.om", a, sizeof(a)), 5);
		ck_assert_int_eq(NATIVE(SYS_getxattr, "f", "user.om", b, sizeof(b)), 5);
		ck_assert_int_eq(memcmp(a, b, sizeof(a)), 0);
		SAME(SYS_getxattr, "f", "user.om", a, 3);
		SAME(SYS_getxattr, "f", "user.om", NULL, 0);
		SAME(SYS_listxattr, "f", a, sizeof(a));
		SAME(SYS_listxattr, "f", a, 1);
		ck_assert_int_eq(FORWARD(SYS_removexattr, "f", "user.om"), 0);
	}
	/* What is too long is refused by the kernel's own check */
	SAME(SYS_setxattr, "f", "user.om", a, 65537, 0);
	SAME(SYS_setxattr, "f", "user.om", a, 1ul << 40, 0);
	SAME(SYS_setxattr, "f", "user.om", a, -1, 0);
	leave();
}
END_TEST

START_TEST(file_system)
{
	struct utsname a, b;

	home_begin();
	ck_assert_int_eq(FORWARD(SYS_uname, &a), 0);
	ck_assert_int_eq(NATIVE(SYS_uname, &b), 0);
	ck_assert_int_eq(memcmp(&a, &b, sizeof(a)), 0);
	ck_assert_int_eq(FORWARD(SYS_getppid, 0), getppid());
	ck_assert_int_eq(FORWARD(SYS_getuid, 0), getuid());
}
END_TEST

UNIT(sysplan_files)
{
	tcase_add_test(tc, file_read_write);
	tcase_add_test(tc, file_stat);
	tcase_add_test(tc, file_names);
	tcase_add_test(tc, file_directory);
	tcase_add_test(tc, file_long_names);
	tcase_add_test(tc, file_attributes);
	tcase_add_test(tc, file_system);
}
