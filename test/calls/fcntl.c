/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fcntl: flags, owners, signals, hints, seals' absence; ioctl on files. */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "show.h"

#define TCGETS_ANY 0x5401
#define RW_HINT(cmd, hint)                                                                                             \
	({                                                                                                             \
		uint64_t hint_ = (hint);                                                                               \
		fcntl(fd, cmd, &hint_);                                                                                \
	})

static void flags(int fd)
{
	TITLE("F_SETFL and F_SETFD");
	SHOW(SYS(fcntl, fd, F_SETFL, O_APPEND));
	SHOW_HEX(fcntl(fd, F_GETFL));
	SHOW(SYS(fcntl, fd, F_SETFL, O_RDONLY | O_TRUNC | O_NONBLOCK | O_ASYNC));
	SHOW_HEX(fcntl(fd, F_GETFL));
	SHOW(SYS(fcntl, fd, F_SETFL, -1));
	SHOW_HEX(fcntl(fd, F_GETFL));
	SHOW(SYS(fcntl, fd, F_SETFL, O_NOATIME));
	SHOW(SYS(fcntl, fd, F_SETFL, 0));
	SHOW(SYS(fcntl, fd, F_SETFD, FD_CLOEXEC));
	SHOW(SYS(fcntl, fd, F_GETFD));
	SHOW(SYS(fcntl, fd, F_SETFD, 0));
	SHOW(SYS(fcntl, fd, 9999, 0));
	SHOW(SYS(fcntl, BADFD, F_GETFL));
	SHOW(SYS(fcntl, -1, F_GETFL));
	SHOW(SYS(ioctl, fd, FIOCLEX));
	SHOW(SYS(fcntl, fd, F_GETFD));
	SHOW(SYS(ioctl, fd, FIONCLEX));
	SHOW(SYS(fcntl, fd, F_GETFD));
	SHOW(SYS(ioctl, fd, FIONBIO, &(int){ 1 }));
	SHOW_HEX(fcntl(fd, F_GETFL));
	SHOW(SYS(ioctl, fd, FIONBIO, &(int){ 0 }));
	SHOW(SYS(ioctl, fd, FIONBIO, BAD));
	SHOW(SYS(ioctl, fd, FIOASYNC, &(int){ 1 }));
	SHOW(SYS(ioctl, BADFD, FIONBIO, &(int){ 1 }));
}

static void owners(void)
{
	struct f_owner_ex ox = { .type = F_OWNER_TID, .pid = getpid() }, *last = edge(sizeof(ox));
	int s[2];
	uid_t ids[2] = { -5, -5 };

	TITLE("owners");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	SHOW(SYS(fcntl, s[0], F_GETOWN));
	SHOW(SYS(fcntl, s[0], F_SETOWN, getpid()));
	SHOW_TRUE(SYS(fcntl, s[0], F_GETOWN) == getpid());
	SHOW(SYS(fcntl, s[0], F_SETOWN, -getpgrp()));
	SHOW_TRUE(SYS(fcntl, s[0], F_GETOWN) == -getpgrp());
	SHOW(SYS(fcntl, s[0], F_SETOWN, 0x7ffffff0));
	SHOW(SYS(fcntl, s[0], F_SETOWN_EX, &ox));
	memset(&ox, 0, sizeof(ox));
	SHOW(SYS(fcntl, s[0], F_GETOWN_EX, &ox));
	SHOW_TRUE(ox.type == F_OWNER_TID && ox.pid == getpid());
	SHOW(SYS(fcntl, s[0], F_GETOWN_EX, last));
	SHOW(SYS(fcntl, s[0], F_GETOWN_EX, (char *)last + 1));
	SHOW(SYS(fcntl, s[0], F_SETOWN_EX, BAD));
	ox.type = 77;
	SHOW(SYS(fcntl, s[0], F_SETOWN_EX, &ox));
	SHOW(SYS(fcntl, s[0], 17, ids));
	SHOW(SYS(fcntl, s[0], F_SETSIG, SIGUSR1));
	SHOW(SYS(fcntl, s[0], F_GETSIG));
	SHOW(SYS(fcntl, s[0], F_SETSIG, 65));
	SHOW(SYS(fcntl, s[0], F_SETSIG, 0));
	SHOW(SYS(ioctl, s[0], FIOSETOWN, &(int){ getpid() }));
	int owner = 0;
	SHOW(SYS(ioctl, s[0], FIOGETOWN, &owner));
	SHOW_TRUE(owner == getpid());
	close(s[0]);
	close(s[1]);
}

static volatile int got_sig, got_fd, got_band;

static void on_io(int sig, siginfo_t *info, void *context UNUSED)
{
	got_sig = sig == SIGRTMIN + 3;
	got_fd = info->si_fd;
	got_band = info->si_band;
}

/* A signal of the descriptor itself tells which and why */
static void async(void)
{
	int p[2];

	TITLE("O_ASYNC");
	MUST(pipe(p));
	handle_info(SIGRTMIN + 3, on_io, 0);
	SHOW(fcntl(p[0], F_SETSIG, SIGRTMIN + 3));
	SHOW(fcntl(p[0], F_SETOWN, getpid()));
	SHOW(fcntl(p[0], F_SETFL, O_ASYNC | O_NONBLOCK));
	SHOW(write(p[1], "x", 1));
	while (!got_sig)
		usleep(1000);
	SHOW_NUM(got_fd == p[0]);
	SHOW_HEX(got_band);
	close(p[0]);
	close(p[1]);
}

