/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stat, lstat, fstat, newfstatat, statx, statfs, fstatfs, ustat, access, faccessat, faccessat2. */
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/socket.h>

#include "show.h"

static void show_stat(const char *what, const struct stat *st)
{
	printf("%s: mode %o nlink %ld uid %d gid %d rdev %u:%u size %ld blksize %ld blocks %ld mtime %ld.%09ld\n", what,
	       st->st_mode, (long)(S_ISDIR(st->st_mode) ? 0 : st->st_nlink), st->st_uid, st->st_gid, major(st->st_rdev),
	       minor(st->st_rdev), (long)st->st_size, (long)st->st_blksize, (long)st->st_blocks, st->st_mtim.tv_sec,
	       st->st_mtim.tv_nsec);
	/* Following a link changes its access time */
	if (!S_ISLNK(st->st_mode))
		printf("  atime %ld.%09ld\n", st->st_atim.tv_sec, st->st_atim.tv_nsec);
}

/* Times that every run gives alike */
static void stamp(const char *path)
{
	struct timespec ts[2] = {{1000000001, 123456789}, {1500000002, 987654321}};

	MUST(utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW));
}

static void kinds(void)
{
	static const char *const path[] = {"plain", "dir", "link", "dangling", "fifo", "/dev/null"};
	struct stat st;

	for (size_t i = 0; i < NELEM(path); i++) {
		printf("%s\n", path[i]);
		if (!SHOW(SYS(stat, path[i], &st)) && i < 5)
			show_stat("stat", &st);
		if (!SHOW(SYS(lstat, path[i], &st)) && i < 5)
			show_stat("lstat", &st);
		if (!SHOW(SYS(newfstatat, AT_FDCWD, path[i], &st, AT_SYMLINK_NOFOLLOW)) && i < 5)
			show_stat("newfstatat", &st);
		if (i == 5)
			printf("device %u:%u\n", major(st.st_rdev), minor(st.st_rdev));
	}
}

static void errors(void)
{
	struct stat st, *last = edge(sizeof(st));
	int fd = MUST(open("plain", O_RDONLY)), path = MUST(open("plain", O_PATH)), p[2];

	TITLE("errors");
	SHOW(SYS(stat, "missing", &st));
	SHOW(SYS(stat, "", &st));
	SHOW(SYS(stat, BAD, &st));
	SHOW(SYS(stat, "plain", BAD));
	SHOW(SYS(stat, "missing", BAD));
	SHOW(SYS(stat, "plain/x", &st));
	SHOW(SYS(stat, "plain", last));
	SHOW(SYS(stat, "plain", (char *)last + 1));
	SHOW(SYS(fstat, fd, last));
	SHOW(SYS(fstat, fd, (char *)last + 1));
	SHOW(SYS(fstat, fd, BAD));
	SHOW(SYS(fstat, BADFD, &st));
	SHOW(SYS(fstat, BADFD, BAD));
	SHOW(SYS(fstat, path, &st));
	SHOW(SYS(newfstatat, AT_FDCWD, "", &st, 0));
	SHOW(SYS(newfstatat, fd, "", &st, AT_EMPTY_PATH));
	SHOW(SYS(newfstatat, fd, "", &st, AT_EMPTY_PATH | AT_NO_AUTOMOUNT));
	SHOW(SYS(newfstatat, AT_FDCWD, "", &st, AT_EMPTY_PATH));
	SHOW(SYS(newfstatat, fd, "x", &st, 0));
	SHOW(SYS(newfstatat, BADFD, "x", &st, 0));
	SHOW(SYS(newfstatat, BADFD, "/", &st, 0));
	SHOW(SYS(newfstatat, AT_FDCWD, "plain", &st, 1 << 20));
	TITLE("what descriptors are");
	MUST(pipe(p));
	SHOW(fstat(p[0], &st));
	SHOW_HEX(st.st_mode);
	SHOW(fstat(socket(AF_UNIX, SOCK_STREAM, 0), &st));
	SHOW_HEX(st.st_mode);
	SHOW(fstat(0, &st));
	SHOW_HEX(st.st_mode);
	SHOW(fstat(1, &st));
	SHOW_HEX(st.st_mode);
	close(fd);
	close(path);
}

