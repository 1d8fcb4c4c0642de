/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unix sockets: stream, datagram, seqpacket; paths, abstract names, autobind, credentials. */
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "show.h"

static char *big, *back;

static struct sockaddr_un at(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	strcpy(sa.sun_path, path);
	return sa;
}

static void pair(int type)
{
	int s[2], v;

	printf("--- socketpair of type %d\n", type);
	SHOW(SYS(socketpair, AF_UNIX, type, 0, s));
	SHOW(write(s[0], "one", 3));
	SHOW(write(s[0], "two", 3));
	SHOW(ioctl(s[1], FIONREAD, &v));
	SHOW_NUM(v);
	SHOW(recv(s[1], back, 2, MSG_PEEK));
	SHOW(read(s[1], back, 2));
	SHOW(read(s[1], back, 100));
	SHOW(recv(s[1], back, 100, MSG_DONTWAIT));
	SHOW(write(s[1], "", 0));
	SHOW(recv(s[0], back, 100, MSG_DONTWAIT));
	SHOW(send(s[0], big, 100000, MSG_DONTWAIT));
	SHOW(recv(s[1], back, 200000, 0));
	SHOW(write(s[0], "last", 4));
	SHOW(shutdown(s[0], SHUT_WR));
	SHOW(read(s[1], back, 100));
	SHOW(recv(s[1], back, 100, MSG_DONTWAIT));
	SHOW(send(s[0], "x", 1, MSG_NOSIGNAL));
	close(s[0]);
	SHOW(send(s[1], "x", 1, MSG_NOSIGNAL));
	SHOW(recv(s[1], back, 10, MSG_DONTWAIT));
	close(s[1]);
}

static void errors(void)
{
	int s[2];

	TITLE("errors of socketpair");
	SHOW(SYS(socketpair, AF_UNIX, SOCK_STREAM, 0, BAD));
	SHOW(SYS(socketpair, AF_UNIX, SOCK_STREAM, 0, edge(4)));
	SHOW(SYS(socketpair, AF_UNIX, SOCK_RAW, 0, s));
	SHOW(SYS(socketpair, AF_UNIX, 99, 0, s));
	SHOW(SYS(socketpair, AF_UNIX, SOCK_STREAM, 9, s));
	SHOW(SYS(socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, s));
	SHOW_NUM(s[0]);
	SHOW(fcntl(s[0], F_GETFD));
	SHOW_HEX(fcntl(s[1], F_GETFL));
	close(s[0]);
	close(s[1]);
}

static void paths(int type)
{
	struct sockaddr_un sa = at("sock"), other;
	int l = MUST(socket(AF_UNIX, type, 0)), c = MUST(socket(AF_UNIX, type, 0)), a;
	socklen_t len;

	printf("--- paths, type %d\n", type);
	SHOW(SYS(connect, c, &sa, sizeof(sa)));
	SHOW(SYS(bind, l, &sa, sizeof(sa)));
	SHOW(SYS(bind, l, &sa, sizeof(sa)));
	SHOW(SYS(bind, c, &sa, sizeof(sa)));
	SHOW(SYS(connect, c, &sa, sizeof(sa)));
	SHOW(SYS(listen, l, 2));
	SHOW(SYS(connect, c, &sa, sizeof(sa)));
	len = sizeof(other);
	a = SHOW(SYS(accept, l, &other, &len));
	SHOW_NUM(len);
	SHOW(write(c, "via path", 8));
	SHOW(read(a, back, 100));
	len = sizeof(other);
	memset(&other, 0, sizeof(other));
	SHOW(SYS(getpeername, c, &other, &len));
	SHOW_NUM(len);
	SHOW_STR(other.sun_path);
	len = 4;
	memset(&other, 0, sizeof(other));
	SHOW(SYS(getsockname, a, &other, &len));
	SHOW_NUM(len);
	SHOW_STR(other.sun_path);
	close(a);
	close(c);
	close(l);
	c = MUST(socket(AF_UNIX, type, 0));
	SHOW(SYS(connect, c, &sa, sizeof(sa)));
	SHOW(unlink("sock"));
	SHOW(SYS(connect, c, &sa, sizeof(sa)));
	close(c);
}

