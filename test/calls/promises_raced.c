/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are opened again and again while another process replaces them: each open has the one that is there. */
#include <limits.h>
#include <poll.h>

#include "show.h"

#define OFTEN 4 /* so often that somebody could think he knows the file */

static void file_write(const char *name, const char *text)
{
	int fd = MUST(open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600));

	MUST(write(fd, text, strlen(text)));
	close(fd);
}

/* Another process replaces a file, and tells: then the new one is there */
static void told(const char *path)
{
	int pair[2], back[2], late = 0;
	char line[16];
	pid_t child;

	MUST(pipe(pair));
	MUST(pipe(back));
	file_write(path, "0");
	child = MUST(fork());
	for (int i = 1; i <= 10; i++) {
		int fd;

		if (!child) {
			snprintf(line, sizeof(line), "%d", i);
			file_write("fresh", line);
			MUST(rename("fresh", path));
			MUST(write(pair[1], "x", 1));
			MUST(read(back[0], line, 1));
			continue;
		}
		MUST(read(pair[0], line, 1));
		for (int k = 0; k < OFTEN; k++) {
			ssize_t n;

			fd = MUST(open(path, O_RDONLY));
			n = read(fd, line, sizeof(line) - 1);
			line[n < 0 ? 0 : n] = '\0';
			late += atoi(line) != i;
			close(fd);
		}
		MUST(write(back[1], "x", 1));
	}
	if (!child)
		_exit(0);
	MUST(waitpid(child, NULL, 0));
	printf("  %d times the old one\n", late);
}

/* Another process replaces a file all the time: each open has one of them, whole */
static void raced(const char *path)
{
	struct pollfd end = { .events = POLLIN };
	int pair[2], bad = 0, opens = 0;
	char text[64];
	pid_t child;

	MUST(pipe(pair));
	file_write(path, "aaaaaaaa");
	child = MUST(fork());
	if (!child) {
		close(pair[0]);
		for (int i = 0; i < 100; i++) {
			memset(text, 'a' + i % 26, sizeof(text));
			text[1 + i % 50] = '\0';
			file_write("fresh", text);
			MUST(rename("fresh", path));
			usleep(500);
		}
		_exit(0);
	}
	close(pair[1]);
	end.fd = pair[0];
	while (!poll(&end, 1, 0)) {
		for (int k = 0; k < 20; k++, opens++) {
			int fd = MUST(open(path, O_RDONLY));
			struct stat st;
			ssize_t n;

			MUST(fstat(fd, &st));
			n = read(fd, text, sizeof(text));
			bad += n != st.st_size || n < 1 || text[0] != text[n - 1];
			close(fd);
		}
	}
	MUST(waitpid(child, NULL, 0));
	printf("  opened %s, %d were none of them\n", opens > 20 ? "often" : "seldom", bad);
	close(pair[0]);
}

int main(void)
{
	char base[PATH_MAX], path[PATH_MAX + 8];

	MUST(getcwd(base, sizeof(base)) ? 0 : -1);
	snprintf(path, sizeof(path), "%s/f", base);
	puts("told");
	told(path);
	puts("raced");
	raced(path);
	return 0;
}
