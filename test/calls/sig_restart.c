/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LIMIT: 120
 *
 * Calls that block while a handled signal comes in: with SA_RESTART those that restart must go on, all others and all
 * without the flag give EINTR. What a restarted call waits for is brought about by the handler at its third tick.
 */
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#include "show.h"

static volatile int ticks;
static void (*volatile relief)(void);
static int p[2], s[2], efd, semid, msgid, listener, fifo_peer;
static struct sockaddr_un name = {AF_UNIX, "sock"};
static mqd_t mq;

static void on_tick(int sig UNUSED)
{
	int keep = errno;

	if (++ticks >= 3 && relief)
		relief();
	errno = keep;
}

static void feed_pipe(void)
{
	write(p[1], "f", 1);
	relief = NULL;
}

static void drain_pipe(void)
{
	static char buf[65536];

	read(p[0], buf, sizeof(buf));
	relief = NULL;
}

static void feed_socket(void)
{
	send(s[1], "f", 1, MSG_DONTWAIT);
	relief = NULL;
}

static void feed_event(void)
{
	uint64_t v = 1;

	write(efd, &v, 8);
	relief = NULL;
}

static void knock(void)
{
	int c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	connect(c, (void *)&name, sizeof(name));
	relief = NULL;
}

static void open_fifo(void)
{
	fifo_peer = open("fifo", O_RDWR | O_NONBLOCK);
	relief = NULL;
}

static void raise_sem(void)
{
	struct sembuf op = {0, 1, 0};

	semop(semid, &op, 1);
	relief = NULL;
}

static void send_msg(void)
{
	struct {
		long type;
		char text[4];
	} m = {1, "abc"};

	msgsnd(msgid, &m, 4, IPC_NOWAIT);
	relief = NULL;
}

static void send_mq(void)
{
	struct timespec past = {0, 0};

	mq_timedsend(mq, "m", 1, 0, &past);
	relief = NULL;
}

static char buf[70000];

static long by_read(void)
{
	return SYS(read, p[0], buf, 10);
}
static long by_readv(void)
{
	struct iovec v = {buf, 10};
	return SYS(readv, p[0], &v, 1);
}
static long by_write(void)
{
	return SYS(write, p[1], buf, 5000);
}
static long by_recv(void)
{
	return SYS(recvfrom, s[0], buf, 10, 0, NULL, NULL);
}
static long by_recvmsg(void)
{
	struct iovec v = {buf, 10};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	return SYS(recvmsg, s[0], &m, 0);
}
static long by_accept(void)
{
	long fd = SYS(accept, listener, NULL, NULL);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}
static long by_eventfd(void)
{
	uint64_t v;
	return SYS(read, efd, &v, 8);
}
static long by_open(void)
{
	long fd = SYS(open, "fifo", O_RDONLY);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}
static long by_semop(void)
{
	struct sembuf op = {0, -1, 0};
	return SYS(semop, semid, &op, 1);
}
static long by_msgrcv(void)
{
	struct {
		long type;
		char text[4];
	} m;
	return SYS(msgrcv, msgid, &m, 4, 0, 0);
}
static long by_mq(void)
{
	return SYS(mq_timedreceive, mq, buf, 8192, NULL, NULL);
}
static long by_poll(void)
{
	struct pollfd f = {p[0], POLLIN, 0};
	return SYS(poll, &f, 1, -1);
}
static long by_ppoll(void)
{
	struct pollfd f = {p[0], POLLIN, 0};
	return SYS(ppoll, &f, 1, NULL, NULL, 8);
}
static long by_select(void)
{
	fd_set r;
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	return SYS(select, p[0] + 1, &r, NULL, NULL, NULL);
}
static long by_epoll(void)
{
	struct epoll_event ev;
	int ep = epoll_create1(0);
	ev.events = EPOLLIN;
	epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev);
	long r = SYS(epoll_wait, ep, &ev, 1, -1);
	int e = errno;
	close(ep);
	errno = e;
	return r;
}
static long by_splice(void)
{
	int out[2];
	if (pipe(out))
		return -2;
	long r = SYS(splice, p[0], NULL, out[1], NULL, 10, 0);
	int e = errno;
	close(out[0]);
	close(out[1]);
	errno = e;
	return r;
}
static long by_sleep(void)
{
	struct timespec ts = {100, 0};
	return SYS(nanosleep, &ts, &ts);
}
static long by_clock(void)
{
	struct timespec ts = {100, 0};
	return SYS(clock_nanosleep, CLOCK_MONOTONIC, 0, &ts, NULL);
}
static long by_pause(void)
{
	return SYS(pause);
}
static long by_suspend(void)
{
	uint64_t set = 0;
	return SYS(rt_sigsuspend, &set, 8);
}
static long by_sigwait(void)
{
	uint64_t set = 1ull << (SIGUSR2 - 1);
	return SYS(rt_sigtimedwait, &set, NULL, NULL, 8);
}
static long by_timeout(void)
{
	struct timeval tv = {50, 0};
	setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	long r = SYS(recvfrom, s[0], buf, 10, 0, NULL, NULL);
	int e = errno;
	tv.tv_sec = 0;
	setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	errno = e;
	return r;
}
static long by_timerfd(void)
{
	uint64_t v;
	struct itimerspec it = {.it_value = {0, 70000000}};
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	timerfd_settime(fd, 0, &it, NULL);
	long r = SYS(read, fd, &v, 8);
	int e = errno;
	close(fd);
	errno = e;
	return r;
}
static long by_futex(void)
{
	int word = 0;
	return SYS(futex, &word, 0, 0, NULL, NULL, 0);
}
static long by_flock(void)
{
	int a = open("lock", O_RDWR), b = open("lock", O_RDWR);
	flock(a, LOCK_EX);
	long r = SYS(flock, b, LOCK_EX);
	int e = errno;
	close(a);
	close(b);
	errno = e;
	return r;
}
static long by_inotify(void)
{
	int fd = inotify_init();
	long r = SYS(read, fd, buf, 100);
	int e = errno;
	close(fd);
	errno = e;
	return r;
}

