/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP and UDP on the loopback: the whole life of connections, addresses, errors, flags, sizes. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "show.h"

static char *big, *back;

static void show_address(const char *what, const struct sockaddr_in *sa, socklen_t len)
{
	char text[64] = "";

	inet_ntop(AF_INET, &sa->sin_addr, text, sizeof(text));
	printf("%s: family %d address %s port %s length %u\n", what, sa->sin_family, text, sa->sin_port ? "some" : "0",
	       len);
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static int port_of(int fd)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);

	MUST(getsockname(fd, (void *)&sa, &len));
	return ntohs(sa.sin_port);
}

/* A connected pair: [0] is the client's end */
static void tcp_pair(int s[2])
{
	struct sockaddr_in sa = loopback(0);
	int l = MUST(socket(AF_INET, SOCK_STREAM, 0));

	MUST(bind(l, (void *)&sa, sizeof(sa)));
	MUST(listen(l, 5));
	sa = loopback(port_of(l));
	s[0] = MUST(socket(AF_INET, SOCK_STREAM, 0));
	MUST(connect(s[0], (void *)&sa, sizeof(sa)));
	s[1] = MUST(accept(l, NULL, NULL));
	close(l);
}

static void creation(void)
{
	TITLE("socket");
	int fd = SHOW(SYS(socket, AF_INET, SOCK_STREAM, 0));
	close(fd);
	fd = SHOW(SYS(socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
	SHOW_HEX(fcntl(fd, F_GETFL));
	SHOW(fcntl(fd, F_GETFD));
	close(fd);
	fd = SHOW(SYS(socket, AF_INET6, SOCK_STREAM, 0));
	close(fd);
	SHOW(SYS(socket, AF_INET, SOCK_STREAM, IPPROTO_UDP));
	SHOW(SYS(socket, AF_INET, 99, 0));
	SHOW(SYS(socket, 999, SOCK_STREAM, 0));
	SHOW(SYS(socket, -1, SOCK_STREAM, 0));
	SHOW(SYS(socketpair, AF_INET, SOCK_STREAM, 0, (int *)back));
	fd = SHOW_OK(SYS(socket, AF_INET, SOCK_RAW, IPPROTO_ICMP));
	close(fd);
	fd = SHOW_OK(SYS(socket, AF_NETLINK, SOCK_RAW, 0));
	close(fd);
	fd = SHOW_OK(SYS(socket, AF_PACKET, SOCK_RAW, 0));
	close(fd);
}

static void listening(void)
{
	struct sockaddr_in sa = loopback(0), other;
	socklen_t len;
	int l, c, a, port;

	TITLE("bind, listen, accept");
	l = MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(SYS(accept, l, NULL, NULL));
	SHOW(SYS(bind, l, &sa, sizeof(sa) - 1));
	SHOW(SYS(bind, l, &sa, 0));
	SHOW(SYS(bind, l, &sa, -1));
	SHOW(SYS(bind, l, BAD, sizeof(sa)));
	SHOW(SYS(bind, BADFD, &sa, sizeof(sa)));
	SHOW(SYS(bind, 0, &sa, sizeof(sa)));
	sa.sin_addr.s_addr = htonl(0x08080808);
	SHOW(SYS(bind, l, &sa, sizeof(sa)));
	sa = loopback(0);
	sa.sin_family = 99;
	SHOW(SYS(bind, l, &sa, sizeof(sa)));
	sa = loopback(0);
	SHOW(SYS(bind, l, &sa, sizeof(sa)));
	SHOW(SYS(bind, l, &sa, sizeof(sa)));
	SHOW(SYS(listen, l, 3));
	SHOW(SYS(listen, BADFD, 3));
	SHOW(SYS(listen, 0, 3));
	port = port_of(l);
	SHOW_TRUE(port > 1023);
	a = MUST(socket(AF_INET, SOCK_STREAM, 0));
	sa = loopback(port);
	SHOW(SYS(bind, a, &sa, sizeof(sa)));
	close(a);
	SHOW(fcntl(l, F_SETFL, O_NONBLOCK));
	SHOW(SYS(accept, l, NULL, NULL));
	c = MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(SYS(connect, c, &sa, sizeof(sa)));
	SHOW(SYS(connect, c, &sa, sizeof(sa)));
	len = sizeof(other);
	memset(&other, 0xee, sizeof(other));
	a = SHOW(SYS(accept, l, &other, &len));
	show_address("peer", &other, len);
	SHOW_HEX(fcntl(a, F_GETFL));
	close(c);
	close(a);
	c = MUST(socket(AF_INET, SOCK_STREAM, 0));
	MUST(connect(c, (void *)&sa, sizeof(sa)));
	len = 5;
	memset(&other, 0, sizeof(other));
	a = SHOW(SYS(accept4, l, &other, &len, SOCK_NONBLOCK | SOCK_CLOEXEC));
	SHOW_NUM(len);
	SHOW_NUM(other.sin_family);
	SHOW_HEX(fcntl(a, F_GETFL));
	SHOW(fcntl(a, F_GETFD));
	SHOW(SYS(accept4, l, NULL, NULL, 1));
	SHOW(SYS(accept, BADFD, NULL, NULL));
	SHOW(SYS(accept, 0, NULL, NULL));
	TITLE("names");
	len = sizeof(other);
	SHOW(SYS(getsockname, a, &other, &len));
	SHOW_TRUE(ntohs(other.sin_port) == port);
	len = sizeof(other);
	SHOW(SYS(getpeername, c, &other, &len));
	SHOW_TRUE(ntohs(other.sin_port) == port);
	SHOW(SYS(getpeername, l, &other, &len));
	SHOW(SYS(getpeername, 0, &other, &len));
	SHOW(SYS(getsockname, BADFD, &other, &len));
	SHOW(SYS(getsockname, a, BAD, &len));
	SHOW(SYS(getsockname, a, &other, BAD));
	len = -1;
	SHOW(SYS(getsockname, a, &other, &len));
	len = 0;
	SHOW(SYS(getsockname, a, BAD, &len));
	SHOW_NUM(len);
	close(a);
	close(c);
	close(l);
	TITLE("nobody listens");
	c = MUST(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(SYS(connect, c, &sa, sizeof(sa)));
	SHOW(SYS(connect, c, BAD, sizeof(sa)));
	SHOW(SYS(connect, c, &sa, 3));
	SHOW(SYS(connect, BADFD, &sa, sizeof(sa)));
	SHOW(SYS(connect, 0, &sa, sizeof(sa)));
	SHOW(send(c, "x", 1, MSG_NOSIGNAL));
	SHOW(recv(c, back, 1, 0));
	close(c);
}

static void streaming(void)
{
	size_t sent = 0, got = 0, n = (3 << 20) + 1;
	int s[2], v;
	ssize_t r;

	TITLE("a stream");
	tcp_pair(s);
	fill(big, n, 9);
	SHOW(SYS(sendto, s[0], "hello", 5, 0, NULL, 0));
	SHOW(SYS(recvfrom, s[1], back, 3, MSG_PEEK, NULL, NULL));
	SHOW(SYS(recvfrom, s[1], back, 100, 0, NULL, NULL));
	show_bytes("back", back, 5);
	SHOW(SYS(recvfrom, s[1], back, 100, MSG_DONTWAIT, NULL, NULL));
	SHOW(SYS(recvfrom, s[1], back, 0, MSG_DONTWAIT, NULL, NULL));
	SHOW(SYS(sendto, s[0], "", 0, 0, NULL, 0));
	SHOW(send(s[0], "part one ", 9, MSG_MORE));
	SHOW(send(s[0], "part two", 8, 0));
	SHOW(recv(s[1], back, 17, MSG_WAITALL));
	show_bytes("back", back, 17);
	SHOW(write(s[0], "abcdef", 6));
	SHOW(ioctl(s[1], FIONREAD, &v));
	SHOW_NUM(v);
	memset(back, '.', 10);
	SHOW(recv(s[1], back, 6, MSG_TRUNC | MSG_PEEK));
	SHOW(recv(s[1], back, 2, MSG_TRUNC));
	show_bytes("thrown away", back, 10);
	SHOW(recvmsg(s[1], &(struct msghdr){.msg_iov = (struct iovec[]){{back, 1}, {back + 4, 1}}, .msg_iovlen = 2},
		     MSG_TRUNC));
	show_bytes("thrown away", back, 10);
	SHOW(recv(s[1], NULL, 1, MSG_TRUNC));
	SHOW(read(s[1], back, 10));
	show_bytes("back", back, 3);
	TITLE("3 MiB + 1");
	fcntl(s[0], F_SETFL, O_NONBLOCK);
	fcntl(s[1], F_SETFL, O_NONBLOCK);
	while (got < n) {
		r = send(s[0], big + sent, n - sent, 0);
		if (r > 0)
			sent += r;
		r = recv(s[1], back + got, n, 0);
		if (r > 0)
			got += r;
		else
			poll(&(struct pollfd){s[1], POLLIN, 0}, 1, 1000);
	}
	show_bytes("back", back, got);
	fcntl(s[1], F_SETFL, 0);
	if (!MUST(fork())) {
		fcntl(s[0], F_SETFL, 0);
		_exit(send(s[0], big, n, 0) != (ssize_t)n);
	}
	SHOW(recv(s[1], back, n, MSG_WAITALL));
	show_bytes("back", back, n);
	wait(NULL);
	TITLE("urgent");
	SHOW(send(s[0], "12U", 3, MSG_OOB));
	SHOW(poll(&(struct pollfd){s[1], POLLPRI, 0}, 1, 1000));
	SHOW(ioctl(s[1], SIOCATMARK, &v));
	SHOW_NUM(v);
	SHOW(recv(s[1], back, 10, MSG_OOB));
	SHOW(recv(s[1], back, 10, 0));
	SHOW(ioctl(s[1], SIOCATMARK, &v));
	SHOW_NUM(v);
	SHOW(recv(s[1], back, 10, MSG_OOB | MSG_DONTWAIT));
	TITLE("errors");
	SHOW(SYS(sendto, s[0], BAD, 10, 0, NULL, 0));
	SHOW(SYS(sendto, BADFD, "x", 1, 0, NULL, 0));
	SHOW(SYS(sendto, 0, "x", 1, 0, NULL, 0));
	SHOW(SYS(recvfrom, BADFD, back, 1, 0, NULL, NULL));
	SHOW(SYS(recvfrom, 0, back, 1, 0, NULL, NULL));
	SHOW(send(s[0], "data", 4, 0));
	SHOW(poll(&(struct pollfd){s[1], POLLIN, 0}, 1, 1000));
	SHOW(SYS(recvfrom, s[1], BAD, 4, 0, NULL, NULL));
	SHOW(SYS(recvfrom, s[1], back, 4, MSG_ERRQUEUE, NULL, NULL));
	SHOW(recv(s[1], back, 4, 0));
	TITLE("shutdown");
	SHOW(SYS(shutdown, s[0], SHUT_WR));
	SHOW(recv(s[1], back, 10, 0));
	SHOW(send(s[0], "x", 1, MSG_NOSIGNAL));
	SHOW(send(s[1], "other way", 9, 0));
	SHOW(poll(&(struct pollfd){s[0], POLLIN, 0}, 1, 1000));
	SHOW(recv(s[0], back, 20, 0));
	SHOW(SYS(shutdown, s[1], SHUT_RD));
	SHOW(SYS(shutdown, s[1], 7));
	SHOW(SYS(shutdown, BADFD, SHUT_RD));
	SHOW(SYS(shutdown, 0, SHUT_RD));
	close(s[1]);
	SHOW(poll(&(struct pollfd){s[0], POLLIN, 0}, 1, 1000));
	SHOW(recv(s[0], back, 10, 0));
	close(s[0]);
}

/* A reset shows once, then the stream is at its end */
static void reset(void)
{
	struct linger linger = {1, 0};
	int s[2], error = 0;
	socklen_t len = sizeof(error);
	struct pollfd p;

	TITLE("reset");
	tcp_pair(s);
	SHOW(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	close(s[0]);
	p = (struct pollfd){s[1], POLLIN, 0};
	SHOW(poll(&p, 1, 1000));
	SHOW_HEX(p.revents);
	SHOW(recv(s[1], back, 10, 0));
	SHOW(recv(s[1], back, 10, 0));
	SHOW(send(s[1], "x", 1, MSG_NOSIGNAL));
	SHOW(getsockopt(s[1], SOL_SOCKET, SO_ERROR, &error, &len));
	SHOW_NUM(error);
	close(s[1]);
}

static void nonblocking_connect(void)
{
	struct sockaddr_in sa = loopback(0);
	int l = MUST(socket(AF_INET, SOCK_STREAM, 0)), c, error = -1;
	socklen_t len = sizeof(error);
	struct pollfd p;

	TITLE("connect without waiting");
	MUST(bind(l, (void *)&sa, sizeof(sa)));
	MUST(listen(l, 5));
	sa = loopback(port_of(l));
	c = MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	SHOW(SYS(connect, c, &sa, sizeof(sa)));
	p = (struct pollfd){c, POLLOUT, 0};
	SHOW(poll(&p, 1, 1000));
	SHOW(getsockopt(c, SOL_SOCKET, SO_ERROR, &error, &len));
	SHOW_NUM(error);
	SHOW(SYS(connect, c, &sa, sizeof(sa)));
	SHOW(SYS(connect, c, &sa, sizeof(sa)));
	close(c);
	close(l);
	c = MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	SHOW_TRUE(SYS(connect, c, &sa, sizeof(sa)) == -1);
	p = (struct pollfd){c, POLLOUT, 0};
	SHOW(poll(&p, 1, 1000));
	SHOW_HEX(p.revents);
	SHOW(getsockopt(c, SOL_SOCKET, SO_ERROR, &error, &len));
	SHOW_STR(show_errno(error));
	close(c);
}

static void datagrams(void)
{
	struct sockaddr_in sa = loopback(0), from;
	socklen_t len = sizeof(from);
	int a = MUST(socket(AF_INET, SOCK_DGRAM, 0)), b = MUST(socket(AF_INET, SOCK_DGRAM, 0)), v;

	TITLE("datagrams");
	MUST(bind(a, (void *)&sa, sizeof(sa)));
	SHOW(SYS(sendto, b, "x", 1, 0, NULL, 0));
	sa = loopback(port_of(a));
	SHOW(SYS(sendto, b, "datagram", 8, 0, &sa, sizeof(sa)));
	SHOW(SYS(recvfrom, a, back, 100, MSG_PEEK, &from, &len));
	show_address("from", &from, len);
	SHOW_TRUE(ntohs(from.sin_port) == port_of(b));
	SHOW(ioctl(a, FIONREAD, &v));
	SHOW_NUM(v);
	SHOW(SYS(recvfrom, a, back, 4, 0, NULL, NULL));
	SHOW(SYS(recvfrom, a, back, 4, MSG_DONTWAIT, NULL, NULL));
	SHOW(SYS(sendto, b, "datagram", 8, 0, &sa, sizeof(sa)));
	memset(back, '.', 10);
	SHOW(SYS(recvfrom, a, back, 4, MSG_TRUNC, NULL, NULL));
	show_bytes("back", back, 10);
	SHOW(SYS(sendto, b, "", 0, 0, &sa, sizeof(sa)));
	SHOW(SYS(recvfrom, a, back, 100, 0, NULL, NULL));
	fill(big, 65536, 11);
	SHOW(SYS(sendto, b, big, 65507, 0, &sa, sizeof(sa)));
	SHOW(SYS(recvfrom, a, back, 65536, 0, NULL, NULL));
	show_bytes("back", back, 65507);
	SHOW(SYS(sendto, b, big, 65508, 0, &sa, sizeof(sa)));
	SHOW(SYS(connect, b, &sa, sizeof(sa)));
	SHOW(write(b, "connected", 9));
	len = 3;
	SHOW(SYS(recvfrom, a, back, 100, 0, &from, &len));
	SHOW_NUM(len);
	SHOW(write(b, "to a bad buffer", 15));
	SHOW(SYS(recvfrom, a, BAD, 100, 0, NULL, NULL));
	SHOW(SYS(recvfrom, a, back, 100, MSG_DONTWAIT, NULL, NULL));
	SHOW(SYS(sendto, b, "x", 1, 0, BAD, sizeof(sa)));
	SHOW(SYS(sendto, b, "x", 1, 0, &sa, 300));
	SHOW(write(b, "addr", 4));
	SHOW(SYS(recvfrom, a, back, 100, 0, BAD, &len));
	sa.sin_family = AF_UNSPEC;
	SHOW(SYS(connect, b, &sa, sizeof(sa)));
	SHOW(write(b, "x", 1));
	close(a);
	TITLE("refused");
	sa.sin_family = AF_INET;
	SHOW(SYS(connect, b, &sa, sizeof(sa)));
	SHOW(write(b, "x", 1));
	SHOW(poll(&(struct pollfd){b, POLLIN, 0}, 1, 1000));
	SHOW(read(b, back, 10));
	close(b);
}

int main(void)
{
	big = pages(4 << 20);
	back = pages(8 << 20);
	creation();
	listening();
	streaming();
	reset();
	nonblocking_connect();
	datagrams();
	return 0;
}
