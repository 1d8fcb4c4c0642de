/* SPDX-License-Identifier: GPL-2.0-or-later */
/* epoll_create, epoll_ctl, epoll_wait, epoll_pwait, epoll_pwait2: triggers, one-shot, nesting, masks, errors. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "show.h"

static int by_data(const void *a, const void *b)
{
	const struct epoll_event *x = a, *y = b;

	return x->data.u64 < y->data.u64 ? -1 : x->data.u64 > y->data.u64;
}

static void show_events(struct epoll_event *ev, int n)
{
	if (n > 1)
		qsort(ev, n, sizeof(*ev), by_data);
	for (int i = 0; i < n; i++)
		printf("  events %#x data %llu\n", ev[i].events, (unsigned long long)ev[i].data.u64);
}

static int wait_for(int ep, int timeout)
{
	struct epoll_event ev[8];
	int n;

	errno = 0;
	n = SYS(epoll_wait, ep, ev, 8, timeout);
	printf("epoll_wait: %d %s\n", n, n < 0 ? show_errno(errno) : "");
	show_events(ev, n);
	return n;
}

static long ctl(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = {.events = events, .data.u64 = data};

	return SYS(epoll_ctl, ep, op, fd, &ev);
}

static void creation(void)
{
	int ep;

	TITLE("create");
	SHOW(SYS(epoll_create, 0));
	SHOW(SYS(epoll_create, -1));
	ep = SHOW(SYS(epoll_create, 1));
	SHOW(fcntl(ep, F_GETFD));
	close(ep);
	SHOW(SYS(epoll_create1, 1));
	ep = SHOW(SYS(epoll_create1, EPOLL_CLOEXEC));
	SHOW(fcntl(ep, F_GETFD));
	SHOW(read(ep, &ep, 4));
	close(ep);
}

static void triggers(void)
{
	int ep = MUST(epoll_create1(0)), p[2], q[2];
	char buf[16];

	TITLE("level and edge");
	MUST(pipe2(p, O_NONBLOCK));
	MUST(pipe2(q, O_NONBLOCK));
	SHOW(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
	SHOW(ctl(ep, EPOLL_CTL_ADD, q[0], EPOLLIN | EPOLLET, 2));
	wait_for(ep, 0);
	write(p[1], "abc", 3);
	write(q[1], "abc", 3);
	wait_for(ep, -1);
	wait_for(ep, 0);
	write(q[1], "d", 1);
	wait_for(ep, 0);
	read(p[0], buf, 16);
	wait_for(ep, 10);
	TITLE("one-shot");
	SHOW(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 3));
	write(p[1], "x", 1);
	wait_for(ep, 0);
	wait_for(ep, 0);
	SHOW(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 4));
	wait_for(ep, 0);
	TITLE("ends");
	SHOW(ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT, 5));
	wait_for(ep, 0);
	SHOW(ctl(ep, EPOLL_CTL_DEL, p[1], 0, 0));
	close(p[1]);
	SHOW(ctl(ep, EPOLL_CTL_MOD, p[0], 0, 6));
	wait_for(ep, 0);
	close(p[0]);
	wait_for(ep, 0);
	close(q[0]);
	SHOW(ctl(ep, EPOLL_CTL_ADD, q[1], 0, 7));
	wait_for(ep, 0);
	close(q[1]);
	close(ep);
}

static void sockets(void)
{
	int ep = MUST(epoll_create1(0)), s[2];

	TITLE("sockets");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	SHOW(ctl(ep, EPOLL_CTL_ADD, s[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI, 1));
	wait_for(ep, 0);
	write(s[1], "x", 1);
	wait_for(ep, 0);
	shutdown(s[1], SHUT_WR);
	wait_for(ep, 0);
	close(s[1]);
	wait_for(ep, 0);
	close(s[0]);
	close(ep);
}

static void errors(void)
{
	struct epoll_event ev, *last = edge(2 * sizeof(ev));
	int ep = MUST(epoll_create1(0)), other = MUST(epoll_create1(0)), fd, e;

	TITLE("errors");
	make_file("plain", 5, 1);
	fd = MUST(open("plain", O_RDONLY));
	e = MUST(eventfd(1, 0));
	SHOW(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN, 1));
	SHOW(ctl(ep, EPOLL_CTL_ADD, BADFD, EPOLLIN, 1));
	SHOW(ctl(BADFD, EPOLL_CTL_ADD, e, EPOLLIN, 1));
	SHOW(ctl(fd, EPOLL_CTL_ADD, e, EPOLLIN, 1));
	SHOW(ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN, 1));
	SHOW(ctl(ep, 99, e, EPOLLIN, 1));
	SHOW(ctl(ep, EPOLL_CTL_MOD, e, EPOLLIN, 1));
	SHOW(ctl(ep, EPOLL_CTL_DEL, e, EPOLLIN, 1));
	SHOW(ctl(ep, EPOLL_CTL_ADD, e, EPOLLIN, 1));
	SHOW(ctl(ep, EPOLL_CTL_ADD, e, EPOLLIN, 1));
	SHOW(ctl(ep, EPOLL_CTL_MOD, e, EPOLLIN | EPOLLEXCLUSIVE, 1));
	SHOW(SYS(epoll_ctl, ep, EPOLL_CTL_MOD, e, BAD));
	SHOW(SYS(epoll_ctl, ep, EPOLL_CTL_MOD, e, NULL));
	SHOW(SYS(epoll_ctl, ep, EPOLL_CTL_DEL, e, NULL));
	SHOW(ctl(ep, EPOLL_CTL_ADD, e, EPOLLIN | EPOLLEXCLUSIVE, 1));
	SHOW(SYS(epoll_wait, ep, &ev, 0, 0));
	SHOW(SYS(epoll_wait, ep, &ev, -1, 0));
	SHOW(SYS(epoll_wait, ep, &ev, 0x7fffffff, 0));
	SHOW(SYS(epoll_wait, ep, BAD, 1, 0));
	SHOW(SYS(epoll_wait, fd, &ev, 1, 0));
	SHOW(SYS(epoll_wait, BADFD, &ev, 1, 0));
	SHOW(SYS(epoll_wait, ep, last, 5, 0));
	SHOW(SYS(epoll_wait, ep, last, 178956970, 0));
	TITLE("nesting");
	SHOW(ctl(other, EPOLL_CTL_ADD, ep, EPOLLIN, 9));
	wait_for(other, 0);
	SHOW(ctl(ep, EPOLL_CTL_ADD, other, EPOLLIN, 9));
	/* A partly bad room for events: those that fit are given */
	int e2 = MUST(eventfd(1, 0)), e3 = MUST(eventfd(1, 0));
	ctl(ep, EPOLL_CTL_ADD, e2, EPOLLIN, 2);
	ctl(ep, EPOLL_CTL_ADD, e3, EPOLLIN, 3);
	SHOW(SYS(epoll_wait, ep, last, 3, 0));
	close(ep);
	close(other);
	close(e);
	close(e2);
	close(e3);
	close(fd);
}