static void extended(void)
{
	struct statx sx;
	char *last = edge(sizeof(sx));
	int fd = MUST(open("plain", O_RDONLY));

	TITLE("statx");
	memset(&sx, 0xff, sizeof(sx));
	SHOW(SYS(statx, AT_FDCWD, "plain", 0, STATX_BASIC_STATS, &sx));
	printf("mask %#x mode %o nlink %u uid %u gid %u size %llu blocks %llu mtime %lld.%09u attributes %#llx\n",
	       sx.stx_mask & STATX_BASIC_STATS, sx.stx_mode, sx.stx_nlink, sx.stx_uid, sx.stx_gid, sx.stx_size,
	       sx.stx_blocks, (long long)sx.stx_mtime.tv_sec, sx.stx_mtime.tv_nsec, sx.stx_attributes);
	SHOW(SYS(statx, AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, STATX_MODE, &sx));
	SHOW_HEX(sx.stx_mode);
	SHOW(SYS(statx, AT_FDCWD, "plain", AT_STATX_FORCE_SYNC, STATX_ALL, &sx));
	SHOW_TRUE(sx.stx_mask & STATX_BTIME);
	SHOW(SYS(statx, AT_FDCWD, "plain", AT_STATX_DONT_SYNC, STATX_SIZE, &sx));
	SHOW_NUM(sx.stx_size);
	SHOW(SYS(statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &sx));
	SHOW(SYS(statx, fd, NULL, AT_EMPTY_PATH, STATX_SIZE, &sx));
	SHOW(SYS(statx, fd, "", 0, STATX_SIZE, &sx));
	SHOW(SYS(statx, AT_FDCWD, "missing", 0, STATX_SIZE, &sx));
	SHOW(SYS(statx, AT_FDCWD, BAD, 0, STATX_SIZE, &sx));
	SHOW(SYS(statx, AT_FDCWD, "plain", 0, STATX_SIZE, BAD));
	SHOW(SYS(statx, AT_FDCWD, "plain", 0, STATX_SIZE, last));
	SHOW(SYS(statx, AT_FDCWD, "plain", 0, STATX_SIZE, last + 8));
	SHOW(SYS(statx, AT_FDCWD, "plain", 0, 1u << 31, &sx));
	SHOW(SYS(statx, AT_FDCWD, "plain", 1 << 20, STATX_SIZE, &sx));
	SHOW(SYS(statx, AT_FDCWD, "plain", AT_STATX_SYNC_TYPE, STATX_SIZE, &sx));
	SHOW(SYS(statx, BADFD, "plain", 0, STATX_SIZE, &sx));
	close(fd);
}

static void file_systems(void)
{
	struct statfs sf, other;
	struct {
		int tfree;
		unsigned long tinode;
		char name[12];
	} us;
	struct stat st;
	int fd = MUST(open("plain", O_RDONLY));

	TITLE("statfs");
	SHOW(SYS(statfs, ".", &sf));
	SHOW(SYS(fstatfs, fd, &other));
	SHOW_HEX(sf.f_type);
	SHOW_NUM(sf.f_bsize);
	SHOW_NUM(sf.f_namelen);
	SHOW_NUM(sf.f_frsize);
	SHOW_HEX(sf.f_flags);
	SHOW_TRUE(sf.f_type == other.f_type && sf.f_blocks == other.f_blocks);
	SHOW(SYS(statfs, "/proc", &sf));
	SHOW_HEX(sf.f_type);
	SHOW(SYS(statfs, "missing", &sf));
	SHOW(SYS(statfs, BAD, &sf));
	SHOW(SYS(statfs, ".", BAD));
	SHOW(SYS(fstatfs, BADFD, &sf));
	SHOW(SYS(fstatfs, fd, BAD));
	SHOW(fstatfs(socket(AF_UNIX, SOCK_STREAM, 0), &sf));
	SHOW_HEX(sf.f_type);
	SHOW(stat(".", &st));
	SHOW(SYS(ustat, st.st_dev, &us));
	SHOW(SYS(ustat, 0, &us));
	SHOW(SYS(ustat, st.st_dev, BAD));
	SHOW(SYS(ustat, 0xffff, &us));
	SHOW(SYS(sysfs, 3));
	SHOW(SYS(sysfs, 1, "nosuchfs"));
	close(fd);
}

static void rights(void)
{
	static const mode_t mode[] = {0, 0111, 0222, 0444, 0755};

	TITLE("access");
	for (size_t i = 0; i < NELEM(mode); i++) {
		MUST(chmod("plain", mode[i]));
		printf("mode %o:", mode[i]);
		for (int m = 0; m < 8; m++)
			printf(" %s", SYS(access, "plain", m) ? show_errno(errno) : "ok");
		printf("\n");
	}
	SHOW(SYS(access, "plain", 8));
	SHOW(SYS(access, "plain", -1));
	SHOW(SYS(access, "missing", F_OK));
	SHOW(SYS(access, BAD, F_OK));
	SHOW(SYS(access, "plain/x", F_OK));
	SHOW(SYS(access, "/proc/version", W_OK));
	SHOW(SYS(faccessat, AT_FDCWD, "plain", R_OK));
	SHOW(SYS(faccessat, BADFD, "plain", R_OK));
	SHOW(SYS(faccessat2, AT_FDCWD, "plain", R_OK, AT_EACCESS));
	SHOW(SYS(faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
	SHOW(SYS(faccessat2, AT_FDCWD, "dangling", F_OK, 0));
	SHOW(SYS(faccessat2, 1, "", W_OK, AT_EMPTY_PATH));
	SHOW(SYS(faccessat2, AT_FDCWD, "plain", R_OK, 1 << 20));
	SHOW(SYS(faccessat2, AT_FDCWD, BAD, R_OK, 0));
}

int main(void)
{
	make_file("plain", 5000, 1);
	MUST(mkdir("dir", 0750));
	MUST(symlink("plain", "link"));
	MUST(symlink("nothing", "dangling"));
	MUST(mkfifo("fifo", 0600));
	stamp("plain");
	stamp("dir");
	stamp("link");
	stamp("dangling");
	stamp("fifo");
	kinds();
	errors();
	extended();
	file_systems();
	rights();
	return 0;
}
