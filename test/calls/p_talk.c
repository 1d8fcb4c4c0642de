/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LIMIT: 120
 *
 * Members of a family talk: pipes, sockets, descriptors and credentials passed, locks, signals both ways, FIFOs, eventfd.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "show.h"

static volatile int got, got_value;

static void on_signal(int sig UNUSED, siginfo_t *info, void *context UNUSED)
{
	got++;
	got_value = info->si_value.sival_int;
}

static void end(pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, 0));
	printf("child: %d\n", status);
}

/* Data through a chain of three filters */
static void pipeline(void)
{
	int a[2], b[2], c[2];
	char *data = malloc(1 << 20);
	ssize_t n, total = 0;
	uint32_t hash = 2166136261u;

	TITLE("a pipeline");
	MUST(pipe(a) | pipe(b) | pipe(c));
	if (!MUST(fork())) {
		close(a[0]);
		fill(data, 1 << 20, 3);
		for (int i = 0; i < 4; i++)
			write(a[1], data, 1 << 20);
		_exit(0);
	}
	close(a[1]);
	for (int stage = 0; stage < 2; stage++) {
		int in = stage ? b[0] : a[0], out = stage ? c[1] : b[1];

		if (!MUST(fork())) {
			if (!stage)
				close(b[0]);
			close(c[0]);
			while ((n = read(in, data, 50000)) > 0) {
				for (ssize_t i = 0; i < n; i++)
					data[i] ^= stage ? 0x33 : 0x55;
				write(out, data, n);
			}
			_exit(0);
		}
		close(in);
		close(out);
	}
	while ((n = read(c[0], data, 1 << 20)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			hash = (hash ^ (unsigned char)data[i]) * 16777619u;
		total += n;
	}
	printf("%zd bytes, hash %08x\n", total, hash);
	while (wait(NULL) > 0)
		;
	close(c[0]);
	free(data);
}

static void ping_pong(void)
{
	int s[2], v = 0;
	pid_t pid;

	TITLE("back and forth");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	pid = MUST(fork());
	if (!pid) {
		close(s[0]);
		while (read(s[1], &v, 4) == 4 && v < 1000) {
			v++;
			write(s[1], &v, 4);
		}
		_exit(0);
	}
	while (v < 1000) {
		v++;
		write(s[0], &v, 4);
		if (v < 1000)
			read(s[0], &v, 4);
	}
	SHOW_NUM(v);
	close(s[0]);
	close(s[1]);
	end(pid);
}

static void passing(void)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec v = {"F", 1};
	struct msghdr msg = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct ucred cred;
	socklen_t len = sizeof(cred);
	char buf[32] = "";
	int s[2], fd;
	pid_t pid;

	TITLE("a descriptor passed");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	pid = MUST(fork());
	if (!pid) {
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

		fd = MUST(open("passed", O_CREAT | O_RDWR, 0600));
		MUST(write(fd, "from the child", 14));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
		MUST(sendmsg(s[1], &msg, 0));
		_exit(0);
	}
	v.iov_base = buf;
	SHOW(recvmsg(s[0], &msg, 0));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	SHOW(pread(fd, buf, 20, 0));
	SHOW_STR(buf);
	end(pid);
	SHOW(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, &len));
	SHOW_TRUE(cred.pid == getpid());
	close(fd);
	close(s[0]);
	close(s[1]);
}

static void locks(void)
{
	struct flock fl = {.l_type = F_WRLCK, .l_len = 10};
	int fd = MUST(open("locked", O_CREAT | O_RDWR, 0600)), p[2], q[2];
	pid_t pid;
	char c;

	TITLE("locks");
	MUST(pipe(p) | pipe(q));
	MUST(fcntl(fd, F_SETLK, &fl));
	pid = MUST(fork());
	if (!pid) {
		int own = MUST(open("locked", O_RDWR));

		fl = (struct flock){.l_type = F_WRLCK, .l_len = 10};
		SHOW(fcntl(fd, F_GETLK, &fl));
		SHOW_TRUE(fl.l_type == F_WRLCK && fl.l_pid == getppid());
		fl = (struct flock){.l_type = F_WRLCK, .l_len = 10};
		SHOW(fcntl(fd, F_SETLK, &fl));
		SHOW(flock(own, LOCK_EX));
		write(p[1], "x", 1);
		SHOW(fcntl(fd, F_SETLKW, &fl));
		write(p[1], "y", 1);
		read(q[0], &c, 1);
		_exit(0);
	}
	read(p[0], &c, 1);
	usleep(20000);
	SHOW(poll(&(struct pollfd){p[0], POLLIN, 0}, 1, 0));
	fl = (struct flock){.l_type = F_UNLCK, .l_len = 10};
	MUST(fcntl(fd, F_SETLK, &fl));
	read(p[0], &c, 1);
	fl = (struct flock){.l_type = F_RDLCK, .l_len = 10};
	SHOW(fcntl(fd, F_GETLK, &fl));
	SHOW_TRUE(fl.l_pid == pid);
	SHOW(flock(fd, LOCK_SH | LOCK_NB));
	/* Its end frees everything */
	write(q[1], "z", 1);
	end(pid);
	SHOW(flock(fd, LOCK_SH | LOCK_NB));
	SHOW(fcntl(fd, F_SETLK, &(struct flock){.l_type = F_WRLCK, .l_len = 10}));
	close(fd);
}

