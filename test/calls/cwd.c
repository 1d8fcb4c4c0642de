/* SPDX-License-Identifier: GPL-2.0-or-later */
/* chdir, fchdir, getcwd, chroot, pivot_root: where relative paths start. */
#include "show.h"

static void where(void)
{
	char buf[4096];
	long n = SYS(getcwd, buf, sizeof(buf));

	if (n < 0)
		printf("getcwd: %s\n", show_errno(errno));
	else
		printf("in %s, terminated %d\n", strrchr(buf, '/'), buf[n - 1] == 0);
}

static void deep(void)
{
	static char buf[8192];
	char name[201];
	long n;

	TITLE("deeper than PATH_MAX");
	memset(name, 'd', 200);
	name[200] = 0;
	for (int i = 0; i < 22; i++) {
		if (mkdir(name, 0755) || chdir(name)) {
			printf("level %d: %s\n", i, show_errno(errno));
			break;
		}
	}
	SHOW(SYS(getcwd, buf, 4096));
	SHOW(SYS(getcwd, buf, 8192));
	make_file("bottom", 3, 1);
	show_file("bottom");
	unlink("bottom");
	for (n = 0; n < 22; n++) {
		if (chdir("..") || rmdir(name))
			break;
	}
	SHOW_NUM(n);
}

int main(void)
{
	char buf[4096], *tail;
	int fd, home = MUST(open(".", O_RDONLY | O_DIRECTORY));
	long n;

	make_file("plain", 10, 1);
	MUST(mkdir("sub", 0755));
	MUST(mkdir("closed", 0));
	MUST(symlink("sub", "link"));
	SHOW(SYS(chdir, "sub"));
	where();
	SHOW(SYS(chdir, ".."));
	SHOW(SYS(chdir, "link"));
	where();
	SHOW(SYS(chdir, "missing"));
	SHOW(SYS(chdir, "../plain"));
	SHOW(SYS(chdir, ""));
	SHOW(SYS(chdir, BAD));
	SHOW(SYS(chdir, "../closed"));
	SHOW(SYS(fchdir, home));
	SHOW(SYS(fchdir, 1));
	SHOW(SYS(fchdir, BADFD));
	fd = MUST(open("plain", O_RDONLY));
	SHOW(SYS(fchdir, fd));
	close(fd);
	fd = MUST(open("sub", O_PATH));
	SHOW(SYS(fchdir, fd));
	where();
	close(fd);
	TITLE("getcwd");
	n = SYS(getcwd, buf, sizeof(buf));
	SHOW(SYS(getcwd, buf, n) == n);
	SHOW(SYS(getcwd, buf, n - 1));
	SHOW(SYS(getcwd, buf, 0));
	SHOW(SYS(getcwd, NULL, 100));
	SHOW(SYS(getcwd, BAD, sizeof(buf)));
	SHOW(SYS(getcwd, edge(3), sizeof(buf)));
	tail = edge(n);
	SHOW(SYS(getcwd, tail, 4096) == n);
	SHOW(strcmp(tail, buf));
	TITLE("a directory that is gone");
	SHOW(rmdir("../sub"));
	SHOW(SYS(getcwd, buf, sizeof(buf)));
	SHOW(open("x", O_CREAT | O_RDWR, 0600));
	SHOW(open(".", O_RDONLY));
	SHOW(chdir(".."));
	SHOW(fchdir(home));
	where();
	SHOW(SYS(chdir, "/"));
	SHOW(SYS(getcwd, buf, sizeof(buf)));
	SHOW_STR(buf);
	SHOW(chdir("/proc/self"));
	SHOW(access("fd", F_OK));
	SHOW(fchdir(home));
	deep();
	TITLE("chroot");
	SHOW(SYS(chroot, "missing"));
	SHOW(SYS(chroot, "plain"));
	SHOW(SYS(chroot, BAD));
	SHOW(SYS(chroot, ""));
	SHOW(SYS(pivot_root, "missing", "missing"));
	SHOW(SYS(pivot_root, BAD, BAD));
	SHOW(mkdir("root", 0755));
	make_file("root/inside", 5, 5);
	n = SHOW(SYS(chroot, "root"));
	SHOW(access("/inside", F_OK));
	SHOW(access("/proc", F_OK));
	SHOW(fchdir(home));
	if (!n) {
		n = SYS(getcwd, buf, sizeof(buf));
		show_bytes("outside the root", buf, 13);
		SHOW(SYS(open, "plain", O_RDONLY));
		SHOW(SYS(open, "/../inside", O_RDONLY));
	}
	rmdir("closed");
	return 0;
}
