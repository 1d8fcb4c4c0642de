/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tracer: trace a child over the exec of true(1), and say what it stopped for and where. */
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	struct user_regs_struct regs = { 0 };
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execlp("true", "true", (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	printf("stopped by SIGTRAP: %d\n", WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	printf("has registers: %d\n", !ptrace(PTRACE_GETREGS, pid, 0, &regs) && regs.rip);
	ptrace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, &status, 0);
	printf("ended: %d\n", WIFEXITED(status) && !WEXITSTATUS(status));
	return 0;
}
