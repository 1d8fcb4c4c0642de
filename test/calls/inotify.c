/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inotify, and fanotify as far as everyone may ask for it. */
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

#include "show.h"

/* All events that wait; cookies only as "same as before" */
static void events(int fd)
{
	char buf[8192] __attribute__((aligned(8)));
	uint32_t cookie = 0;
	ssize_t n, pos;
	int pending;

	ioctl(fd, FIONREAD, &pending);
	printf("FIONREAD %d\n", pending);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (pos = 0; pos < n;) {
			struct inotify_event *e = (void *)(buf + pos);

			printf("  wd %d mask %#x %s \"%s\" length %u\n", e->wd, e->mask,
			       !e->cookie	     ? "-"
			       : e->cookie == cookie ? "same"
						     : "new",
			       e->len ? e->name : "", e->len);
			cookie = e->cookie;
			pos += sizeof(*e) + e->len;
		}
	}
}

static void watching(void)
{
	int fd, wd, file, f;
	char buf[20];

	TITLE("inotify");
	MUST(mkdir("dir", 0755));
	make_file("dir/file", 10, 1);
	fd = SHOW(SYS(inotify_init1, IN_NONBLOCK | IN_CLOEXEC));
	SHOW(read(fd, buf, 20));
	wd = SHOW(SYS(inotify_add_watch, fd, "dir", IN_ALL_EVENTS));
	file = SHOW(SYS(inotify_add_watch, fd, "dir/file", IN_MODIFY | IN_CLOSE));
	f = MUST(open("dir/file", O_RDWR));
	write(f, "x", 1);
	read(f, buf, 1);
	close(f);
	events(fd);
	SHOW(SYS(inotify_add_watch, fd, "dir/file", IN_ATTRIB));
	chmod("dir/file", 0600);
	rename("dir/file", "dir/other");
	mkdir("dir/sub", 0755);
	symlink("x", "dir/link");
	unlink("dir/link");
	rmdir("dir/sub");
	events(fd);
	SHOW(SYS(inotify_rm_watch, fd, file));
	events(fd);
	/* Equal events merge */
	make_file("dir/merge", 0, 1);
	f = MUST(open("dir/merge", O_WRONLY));
	events(fd);
	write(f, "a", 1);
	write(f, "b", 1);
	write(f, "c", 1);
	events(fd);
	close(f);
	events(fd);
	SHOW(read(fd, buf, 20));
	rename("dir/other", "outside");
	SHOW(poll(&(struct pollfd){fd, POLLIN, 0}, 1, 0));
	SHOW(read(fd, buf, 20));
	SHOW(read(fd, BAD, 4096));
	events(fd);
	unlink("dir/merge");
	rmdir("dir");
	events(fd);
	TITLE("errors");
	SHOW(SYS(inotify_rm_watch, fd, wd));
	SHOW(SYS(inotify_rm_watch, fd, 99));
	SHOW(SYS(inotify_rm_watch, BADFD, 1));
	SHOW(SYS(inotify_rm_watch, 0, 1));
	SHOW(SYS(inotify_add_watch, fd, "missing", IN_ALL_EVENTS));
	SHOW(SYS(inotify_add_watch, fd, BAD, IN_ALL_EVENTS));
	SHOW(SYS(inotify_add_watch, fd, "outside", 0));
	SHOW(SYS(inotify_add_watch, fd, "outside", IN_ONLYDIR | IN_MODIFY));
	SHOW(SYS(inotify_add_watch, BADFD, "outside", IN_MODIFY));
	SHOW(SYS(inotify_add_watch, 0, "outside", IN_MODIFY));
	SHOW_TRUE(SYS(inotify_add_watch, fd, "outside", IN_MODIFY) > 0);
	SHOW(SYS(inotify_add_watch, fd, "outside", IN_MODIFY | IN_MASK_CREATE));
	SHOW(SYS(inotify_init1, 1));
	SHOW(write(fd, buf, 20));
	close(fd);
	fd = SHOW(SYS(inotify_init));
	close(fd);
}

/* What is read shows as often as the program reads it, whatever was open before */
static void reading(void)
{
	int early, fd, f;
	char buf[512];

	TITLE("reading");
	MUST(mkdir("dir", 0755));
	make_file("dir/file", 3000, 1);
	early = MUST(open("dir/file", O_RDONLY));
	read(early, buf, 10);
	read(early, buf, 10);
	fd = MUST(SYS(inotify_init1, IN_NONBLOCK));
	MUST(SYS(inotify_add_watch, fd, "dir", IN_ALL_EVENTS));
	for (int i = 0; i < 3; i++) {
		read(early, buf, 10);
		events(fd);
	}
	f = MUST(open("dir/file", O_RDONLY));
	for (int i = 0; i < 5; i++)
		read(f, buf, 1);
	events(fd);
	read(f, buf, 1);
	events(fd);
	close(f);
	events(fd);
	f = MUST(open("dir", O_RDONLY));
	while (SYS(getdents64, f, buf, sizeof(buf)) > 0)
		;
	events(fd);
	access("dir/missing", F_OK);
	access("dir/missing, too", F_OK);
	access("dir/missing as well", F_OK);
	events(fd);
	close(f);
	close(early);
	events(fd);
	close(fd);
	unlink("dir/file");
	rmdir("dir");
}

static void fanotify(void)
{
	TITLE("fanotify");
	int fd = SHOW_OK(SYS(fanotify_init, FAN_CLASS_NOTIF, O_RDONLY));
	if (fd >= 0)
		close(fd);
	SHOW(SYS(fanotify_init, 1 << 30, O_RDONLY));
	SHOW(SYS(fanotify_mark, BADFD, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "."));
	SHOW(SYS(fanotify_mark, 0, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "."));
	fd = SHOW_OK(SYS(fanotify_init, FAN_REPORT_FID | FAN_NONBLOCK, 0));
	if (fd < 0)
		return;
	make_file("marked", 1, 1);
	SHOW(SYS(fanotify_mark, fd, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, "marked"));
	SHOW(SYS(fanotify_mark, fd, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, "missing"));
	SHOW(SYS(fanotify_mark, fd, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, BAD));
	make_file("marked", 2, 1);
	char buf[512];
	SHOW_TRUE(read(fd, buf, sizeof(buf)) > 0);
	close(fd);
}

int main(void)
{
	watching();
	reading();
	fanotify();
	return 0;
}
