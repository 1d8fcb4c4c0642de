/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Large reads from pipes one after the other, and large writes to them: what others take out, put in, or end in between, and
 * signals. Children tell by a second pipe how far they are.
 */
#include <poll.h>
#include <sys/ioctl.h>

#include "show.h"

#define MIB (1 << 20)

static char *big, *back;
static int pipes_broken, alarms;

static void on_signal(int sig)
{
	pipes_broken += sig == SIGPIPE;
	alarms += sig == SIGALRM;
}

static void handler_set(int sig, int flags)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = flags };

	MUST(sigaction(sig, &act, NULL));
}

static long in_pipe(int fd)
{
	int n = -1;

	MUST(ioctl(fd, FIONREAD, &n));
	return n;
}

/* Put @len bytes in, take what is asked for out, and print what that was */
static void round_trip(const int p[2], size_t len, size_t asked, unsigned int seed)
{
	ssize_t n;

	fill(big, len, seed);
	MUST(write(p[1], big, len));
	n = read(p[0], back, asked);
	printf("%zd %08x, left %ld\n", n, n > 0 ? show_hash(back, (size_t)n) : 0, in_pipe(p[0]));
}

/* One who reads alone, in large pieces: each read gets what is there, and no more */
static void alone(int size)
{
	struct pollfd look;
	int p[2];

	TITLE("one after the other");
	MUST(pipe(p));
	if (size)
		MUST(fcntl(p[1], F_SETPIPE_SZ, size));
	for (unsigned int i = 0; i < 12; i++)
		round_trip(p, 40000 + i * 1000, MIB, i);
	for (unsigned int i = 0; i < 4; i++) {
		round_trip(p, 60000, 50000, 20 + i);
		SHOW(read(p[0], back, 33000));
	}
	look = (struct pollfd){ .fd = p[0], .events = POLLIN };
	SHOW(poll(&look, 1, 0));
	MUST(write(p[1], big, 50000));
	SHOW(poll(&look, 1, 0));
	SHOW(read(p[0], back, 5));
	SHOW(in_pipe(p[0]));
	SHOW(read(p[0], back, MIB));
	MUST(fcntl(p[0], F_SETFL, O_NONBLOCK));
	SHOW(read(p[0], back, MIB));
	MUST(write(p[1], big, 60000));
	close(p[1]);
	SHOW(read(p[0], back, MIB));
	SHOW(read(p[0], back, MIB));
	close(p[0]);
}

/* Somebody else takes a part out, and puts something in, between two reads */
static void others(void)
{
	int p[2];

	TITLE("with another reader and another writer");
	MUST(pipe(p));
	for (unsigned int i = 0; i < 8; i++) {
		fill(big, 60000, i);
		MUST(write(p[1], big, 50000));
		fflush(stdout);
		if (!fork()) {
			usleep(2000); /* for something to be done ahead; the result is the same without */
			MUST(read(p[0], back, i % 2 ? 100 : 45000));
			if (i % 3 == 0)
				MUST(write(p[1], "more", 4));
			_exit(0);
		}
		MUST(wait(NULL));
		SHOW(in_pipe(p[0]));
		printf("%zd ", read(p[0], back, MIB));
		printf("%08x\n", show_hash(back, 4900));
	}
	close(p[0]);
	close(p[1]);
}

/* The end of the last reader is seen at once by who writes */
static void reader_ends(void)
{
	int p[2];

	TITLE("the reader ends");
	for (int i = 0; i < 3; i++) {
		MUST(pipe(p));
		round_trip(p, 50000, MIB, 1);
		round_trip(p, 50000, MIB, 2);
		MUST(write(p[1], big, 50000));
		close(p[0]);
		SHOW(write(p[1], big, 1));
		SHOW(write(p[1], big, MIB));
		SHOW_NUM(pipes_broken);
		close(p[1]);
	}
}

/* A child that reads @len bytes, at most @most at a time, and exits */
static pid_t reader(const int p[2], size_t len, size_t most)
{
	pid_t pid = MUST(fork());
	unsigned int sum = 1;
	ssize_t n;

	if (pid)
		return pid;
	close(p[1]);
	while (len) {
		n = MUST(read(p[0], back, len < most ? len : most));
		if (!n)
			_exit(1);
		len -= (size_t)n;
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 31 + (unsigned char)back[i];
	}
	_exit(sum % 61);
}

static void status_show(void)
{
	int status;

	MUST(wait(&status));
	SHOW_HEX(status);
}

