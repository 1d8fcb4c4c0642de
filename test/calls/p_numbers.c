/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LIMIT: 120
 *
 * The numbers of children: that they are the same for the parent, the child and the kernel's words of them, when one
 * process forks again and again, when several fork at a time and take each other's next numbers, and when a parent is killed
 * in its fork.
 */
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "show.h"

#define ROUNDS	 60
#define FAMILIES 4

/* Fork; false when one of those who know the child's number says another one */
static bool birth(bool vfork_like)
{
	pid_t told = 0, pid;
	int status;

	if (vfork_like) {
		pid = vfork();
		if (!pid)
			_exit(getpid() % 251);
	} else {
		pid = (pid_t)syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, NULL, NULL, &told, 0);
		if (!pid)
			_exit(told == getpid() && told == gettid() ? told % 251 : 255);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == pid % 251;
}

/* Fork again and again; how often that was wrong */
static int births(int rounds)
{
	int wrong = 0;

	for (int i = 0; i < rounds; i++)
		wrong += !birth(i % 4 == 3);
	return wrong;
}

static void one(void)
{
	TITLE("one after the other");
	SHOW_NUM(births(2 * ROUNDS));
}

static void several(void)
{
	int wrong = 0, status;

	TITLE("several at a time");
	for (int i = 0; i < FAMILIES; i++) {
		if (!MUST(fork()))
			_exit(births(ROUNDS));
	}
	while (wait(&status) > 0)
		wrong += WIFEXITED(status) ? WEXITSTATUS(status) : 100;
	SHOW_NUM(wrong);
}

/* Parents that die at any moment of their fork leave numbers that others get */
static void killed(void)
{
	int wrong = 0;

	TITLE("beside parents that are killed");
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	for (int i = 0; i < 20; i++) {
		pid_t pid = MUST(fork());

		while (!pid) {
			if (!fork())
				_exit(0);
			waitpid(-1, NULL, WNOHANG);
		}
		wrong += births(3);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	while (wait(NULL) > 0)
		;
	SHOW_NUM(wrong);
	SHOW_NUM(births(ROUNDS));
}

int main(void)
{
	one();
	several();
	killed();
	return 0;
}
