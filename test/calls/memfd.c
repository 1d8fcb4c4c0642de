/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memfd_create and seals, through read and write only; memfd_secret. */
#include <linux/memfd.h>

#include "show.h"

int main(void)
{
	char name[300], link[64], path[32], buf[16];
	int fd;
	ssize_t n;

	fd = SHOW(SYS(memfd_create, "one", 0));
	SHOW(fcntl(fd, F_GETFD));
	SHOW_HEX(fcntl(fd, F_GETFL));
	SHOW(fcntl(fd, F_GET_SEALS));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	SHOW(write(fd, "hello", 5));
	SHOW(lseek(fd, 2, SEEK_SET));
	SHOW(read(fd, buf, 10));
	SHOW(ftruncate(fd, 100000));
	SHOW(lseek(fd, 0, SEEK_END));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = 0;
	SHOW_STR(link);
	int again = SHOW(open(path, O_RDONLY));
	SHOW(read(again, buf, 5));
	show_bytes("again", buf, 5);
	close(again);
	close(fd);
	TITLE("seals");
	fd = SHOW(SYS(memfd_create, "two", MFD_ALLOW_SEALING | MFD_CLOEXEC));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(write(fd, "sealed", 6));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	SHOW(write(fd, "x", 1));
	SHOW(ftruncate(fd, 10));
	SHOW(ftruncate(fd, 3));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	SHOW(ftruncate(fd, 1));
	SHOW(pwrite(fd, "S", 1, 0));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
	SHOW(pwrite(fd, "S", 1, 0));
	SHOW_HEX(fcntl(fd, F_GET_SEALS));
	SHOW(fcntl(fd, F_ADD_SEALS, 0));
	SHOW(fcntl(fd, F_ADD_SEALS, 1 << 20));
	SHOW(SYS(fallocate, fd, 0, 0, 4096));
	close(fd);
	TITLE("errors");
	memset(name, 'n', sizeof(name));
	name[249] = 0;
	fd = SHOW(SYS(memfd_create, name, 0));
	close(fd);
	name[249] = 'n';
	name[250] = 0;
	SHOW(SYS(memfd_create, name, 0));
	SHOW(SYS(memfd_create, BAD, 0));
	SHOW(SYS(memfd_create, "x", 1 << 20));
	fd = SHOW(SYS(memfd_create, "", 0));
	close(fd);
	return 0;
}
