/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where one is in a file, asked again and again: after whatever moves that place, in whatever way, and whoever does it. */
#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "show.h"

static char buf[8192];
static int shared;

/* Ask three times: for the answer to be learned, and given */
static void where(int fd)
{
	for (int i = 0; i < 3; i++)
		SHOW(lseek(fd, 0, SEEK_CUR));
}

static int file_open(const char *name, int flags)
{
	int fd = MUST(open(name, flags | O_RDWR | O_CREAT | O_TRUNC, 0600));

	MUST(write(fd, buf, 5000));
	where(fd);
	return fd;
}

static void alone(void)
{
	struct iovec iov[2] = { { buf, 10 }, { buf, 20 } };
	int fd = file_open("a", 0), in, out;
	off_t from = 7;

	TITLE("by what moves it, and what does not");
	for (int i = 0; i < 6; i++) {
		MUST(write(fd, buf, 100));
		where(fd);
	}
	SHOW(lseek(fd, -240, SEEK_CUR));
	where(fd);
	SHOW(read(fd, buf, 40));
	where(fd);
	SHOW(read(fd, buf, sizeof(buf)));
	where(fd);
	SHOW(read(fd, buf, 10));
	where(fd);
	SHOW(pwrite(fd, buf, 10, 9000));
	SHOW(pread(fd, buf, 10, 9000));
	where(fd);
	SHOW(ftruncate(fd, 100));
	where(fd);
	SHOW(writev(fd, iov, 2));
	where(fd);
	SHOW(lseek(fd, 0, SEEK_END));
	where(fd);
	SHOW(lseek(fd, -5000, SEEK_CUR));
	where(fd);
	SHOW(readv(fd, iov, 2));
	where(fd);
	SHOW(SYS(read, fd, BAD, 10));
	where(fd);
	SHOW(SYS(write, fd, BAD, 10));
	where(fd);
	SHOW(lseek(fd, -100000, SEEK_CUR));
	where(fd);
	SHOW(lseek(fd, 0, 99));
	where(fd);
	in = file_open("in", 0);
	lseek(in, 50, SEEK_SET);
	where(in);
	SHOW(sendfile(fd, in, NULL, 1000));
	where(fd);
	where(in);
	SHOW(sendfile(fd, in, &from, 1000));
	where(fd);
	where(in);
	SHOW(copy_file_range(in, NULL, fd, NULL, 100, 0));
	where(fd);
	where(in);
	SHOW(fallocate(fd, 0, 0, 20000));
	where(fd);
	close(in);
	SHOW(lseek(in, 0, SEEK_CUR));
	out = file_open("out", 0);
	SHOW_TRUE(out == in);
	where(out);
	MUST(dup2(fd, out));
	where(out);
	close(out);
	close(fd);
}

static void copies(void)
{
	int fd = file_open("a", 0), other = MUST(dup(fd));

	TITLE("by a copy of the descriptor");
	where(fd);
	where(other);
	SHOW(lseek(other, 10, SEEK_SET));
	where(fd);
	SHOW(read(other, buf, 5));
	where(fd);
	SHOW(write(other, buf, 5));
	where(fd);
	close(other);
	SHOW(write(fd, buf, 5));
	where(fd);
	other = MUST(fcntl(fd, F_DUPFD, 10));
	SHOW(read(other, buf, 5));
	where(fd);
	close(fd);
	where(other);
	close(other);
}

static void appending(void)
{
	int fd = file_open("a", O_APPEND), other = MUST(open("a", O_WRONLY | O_APPEND));

	TITLE("where one appends");
	for (int i = 0; i < 3; i++) {
		SHOW(write(other, buf, 100));
		SHOW(write(fd, buf, 10));
		where(fd);
	}
	close(fd);
	fd = file_open("a", 0);
	SHOW(write(other, buf, 100));
	SHOW(write(fd, buf, 10));
	where(fd);
	SHOW(fcntl(fd, F_SETFL, O_APPEND));
	for (int i = 0; i < 3; i++) {
		SHOW(write(other, buf, 100));
		SHOW(write(fd, buf, 10));
		where(fd);
	}
	close(fd);
	close(other);
}

static void child_end(void)
{
	fflush(stdout);
	_exit(0);
}

static void processes(void)
{
	int fd = file_open("a", 0), p[2], pair[2];
	char c = 'x', control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &c, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	TITLE("by another process");
	MUST(pipe(p));
	fflush(stdout);
	if (!fork()) {
		where(fd);
		SHOW(lseek(fd, 100, SEEK_SET));
		SHOW(write(fd, buf, 50));
		where(fd);
		child_end();
	}
	MUST(wait(NULL));
	where(fd);
	fflush(stdout);
	if (!fork()) {
		MUST(read(p[0], &c, 1));
		SHOW(lseek(fd, 1000, SEEK_CUR));
		child_end();
	}
	where(fd);
	fflush(stdout);
	MUST(write(p[1], "x", 1));
	MUST(wait(NULL));
	where(fd);
	close(fd);

	fd = file_open("b", 0);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	fflush(stdout);
	if (!fork()) {
		close(fd);
		MUST(recvmsg(pair[1], &msg, 0));
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
		SHOW(lseek(fd, 77, SEEK_SET));
		child_end();
	}
	close(fd);
	fd = file_open("b", 0);
	*head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(fd)) };
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	fflush(stdout);
	MUST(sendmsg(pair[0], &msg, 0));
	MUST(wait(NULL));
	where(fd);
	close(fd);

	fd = file_open("c", 0);
	fflush(stdout);
	if (!fork()) {
		int pidfd = MUST(syscall(SYS_pidfd_open, getppid(), 0)), got;

		MUST(read(p[0], &c, 1));
		got = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
		/* Where that is not allowed there is nothing to see, natively neither */
		close(fd);
		if (got >= 0)
			MUST(lseek(got, 33, SEEK_SET));
		_exit(got < 0);
	}
	where(fd);
	MUST(write(p[1], "x", 1));
	MUST(wait(NULL));
	where(fd);
	close(fd);
}

static void *mover(void *arg UNUSED)
{
	SHOW(lseek(shared, 5, SEEK_SET));
	SHOW(write(shared, buf, 7));
	return NULL;
}

static void threads(void)
{
	pthread_t id;

	TITLE("by another thread");
	shared = file_open("a", 0);
	for (int i = 0; i < 3; i++) {
		MUST(write(shared, buf, 100));
		where(shared);
		fflush(stdout);
		if (pthread_create(&id, NULL, mover, NULL))
			exit(99);
		pthread_join(id, NULL);
		where(shared);
		MUST(write(shared, buf, 100));
		where(shared);
	}
	close(shared);
}

int main(void)
{
	alone();
	copies();
	appending();
	processes();
	threads();
	return 0;
}
