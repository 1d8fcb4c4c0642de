/* SPDX-License-Identifier: GPL-2.0-or-later */
/* poll, ppoll, select, pselect6: readiness, time-outs, what is written back, masks, errors. */
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "show.h"

static volatile int ticked;

static void on_tick(int sig UNUSED)
{
	ticked++;
}

static void readiness(int *p, int *s)
{
	struct pollfd f[7];
	int n;

	TITLE("poll");
	for (int round = 0; round < 4; round++) {
		if (round == 1) {
			write(p[1], "x", 1);
			write(s[0], "y", 1);
		} else if (round == 2) {
			close(p[1]);
			shutdown(s[0], SHUT_WR);
		} else if (round == 3) {
			close(s[0]);
		}
		f[0] = (struct pollfd){p[0], POLLIN, -1};
		f[1] = (struct pollfd){round < 2 ? p[1] : -1, POLLOUT, -1};
		f[2] = (struct pollfd){s[1], POLLIN | POLLOUT | POLLRDHUP | POLLPRI, -1};
		f[3] = (struct pollfd){-5, POLLIN, -1};
		f[4] = (struct pollfd){BADFD, POLLIN, -1};
		f[5] = (struct pollfd){0, POLLIN | POLLOUT, -1};
		f[6] = (struct pollfd){1, 0, -1};
		n = SHOW(SYS(poll, f, 7, 0));
		for (int i = 0; i < 7; i++)
			printf("  fd %d revents %#x\n", i, f[i].revents);
	}
	(void)n;
	close(p[0]);
	close(s[1]);
}

static void poll_errors(void)
{
	struct pollfd f = {0, POLLIN, 0}, *last = edge(2 * sizeof(f));
	struct timespec ts = {0, 10000000};
	uint64_t set = 0;
	struct rlimit limit;

	TITLE("errors of poll");
	SHOW(SYS(poll, BAD, 1, 0));
	SHOW(SYS(poll, BAD, 0, 0));
	SHOW(SYS(poll, NULL, 0, 10));
	last[0] = last[1] = f;
	SHOW(SYS(poll, last, 2, 0));
	SHOW(SYS(poll, last, 3, 0));
	getrlimit(RLIMIT_NOFILE, &limit);
	SHOW(SYS(poll, last, limit.rlim_cur + 1, 0));
	SHOW(SYS(poll, last, -1, 0));
	SHOW(SYS(ppoll, NULL, 0, &ts, NULL, 8));
	SHOW_NUM(ts.tv_sec + ts.tv_nsec);
	ts = (struct timespec){5, 0};
	SHOW(SYS(ppoll, &f, 1, &ts, NULL, 8));
	SHOW_TRUE(ts.tv_sec == 4 && ts.tv_nsec > 0);
	ts.tv_nsec = -1;
	SHOW(SYS(ppoll, &f, 1, &ts, NULL, 8));
	SHOW(SYS(ppoll, &f, 1, BAD, NULL, 8));
	SHOW(SYS(ppoll, &f, 1, NULL, &set, 7));
	SHOW(SYS(ppoll, &f, 1, NULL, BAD, 8));
}

static void many(void)
{
	static struct pollfd f[1000];
	int e = MUST(eventfd(1, 0));

	TITLE("many");
	for (int i = 0; i < 1000; i++)
		f[i] = (struct pollfd){i % 7 ? -1 : e, POLLIN | POLLOUT, 0};
	SHOW(SYS(poll, f, 1000, -1));
	show_bytes("fds", f, sizeof(f));
	close(e);
}

static void show_set(const char *what, const fd_set *set, int n)
{
	printf("  %s:", what);
	for (int i = 0; i < n; i++) {
		if (FD_ISSET(i, set))
			printf(" %d", i);
	}
	printf("\n");
}

