/* SPDX-License-Identifier: GPL-2.0-or-later */
/* open, creat, openat, openat2, close, close_range: flags, modes, errors, which descriptor is given. */
#include <linux/openat2.h>
#include <linux/close_range.h>
#include <sys/socket.h>

#include "show.h"

/* What fcntl knows of a descriptor, in words */
static void show_flags(int fd)
{
	int fl = fcntl(fd, F_GETFL), fdfl = fcntl(fd, F_GETFD);

	if (fl < 0) {
		printf("  not open\n");
		return;
	}
	printf("  F_GETFL %#o F_GETFD %d\n", fl, fdfl);
}

static void open_flags(void)
{
	static const struct {
		const char *name;
		int flags;
	} row[] = {
		{"O_RDONLY", O_RDONLY},
		{"O_WRONLY", O_WRONLY},
		{"O_RDWR", O_RDWR},
		{"accmode 3", 3},
		{"O_RDWR|O_APPEND", O_RDWR | O_APPEND},
		{"O_RDWR|O_NONBLOCK", O_RDWR | O_NONBLOCK},
		{"O_RDWR|O_SYNC", O_RDWR | O_SYNC},
		{"O_RDWR|O_DSYNC", O_RDWR | O_DSYNC},
		{"O_RDONLY|O_CLOEXEC", O_RDONLY | O_CLOEXEC},
		{"O_RDONLY|O_NOATIME", O_RDONLY | O_NOATIME},
		{"O_RDONLY|O_NOCTTY", O_RDONLY | O_NOCTTY},
		{"O_RDONLY|O_LARGEFILE", O_RDONLY | 0100000},
		{"O_PATH", O_PATH},
		{"O_PATH|O_RDWR", O_PATH | O_RDWR},
		{"O_RDONLY|O_DIRECTORY", O_RDONLY | O_DIRECTORY},
		{"O_RDONLY|O_NOFOLLOW", O_RDONLY | O_NOFOLLOW},
		{"O_RDWR|O_EXCL", O_RDWR | O_EXCL},
		{"O_RDWR|O_CREAT", O_RDWR | O_CREAT},
		{"O_RDWR|O_CREAT|O_EXCL", O_RDWR | O_CREAT | O_EXCL},
		{"O_CREAT|O_DIRECTORY", O_CREAT | O_DIRECTORY},
		{"O_RDONLY|O_TRUNC", O_RDONLY | O_TRUNC},
		{"O_ASYNC", O_RDWR | O_ASYNC},
		{"unknown bit 30", O_RDONLY | 1 << 30},
		{"O_TMPFILE on a file", O_TMPFILE | O_RDWR},
	};
	static const char *const path[] = {"plain", "dir", "link", "dangling", "fifo"};

	make_file("plain", 10, 1);
	MUST(mkdir("dir", 0755));
	MUST(symlink("plain", "link"));
	MUST(symlink("nothing", "dangling"));
	MUST(mkfifo("fifo", 0644));
	for (size_t p = 0; p < NELEM(path); p++) {
		for (size_t i = 0; i < NELEM(row); i++) {
			int fd;

			/* A FIFO without a peer blocks */
			if (p == 4 && (row[i].flags & (O_ACCMODE | O_NONBLOCK | O_PATH)) < O_RDWR)
				continue;
			errno = 0;
			fd = SYS(openat, AT_FDCWD, path[p], row[i].flags, 0644);
			printf("%s %s: %d %s\n", path[p], row[i].name, fd, fd < 0 ? show_errno(errno) : "");
			if (fd >= 0) {
				show_flags(fd);
				close(fd);
			}
			if (!access("nothing", F_OK))
				MUST(unlink("nothing"));
		}
	}
}