/* Large writes to one who reads all, or not all */
static void written(int size)
{
	int p[2];
	ssize_t n;

	TITLE("large writes");
	MUST(pipe(p));
	if (size)
		MUST(fcntl(p[1], F_SETPIPE_SZ, size));
	fill(big, 2 * MIB, 5);
	fflush(stdout);
	for (int i = 0; i < 4; i++) {
		reader(p, 2 * MIB + 600000, 30000 + (size_t)i * 20000);
		SHOW(write(p[1], big, MIB));
		SHOW(write(p[1], big + MIB, MIB));
		SHOW(write(p[1], big, 300000));
		SHOW(write(p[1], big, 300000));
		status_show();
		SHOW(in_pipe(p[0]));
		fflush(stdout);
	}
	if (!size)
		reader(p, 400000, 4096);
	close(p[0]);
	n = size ? 400000 : write(p[1], big, MIB);
	SHOW_TRUE(n >= 400000 && n < MIB);
	SHOW(write(p[1], big, MIB));
	SHOW_NUM(pipes_broken);
	if (!size)
		status_show();
	close(p[1]);
}

/* Content that arrives: every byte in its place, from two writers at once each in its order */
static void content(void)
{
	int p[2], q[2];
	ssize_t n, all = 0;
	uint32_t sum = 0;

	TITLE("content");
	MUST(pipe(p));
	MUST(pipe(q));
	fflush(stdout);
	if (!fork()) {
		close(p[1]);
		while ((n = read(p[0], back, 70000)) > 0) {
			for (ssize_t i = 0; i < n; i++)
				sum = sum * 31 + (unsigned char)back[i];
			all += n;
		}
		MUST(write(q[1], &sum, sizeof(sum)));
		_exit(all != 8 * MIB - 8 * 1000);
	}
	close(p[0]);
	for (unsigned int i = 0; i < 8; i++) {
		fill(big, MIB, i);
		MUST(write(p[1], big, MIB - 1000));
	}
	close(p[1]);
	status_show();
	MUST(read(q[0], &sum, sizeof(sum)));
	SHOW_HEX(sum);
	close(q[0]);
	close(q[1]);
}

/* A write that is interrupted: the signal comes again, should it have come before the write */
static long interrupted_write(int fd)
{
	struct itimerval often = { .it_value = { .tv_usec = 30000 }, .it_interval = { .tv_usec = 30000 } }, never = { 0 };
	long n;
	int error;

	MUST(setitimer(ITIMER_REAL, &often, NULL));
	n = write(fd, big, MIB);
	error = errno;
	MUST(setitimer(ITIMER_REAL, &never, NULL));
	errno = error;
	return n;
}

/* Writes that are cut short: by a signal, or because they may not wait */
static void cut(int flags)
{
	int p[2];

	TITLE("cut short");
	handler_set(SIGALRM, flags);
	MUST(pipe(p));
	SHOW(write(p[1], big, 1000));
	SHOW(interrupted_write(p[1]));
	SHOW_TRUE(alarms > 0);
	if (!flags)
		SHOW(interrupted_write(p[1]));
	SHOW(read(p[0], back, 4096 * 3));
	SHOW(interrupted_write(p[1]));
	MUST(fcntl(p[1], F_SETFL, O_NONBLOCK));
	SHOW(write(p[1], big, MIB));
	SHOW(read(p[0], back, 4096 * 5));
	SHOW(write(p[1], big, MIB));
	SHOW(in_pipe(p[0]));
	close(p[0]);
	close(p[1]);
	MUST(pipe2(p, O_DIRECT | O_NONBLOCK));
	SHOW(write(p[1], big, MIB));
	SHOW(read(p[0], back, MIB));
	SHOW(read(p[0], back, MIB));
	close(p[0]);
	close(p[1]);
}

/* Elsewhere a large write is one */
static void elsewhere(void)
{
	int fd = MUST(open("file", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600)), p[2];

	TITLE("not to a pipe");
	SHOW(write(fd, big, MIB));
	SHOW(write(fd, big, 3 * MIB / 4));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(write(BADFD, big, MIB));
	SHOW(write(fd, edge(100), MIB));
	MUST(pipe2(p, O_NONBLOCK));
	SHOW(write(p[0], big, MIB));
	SHOW(write(p[1], edge(5000), MIB));
	SHOW(write(p[1], edge(300000), MIB));
	close(p[0]);
	close(p[1]);
	close(fd);
	unlink("file");
}

int main(void)
{
	big = (char *)MUST(mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	back = big + 2 * MIB;
	handler_set(SIGPIPE, 0);
	alone(0);
	alone(MIB);
	others();
	reader_ends();
	written(0);
	written(MIB);
	content();
	cut(0);
	cut(SA_RESTART);
	elsewhere();
	return 0;
}
