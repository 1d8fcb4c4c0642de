/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start a deputy for the calling process, as strace -D does: a detached grandchild that will trace it. The tool stays
 * the process that its parent started, and becomes the program.
 *
 * The two talk over a socket pair: the deputy says its pid, the tool lets it trace (where Yama asks for that) and says
 * so; the deputy connects to the node and ends the talk with "", or with the reason why it cannot.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/launch.h"

/* Limits that the user set for the program, not for us: away with them, or up to where they may be */
static void limits_raise(void)
{
	static const int which[] = { RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_AS, RLIMIT_DATA, RLIMIT_CPU, RLIMIT_STACK };

	for (size_t i = 0; i < sizeof(which) / sizeof(*which); i++) {
		struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

		if (which[i] != RLIMIT_NOFILE && !setrlimit((unsigned int)which[i], &limit))
			continue;
		if (!getrlimit((unsigned int)which[i], &limit)) {
			limit.rlim_cur = limit.rlim_max;
			setrlimit((unsigned int)which[i], &limit);
		}
	}
}

int deputy_detach(int *talk)
{
	int err, high, null;
	sigset_t none;

	/* To fixed places: the tool's stderr at 3, the talk at 4, nothing else. The talk may be anywhere, even at 0 or 3 */
	high = fcntl(*talk, F_DUPFD, 10);
	err = dup2(STDERR_FILENO, 3);
	*talk = dup2(high, 4);
	close_range(5, ~0u, 0);
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	if (null > 4)
		close(null);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	fcntl(4, F_SETFD, FD_CLOEXEC);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int signo = 1; signo < 32; signo++)
		signal(signo, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);	  /* somebody wants to write where there was a lease for a moment (promise.c) */
	signal(SIGXFSZ, SIG_IGN); /* what is too large for a limit is an error */
	limits_raise();
	umask(022);
	return chdir("/") < 0 || err < 0 ? -1 : err;
}

int deputy_launch(const struct deputy_options *opt, char *why, size_t why_len)
{
	/* A child that was waited for would count in the program's RUSAGE_CHILDREN; one that is ignored does not */
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	pid_t target = getpid(), child, deputy;
	int talk[2];
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, talk) < 0) {
		snprintf(why, why_len, "cannot start the deputy: %s", strerror(errno));
		return -errno;
	}
	sigaction(SIGCHLD, &ignore, &before);
	child = fork();
	if (child < 0) {
		snprintf(why, why_len, "cannot start the deputy: %s", strerror(errno));
		close(talk[0]);
		close(talk[1]);
		sigaction(SIGCHLD, &before, NULL);
		return -EAGAIN;
	}
	if (!child) {
		close(talk[0]);
		setsid();
		if (fork())
			_exit(0);
		_exit(deputy_run(opt, target, talk[1]));
	}
	close(talk[1]);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGCHLD, &before, NULL);
	n = recv(talk[0], &deputy, sizeof(deputy), 0);
	if (n == sizeof(deputy)) {
		prctl(PR_SET_PTRACER, deputy, 0, 0, 0); /* EINVAL where there is no Yama */
		send(talk[0], "", 1, MSG_NOSIGNAL);
		n = recv(talk[0], why, why_len - 1, 0);
	}
	close(talk[0]);
	if (n <= 0) {
		snprintf(why, why_len, "the deputy died");
		return -ECHILD;
	}
	why[n] = '\0';
	return why[0] ? -EIO : 0;
}