static void open_errors(void)
{
	static char name256[257], path4096[4097], path4095[4096];
	int fd, dir, plain;

	TITLE("errors of open");
	memset(name256, 'n', 256);
	memset(path4096, 'p', 4096);
	for (int i = 0; i < 4095; i += 2)
		memcpy(path4095 + i, "./", 2);
	path4095[4094] = 0;
	SHOW(SYS(open, "missing", O_RDONLY));
	SHOW(SYS(open, "", O_RDONLY));
	SHOW(SYS(open, BAD, O_RDONLY));
	SHOW(SYS(open, NULL, O_RDONLY));
	SHOW(SYS(open, KERNEL_BAD, O_RDONLY));
	SHOW(SYS(open, name256, O_RDONLY));
	SHOW(SYS(open, path4096, O_RDONLY));
	fd = SHOW(SYS(open, path4095, O_RDONLY));
	close(fd);
	SHOW(SYS(open, "plain/x", O_RDONLY));
	SHOW(SYS(open, "missing/x", O_RDONLY));
	SHOW(SYS(open, "plain/", O_RDONLY));
	SHOW(SYS(open, "dir/", O_CREAT | O_RDWR, 0600));
	SHOW(SYS(open, "new/", O_CREAT | O_RDWR, 0600));
	SHOW(SYS(open, "/", O_RDWR));
	SHOW(SYS(open, "/dev/no-such", O_RDWR));
	MUST(symlink("loop2", "loop1"));
	MUST(symlink("loop1", "loop2"));
	SHOW(SYS(open, "loop1", O_RDONLY));
	SHOW(SYS(open, "loop1/x", O_RDONLY));
	SHOW(SYS(creat, "dir", 0600));
	/* A name that ends at the last byte before a fault, and one that does not end before it */
	char *name = edge(6);
	memcpy(name, "plain", 6);
	fd = SHOW(SYS(open, name, O_RDONLY));
	close(fd);
	memcpy(name, "plain.", 6);
	SHOW(SYS(open, name, O_RDONLY));

	TITLE("openat");
	dir = MUST(open("dir", O_RDONLY | O_DIRECTORY));
	plain = MUST(open("plain", O_RDONLY));
	fd = SHOW(SYS(openat, dir, "inside", O_CREAT | O_RDWR, 0640));
	SHOW(write(fd, "abc", 3));
	close(fd);
	show_file("dir/inside");
	fd = SHOW(SYS(openat, dir, "../plain", O_RDONLY));
	close(fd);
	fd = SHOW(SYS(openat, dir, ".", O_TMPFILE | O_RDWR, 0600));
	SHOW(write(fd, "tmp", 3));
	SHOW(SYS(linkat, AT_FDCWD, "/proc/self/fd/none", dir, "x", 0));
	close(fd);
	SHOW(SYS(openat, plain, "x", O_RDONLY));
	SHOW(SYS(openat, BADFD, "x", O_RDONLY));
	SHOW(SYS(openat, -1, "x", O_RDONLY));
	SHOW(SYS(openat, dir, "", O_RDONLY));
	fd = SHOW(SYS(openat, BADFD, "/", O_RDONLY));
	close(fd);
	fd = SHOW(SYS(openat, BADFD, "/proc/self/exe", O_RDONLY));
	close(fd);
	close(dir);
	close(plain);
}

static void open_modes(void)
{
	struct stat st;
	int fd;

	TITLE("modes and umask");
	SHOW(umask(0));
	for (mode_t mask = 0; mask <= 0777; mask += 0111) {
		umask(mask);
		fd = MUST(SYS(creat, "moded", 07777));
		fstat(fd, &st);
		printf("umask %o: mode %o\n", mask, st.st_mode);
		close(fd);
		unlink("moded");
	}
	SHOW(umask(0777777));
	SHOW(umask(022));
	TITLE("a file without rights");
	fd = SHOW(open("none", O_CREAT | O_RDWR, 0));
	SHOW(write(fd, "x", 1));
	close(fd);
	fd = SHOW(open("none", O_RDONLY));
	close(fd);
	fd = SHOW(open("none", O_WRONLY));
	close(fd);
	fd = SHOW(open("none", O_PATH));
	SHOW(SYS(read, fd, &st, 1));
	SHOW(SYS(fchmod, fd, 0600));
	close(fd);
}

