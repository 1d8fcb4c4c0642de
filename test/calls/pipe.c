/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pipes and FIFOs: capacity, partial transfers, O_NONBLOCK, end of file, EPIPE, packets, ioctls. */
#include <sys/ioctl.h>

#include "show.h"

static char *big, *back;
static int pipes_broken;

static void on_sigpipe(int sig UNUSED)
{
	pipes_broken++;
}

static void creation(void)
{
	int p[2] = {-5, -5};

	TITLE("pipe and pipe2");
	SHOW(SYS(pipe, p));
	SHOW_NUM(p[0]);
	SHOW_NUM(p[1]);
	SHOW(fcntl(p[0], F_GETFL));
	SHOW(fcntl(p[1], F_GETFL));
	close(p[0]);
	close(p[1]);
	SHOW(SYS(pipe2, p, O_CLOEXEC | O_NONBLOCK));
	SHOW(fcntl(p[0], F_GETFL));
	SHOW(fcntl(p[1], F_GETFD));
	close(p[0]);
	close(p[1]);
	SHOW(SYS(pipe2, p, O_RDWR));
	SHOW(SYS(pipe, BAD));
	SHOW(SYS(pipe2, edge(4), 0));
	SHOW(open("/dev/null", O_RDONLY));
	close(3);
}

static void transfers(void)
{
	int p[2], n;

	MUST(pipe2(p, O_NONBLOCK));
	TITLE("full and empty");
	SHOW(read(p[0], back, 10));
	fill(big, 1 << 20, 7);
	SHOW(write(p[1], big, 10));
	SHOW(ioctl(p[0], FIONREAD, &n));
	SHOW_NUM(n);
	SHOW(ioctl(p[0], FIONREAD, BAD));
	SHOW(read(p[0], back, 4));
	SHOW(read(p[0], back + 4, 100));
	show_bytes("back", back, 10);
	SHOW(write(p[1], big, 1 << 20));
	SHOW(write(p[1], big, 1));
	SHOW(write(p[1], big, 4096));
	SHOW(read(p[0], back, 4095));
	SHOW(write(p[1], big, 4096));
	SHOW(read(p[0], back, 1));
	SHOW(write(p[1], big, 4096));
	SHOW(read(p[0], back, 1 << 20));
	show_bytes("back", back, 65536);
	SHOW(write(p[1], big, 0));
	SHOW(read(p[0], back, 0));
	SHOW(read(p[1], back, 1));
	SHOW(write(p[0], back, 1));
	SHOW(lseek(p[0], 0, SEEK_SET));
	SHOW(pread(p[0], back, 1, 0));
	SHOW(pwrite(p[1], back, 1, 0));
	SHOW(SYS(write, p[1], BAD, 1));
	SHOW(write(p[1], edge(5), 6));
	SHOW(read(p[0], back, 100));
	SHOW(write(p[1], "hello", 5));
	SHOW(read(p[0], edge(3), 5));
	SHOW(read(p[0], back, 100));

	TITLE("capacity");
	SHOW(fcntl(p[0], F_GETPIPE_SZ));
	SHOW(fcntl(p[0], F_SETPIPE_SZ, 1));
	SHOW(fcntl(p[0], F_GETPIPE_SZ));
	SHOW(write(p[1], big, 1 << 20));
	SHOW(fcntl(p[1], F_SETPIPE_SZ, 131072));
	SHOW(write(p[1], big, 1 << 20));
	SHOW(fcntl(p[1], F_SETPIPE_SZ, 4096));
	SHOW(fcntl(p[1], F_SETPIPE_SZ, 1 << 20));
	SHOW(fcntl(p[1], F_SETPIPE_SZ, 1 << 30));
	SHOW(fcntl(p[1], F_SETPIPE_SZ, -1));
	SHOW(fcntl(1, F_GETPIPE_SZ));

	TITLE("the end");
	SHOW(close(p[1]));
	SHOW(read(p[0], back, 2 << 20));
	SHOW(read(p[0], back, 1));
	SHOW(close(p[0]));
	MUST(pipe(p));
	close(p[0]);
	SHOW(write(p[1], "x", 1));
	SHOW_NUM(pipes_broken);
	SHOW(write(p[1], "x", 0));
	SHOW(writev(p[1], &(struct iovec){"abc", 3}, 1));
	handle(SIGPIPE, SIG_IGN, 0);
	SHOW(write(p[1], "x", 1));
	SHOW_NUM(pipes_broken);
	close(p[1]);
}

/* Large blocking transfers need both ends to move; O_NONBLOCK on one side only */
static void alternating(void)
{
	size_t sent = 0, got = 0, n = 3 << 20;
	ssize_t r;
	int p[2];

	TITLE("3 MiB through 64 KiB");
	MUST(pipe2(p, O_NONBLOCK));
	fill(big, n, 3);
	while (got < n) {
		r = write(p[1], big + sent, n - sent);
		if (r > 0)
			sent += r;
		r = read(p[0], back + got, 50000);
		if (r > 0)
			got += r;
		if (sent == n && r < 0)
			break;
	}
	SHOW_NUM(sent);
	SHOW_NUM(got);
	show_bytes("back", back, got);
	close(p[0]);
	close(p[1]);
}

static void packets(void)
{
	int p[2], n;

	TITLE("packet mode");
	MUST(pipe2(p, O_DIRECT | O_NONBLOCK));
	SHOW(write(p[1], "first", 5));
	SHOW(write(p[1], "second", 6));
	SHOW(ioctl(p[0], FIONREAD, &n));
	SHOW_NUM(n);
	SHOW(read(p[0], back, 3));
	SHOW(read(p[0], back, 100));
	show_bytes("back", back, 6);
	SHOW(read(p[0], back, 100));
	SHOW(write(p[1], big, 10000));
	SHOW(read(p[0], back, 20000));
	SHOW(fcntl(p[1], F_SETFL, O_NONBLOCK));
	SHOW(fcntl(p[1], F_GETFL));
	close(p[0]);
	close(p[1]);
}

static void fifos(void)
{
	int r, w, rw;

	TITLE("FIFO");
	SHOW(mkfifo("fifo", 0600));
	SHOW(open("fifo", O_WRONLY | O_NONBLOCK));
	r = SHOW(open("fifo", O_RDONLY | O_NONBLOCK));
	SHOW(read(r, back, 10));
	w = SHOW(open("fifo", O_WRONLY));
	SHOW(read(r, back, 10));
	SHOW(write(w, "through", 7));
	SHOW(read(r, back, 10));
	SHOW(close(w));
	SHOW(read(r, back, 10));
	SHOW(close(r));
	rw = SHOW(open("fifo", O_RDWR));
	SHOW(write(rw, "self", 4));
	SHOW(read(rw, back, 10));
	SHOW(fcntl(rw, F_SETFL, O_NONBLOCK));
	SHOW(read(rw, back, 10));
	close(rw);
	SHOW(open("/proc/self/fd/3", O_RDONLY));
}

int main(void)
{
	big = pages(4 << 20);
	back = pages(4 << 20);
	handle(SIGPIPE, on_sigpipe, 0);
	creation();
	transfers();
	alternating();
	packets();
	fifos();
	return 0;
}