static void fill_pipe(void)
{
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	while (write(p[1], buf, 4096) > 0)
		;
	fcntl(p[1], F_SETFL, 0);
}

static void empty(void)
{
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	while (read(p[0], buf, sizeof(buf)) > 0)
		;
	fcntl(p[0], F_SETFL, 0);
	while (recv(s[0], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

/*
 * @restarts: the kernel restarts the call under SA_RESTART, so it needs relief; the others end with EINTR anyhow
 */
static const struct {
	const char *name;
	long (*call)(void);
	void (*relief)(void);
	void (*before)(void);
	int restarts;
} row[] = {
	{"read of a pipe", by_read, feed_pipe, empty, 1},
	{"readv of a pipe", by_readv, feed_pipe, empty, 1},
	{"write to a full pipe", by_write, drain_pipe, fill_pipe, 1},
	{"splice", by_splice, feed_pipe, empty, 1},
	{"recvfrom", by_recv, feed_socket, empty, 1},
	{"recvmsg", by_recvmsg, feed_socket, empty, 1},
	{"recvfrom with SO_RCVTIMEO", by_timeout, NULL, empty, 0},
	{"accept", by_accept, knock, NULL, 1},
	{"read of an eventfd", by_eventfd, feed_event, NULL, 1},
	{"read of a timerfd", by_timerfd, NULL, NULL, 1},
	{"open of a FIFO", by_open, open_fifo, NULL, 1},
	{"flock", by_flock, NULL, NULL, 0},
	{"semop", by_semop, raise_sem, NULL, 0},
	{"msgrcv", by_msgrcv, send_msg, NULL, 0},
	{"mq_timedreceive", by_mq, send_mq, NULL, 1},
	{"poll", by_poll, NULL, empty, 0},
	{"ppoll", by_ppoll, NULL, empty, 0},
	{"select", by_select, NULL, empty, 0},
	{"epoll_wait", by_epoll, NULL, empty, 0},
	{"read of inotify", by_inotify, NULL, NULL, 0},
	{"nanosleep", by_sleep, NULL, NULL, 0},
	{"clock_nanosleep", by_clock, NULL, NULL, 0},
	{"pause", by_pause, NULL, NULL, 0},
	{"rt_sigsuspend", by_suspend, NULL, NULL, 0},
	{"rt_sigtimedwait", by_sigwait, NULL, NULL, 0},
	{"futex", by_futex, NULL, NULL, 0},
};

static void try(size_t i, int flags)
{
	long r;

	/* Those that would restart for ever without relief are tried without SA_RESTART only */
	if ((flags & SA_RESTART) && !row[i].restarts &&
	    (row[i].call == by_flock || row[i].call == by_inotify || row[i].call == by_futex))
		return;
	if (row[i].before)
		row[i].before();
	handle(SIGALRM, on_tick, flags);
	ticks = 0;
	relief = (flags & SA_RESTART) && row[i].restarts ? row[i].relief : NULL;
	ticks_start(20);
	errno = 0;
	r = row[i].call();
	int error = errno;
	ticks_stop();
	printf("%s, %s: %ld %s\n", row[i].name, flags ? "SA_RESTART" : "no flag", r, r < 0 ? show_errno(error) : "");
	if ((flags & SA_RESTART) && row[i].restarts)
		printf("  ticks seen %d\n", ticks >= 3);
}

int main(void)
{
	struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 8192};
	char mq_name[32];

	MUST(pipe(p));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	efd = MUST(eventfd(0, 0));
	MUST(mkfifo("fifo", 0600));
	close(MUST(open("lock", O_CREAT | O_RDWR, 0600)));
	semid = MUST(semget(IPC_PRIVATE, 1, 0600));
	msgid = MUST(msgget(IPC_PRIVATE, 0600));
	snprintf(mq_name, sizeof(mq_name), "/om-test-%d", getpid());
	mq = mq_open(mq_name, O_CREAT | O_RDWR, 0600, &attr);
	mq_unlink(mq_name);
	listener = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	MUST(bind(listener, (void *)&name, sizeof(name)));
	MUST(listen(listener, 1));
	for (size_t i = 0; i < NELEM(row); i++) {
		try(i, 0);
		try(i, SA_RESTART);
	}
	semctl(semid, 0, IPC_RMID);
	msgctl(msgid, IPC_RMID, NULL);
	return 0;
}
