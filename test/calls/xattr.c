/* SPDX-License-Identifier: GPL-2.0-or-later */
/* setxattr, getxattr, listxattr, removexattr and their l- and f- forms. */
#include <sys/xattr.h>

#include "show.h"

int main(void)
{
	static char value[70000], name[300] = "user.";
	char buf[256], *last = edge(5);
	int fd;

	make_file("plain", 10, 1);
	MUST(symlink("plain", "link"));
	fd = MUST(open("plain", O_RDWR));
	TITLE("set");
	SHOW(SYS(setxattr, "plain", "user.one", "first", 5, 0));
	SHOW(SYS(setxattr, "plain", "user.one", "again", 5, XATTR_CREATE));
	SHOW(SYS(setxattr, "plain", "user.one", "again", 5, XATTR_REPLACE));
	SHOW(SYS(setxattr, "plain", "user.two", "", 0, XATTR_REPLACE));
	SHOW(SYS(setxattr, "plain", "user.two", "", 0, XATTR_CREATE));
	SHOW(SYS(setxattr, "plain", "user.two", NULL, 0, 0));
	SHOW(SYS(setxattr, "plain", "user.one", BAD, 5, 0));
	SHOW(SYS(setxattr, "plain", BAD, "x", 1, 0));
	SHOW(SYS(setxattr, BAD, "user.x", "x", 1, 0));
	SHOW(SYS(setxattr, "missing", "user.x", "x", 1, 0));
	SHOW(SYS(setxattr, "plain", "", "x", 1, 0));
	SHOW(SYS(setxattr, "plain", "user.", "x", 1, 0));
	SHOW(SYS(setxattr, "plain", "nonsense.x", "x", 1, 0));
	SHOW(SYS(setxattr, "plain", "trusted.x", "x", 1, 0));
	SHOW(SYS(setxattr, "plain", "security.x", "x", 1, 0));
	SHOW(SYS(setxattr, "plain", "user.x", value, 65537, 0));
	SHOW(SYS(setxattr, "plain", "user.x", value, 65536, 0));
	SHOW(SYS(setxattr, "plain", "user.x", "x", 1, 1 << 10));
	memset(name + 5, 'n', 250);
	SHOW(SYS(setxattr, "plain", name, "x", 1, 0));
	memset(name + 5, 'n', 251);
	SHOW(SYS(setxattr, "plain", name, "x", 1, 0));
	SHOW(SYS(lsetxattr, "link", "user.x", "x", 1, 0));
	SHOW(SYS(lsetxattr, "plain", "user.l", "lll", 3, 0));
	SHOW(SYS(fsetxattr, fd, "user.f", "fff", 3, 0));
	SHOW(SYS(fsetxattr, BADFD, "user.f", "fff", 3, 0));
	TITLE("get");
	SHOW(SYS(getxattr, "plain", "user.one", buf, sizeof(buf)));
	show_bytes("one", buf, 5);
	SHOW(SYS(getxattr, "plain", "user.one", buf, 4));
	SHOW(SYS(getxattr, "plain", "user.one", buf, 0));
	SHOW(SYS(getxattr, "plain", "user.one", NULL, 0));
	SHOW(SYS(getxattr, "plain", "user.one", BAD, 5));
	SHOW(SYS(getxattr, "plain", "user.one", last, 5));
	SHOW(SYS(getxattr, "plain", "user.one", last + 1, 5));
	SHOW(SYS(getxattr, "plain", "user.one", last, 70000));
	SHOW(SYS(getxattr, "plain", "user.two", buf, sizeof(buf)));
	SHOW(SYS(getxattr, "plain", "user.none", buf, sizeof(buf)));
	SHOW(SYS(getxattr, "plain", BAD, buf, sizeof(buf)));
	SHOW(SYS(getxattr, "missing", "user.one", buf, sizeof(buf)));
	SHOW(SYS(lgetxattr, "link", "user.one", buf, sizeof(buf)));
	SHOW(SYS(lgetxattr, "plain", "user.l", buf, sizeof(buf)));
	SHOW(SYS(fgetxattr, fd, "user.f", buf, sizeof(buf)));
	show_bytes("f", buf, 3);
	SHOW(SYS(fgetxattr, BADFD, "user.f", buf, sizeof(buf)));
	SHOW(SYS(getxattr, "/proc/self/exe", "security.capability", buf, sizeof(buf)));
	TITLE("list");
	SHOW_TRUE(SYS(listxattr, "plain", buf, 0) > 20);
	SHOW(SYS(listxattr, "plain", buf, 3));
	SHOW(SYS(listxattr, "plain", BAD, 1000));
	SHOW(SYS(listxattr, "missing", buf, 0));
	SHOW(SYS(llistxattr, "link", buf, sizeof(buf)));
	SHOW(SYS(flistxattr, BADFD, buf, sizeof(buf)));
	SHOW(SYS(removexattr, "plain", "user.two"));
	SHOW(SYS(removexattr, "plain", "user.two"));
	SHOW(SYS(removexattr, "plain", BAD));
	SHOW(SYS(lremovexattr, "plain", "user.l"));
	SHOW(SYS(lremovexattr, "link", "user.l"));
	SHOW(SYS(fremovexattr, fd, "user.f"));
	SHOW(SYS(fremovexattr, BADFD, "user.f"));
	memset(name + 5, 'n', 250);
	name[255] = 0;
	SHOW(SYS(removexattr, "plain", name));
	SHOW(SYS(removexattr, "plain", "user.x"));
	removexattr("plain", "trusted.x");
	removexattr("plain", "security.x");
	SHOW(SYS(flistxattr, fd, buf, sizeof(buf)));
	show_bytes("list", buf, 9);
	return 0;
}