static void open_how(void)
{
	struct open_how how = {.flags = O_RDONLY};
	struct {
		struct open_how how;
		char more[64];
	} big = {.how = {.flags = O_RDONLY}};
	int fd, dir = MUST(open("dir", O_PATH));

	TITLE("openat2");
	fd = SHOW(SYS(openat2, AT_FDCWD, "plain", &how, sizeof(how)));
	close(fd);
	SHOW(SYS(openat2, AT_FDCWD, "plain", &how, sizeof(how) - 1));
	SHOW(SYS(openat2, AT_FDCWD, "plain", &how, 0));
	SHOW(SYS(openat2, AT_FDCWD, "plain", BAD, sizeof(how)));
	SHOW(SYS(openat2, AT_FDCWD, BAD, &how, sizeof(how)));
	fd = SHOW(SYS(openat2, AT_FDCWD, "plain", &big, sizeof(big)));
	close(fd);
	big.more[60] = 1;
	SHOW(SYS(openat2, AT_FDCWD, "plain", &big, sizeof(big)));
	SHOW(SYS(openat2, AT_FDCWD, "plain", &big, 8192));
	how.mode = 0600;
	SHOW(SYS(openat2, AT_FDCWD, "plain", &how, sizeof(how)));
	how = (struct open_how){.flags = O_CREAT | O_RDWR, .mode = 0100000};
	SHOW(SYS(openat2, AT_FDCWD, "plain", &how, sizeof(how)));
	how = (struct open_how){.flags = 1ull << 33};
	SHOW(SYS(openat2, AT_FDCWD, "plain", &how, sizeof(how)));
	how = (struct open_how){.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};
	SHOW(SYS(openat2, dir, "../plain", &how, sizeof(how)));
	how.resolve = RESOLVE_NO_SYMLINKS;
	SHOW(SYS(openat2, AT_FDCWD, "link", &how, sizeof(how)));
	how.resolve = RESOLVE_NO_MAGICLINKS;
	SHOW(SYS(openat2, AT_FDCWD, "/proc/self/exe", &how, sizeof(how)));
	how.resolve = RESOLVE_NO_XDEV;
	SHOW(SYS(openat2, AT_FDCWD, "/proc/version", &how, sizeof(how)));
	how.resolve = RESOLVE_IN_ROOT;
	SHOW(SYS(openat2, dir, "/plain", &how, sizeof(how)));
	fd = SHOW(SYS(openat2, dir, "/inside", &how, sizeof(how)));
	close(fd);
	how.resolve = 1 << 20;
	SHOW(SYS(openat2, dir, "/inside", &how, sizeof(how)));
	close(dir);
}

static void closing(void)
{
	int fd;

	TITLE("close and the lowest descriptor");
	SHOW(SYS(close, -1));
	SHOW(SYS(close, BADFD));
	SHOW(SYS(close, 0x7fffffff));
	for (int i = 0; i < 6; i++)
		SHOW(open("plain", O_RDONLY));
	SHOW(close(4));
	SHOW(close(6));
	SHOW(close(4));
	SHOW(open("plain", O_RDONLY));
	SHOW(open("plain", O_RDONLY));
	SHOW(open("plain", O_RDONLY));
	TITLE("close_range");
	SHOW(SYS(close_range, 5, 4, 0));
	SHOW(SYS(close_range, 5, 6, 64));
	SHOW(SYS(close_range, 5, 6, CLOSE_RANGE_CLOEXEC));
	SHOW(fcntl(4, F_GETFD));
	SHOW(fcntl(5, F_GETFD));
	SHOW(fcntl(6, F_GETFD));
	SHOW(SYS(close_range, 5, 6, 0));
	SHOW(fcntl(4, F_GETFD));
	SHOW(fcntl(5, F_GETFD));
	SHOW(fcntl(7, F_GETFD));
	SHOW(SYS(close_range, 3, ~0u, CLOSE_RANGE_UNSHARE));
	for (fd = 3; fd < 10; fd++)
		show_flags(fd);
	SHOW(open("plain", O_RDONLY));
	TITLE("all of them");
	for (fd = 0; fd >= 0;)
		fd = open("/dev/null", O_RDONLY);
	SHOW(open("/dev/null", O_RDONLY));
	SHOW(pipe((int[2]){0, 0}));
	SHOW(socket(AF_UNIX, SOCK_STREAM, 0));
	SHOW(dup(1));
	SHOW(close(1023));
	SHOW(pipe((int[2]){0, 0}));
	SHOW(dup(1));
	SHOW(SYS(close_range, 3, 4095, 0));
}

int main(void)
{
	open_flags();
	open_errors();
	open_modes();
	open_how();
	closing();
	return 0;
}
