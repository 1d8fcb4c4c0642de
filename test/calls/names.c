/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mkdir, rmdir, link, symlink, readlink, unlink, rename, mknod and their -at forms. */
#include <linux/fs.h>
#include <sys/sysmacros.h>

#include "show.h"

static char name256[257], path4096[4097];

static void directories(void)
{
	int dir;

	TITLE("mkdir and rmdir");
	SHOW(SYS(mkdir, "d", 0777));
	SHOW(SYS(mkdir, "d", 0777));
	SHOW(SYS(mkdir, "d/", 0777));
	SHOW(SYS(mkdir, "e/", 0700));
	SHOW(SYS(mkdir, "missing/e", 0777));
	SHOW(SYS(mkdir, "", 0777));
	SHOW(SYS(mkdir, "/", 0777));
	SHOW(SYS(mkdir, ".", 0777));
	SHOW(SYS(mkdir, BAD, 0777));
	SHOW(SYS(mkdir, name256, 0777));
	SHOW(SYS(mkdir, path4096, 0777));
	SHOW(SYS(mkdir, "/proc/x", 0777));
	SHOW(SYS(mkdir, "plain/x", 0777));
	dir = MUST(open("d", O_RDONLY));
	SHOW(SYS(mkdirat, dir, "sub", 07777));
	SHOW(SYS(mkdirat, BADFD, "sub", 0777));
	SHOW(SYS(mkdirat, dir, "../plain/x", 0777));
	SHOW(SYS(rmdir, "d"));
	SHOW(SYS(rmdir, "d/sub"));
	SHOW(SYS(rmdir, "d/."));
	SHOW(SYS(rmdir, "d/.."));
	SHOW(SYS(rmdir, "plain"));
	SHOW(SYS(rmdir, "missing"));
	SHOW(SYS(rmdir, BAD));
	SHOW(SYS(rmdir, ""));
	SHOW(SYS(rmdir, name256));
	SHOW(SYS(rmdir, "/"));
	SHOW(SYS(rmdir, "d"));
	SHOW(SYS(openat, dir, "gone", O_CREAT | O_RDWR, 0600));
	SHOW(SYS(mkdirat, dir, "gone", 0700));
	SHOW(SYS(unlinkat, AT_FDCWD, "e", 0));
	SHOW(SYS(unlinkat, AT_FDCWD, "plain", AT_REMOVEDIR));
	SHOW(SYS(unlinkat, AT_FDCWD, "e", AT_REMOVEDIR));
	SHOW(SYS(unlinkat, AT_FDCWD, "e", 1 << 20));
	close(dir);
}

