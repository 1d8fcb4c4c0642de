// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: flood ADDR PORT COUNT BYTES
 * Open COUNT connections to ADDR:PORT, send BYTES bytes on each that begin like a handshake, and say nothing more. Prints
 * `open N` when all are there, and for each line on standard input `open N`, how many the other side has not closed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Drop what was closed by the other side, with whatever it has sent before; return how many are left */
static int count_open(int *fd, int count)
{
	char sink[4096];
	int nr = 0;

	for (int i = 0; i < count; i++) {
		ssize_t n;

		if (fd[i] < 0)
			continue;
		do
			n = recv(fd[i], sink, sizeof(sink), MSG_DONTWAIT);
		while (n > 0);
		if (n < 0 && errno == EAGAIN) {
			nr++;
			continue;
		}
		close(fd[i]);
		fd[i] = -1;
	}
	return nr;
}

int main(int argc, char **argv)
{
	/* The beginning of a version block: what comes behind it is still awaited */
	static const char opening[12] = { 'o', 'M', 'o', 's', 'i', 'x', '\r', '\n', 1, 0, 1, 0 };
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct rlimit limit;
	int count, bytes, *fd;
	char line[16];

	if (argc != 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		return 2;
	to.sin_port = htons(atoi(argv[2]));
	count = atoi(argv[3]);
	bytes = atoi(argv[4]);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	fd = calloc(count, sizeof(*fd));
	if (!fd || bytes < 0 || bytes > (int)sizeof(opening))
		return 2;
	for (int i = 0; i < count; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd[i] < 0)
			fail("socket");
		if (connect(fd[i], (struct sockaddr *)&to, sizeof(to)) < 0)
			fail("connect");
		/* It may have been pushed out meanwhile */
		if (bytes && send(fd[i], opening, bytes, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
			fail("send");
	}
	do {
		printf("open %d\n", count_open(fd, count));
		fflush(stdout);
	} while (fgets(line, sizeof(line), stdin));
	return 0;
}
