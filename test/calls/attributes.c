/* SPDX-License-Identifier: GPL-2.0-or-later */
/* chmod, chown, utime and their kin; truncate, fallocate, fsync and their kin. */
#include <linux/falloc.h>
#include <utime.h>

#include "show.h"

static void show_mode(const char *path)
{
	struct stat st;

	if (!lstat(path, &st))
		printf("  %s: mode %o uid %d gid %d\n", path, st.st_mode, st.st_uid, st.st_gid);
}

static void show_times(const char *path)
{
	struct stat st;

	if (!lstat(path, &st))
		printf("  %s: atime %ld.%09ld mtime %ld.%09ld\n", path, st.st_atim.tv_sec, st.st_atim.tv_nsec,
		       st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void modes(int fd)
{
	struct stat st;

	TITLE("chmod");
	SHOW(SYS(chmod, "plain", 0));
	show_mode("plain");
	SHOW(SYS(chmod, "plain", 07777));
	show_mode("plain");
	SHOW(SYS(chmod, "plain", 0177777));
	show_mode("plain");
	SHOW(SYS(chmod, "missing", 0600));
	SHOW(SYS(chmod, BAD, 0600));
	SHOW(SYS(chmod, "", 0600));
	SHOW(SYS(chmod, "/proc/version", 0600));
	MUST(stat("/etc/passwd", &st));
	SHOW(SYS(chmod, "/etc/passwd", st.st_mode & 07777));
	SHOW(SYS(fchmod, fd, 0640));
	show_mode("plain");
	SHOW(SYS(fchmod, BADFD, 0640));
	SHOW(SYS(fchmodat, AT_FDCWD, "plain", 0604));
	show_mode("plain");
	SHOW(SYS(fchmodat, BADFD, "plain", 0604));
	SHOW(SYS(fchmodat, fd, "plain", 0604));
}

static void owners(int fd)
{
	uid_t me = getuid();

	TITLE("chown");
	SHOW(SYS(chown, "plain", -1, -1));
	SHOW(SYS(chown, "plain", me, -1));
	SHOW(SYS(chown, "plain", 1234, -1));
	show_mode("plain");
	SHOW(SYS(chown, "plain", -1, 1235));
	show_mode("plain");
	MUST(chmod("plain", 06755));
	SHOW(SYS(fchown, fd, me, getgid()));
	show_mode("plain");
	SHOW(SYS(lchown, "link", 77, 78));
	show_mode("link");
	SHOW(SYS(fchownat, AT_FDCWD, "plain", 79, 80, 0));
	show_mode("plain");
	SHOW(SYS(fchownat, fd, "", me, getgid(), AT_EMPTY_PATH));
	show_mode("plain");
	SHOW(SYS(fchownat, AT_FDCWD, "plain", me, -1, 1 << 20));
	SHOW(SYS(fchownat, BADFD, "plain", me, -1, 0));
	SHOW(SYS(chown, "missing", me, -1));
	SHOW(SYS(chown, BAD, me, -1));
	SHOW(SYS(lchown, "plain/x", me, -1));
	SHOW(SYS(fchown, BADFD, me, -1));
}

static void times(int fd)
{
	struct utimbuf ub = {1000, 2000};
	struct timeval tv[2] = {{3000, 111111}, {4000, 222222}};
	struct timespec ts[2] = {{5000, 333333333}, {6000, 444444444}};
	struct stat st;
	time_t now;

	TITLE("utime");
	SHOW(SYS(utime, "plain", &ub));
	show_times("plain");
	SHOW(SYS(utimes, "plain", tv));
	show_times("plain");
	SHOW(SYS(futimesat, AT_FDCWD, "plain", tv));
	SHOW(SYS(utimensat, AT_FDCWD, "plain", ts, 0));
	show_times("plain");
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1].tv_sec = -10;
	SHOW(SYS(utimensat, AT_FDCWD, "link", ts, AT_SYMLINK_NOFOLLOW));
	SHOW(SYS(utimensat, fd, NULL, ts, 0));
	show_times("plain");
	ts[1].tv_nsec = 1000000000;
	SHOW(SYS(utimensat, fd, NULL, ts, 0));
	ts[1].tv_nsec = UTIME_NOW;
	SHOW(SYS(utimensat, fd, NULL, ts, 0));
	now = time(NULL);
	stat("plain", &st);
	SHOW_TRUE(st.st_mtime >= now - 2 && st.st_mtime <= now + 2);
	SHOW(SYS(utime, "plain", NULL));
	SHOW(SYS(utime, "missing", &ub));
	SHOW(SYS(utime, "plain", BAD));
	SHOW(SYS(utime, BAD, &ub));
	SHOW(SYS(utimes, "plain", BAD));
	tv[0].tv_usec = 1000000;
	SHOW(SYS(utimes, "plain", tv));
	SHOW(SYS(utimes, "/etc/passwd", tv));
	SHOW(SYS(utimensat, BADFD, "plain", ts, 0));
	SHOW(SYS(utimensat, AT_FDCWD, "plain", BAD, 0));
	SHOW(SYS(utimensat, AT_FDCWD, "plain", ts, 1 << 20));
	SHOW(SYS(utimensat, AT_FDCWD, NULL, ts, 0));
	SHOW(SYS(futimesat, BADFD, "plain", NULL));
	ub = (struct utimbuf){1000, 2000};
	SHOW(SYS(utime, "plain", &ub));
}

static void sizes(int fd)
{
	int p[2], ro = MUST(open("plain", O_RDONLY));

	TITLE("truncate");
	SHOW(SYS(truncate, "plain", 100000));
	show_file("plain");
	SHOW(SYS(truncate, "plain", 5));
	show_file("plain");
	SHOW(SYS(truncate, "plain", -1));
	SHOW(SYS(truncate, "plain", 1ull << 62));
	SHOW(SYS(truncate, "dir", 0));
	SHOW(SYS(truncate, "missing", 0));
	SHOW(SYS(truncate, BAD, 0));
	SHOW(SYS(truncate, "/proc/version", 0));
	SHOW(SYS(ftruncate, fd, 8));
	show_file("plain");
	SHOW(SYS(ftruncate, ro, 8));
	SHOW(SYS(ftruncate, fd, -1));
	SHOW(SYS(ftruncate, BADFD, 8));
	MUST(pipe(p));
	SHOW(SYS(ftruncate, p[1], 8));
	TITLE("fallocate");
	SHOW(SYS(fallocate, fd, 0, 0, 10000));
	show_file("plain");
	SHOW(SYS(fallocate, fd, FALLOC_FL_KEEP_SIZE, 0, 20000));
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(pwrite(fd, "mark", 4, 4096));
	SHOW(SYS(fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096));
	show_file("plain");
	SHOW(SYS(fallocate, fd, FALLOC_FL_PUNCH_HOLE, 0, 4096));
	SHOW(SYS(fallocate, fd, FALLOC_FL_ZERO_RANGE, 0, 4));
	show_file("plain");
	SHOW(SYS(fallocate, fd, 0, -1, 100));
	SHOW(SYS(fallocate, fd, 0, 0, 0));
	SHOW(SYS(fallocate, fd, 0, 1ull << 60, 1ull << 60));
	SHOW(SYS(fallocate, ro, 0, 0, 100));
	SHOW(SYS(fallocate, p[1], 0, 0, 100));
	SHOW(SYS(fallocate, BADFD, 0, 0, 100));
	SHOW(SYS(fallocate, fd, 1 << 20, 0, 100));
	TITLE("sync and advice");
	SHOW(SYS(fsync, fd));
	SHOW(SYS(fdatasync, fd));
	SHOW(SYS(fsync, p[0]));
	SHOW(SYS(fdatasync, p[0]));
	SHOW(SYS(fsync, BADFD));
	SHOW(SYS(fdatasync, BADFD));
	SHOW(SYS(sync_file_range, fd, 0, 0, 7));
	SHOW(SYS(sync_file_range, fd, 0, 0, 8));
	SHOW(SYS(sync_file_range, fd, -1, 0, 0));
	SHOW(SYS(sync_file_range, p[0], 0, 0, 7));
	SHOW(SYS(sync_file_range, BADFD, 0, 0, 7));
	SHOW(SYS(syncfs, MUST(open("/dev/shm", O_RDONLY))));
	SHOW(SYS(syncfs, BADFD));
	for (int i = -1; i < 8; i++)
		SHOW(SYS(fadvise64, fd, 0, 4096, i));
	SHOW(SYS(fadvise64, p[0], 0, 0, 0));
	SHOW(SYS(fadvise64, BADFD, 0, 0, 0));
	SHOW(SYS(readahead, fd, 0, 4096));
	SHOW(SYS(readahead, p[0], 0, 4096));
	SHOW(SYS(readahead, BADFD, 0, 4096));
}

int main(void)
{
	int fd;

	make_file("plain", 300, 2);
	MUST(mkdir("dir", 0755));
	MUST(symlink("plain", "link"));
	fd = MUST(open("plain", O_RDWR));
	modes(fd);
	owners(fd);
	times(fd);
	sizes(fd);
	return 0;
}
