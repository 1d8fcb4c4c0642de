/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pty KEYS COMMAND [ARG...]: run COMMAND as the leader of a session on a terminal of 24 lines of 80 columns, and type for
 * it. Each line of the file KEYS is typed when the command has been quiet for a while; \e \r \n \t \\ \xHH stand for
 * themselves. A line `!size LINES COLUMNS` changes the window, `!close` hangs up, `!silent` at first says that nothing is
 * to be waited for, `!reads` that the command reads the terminal: then each line is typed when it does, however long it
 * takes to get there on a busy machine. Prints what appears, then how the command ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUIET_MS  250  /* nothing for so long: it waits for keys */
#define FIRST_MS  4000 /* how long the first answer to a key may take */
#define READS_MS  60000 /* how long a command that reads may take to do so */
#define SILENT_MS 700  /* the same, of a command that says nothing */

static int master;
static pid_t pid;
static int reads;

/* What a file of the command's in /proc says, in @text, which is a string; 0 when it cannot be read */
static int proc_read(const char *name, char *text, size_t cap)
{
	char path[64];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "r");
	n = file ? fread(text, 1, cap - 1, file) : 0;
	if (file)
		fclose(file);
	text[n] = '\0';
	return n > 0;
}

/* Does the command wait for a key now? Also when that cannot be known */
static int is_reading(void)
{
	char call[256], name[64];
	long nr;

	if (!proc_read("comm", name, sizeof(name)) || !proc_read("syscall", call, sizeof(call)))
		return 1;
	if (!strcmp(name, "omrun\n") || sscanf(call, "%ld", &nr) != 1)
		return 0;
	return nr == SYS_read || nr == SYS_poll || nr == SYS_ppoll || nr == SYS_select || nr == SYS_pselect6;
}

/* Copy what appears until it is quiet; false at the end */
static int copy(int first_ms)
{
	struct pollfd p = {master, POLLIN, 0};
	int wait = reads ? QUIET_MS : first_ms, waited = 0;
	char buf[4096];
	ssize_t n;

	for (;;) {
		if (poll(&p, 1, wait) != 1) {
			if (!reads || is_reading() || waited >= READS_MS)
				return 1;
			waited += wait;
			continue;
		}
		n = read(master, buf, sizeof(buf));
		if (n <= 0)
			return 0;
		fwrite(buf, 1, n, stdout);
		wait = QUIET_MS;
	}
}

/* Undo the escapes of a line, in place; returns its length */
static int unescape(char *line)
{
	char *to = line;

	for (char *p = line; *p && *p != '\n'; p++) {
		unsigned int hex;

		if (*p != '\\') {
			*to++ = *p;
			continue;
		}
		p++;
		if (*p == 'x' && sscanf(p + 1, "%2x", &hex) == 1) {
			*to++ = hex;
			p += 2;
		} else {
			*to++ = *p == 'e' ? 27 : *p == 'r' ? '\r' : *p == 'n' ? '\n' : *p == 't' ? '\t' : *p;
		}
	}
	return to - line;
}

static void size(int lines, int columns)
{
	struct winsize ws = {lines, columns, 0, 0};

	ioctl(master, TIOCSWINSZ, &ws);
}

int main(int argc, char **argv)
{
	FILE *keys = argc > 2 ? fopen(argv[1], "r") : NULL;
	int status, lines, columns, going = 1, first_ms = FIRST_MS;
	char line[1000];

	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (!keys || master < 0 || grantpt(master) || unlockpt(master))
		return 2;
	size(24, 80);
	pid = fork();
	if (!pid) {
		int slave;

		setsid();
		slave = open(ptsname(master), O_RDWR);
		for (int fd = 0; fd < 3; fd++)
			dup2(slave, fd);
		if (slave > 2)
			close(slave);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	while (going && fgets(line, sizeof(line), keys)) {
		if (!strncmp(line, "!silent", 7)) {
			first_ms = SILENT_MS;
			continue;
		}
		if (!strncmp(line, "!reads", 6)) {
			reads = 1;
			continue;
		}
		going = copy(first_ms);
		if (!going)
			break;
		if (sscanf(line, "!size %d %d", &lines, &columns) == 2)
			size(lines, columns);
		else if (!strncmp(line, "!close", 6))
			break;
		else if (write(master, line, unescape(line)) < 0)
			break;
	}
	/* All keys typed: see it to its end, or to the end of its patience. One that closes its terminal is about to end */
	reads = 0;
	if (going && feof(keys))
		going = copy(FIRST_MS);
	if (going)
		close(master);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		printf("\n[died of %d]\n", WTERMSIG(status));
	else
		printf("\n[exited with %d]\n", WEXITSTATUS(status));
	return 0;
}