static void links(void)
{
	struct stat st;
	char buf[64];
	int fd;

	TITLE("link");
	SHOW(SYS(link, "plain", "hard"));
	SHOW(stat("plain", &st));
	SHOW_NUM(st.st_nlink);
	SHOW(SYS(link, "plain", "hard"));
	SHOW(SYS(link, "missing", "x"));
	SHOW(SYS(link, "plain", "missing/x"));
	SHOW(SYS(link, ".", "x"));
	SHOW(SYS(link, BAD, "x"));
	SHOW(SYS(link, "plain", BAD));
	SHOW(SYS(link, "plain", ""));
	SHOW(SYS(link, "plain", name256));
	SHOW(SYS(link, "plain", "/proc/x"));
	SHOW(SYS(linkat, AT_FDCWD, "plain", AT_FDCWD, "hard2", 0));
	SHOW(SYS(linkat, AT_FDCWD, "soft", AT_FDCWD, "hard3", AT_SYMLINK_FOLLOW));
	SHOW(SYS(linkat, AT_FDCWD, "plain", AT_FDCWD, "x", 1 << 20));
	SHOW(SYS(linkat, BADFD, "plain", AT_FDCWD, "x", 0));
	SHOW(SYS(linkat, AT_FDCWD, "plain", BADFD, "x", 0));
	fd = MUST(open(".", O_TMPFILE | O_RDWR, 0600));
	SHOW(write(fd, "from nowhere", 12));
	snprintf(buf, sizeof(buf), "/proc/self/fd/%d", fd);
	SHOW(SYS(linkat, AT_FDCWD, buf, AT_FDCWD, "appeared", AT_SYMLINK_FOLLOW));
	SHOW(SYS(linkat, fd, "", AT_FDCWD, "appeared2", AT_EMPTY_PATH));
	show_file("appeared");
	close(fd);

	TITLE("symlink and readlink");
	SHOW(SYS(symlink, "plain", "soft"));
	SHOW(SYS(symlink, "plain", "soft"));
	SHOW(SYS(symlink, "", "x"));
	SHOW(SYS(symlink, "plain", ""));
	SHOW(SYS(symlink, BAD, "x"));
	SHOW(SYS(symlink, "plain", BAD));
	SHOW(SYS(symlink, path4096, "x"));
	SHOW(SYS(symlink, name256, "longlink"));
	SHOW(SYS(symlinkat, "soft", AT_FDCWD, "soft2"));
	SHOW(SYS(symlinkat, "soft", BADFD, "x"));
	memset(buf, '.', sizeof(buf));
	SHOW(SYS(readlink, "soft", buf, sizeof(buf)));
	show_bytes("buf", buf, 10);
	memset(buf, '.', sizeof(buf));
	SHOW(SYS(readlink, "soft", buf, 3));
	show_bytes("buf", buf, 10);
	SHOW(SYS(readlink, "soft", buf, 0));
	SHOW(SYS(readlink, "soft", buf, -1));
	SHOW(SYS(readlink, "soft", BAD, 10));
	SHOW(SYS(readlink, "soft", edge(3), 10));
	SHOW(SYS(readlink, "soft", edge(5), 10));
	SHOW(SYS(readlink, "plain", buf, 10));
	SHOW(SYS(readlink, ".", buf, 10));
	SHOW(SYS(readlink, "missing", buf, 10));
	SHOW(SYS(readlink, "", buf, 10));
	SHOW(SYS(readlink, BAD, buf, 10));
	SHOW(SYS(readlink, "longlink", buf, 64));
	show_bytes("buf", buf, 64);
	SHOW(SYS(readlinkat, AT_FDCWD, "soft2", buf, 64));
	SHOW(SYS(readlinkat, BADFD, "soft2", buf, 64));
	fd = MUST(open("soft", O_PATH | O_NOFOLLOW));
	SHOW(SYS(readlinkat, fd, "", buf, 64));
	show_bytes("buf", buf, 5);
	close(fd);
	SHOW(SYS(readlink, "/proc/self/exe", buf, 0));
	SHOW(SYS(readlink, "/proc/self/fd/0", buf, 64));
	show_bytes("fd 0", buf, 9);
}

static void renames(void)
{
	int dir;

	TITLE("rename");
	make_file("a", 5, 1);
	make_file("b", 6, 2);
	MUST(mkdir("da", 0755));
	MUST(mkdir("db", 0755));
	make_file("db/file", 1, 1);
	SHOW(SYS(rename, "a", "a2"));
	SHOW(SYS(rename, "a", "a2"));
	SHOW(SYS(rename, "a2", "b"));
	show_file("b");
	SHOW(SYS(rename, "b", "da"));
	SHOW(SYS(rename, "da", "b"));
	SHOW(SYS(rename, "da", "db"));
	SHOW(SYS(rename, "db", "db/sub"));
	SHOW(SYS(rename, "db", "da"));
	SHOW(SYS(rename, "da/.", "x"));
	SHOW(SYS(rename, "b", ""));
	SHOW(SYS(rename, "", "b"));
	SHOW(SYS(rename, BAD, "b"));
	SHOW(SYS(rename, "b", BAD));
	SHOW(SYS(rename, "b", name256));
	SHOW(SYS(rename, "b", "/proc/b"));
	SHOW(SYS(rename, "b", "hard/b"));
	SHOW(SYS(rename, "plain", "hard"));
	SHOW(access("plain", F_OK));
	dir = MUST(open("da", O_PATH));
	SHOW(SYS(renameat, dir, "file", AT_FDCWD, "file"));
	SHOW(SYS(renameat, AT_FDCWD, "file", dir, "file2"));
	SHOW(SYS(renameat, BADFD, "file", dir, "file2"));
	TITLE("renameat2");
	SHOW(SYS(renameat2, AT_FDCWD, "b", dir, "file2", RENAME_NOREPLACE));
	SHOW(SYS(renameat2, AT_FDCWD, "b", dir, "file2", RENAME_EXCHANGE));
	show_file("b");
	show_file("da/file2");
	SHOW(SYS(renameat2, AT_FDCWD, "b", dir, "none", RENAME_EXCHANGE));
	SHOW(SYS(renameat2, AT_FDCWD, "b", dir, "none", RENAME_EXCHANGE | RENAME_NOREPLACE));
	SHOW(SYS(renameat2, AT_FDCWD, "b", dir, "none", 1 << 10));
	SHOW(SYS(renameat2, AT_FDCWD, "b", dir, "none", RENAME_NOREPLACE));
	show_file("da/none");
	close(dir);
}