static void hints(int fd)
{
	uint64_t hint = 99;

	TITLE("hints");
	SHOW(fcntl(fd, F_GET_RW_HINT, &hint));
	SHOW_NUM(hint);
	SHOW(RW_HINT(F_SET_RW_HINT, RWH_WRITE_LIFE_SHORT));
	SHOW(fcntl(fd, F_GET_RW_HINT, &hint));
	SHOW_NUM(hint);
	SHOW(RW_HINT(F_SET_RW_HINT, 99));
	SHOW(fcntl(fd, F_GET_RW_HINT, BAD));
	SHOW(fcntl(fd, F_GET_SEALS));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	SHOW(fcntl(fd, F_NOTIFY, 0));
}

static void file_ioctls(int fd)
{
	/* What says nothing of its argument, and what is some driver's */
	static const unsigned int unknown[] = { 0, 0xdead, _IOWR('V', 1, int), _IOWR('d', 1, int) };
	int value = -1, dir = MUST(open(".", O_RDONLY));
	long version;

	TITLE("ioctls of files");
	SHOW(SYS(ioctl, fd, FIONREAD, &value));
	SHOW_NUM(value);
	SHOW(lseek(fd, 30, SEEK_SET));
	SHOW(SYS(ioctl, fd, FIONREAD, &value));
	SHOW_NUM(value);
	SHOW(SYS(ioctl, fd, FIOQSIZE, &version));
	SHOW_NUM(version);
	SHOW(SYS(ioctl, fd, FIGETBSZ, &value));
	SHOW_NUM(value);
	SHOW(SYS(ioctl, fd, FS_IOC_GETFLAGS, &value));
	SHOW_HEX(value);
	value |= FS_NODUMP_FL;
	SHOW(SYS(ioctl, fd, FS_IOC_SETFLAGS, &value));
	SHOW(SYS(ioctl, fd, FS_IOC_GETFLAGS, BAD));
	SHOW_TRUE(!SYS(ioctl, fd, FIBMAP, &value) || errno == EPERM);
	SHOW(SYS(ioctl, fd, FICLONE, 1));
	SHOW(SYS(ioctl, fd, TCGETS_ANY, 0));
	SHOW(SYS(ioctl, fd, 0xdead, 0));
	SHOW(SYS(ioctl, fd, BLKGETSIZE64, &version));
	SHOW(SYS(ioctl, dir, FIONREAD, &value));
	close(dir);
	dir = MUST(open(".", O_PATH));
	for (unsigned int i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		SHOW(SYS(ioctl, fd, unknown[i], &value));
		SHOW(SYS(ioctl, dir, unknown[i], &value));
		SHOW(SYS(ioctl, BADFD, unknown[i], &value));
	}
	close(dir);
}

/* The flags of a descriptor, asked after whatever may change them */
static void own_flags(int flags)
{
	int fd = MUST(open("own", O_RDONLY | O_CREAT | flags, 0600)), copy;

	TITLE("flags of a descriptor");
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(fd, F_SETFD, FD_CLOEXEC));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(fd, F_SETFD, 6));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(ioctl(fd, FIOCLEX));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(ioctl(fd, FIONCLEX));
	SHOW(fcntl(fd, F_GETFD));
	MUST(fcntl(fd, F_SETFD, FD_CLOEXEC));
	copy = MUST(dup(fd));
	SHOW(fcntl(copy, F_GETFD));
	MUST(dup3(fd, copy, O_CLOEXEC));
	SHOW(fcntl(copy, F_GETFD));
	MUST(dup2(fd, copy));
	SHOW(fcntl(copy, F_GETFD));
	SHOW(fcntl(fd, F_GETFD));
	close(copy);
	copy = MUST(fcntl(fd, F_DUPFD_CLOEXEC, 20));
	SHOW(fcntl(copy, F_GETFD));
	SHOW(fcntl(copy, F_SETFD, 0));
	SHOW(fcntl(copy, F_GETFD));
	SHOW(SYS(close_range, fd, copy, 4 /* CLOSE_RANGE_CLOEXEC */));
	SHOW(fcntl(copy, F_GETFD));
	fflush(stdout);
	if (!fork()) {
		SHOW(fcntl(fd, F_GETFD));
		SHOW(fcntl(fd, F_SETFD, 0));
		SHOW(fcntl(fd, F_GETFD));
		fflush(stdout);
		_exit(0);
	}
	MUST(wait(NULL));
	SHOW(fcntl(fd, F_GETFD));
	close(fd);
	SHOW(fcntl(fd, F_GETFD));
	fd = MUST(open("own", O_RDWR));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(fd, F_SETFD, FD_CLOEXEC));
	SHOW(fcntl(fd, F_GETFD));
	close(fd);
	close(copy);
	unlink("own");
}

int main(void)
{
	int fd;

	make_file("plain", 100, 1);
	fd = MUST(open("plain", O_RDWR));
	flags(fd);
	owners();
	async();
	hints(fd);
	file_ioctls(fd);
	own_flags(0);
	own_flags(O_CLOEXEC);
	return 0;
}