static void names(void)
{
	struct sockaddr_un sa, other;
	int a = MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), b = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	socklen_t len;

	TITLE("names");
	make_file("plain", 1, 1);
	sa = at("plain");
	SHOW(SYS(bind, a, &sa, sizeof(sa)));
	SHOW(SYS(connect, b, &sa, sizeof(sa)));
	sa = at("missing/x");
	SHOW(SYS(bind, a, &sa, sizeof(sa)));
	SHOW(SYS(connect, b, &sa, sizeof(sa)));
	memset(sa.sun_path, 'p', sizeof(sa.sun_path));
	SHOW(SYS(bind, a, &sa, sizeof(sa)));
	SHOW(SYS(bind, a, &sa, sizeof(sa) + 1));
	unlink("ppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"
	       "ppppp");
	close(a);
	a = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	SHOW(SYS(bind, a, &sa, 1));
	/* Autobind: five hexadecimal digits in the abstract name space */
	SHOW(SYS(bind, a, &sa, sizeof(sa_family_t)));
	len = sizeof(other);
	SHOW(SYS(getsockname, a, &other, &len));
	SHOW_NUM(len);
	SHOW_NUM(other.sun_path[0]);
	SHOW(SYS(sendto, b, "to automatic", 12, 0, &other, len));
	len = sizeof(sa);
	SHOW(SYS(recvfrom, a, back, 100, 0, &sa, &len));
	SHOW_NUM(len);
	close(b);
	b = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	memset(&sa, 0, sizeof(sa));
	sa.sun_family = AF_UNIX;
	len = offsetof(struct sockaddr_un, sun_path) + 1 + snprintf(sa.sun_path + 1, 90, "om-test-%d", getpid());
	SHOW(SYS(bind, b, &sa, len));
	SHOW(SYS(sendto, a, "to abstract", 11, 0, &sa, len));
	len = sizeof(other);
	SHOW(SYS(recvfrom, b, back, 100, 0, &other, &len));
	SHOW_NUM(len);
	show_bytes("back", back, 11);
	close(a);
	close(b);
}

/* A datagram socket takes a few messages, then blocks its writers */
static void queue(void)
{
	int s[2], n = 0;

	TITLE("a full queue");
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	while (send(s[0], "x", 1, MSG_DONTWAIT) == 1)
		n++;
	SHOW_NUM(n);
	SHOW(send(s[0], "x", 1, MSG_DONTWAIT));
	SHOW(poll(&(struct pollfd){s[0], POLLOUT, 0}, 1, 0));
	for (; n > 0; n--)
		read(s[1], back, 1);
	SHOW(poll(&(struct pollfd){s[0], POLLOUT, 0}, 1, 0));
	SHOW(send(s[0], big, 300000, MSG_DONTWAIT));
	close(s[0]);
	close(s[1]);
}

static void credentials(void)
{
	struct ucred cred = {-1, -1, -1};
	socklen_t len = sizeof(cred);
	int s[2];

	TITLE("credentials");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	SHOW(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, &len));
	SHOW_TRUE(cred.pid == getpid() && cred.uid == getuid() && cred.gid == getgid());
	len = 5;
	SHOW(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, &len));
	SHOW_NUM(len);
	SHOW(setsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, sizeof(cred)));
	close(s[0]);
	close(s[1]);
}

int main(void)
{
	big = pages(1 << 20);
	back = pages(1 << 20);
	fill(big, 1 << 20, 1);
	pair(SOCK_STREAM);
	pair(SOCK_DGRAM);
	pair(SOCK_SEQPACKET);
	errors();
	paths(SOCK_STREAM);
	paths(SOCK_SEQPACKET);
	names();
	queue();
	credentials();
	return 0;
}
