/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Process groups, sessions, signals to groups, controlling terminals, stopped and orphaned groups. */
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "show.h"

static volatile int got[65];

static void on_signal(int sig)
{
	got[sig]++;
}

static int status_of(pid_t pid, int options)
{
	int status = -1;

	if (waitpid(pid, &status, options) != pid)
		return -1;
	return status;
}

static pid_t sleeper(void)
{
	pid_t pid = MUST(fork());

	if (!pid) {
		for (;;)
			pause();
	}
	return pid;
}

static void groups(void)
{
	pid_t a, b, c;

	TITLE("groups");
	a = sleeper();
	b = sleeper();
	SHOW(setpgid(a, a));
	SHOW_TRUE(getpgid(a) == a);
	SHOW(setpgid(b, a));
	SHOW_TRUE(getpgid(b) == a);
	SHOW(setpgid(b, 0x7ffffff0));
	SHOW(kill(-a, 0));
	SHOW(killpg(a, SIGSTOP));
	SHOW_NUM(WSTOPSIG(status_of(a, WUNTRACED)));
	SHOW_NUM(WSTOPSIG(status_of(b, WUNTRACED)));
	SHOW(killpg(a, SIGCONT));
	SHOW(killpg(a, SIGTERM));
	SHOW_NUM(status_of(a, 0));
	SHOW(kill(-a, 0));
	SHOW_NUM(status_of(b, 0));
	SHOW(kill(-a, 0));
	/* A child that has made exec cannot be moved */
	c = MUST(fork());
	if (!c) {
		execl("/bin/sleep", "sleep", "100", NULL);
		_exit(127);
	}
	while (setpgid(c, c) == 0)
		usleep(1000);
	SHOW_STR(show_errno(errno));
	kill(c, SIGKILL);
	SHOW_NUM(status_of(c, 0));
	/* To one's own group, from which the harness is apart */
	SHOW(setpgid(0, 0));
	a = sleeper();
	handle(SIGUSR1, on_signal, 0);
	SHOW(kill(0, SIGUSR1));
	SHOW_NUM(got[SIGUSR1]);
	SHOW_NUM(status_of(a, 0));
}

static void sessions(void)
{
	pid_t pid;
	int p[2];
	char c;

	TITLE("sessions");
	MUST(pipe(p));
	pid = MUST(fork());
	if (!pid) {
		SHOW_TRUE(setsid() == getpid());
		SHOW_TRUE(getsid(0) == getpid() && getpgrp() == getpid());
		SHOW(setsid());
		SHOW(setpgid(0, 0));
		write(p[1], "s", 1);
		read(p[0], &c, 0);
		pause();
		_exit(0);
	}
	read(p[0], &c, 1);
	SHOW(setpgid(pid, getpgrp()));
	SHOW_TRUE(getsid(pid) == pid);
	SHOW(kill(pid, SIGKILL));
	SHOW_NUM(status_of(pid, 0));
}

/* As a shell: a session on a terminal, a foreground and a background job */
static void jobs(void)
{
	int master, n, status;
	char name[64], c;
	pid_t leader, job;

	TITLE("jobs on a terminal");
	master = MUST(posix_openpt(O_RDWR | O_NOCTTY));
	grantpt(master);
	unlockpt(master);
	strcpy(name, ptsname(master));
	leader = MUST(fork());
	if (!leader) {
		int tty;

		setsid();
		tty = MUST(open(name, O_RDWR));
		SHOW(ioctl(tty, TIOCGPGRP, &n));
		SHOW_TRUE(n == getpid() && tcgetsid(tty) == getpid());
		handle(SIGTTOU, SIG_IGN, 0);
		job = MUST(fork());
		if (!job) {
			setpgid(0, 0);
			/* In the background: reading stops it */
			handle(SIGTTOU, SIG_DFL, 0);
			n = read(tty, &c, 1);
			_exit(n == 1 ? c : 99);
		}
		setpgid(job, job);
		SHOW_NUM(WSTOPSIG(status_of(job, WUNTRACED)));
		SHOW(tcsetpgrp(tty, job));
		SHOW(kill(-job, SIGCONT));
		write(master, "K\n", 2);
		SHOW_NUM(WEXITSTATUS(status_of(job, 0)));
		SHOW(tcsetpgrp(tty, getpgrp()));
		job = MUST(fork());
		if (!job) {
			setpgid(0, 0);
			tcsetpgrp(tty, getpid());
			write(master, "\003", 1);
			for (;;)
				pause();
		}
		setpgid(job, job);
		SHOW_NUM(status_of(job, 0));
		tcsetpgrp(tty, getpgrp());
		job = MUST(fork());
		if (!job) {
			setpgid(0, 0);
			tcsetpgrp(tty, getpid());
			write(master, "\032", 1);
			for (;;)
				pause();
		}
		setpgid(job, job);
		SHOW_NUM(WSTOPSIG(status_of(job, WUNTRACED)));
		/* The leader's end: a stopped job is hung up and continued */
		_exit(0);
	}
	MUST(waitpid(leader, &status, 0));
	printf("leader %d\n", status);
	while (kill(-leader, 0) == 0)
		usleep(1000);
	close(master);
}

/* A group that becomes orphaned while a member is stopped gets SIGHUP and SIGCONT */
static void orphaned(void)
{
	int p[2];
	char c = '?';
	pid_t parent;

	TITLE("orphaned group");
	MUST(pipe(p));
	parent = MUST(fork());
	if (!parent) {
		pid_t child;

		setpgid(0, 0);
		child = fork();
		if (!child) {
			setpgid(0, 0);
			handle(SIGHUP, on_signal, 0);
			handle(SIGCONT, on_signal, 0);
			write(p[1], "r", 1);
			raise(SIGSTOP);
			while (!got[SIGHUP] || !got[SIGCONT])
				usleep(1000);
			write(p[1], "y", 1);
			_exit(0);
		}
		read(p[0], &c, 1);
		waitpid(child, NULL, WUNTRACED);
		_exit(0);
	}
	waitpid(parent, NULL, 0);
	SHOW_NUM(poll(&(struct pollfd){p[0], POLLIN, 0}, 1, 5000));
	read(p[0], &c, 1);
	printf("hung up and continued: %c\n", c);
}

int main(void)
{
	groups();
	sessions();
	jobs();
	orphaned();
	return 0;
}
