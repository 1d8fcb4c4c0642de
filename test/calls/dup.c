/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dup, dup2, dup3, F_DUPFD: shared offsets and flags, errors, targets that are open. */
#include <sys/resource.h>

#include "show.h"

static void shared_offset(int fd)
{
	int other = SHOW(SYS(dup, fd));
	char buf[8] = "";

	SHOW(lseek(fd, 100, SEEK_SET));
	SHOW(lseek(other, 0, SEEK_CUR));
	SHOW(read(other, buf, 5));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(fcntl(other, F_SETFL, O_APPEND | O_NONBLOCK));
	SHOW(fcntl(fd, F_GETFL) == fcntl(other, F_GETFL));
	SHOW(fcntl(other, F_SETFD, FD_CLOEXEC));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(close(fd));
	SHOW(read(other, buf, 5));
	SHOW(close(other));
}

int main(void)
{
	struct rlimit limit;
	struct stat a, b;
	int fd;

	make_file("data", 1000, 3);
	fd = MUST(open("data", O_RDWR));
	shared_offset(fd);

	TITLE("dup2");
	fd = MUST(open("data", O_RDWR));
	SHOW(SYS(dup2, fd, fd));
	SHOW(SYS(dup2, fd, 10));
	SHOW(SYS(dup2, 10, 11));
	SHOW(fstat(fd, &a) | fstat(11, &b));
	SHOW_TRUE(a.st_ino == b.st_ino);
	SHOW(SYS(dup2, BADFD, 10));
	SHOW(fcntl(10, F_GETFD));
	SHOW(SYS(dup2, fd, -1));
	SHOW(SYS(dup2, fd, 1024));
	SHOW(SYS(dup2, fd, 1023));
	SHOW(SYS(dup2, -1, -1));
	SHOW(SYS(dup2, BADFD, BADFD));
	SHOW(SYS(dup, -1));
	SHOW(SYS(dup, BADFD));

	TITLE("dup3");
	SHOW(SYS(dup3, fd, 12, O_CLOEXEC));
	SHOW(fcntl(12, F_GETFD));
	SHOW(SYS(dup3, fd, 12, 0));
	SHOW(fcntl(12, F_GETFD));
	SHOW(SYS(dup3, fd, fd, 0));
	SHOW(SYS(dup3, fd, 13, O_NONBLOCK));
	SHOW(SYS(dup3, BADFD, 13, 0));

	TITLE("F_DUPFD");
	SHOW(fcntl(fd, F_DUPFD, 0));
	SHOW(fcntl(fd, F_DUPFD, 100));
	SHOW(fcntl(fd, F_DUPFD_CLOEXEC, 100));
	SHOW(fcntl(101, F_GETFD));
	SHOW(fcntl(fd, F_DUPFD, -1));
	SHOW(fcntl(fd, F_DUPFD, 1024));
	SHOW(fcntl(BADFD, F_DUPFD, 0));

	TITLE("with a lower limit");
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 20;
	SHOW(setrlimit(RLIMIT_NOFILE, &limit));
	SHOW(dup2(fd, 20));
	SHOW(dup2(fd, 19));
	SHOW(fcntl(fd, F_DUPFD, 20));
	SHOW(close(101));
	SHOW(close(1023));
	limit.rlim_cur = 0;
	SHOW(setrlimit(RLIMIT_NOFILE, &limit));
	SHOW(dup(fd));
	SHOW(open("data", O_RDONLY));
	SHOW(read(fd, &a, 10));
	return 0;
}