static void selects(void)
{
	struct timeval tv = {3, 0};
	struct timespec ts = {0, 5000000};
	fd_set r, w, x;
	int p[2], a = MUST(eventfd(0, 0)), b = MUST(eventfd(1, 0));

	TITLE("select");
	MUST(pipe(p));
	dup2(b, 200);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&x);
	FD_SET(a, &r);
	FD_SET(b, &r);
	FD_SET(p[0], &r);
	FD_SET(200, &r);
	FD_SET(p[1], &w);
	FD_SET(a, &w);
	FD_SET(a, &x);
	SHOW(SYS(select, 201, &r, &w, &x, &tv));
	show_set("read", &r, 256);
	show_set("write", &w, 256);
	show_set("except", &x, 256);
	SHOW_TRUE(tv.tv_sec == 2 && tv.tv_usec > 0);
	FD_ZERO(&r);
	FD_SET(a, &r);
	tv = (struct timeval){0, 10000};
	SHOW(SYS(select, 10, &r, NULL, NULL, &tv));
	show_set("read", &r, 256);
	SHOW_NUM(tv.tv_sec + tv.tv_usec);
	SHOW(SYS(select, 0, NULL, NULL, NULL, &tv));
	/* Bits at and after nfds stay, in whole words they are cleared */
	FD_SET(b, &r);
	FD_SET(300, &r);
	SHOW(SYS(select, b + 1, &r, NULL, NULL, NULL));
	show_set("read", &r, 512);
	TITLE("errors of select");
	FD_ZERO(&r);
	FD_SET(500, &r);
	SHOW(SYS(select, 501, &r, NULL, NULL, &tv));
	SHOW(SYS(select, -1, NULL, NULL, NULL, &tv));
	SHOW(SYS(select, 10, BAD, NULL, NULL, &tv));
	SHOW(SYS(select, 1024, edge(64), NULL, NULL, &tv));
	FD_ZERO(&r);
	SHOW(SYS(select, 1000000, &r, NULL, NULL, &tv));
	SHOW(SYS(select, 10, NULL, NULL, NULL, BAD));
	tv.tv_usec = -1;
	SHOW(SYS(select, 10, NULL, NULL, NULL, &tv));
	tv = (struct timeval){0, 2000000};
	FD_SET(b, &r);
	SHOW(SYS(select, 10, &r, NULL, NULL, &tv));
	TITLE("pselect6");
	struct {
		const void *set;
		size_t len;
	} sig = {NULL, 8};
	FD_ZERO(&r);
	SHOW(SYS(pselect6, 0, NULL, NULL, NULL, &ts, NULL));
	SHOW_NUM(ts.tv_nsec);
	SHOW(SYS(pselect6, 0, NULL, NULL, NULL, &ts, &sig));
	uint64_t set = 0;
	sig.set = &set;
	sig.len = 7;
	SHOW(SYS(pselect6, 0, NULL, NULL, NULL, &ts, &sig));
	sig.len = 8;
	sig.set = BAD;
	SHOW(SYS(pselect6, 0, NULL, NULL, NULL, &ts, &sig));
	SHOW(SYS(pselect6, 0, NULL, NULL, NULL, &ts, BAD));
	ts.tv_nsec = 1000000000;
	SHOW(SYS(pselect6, 0, NULL, NULL, NULL, &ts, NULL));
	close(200);
	close(a);
	close(b);
	close(p[0]);
	close(p[1]);
}

/* A blocked signal comes in during the call only, and ends it whatever SA_RESTART says */
static void masks(void)
{
	uint64_t none = 0, alarm_only = 1ull << (SIGALRM - 1);
	struct {
		const void *set;
		size_t len;
	} sig = {&none, 8};
	struct timespec ts;

	TITLE("masks");
	handle(SIGALRM, on_tick, SA_RESTART);
	SYS(rt_sigprocmask, SIG_BLOCK, &alarm_only, NULL, 8);
	ticks_start(20);
	SHOW(SYS(poll, NULL, 0, 50));
	SHOW_NUM(ticked);
	SHOW(SYS(ppoll, NULL, 0, NULL, &none, 8));
	SHOW_NUM(ticked);
	SHOW(SYS(pselect6, 0, NULL, NULL, NULL, NULL, &sig));
	SHOW_NUM(ticked);
	ts = (struct timespec){10, 0};
	SHOW(SYS(ppoll, NULL, 0, &ts, &none, 8));
	SHOW_TRUE(ts.tv_sec == 9);
	SHOW_NUM(ticked);
	SYS(rt_sigprocmask, SIG_UNBLOCK, &alarm_only, NULL, 8);
	SHOW(SYS(poll, NULL, 0, -1));
	SHOW(SYS(select, 0, NULL, NULL, NULL, NULL));
	ticks_stop();
}

static void durations(void)
{
	struct timeval tv = {0, 40000};
	int64_t start = now_us(CLOCK_MONOTONIC);

	TITLE("durations");
	SHOW(SYS(poll, NULL, 0, 40));
	int64_t took = now_us(CLOCK_MONOTONIC) - start;
	SHOW_TRUE(took >= 40000 && took < 2000000);
	start = now_us(CLOCK_MONOTONIC);
	SHOW(SYS(select, 0, NULL, NULL, NULL, &tv));
	took = now_us(CLOCK_MONOTONIC) - start;
	SHOW_TRUE(took >= 40000 && took < 2000000);
}

int main(void)
{
	int p[2], s[2];

	MUST(pipe(p));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	readiness(p, s);
	poll_errors();
	many();
	selects();
	masks();
	durations();
	return 0;
}
