/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * far: make a node seem far away: `far LISTEN_ADDR HOST PORT MICROSECONDS` listens on a port of the kernel's choice at
 * LISTEN_ADDR, prints it, and passes on to HOST:PORT what comes, and back, each byte as much later. A round trip takes
 * twice that, and little else: what takes N round trips is told from what takes long by itself. It ends with its parent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECES	   1024u /* on their way at a time */
#define PIECE_SIZE 65536u

/**
 * struct piece - What has come at a time
 * @due_ns:	When it goes on
 * @len:	Bytes of @data; 0: the end
 * @done:	How many of them have gone
 * @data:	Bytes
 */
struct piece {
	uint64_t due_ns;
	size_t len, done;
	char *data;
};

/**
 * struct way - One direction of a connection
 * @from:	Socket
 * @to:		Socket
 * @first:	Counts pieces that have gone
 * @last:	Counts those that have come
 * @ended:	No more will come
 * @piece:	Ring of pieces
 */
struct way {
	int from, to;
	unsigned int first, last;
	int ended;
	struct piece piece[PIECES];
};

static uint64_t delay_ns;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/**
 * way_take() - Something has come, or the end
 *
 * Return: 0, or -1 when there is no memory
 */
static int way_take(struct way *way)
{
	struct piece *piece = &way->piece[way->last % PIECES];
	ssize_t n;

	if (!piece->data)
		piece->data = malloc(PIECE_SIZE);
	if (!piece->data)
		return -1;
	n = recv(way->from, piece->data, PIECE_SIZE, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	piece->due_ns = now_ns() + delay_ns;
	piece->len = n > 0 ? (size_t)n : 0;
	piece->done = 0;
	way->ended = n <= 0;
	way->last++;
	return 0;
}

/**
 * way_give() - Pass on what is due
 *
 * Return: 0, or -1 when nobody takes it any more
 */
static int way_give(struct way *way)
{
	struct piece *piece = &way->piece[way->first % PIECES];

	for (; way->first != way->last && piece->due_ns <= now_ns(); piece = &way->piece[++way->first % PIECES]) {
		if (!piece->len) {
			shutdown(way->to, SHUT_WR);
			continue;
		}
		while (piece->done < piece->len) {
			ssize_t n = send(way->to, piece->data + piece->done, piece->len - piece->done, MSG_NOSIGNAL);

			if (n < 0 && errno != EINTR)
				return -1;
			piece->done += n > 0 ? (size_t)n : 0;
		}
	}
	return 0;
}

/**
 * due_in() - How long until the first piece of either way is due; a second when there is none
 */
static struct timespec due_in(const struct way *way)
{
	uint64_t now = now_ns(), due = now + 1000000000u;

	for (int i = 0; i < 2; i++)
		if (way[i].first != way[i].last && way[i].piece[way[i].first % PIECES].due_ns < due)
			due = way[i].piece[way[i].first % PIECES].due_ns;
	due = due > now ? due - now : 0;
	return (struct timespec){ (time_t)(due / 1000000000u), (long)(due % 1000000000u) };
}

/**
 * pass() - Pass on between two sockets until both ways have ended
 */
static void pass(int near, int away)
{
	struct way *way = calloc(2, sizeof(*way));
	int lost = !way;

	if (way) {
		way[0].from = way[1].to = near;
		way[0].to = way[1].from = away;
	}
	while (!lost && !(way[0].ended && way[1].ended && way[0].first == way[0].last && way[1].first == way[1].last)) {
		struct timespec wait = due_in(way);
		struct pollfd fds[2];

		for (int i = 0; i < 2; i++)
			fds[i] = (struct pollfd){ way[i].ended || way[i].last - way[i].first == PIECES ? -1
												       : way[i].from,
						  POLLIN, 0 };
		ppoll(fds, 2, &wait, NULL);
		for (int i = 0; i < 2 && !lost; i++)
			lost = (fds[i].revents && way_take(&way[i])) || way_give(&way[i]);
	}
}

/**
 * connection_serve() - Serve one connection, in a process of its own
 */
static void connection_serve(int near, const struct sockaddr_in *node)
{
	int away = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (connect(away, (const struct sockaddr *)node, sizeof(*node)))
		return;
	setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(away, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	prctl(PR_SET_TIMERSLACK, 1);
	pass(near, away);
}

int main(int argc, char **argv)
{
	struct sockaddr_in own = { .sin_family = AF_INET }, node = { .sin_family = AF_INET };
	socklen_t len = sizeof(own);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 5 || inet_pton(AF_INET, argv[1], &own.sin_addr) != 1 ||
	    inet_pton(AF_INET, argv[2], &node.sin_addr) != 1) {
		fputs("usage: far LISTEN_ADDR HOST PORT MICROSECONDS\n", stderr);
		return 2;
	}
	node.sin_port = htons((uint16_t)strtoul(argv[3], NULL, 10));
	delay_ns = strtoull(argv[4], NULL, 10) * 1000;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	if (bind(listener, (struct sockaddr *)&own, sizeof(own)) || listen(listener, 16) ||
	    getsockname(listener, (struct sockaddr *)&own, &len))
		return 1;
	printf("%d\n", ntohs(own.sin_port));
	fflush(stdout);
	for (;;) {
		int near = accept(listener, NULL, NULL);

		if (near >= 0 && !fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			connection_serve(near, &node);
			_exit(0);
		}
		close(near);
	}
}
