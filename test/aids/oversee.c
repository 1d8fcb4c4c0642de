/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * oversee ACTION... -- COMMAND [ARG...]: run COMMAND with its standard output in a pipe; after its first line make one
 * action after the other, and print what comes of each: a line from the command, or a change of its state.
 *
 *   line SIGNAL   send it and wait for a line        state SIGNAL   send it and wait for a change of state
 *   line 0        wait for a line
 *   group SIGNAL  the same to its process group      quiet MS       nothing may come for so long
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;
static FILE *from;

static int number(const char *name)
{
	static const struct {
		const char *name;
		int nr;
	} row[] = {
		{"HUP", SIGHUP},   {"INT", SIGINT},	{"QUIT", SIGQUIT}, {"KILL", SIGKILL}, {"USR1", SIGUSR1},
		{"USR2", SIGUSR2}, {"TERM", SIGTERM},	{"CONT", SIGCONT}, {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},
		{"TTIN", SIGTTIN}, {"WINCH", SIGWINCH}, {"SEGV", SIGSEGV}, {"ALRM", SIGALRM}, {"URG", SIGURG},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		if (!strcmp(row[i].name, name))
			return row[i].nr;
	}
	return atoi(name);
}

static void line(void)
{
	char text[1000];

	if (fgets(text, sizeof(text), from))
		printf("  %s", text);
	else
		printf("  end of output\n");
}

static int state(void)
{
	int status;

	while (waitpid(child, &status, WUNTRACED | WCONTINUED) < 0 && errno == EINTR)
		;
	if (WIFSTOPPED(status))
		printf("  stopped by %d\n", WSTOPSIG(status));
	else if (WIFCONTINUED(status))
		printf("  continued\n");
	else if (WIFSIGNALED(status))
		printf("  died of %d\n", WTERMSIG(status));
	else
		printf("  exited with %d\n", WEXITSTATUS(status));
	return WIFSTOPPED(status) || WIFCONTINUED(status);
}

int main(int argc, char **argv)
{
	int split = 1, out[2], alive = 1;

	while (split < argc && strcmp(argv[split], "--"))
		split++;
	if (split + 1 >= argc || pipe(out))
		return 2;
	setvbuf(stdout, NULL, _IONBF, 0);
	child = fork();
	if (!child) {
		setpgid(0, 0);
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execvp(argv[split + 1], argv + split + 1);
		_exit(127);
	}
	close(out[1]);
	from = fdopen(out[0], "r");
	setvbuf(from, NULL, _IONBF, 0);
	line();
	for (int i = 1; i + 1 < split && alive; i += 2) {
		const char *what = argv[i];
		int sig = number(argv[i + 1]);

		printf("%s %s\n", what, argv[i + 1]);
		if (!strcmp(what, "quiet")) {
			printf("  %d\n", poll(&(struct pollfd){out[0], POLLIN, 0}, 1, atoi(argv[i + 1])));
			continue;
		}
		kill(strcmp(what, "group") ? child : -child, sig);
		if (!strcmp(what, "line"))
			line();
		else
			alive = state();
	}
	if (alive) {
		kill(child, SIGKILL);
		state();
	}
	return 0;
}
