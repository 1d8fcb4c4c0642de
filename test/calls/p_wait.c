/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wait4, waitid with every option, pidfd, SIGCHLD, zombies, rusage, orphans, subreapers. */
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "show.h"

static volatile int chld, chld_code, chld_status, chld_pid;

static pid_t child(int status)
{
	pid_t pid = MUST(fork());

	if (!pid)
		_exit(status);
	return pid;
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

static void on_child(int sig UNUSED, siginfo_t *info, void *context UNUSED)
{
	chld++;
	chld_code = info->si_code;
	chld_status = info->si_status;
	chld_pid = info->si_pid;
}

static void show_status(long r, int status)
{
	if (r <= 0)
		printf("  %ld %s\n", r, r < 0 ? show_errno(errno) : "");
	else if (WIFEXITED(status))
		printf("  exited %d\n", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		printf("  signal %d\n", WTERMSIG(status));
	else if (WIFSTOPPED(status))
		printf("  stopped %d\n", WSTOPSIG(status));
	else
		printf("  continued %d\n", WIFCONTINUED(status));
}

static void waiting(void)
{
	struct rusage used;
	int status = 0;
	pid_t pid;

	TITLE("wait4");
	SHOW(SYS(wait4, -1, &status, 0, NULL));
	pid = child(5);
	SHOW(SYS(wait4, pid, &status, 0, NULL) == pid);
	show_status(1, status);
	SHOW(SYS(wait4, pid, &status, 0, NULL));
	pid = sleeper();
	memset(&used, 0x5a, sizeof(used));
	status = 0x5a5a;
	SHOW(SYS(wait4, pid, &status, WNOHANG, &used));
	SHOW_HEX(status);
	SHOW_HEX(used.ru_maxrss);
	SHOW(SYS(wait4, -getpid(), &status, WNOHANG, NULL));
	SHOW(SYS(wait4, 0, &status, WNOHANG, NULL));
	kill(pid, SIGSTOP);
	SHOW(SYS(wait4, pid, &status, WUNTRACED, NULL) == pid);
	show_status(1, status);
	SHOW(SYS(wait4, pid, &status, WUNTRACED | WNOHANG, NULL));
	kill(pid, SIGCONT);
	SHOW(SYS(wait4, pid, &status, WCONTINUED, NULL) == pid);
	show_status(1, status);
	kill(pid, SIGTERM);
	SHOW(SYS(wait4, -1, &status, 0, NULL) == pid);
	show_status(1, status);
	SHOW(SYS(wait4, 1, &status, 0, NULL));
	SHOW(SYS(wait4, -1, &status, 0x1000, NULL));
	pid = child(0);
	SHOW(SYS(wait4, pid, BAD, 0, NULL));
	SHOW(SYS(wait4, pid, &status, 0, NULL));
	SHOW(SYS(wait4, 0x80000000, &status, 0, NULL));
}

static void show_info(long r, const siginfo_t *info, pid_t pid)
{
	printf("  %ld %s signo %d code %d status %d pid %d uid %d\n", r, r ? show_errno(errno) : "", info->si_signo,
	       info->si_code, info->si_status, info->si_pid == pid, info->si_uid == getuid());
}

static void ids(void)
{
	siginfo_t info;
	pid_t pid = child(9);
	int pidfd;

	TITLE("waitid");
#define WAITID(type, id, options)                                                                                      \
	({                                                                                                             \
		memset(&info, 0, sizeof(info));                                                                        \
		errno = 0;                                                                                             \
		printf("%s %s %s\n", #type, #id, #options);                                                            \
		show_info(SYS(waitid, type, id, &info, options, NULL), &info, pid);                                    \
	})
	WAITID(P_PID, pid, WEXITED | WNOWAIT);
	WAITID(P_PID, pid, WEXITED | WNOWAIT | WNOHANG);
	WAITID(P_ALL, 0, WEXITED);
	WAITID(P_ALL, 0, WEXITED);
	pid = sleeper();
	WAITID(P_PID, pid, WEXITED | WNOHANG);
	WAITID(P_PGID, 0, WEXITED | WNOHANG);
	WAITID(P_PGID, getpgrp(), WEXITED | WNOHANG);
	kill(pid, SIGSTOP);
	WAITID(P_PID, pid, WSTOPPED | WNOWAIT);
	WAITID(P_PID, pid, WSTOPPED);
	kill(pid, SIGCONT);
	WAITID(P_PID, pid, WCONTINUED);
	TITLE("pidfd");
	pidfd = SHOW(SYS(pidfd_open, pid, 0));
	SHOW(poll(&(struct pollfd){pidfd, POLLIN, 0}, 1, 0));
	WAITID(P_PIDFD, pidfd, WEXITED | WNOHANG);
	SHOW(SYS(pidfd_send_signal, pidfd, SIGKILL, NULL, 0));
	SHOW(poll(&(struct pollfd){pidfd, POLLIN, 0}, 1, 5000));
	WAITID(P_PIDFD, pidfd, WEXITED);
	SHOW(SYS(pidfd_send_signal, pidfd, 0, NULL, 0));
	WAITID(P_PIDFD, pidfd, WEXITED);
	close(pidfd);
	WAITID(P_PID, 1, WEXITED);
	WAITID(P_PID, -1, WEXITED);
	WAITID(9, 0, WEXITED);
	WAITID(P_ALL, 0, 0);
	WAITID(P_ALL, 0, WEXITED | 1 << 20);
	WAITID(P_PIDFD, 1, WEXITED);
	WAITID(P_PIDFD, BADFD, WEXITED);
	pid = child(3);
	SHOW(SYS(waitid, P_PID, pid, NULL, WEXITED, NULL));
	pid = child(3);
	SHOW(SYS(waitid, P_PID, pid, BAD, WEXITED, NULL));
}

static void signals(void)
{
	sigset_t set, old;
	int status;
	pid_t pid;

	TITLE("SIGCHLD");
	handle_info(SIGCHLD, on_child, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid = child(4);
	sigsuspend(&old);
	printf("  %d code %d status %d pid %d\n", chld, chld_code, chld_status, chld_pid == pid);
	waitpid(pid, &status, 0);
	pid = sleeper();
	kill(pid, SIGSTOP);
	sigsuspend(&old);
	printf("  %d code %d status %d\n", chld, chld_code, chld_status);
	kill(pid, SIGCONT);
	sigsuspend(&old);
	printf("  %d code %d status %d\n", chld, chld_code, chld_status);
	kill(pid, SIGKILL);
	sigsuspend(&old);
	printf("  %d code %d status %d\n", chld, chld_code, chld_status);
	waitpid(pid, &status, 0);
	handle_info(SIGCHLD, on_child, SA_NOCLDSTOP);
	pid = sleeper();
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	sigpending(&set);
	SHOW(sigismember(&set, SIGCHLD));
	sigprocmask(SIG_SETMASK, &old, NULL);
	printf("  %d code %d\n", chld, chld_code);
	/* Nobody waits: no zombie, and wait says so when the last is gone */
	handle(SIGCHLD, SIG_IGN, 0);
	child(1);
	child(2);
	SHOW(wait(NULL));
	handle(SIGCHLD, SIG_DFL, SA_NOCLDWAIT);
	child(1);
	SHOW(wait(NULL));
	handle(SIGCHLD, SIG_DFL, 0);
}

static void burn(long us)
{
	volatile double x = 1;
	int64_t start = now_us(CLOCK_PROCESS_CPUTIME_ID);

	while (now_us(CLOCK_PROCESS_CPUTIME_ID) - start < us)
		x = x * 1.0000001;
}

static long used(const struct rusage *ru)
{
	return ru->ru_utime.tv_sec * 1000000 + ru->ru_utime.tv_usec + ru->ru_stime.tv_sec * 1000000 +
	       ru->ru_stime.tv_usec;
}

/* The time that a child has used counts wherever it was used */
static void usage(void)
{
	struct rusage ru = {0};
	int status;
	pid_t pid;

	TITLE("rusage");
	pid = MUST(fork());
	if (!pid) {
		burn(200000);
		_exit(0);
	}
	SHOW(wait4(pid, &status, 0, &ru) == pid);
	SHOW_TRUE(used(&ru) >= 150000 && used(&ru) < 5000000);
	SHOW_TRUE(ru.ru_maxrss > 100);
	SHOW(getrusage(RUSAGE_CHILDREN, &ru));
	SHOW_TRUE(used(&ru) >= 150000);
	if (!MUST(fork())) {
		memset(pages(50 << 20), 1, 50 << 20);
		_exit(0);
	}
	wait(NULL);
	SHOW(getrusage(RUSAGE_CHILDREN, &ru));
	SHOW_TRUE(ru.ru_maxrss > 50 << 10);
	SHOW(SYS(wait4, -1, &status, 0, BAD));
}

static void orphans(void)
{
	int p[2], status;
	pid_t pid;
	char c;

	TITLE("orphans");
	MUST(pipe(p));
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = MUST(fork());
	if (!pid) {
		pid_t parent = getpid();

		if (!fork()) {
			while (getppid() == parent)
				usleep(1000);
			write(p[1], "o", 1);
			_exit(42);
		}
		_exit(1);
	}
	waitpid(pid, &status, 0);
	read(p[0], &c, 1);
	/* It has become ours */
	SHOW_TRUE(wait(&status) > 0);
	show_status(1, status);
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 0));
	/* The death of a parent is told by a signal to who asked for it */
	pid = MUST(fork());
	if (!pid) {
		if (!fork()) {
			sigset_t set;

			sigemptyset(&set);
			sigaddset(&set, SIGUSR1);
			sigprocmask(SIG_BLOCK, &set, NULL);
			prctl(PR_SET_PDEATHSIG, SIGUSR1);
			write(p[1], "r", 1);
			c = sigwaitinfo(&set, NULL) == SIGUSR1 ? 'y' : 'n';
			write(p[1], &c, 1);
			_exit(0);
		}
		read(p[0], &c, 1);
		_exit(2);
	}
	waitpid(pid, &status, 0);
	read(p[0], &c, 1);
	printf("  told %c\n", c);
	/* A zombie can be signalled, not revived */
	pid = child(1);
	siginfo_t info;
	waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
	SHOW(kill(pid, 0));
	SHOW(kill(pid, SIGKILL));
	SHOW(waitpid(pid, &status, 0) == pid);
	show_status(1, status);
	SHOW(kill(pid, 0));
}

int main(void)
{
	waiting();
	ids();
	signals();
	usage();
	orphans();
	return 0;
}