/* More events than asked for rotate */
static void rotation(void)
{
	int ep = MUST(epoll_create1(0)), fd[40], seen = 0;
	struct epoll_event ev[16];

	TITLE("many");
	for (int i = 0; i < 40; i++) {
		fd[i] = MUST(eventfd(1, 0));
		ctl(ep, EPOLL_CTL_ADD, fd[i], EPOLLIN | EPOLLET, i);
	}
	for (int n; (n = SYS(epoll_wait, ep, ev, 16, 0)) > 0;) {
		printf("%d events\n", n);
		seen += n;
	}
	SHOW_NUM(seen);
	close(ep);
	for (int i = 0; i < 40; i++)
		close(fd[i]);
}

static volatile int ticked;

static void on_tick(int sig UNUSED)
{
	ticked++;
}

static void masks(void)
{
	int ep = MUST(epoll_create1(0)), e = MUST(eventfd(0, 0));
	struct timespec ts = {0, 1000000};
	struct epoll_event ev;
	uint64_t set = 0, blocked = 1ull << (SIGALRM - 1);
	sigset_t old;

	TITLE("masks and time-outs");
	ctl(ep, EPOLL_CTL_ADD, e, EPOLLIN, 1);
	handle(SIGALRM, on_tick, SA_RESTART);
	SYS(rt_sigprocmask, SIG_BLOCK, &blocked, &old, 8);
	ticks_start(20);
	SHOW(SYS(epoll_pwait, ep, &ev, 1, 50, NULL, 8));
	SHOW_NUM(ticked);
	SHOW(SYS(epoll_pwait, ep, &ev, 1, -1, &set, 8));
	SHOW_TRUE(ticked > 0);
	SHOW(SYS(epoll_pwait2, ep, &ev, 1, NULL, &set, 8));
	SYS(rt_sigprocmask, SIG_UNBLOCK, &blocked, NULL, 8);
	SHOW(SYS(epoll_wait, ep, &ev, 1, -1));
	ticks_stop();
	SHOW(SYS(epoll_pwait2, ep, &ev, 1, &ts, NULL, 8));
	ts.tv_nsec = 1000000000;
	SHOW(SYS(epoll_pwait2, ep, &ev, 1, &ts, NULL, 8));
	SHOW(SYS(epoll_pwait2, ep, &ev, 1, BAD, NULL, 8));
	SHOW(SYS(epoll_pwait, ep, &ev, 1, 0, &set, 4));
	SHOW(SYS(epoll_pwait, ep, &ev, 1, 0, BAD, 8));
	SHOW(SYS(epoll_pwait, ep, &ev, 1, 0, NULL, 4));
	int64_t start = now_us(CLOCK_MONOTONIC);
	SHOW(SYS(epoll_wait, ep, &ev, 1, 60));
	int64_t took = now_us(CLOCK_MONOTONIC) - start;
	SHOW_TRUE(took >= 60000 && took < 2000000);
	close(ep);
	close(e);
}

int main(void)
{
	creation();
	triggers();
	sockets();
	errors();
	rotation();
	masks();
	return 0;
}