static void nodes(void)
{
	struct stat st;

	TITLE("mknod");
	SHOW(SYS(mknod, "n_file", S_IFREG | 0640, 0));
	SHOW(SYS(mknod, "n_none", 0640, 0));
	SHOW(SYS(mknod, "n_fifo", S_IFIFO | 0640, 0));
	SHOW(SYS(mknod, "n_sock", S_IFSOCK | 0640, 0));
	SHOW(SYS(mknod, "n_dir", S_IFDIR | 0640, 0));
	SHOW(SYS(mknod, "n_link", S_IFLNK | 0640, 0));
	SHOW(SYS(mknod, "n_chr", S_IFCHR | 0640, makedev(1, 3)));
	SHOW(SYS(mknod, "n_blk", S_IFBLK | 0640, makedev(1, 3)));
	SHOW(SYS(mknod, "n_fifo", S_IFIFO | 0640, 0));
	SHOW(SYS(mknod, BAD, S_IFIFO | 0640, 0));
	SHOW(SYS(mknod, "missing/x", S_IFIFO | 0640, 0));
	SHOW(SYS(mknodat, AT_FDCWD, "n_fifo2", S_IFIFO | 0666, 0));
	SHOW(SYS(mknodat, BADFD, "n_fifo2", S_IFIFO | 0666, 0));
	if (!stat("n_chr", &st))
		printf("device %u:%u\n", major(st.st_rdev), minor(st.st_rdev));
	unlink("n_chr");
	unlink("n_blk");
	SHOW(stat("n_sock", &st));
	SHOW_HEX(st.st_mode);
	SHOW(open("n_sock", O_RDONLY));
	TITLE("unlink");
	SHOW(SYS(unlink, "n_fifo"));
	SHOW(SYS(unlink, "n_fifo"));
	SHOW(SYS(unlink, "da"));
	SHOW(SYS(unlink, "da/"));
	SHOW(SYS(unlink, "n_file/"));
	SHOW(SYS(unlink, "soft2"));
	SHOW(SYS(unlink, ""));
	SHOW(SYS(unlink, BAD));
	SHOW(SYS(unlink, name256));
	SHOW(SYS(unlink, path4096));
	SHOW(SYS(unlink, "/proc/self/comm"));
	SHOW(SYS(unlink, "/"));
}

/* A file without a name lives as long as its descriptor */
static void unlinked(void)
{
	struct stat st;
	char buf[16];
	int fd;

	TITLE("unlinked but open");
	fd = MUST(open("ghost", O_CREAT | O_RDWR, 0600));
	SHOW(write(fd, "still here", 10));
	SHOW(unlink("ghost"));
	SHOW(pread(fd, buf, 10, 0));
	show_bytes("buf", buf, 10);
	SHOW(fstat(fd, &st));
	SHOW_NUM(st.st_nlink);
	SHOW(access("ghost", F_OK));
	close(fd);
}

/* 40 symbolic links are followed, 41 are not */
static void many_links(void)
{
	char from[16], to[16];

	TITLE("chains of links");
	make_file("chain0", 3, 1);
	for (int i = 1; i <= 42; i++) {
		snprintf(from, sizeof(from), "chain%d", i);
		snprintf(to, sizeof(to), "chain%d", i - 1);
		MUST(symlink(to, from));
	}
	SHOW(access("chain39", F_OK));
	SHOW(access("chain40", F_OK));
	SHOW(access("chain41", F_OK));
	SHOW(access("chain42", F_OK));
}

int main(void)
{
	memset(name256, 'n', 256);
	memset(path4096, 'p', 4096);
	make_file("plain", 10, 1);
	directories();
	links();
	renames();
	nodes();
	unlinked();
	many_links();
	return 0;
}