static void signals(void)
{
	sigset_t set, old;
	pid_t pid;

	TITLE("signals both ways");
	handle_info(SIGRTMIN, on_signal, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid = MUST(fork());
	if (!pid) {
		for (int i = 0; i < 100; i++) {
			sigqueue(getppid(), SIGRTMIN, (union sigval){.sival_int = i});
			sigsuspend(&old);
		}
		_exit(got == 100 && got_value == 198 ? 0 : 1);
	}
	for (int i = 0; i < 100; i++) {
		sigsuspend(&old);
		sigqueue(pid, SIGRTMIN, (union sigval){.sival_int = got_value * 2});
	}
	SHOW_NUM(got);
	SHOW_NUM(got_value);
	end(pid);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void events(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int e = MUST(eventfd(0, EFD_SEMAPHORE)), ep = MUST(epoll_create1(0));
	uint64_t v = 5;
	pid_t pid;

	TITLE("eventfd and epoll across fork");
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
	pid = MUST(fork());
	if (!pid) {
		usleep(20000);
		write(e, &v, 8);
		_exit(0);
	}
	SHOW(epoll_wait(ep, &ev, 1, 5000));
	end(pid);
	SHOW(read(e, &v, 8));
	SHOW(epoll_wait(ep, &ev, 1, 0));
	close(e);
	close(ep);
}

static void fifos(void)
{
	char buf[32] = "";
	pid_t pid;
	int fd;

	TITLE("FIFO");
	MUST(mkfifo("fifo", 0600));
	pid = MUST(fork());
	if (!pid) {
		fd = open("fifo", O_WRONLY);
		write(fd, "through the fifo", 16);
		_exit(0);
	}
	fd = SHOW(open("fifo", O_RDONLY));
	SHOW(read(fd, buf, 32));
	SHOW(read(fd, buf + 20, 10));
	SHOW_STR(buf);
	end(pid);
	close(fd);
}

/* A server that forks for each client */
static void server(void)
{
	struct sockaddr_un name = {AF_UNIX, "server"};
	int l = MUST(socket(AF_UNIX, SOCK_STREAM, 0)), sum = 0, v;
	pid_t pid;

	TITLE("a server");
	MUST(bind(l, (void *)&name, sizeof(name)));
	MUST(listen(l, 50));
	pid = MUST(fork());
	if (!pid) {
		for (int i = 0; i < 20; i++) {
			int c = MUST(accept(l, NULL, NULL));

			if (!MUST(fork())) {
				read(c, &v, 4);
				v = v * v;
				write(c, &v, 4);
				_exit(0);
			}
			close(c);
		}
		while (wait(NULL) > 0)
			;
		_exit(0);
	}
	for (int i = 0; i < 20; i++) {
		int c = MUST(socket(AF_UNIX, SOCK_STREAM, 0));

		MUST(connect(c, (void *)&name, sizeof(name)));
		write(c, &i, 4);
		read(c, &v, 4);
		sum += v;
		close(c);
	}
	SHOW_NUM(sum);
	end(pid);
	close(l);
}

static volatile int floods, strangers;
static volatile pid_t flooder;

static void on_flood(int sig UNUSED, siginfo_t *info, void *context UNUSED)
{
	floods++;
	strangers += info->si_pid != flooder;
}

/* Faster than they can be taken: however many are one then, each says where it is from */
static void flood(void)
{
	struct sigaction sa = {.sa_sigaction = on_flood, .sa_flags = SA_SIGINFO | SA_RESTART};
	pid_t parent = getpid();
	sigset_t set;
	int p[2];
	char c;

	TITLE("a flood of signals");
	MUST(sigaction(SIGUSR2, &sa, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	MUST(pipe(p));
	flooder = MUST(fork());
	if (!flooder) {
		for (int i = 0; i < 3000; i++)
			kill(parent, SIGUSR2);
		_exit(0);
	}
	close(p[1]);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	SHOW(read(p[0], &c, 1));
	close(p[0]);
	end(flooder);
	SHOW_TRUE(floods > 0);
	SHOW_NUM(strangers);
}

int main(void)
{
	pipeline();
	ping_pong();
	passing();
	locks();
	signals();
	events();
	fifos();
	server();
	flood();
	return 0;
}
