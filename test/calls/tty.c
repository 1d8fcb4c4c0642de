/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pseudo-terminal in one process: both ends, line discipline, window size, job-control calls, hang-up. */
#include <asm/termbits.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "show.h"

static int master, slave;
static volatile int got[65];

static void on_signal(int sig)
{
	got[sig]++;
}

/* What one end gives within a short while */
static void show_read(const char *what, int fd)
{
	char buf[5000];
	ssize_t n;

	if (poll(&(struct pollfd){fd, POLLIN, 0}, 1, 100) != 1) {
		printf("%s: nothing\n", what);
		return;
	}
	errno = 0;
	n = read(fd, buf, sizeof(buf));
	if (n < 0)
		printf("%s: %s\n", what, show_errno(errno));
	else
		show_bytes(what, buf, n);
}

static void opening(void)
{
	char name[64] = "";
	int n = -1, lock = 0, peer;

	TITLE("opening");
	master = SHOW(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
	SHOW(ioctl(master, TIOCGPTN, &n));
	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	SHOW(open(name, O_RDWR | O_NOCTTY));
	SHOW(ioctl(master, TIOCGPTLCK, &lock));
	SHOW_NUM(lock);
	lock = 0;
	SHOW(ioctl(master, TIOCSPTLCK, &lock));
	slave = SHOW(open(name, O_RDWR | O_NOCTTY));
	peer = SHOW(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	close(peer);
	SHOW(ioctl(slave, TIOCGPTN, &n));
	SHOW(ioctl(master, TIOCSPTLCK, BAD));
	SHOW(isatty(slave));
	SHOW(isatty(0));
	SHOW_TRUE(!strcmp(ttyname(slave), name));
	SHOW(open("/dev/tty", O_RDWR));
}

static void attributes(void)
{
	struct termios t;
	struct termios2 t2;
	struct winsize ws = {0};

	TITLE("attributes");
	SHOW(ioctl(slave, TCGETS, &t));
	printf("  iflag %o oflag %o cflag %o lflag %o line %d\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, t.c_line);
	show_bytes("  cc", t.c_cc, sizeof(t.c_cc));
	t.c_oflag &= ~OPOST;
	SHOW(ioctl(slave, TCSETS, &t));
	SHOW(write(slave, "a\nb\n", 4));
	show_read("raw output", master);
	t.c_oflag |= OPOST;
	SHOW(ioctl(slave, TCSETSW, &t));
	SHOW(write(slave, "a\nb\n", 4));
	show_read("cooked output", master);
	SHOW(ioctl(slave, TCGETS2, &t2));
	printf("  speeds %u %u\n", t2.c_ispeed, t2.c_ospeed);
	t2.c_cflag = (t2.c_cflag & ~CBAUD) | BOTHER;
	t2.c_ospeed = t2.c_ispeed = 12345;
	SHOW(ioctl(slave, TCSETS2, &t2));
	SHOW(ioctl(slave, TCGETS2, &t2));
	printf("  speeds %u %u\n", t2.c_ispeed, t2.c_ospeed);
	SHOW(ioctl(slave, TCGETS, BAD));
	SHOW(ioctl(slave, TCSETS, BAD));
	SHOW(ioctl(0, TCGETS, &t));
	SHOW(ioctl(BADFD, TCGETS, &t));
	TITLE("window size");
	SHOW(ioctl(slave, TIOCGWINSZ, &ws));
	printf("  %d x %d\n", ws.ws_row, ws.ws_col);
	ws = (struct winsize){24, 80, 640, 480};
	SHOW(ioctl(master, TIOCSWINSZ, &ws));
	memset(&ws, 0, sizeof(ws));
	SHOW(ioctl(slave, TIOCGWINSZ, &ws));
	printf("  %d x %d, %d x %d\n", ws.ws_row, ws.ws_col, ws.ws_xpixel, ws.ws_ypixel);
	SHOW(ioctl(slave, TIOCGWINSZ, BAD));
	SHOW(ioctl(0, TIOCGWINSZ, &ws));
}

static void canonical(void)
{
	char buf[16];
	int n;

	TITLE("canonical input");
	SHOW(write(master, "first\nsec", 9));
	show_read("echo", master);
	SHOW(ioctl(slave, FIONREAD, &n));
	SHOW_NUM(n);
	SHOW(ioctl(master, TIOCOUTQ, &n));
	SHOW_NUM(n);
	SHOW(read(slave, buf, 3));
	show_read("rest of the line", slave);
	SHOW(fcntl(slave, F_SETFL, O_NONBLOCK));
	SHOW(read(slave, buf, 10));
	SHOW(write(master, "\177ond\n", 5));
	show_read("edited line", slave);
	show_read("echo", master);
	SHOW(write(master, "x\025kill\027word\n", 12));
	show_read("killed and erased", slave);
	show_read("echo", master);
	SHOW(write(master, "end\004\004", 5));
	show_read("before end of file", slave);
	SHOW(read(slave, buf, 10));
	show_read("echo", master);
	SHOW(ioctl(slave, TCFLSH, TCIOFLUSH));
	SHOW(ioctl(slave, TCSBRK, 1));
	SHOW(ioctl(slave, TCXONC, TCOOFF));
	SHOW(write(slave, "stopped", 7));
	SHOW(ioctl(slave, TCXONC, TCOON));
	SHOW(write(slave, "going", 5));
	show_read("after start", master);
}

static void raw(void)
{
	struct termios t;
	char buf[100];

	TITLE("raw input");
	ioctl(slave, TCGETS, &t);
	t.c_lflag &= ~(ICANON | ECHO | ISIG);
	t.c_cc[VMIN] = 3;
	t.c_cc[VTIME] = 0;
	SHOW(ioctl(slave, TCSETSF, &t));
	fcntl(slave, F_SETFL, 0);
	SHOW(write(master, "abcd\003", 5));
	SHOW(read(slave, buf, 100));
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 1;
	SHOW(ioctl(slave, TCSETSF, &t));
	SHOW(read(slave, buf, 100));
	SHOW(write(master, "z", 1));
	SHOW(read(slave, buf, 100));
	t.c_lflag |= ICANON | ECHO | ISIG;
	SHOW(ioctl(slave, TCSETSF, &t));
}

/* The session that it leads gets the terminal, its keys and its changes */
static void controlling(void)
{
	struct winsize ws = {30, 90, 0, 0};
	int n = -1;

	TITLE("controlling terminal");
	SHOW(ioctl(slave, TIOCGPGRP, &n));
	SHOW(ioctl(slave, TIOCSPGRP, &n));
	SHOW(ioctl(slave, TIOCGSID, &n));
	SHOW_OK(ioctl(slave, TIOCSCTTY, 0));
	if (ioctl(slave, TIOCGSID, &n)) {
		/* Not a session leader: it can become one only when it leads no group */
		SHOW_OK(setsid());
		SHOW_OK(ioctl(slave, TIOCSCTTY, 0));
	}
	if (SHOW(ioctl(slave, TIOCGSID, &n)))
		return;
	SHOW_TRUE(n == getsid(0));
	SHOW(ioctl(slave, TIOCGPGRP, &n));
	SHOW_TRUE(n == getpgrp());
	for (int sig = SIGINT; sig <= SIGQUIT; sig++)
		handle(sig, on_signal, 0);
	handle(SIGWINCH, on_signal, 0);
	handle(SIGTSTP, on_signal, 0);
	handle(SIGHUP, on_signal, 0);
	handle(SIGCONT, on_signal, 0);
	SHOW(write(master, "\003", 1));
	while (!got[SIGINT])
		usleep(1000);
	SHOW(write(master, "\034", 1));
	while (!got[SIGQUIT])
		usleep(1000);
	SHOW(write(master, "\032", 1));
	while (!got[SIGTSTP])
		usleep(1000);
	SHOW(ioctl(master, TIOCSWINSZ, &ws));
	while (!got[SIGWINCH])
		usleep(1000);
	SHOW(ioctl(slave, TIOCSTI, "t"));
	int tty = SHOW(open("/dev/tty", O_RDWR));
	close(tty);
	n = 1;
	SHOW(ioctl(slave, TIOCSPGRP, &n));
	n = -1;
	SHOW(ioctl(slave, TIOCSPGRP, &n));
	n = getpgrp();
	SHOW(ioctl(slave, TIOCSPGRP, &n));
	ioctl(slave, TCFLSH, TCIOFLUSH);
	TITLE("hang-up");
	SHOW(close(master));
	while (!got[SIGHUP] || !got[SIGCONT])
		usleep(1000);
	printf("got INT %d QUIT %d TSTP %d WINCH %d HUP %d CONT %d\n", got[SIGINT], got[SIGQUIT], got[SIGTSTP],
	       got[SIGWINCH], got[SIGHUP], got[SIGCONT]);
	char buf[10];
	SHOW(read(slave, buf, 10));
	SHOW(write(slave, buf, 10));
	SHOW(ioctl(slave, TIOCGWINSZ, &ws));
	SHOW(poll(&(struct pollfd){slave, POLLIN, 0}, 1, 0));
	SHOW(open("/dev/tty", O_RDWR));
}

int main(void)
{
	opening();
	attributes();
	canonical();
	raw();
	controlling();
	return 0;
}
