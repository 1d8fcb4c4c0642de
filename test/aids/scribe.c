/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scribe HOW: print `ready`, then write to the file `out/lines` without end. HOW is `careful`: until a write fails; says
 * why, and whether the bytes that were taken are there; or `careless`: never looks, and ends when there is a file `out/stop`;
 * or `once`: writes some lines, waits for that file, writes one more, and ends; or `bare`: likewise, but it ends by exit(2)
 * itself, not exit_group(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int careful = !strcmp(how, "careful"), bare = !strcmp(how, "bare"), once = bare || !strcmp(how, "once");
	static char block[1000];
	FILE *file = fopen("pid", "r+");
	int fd = open("out/lines", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct stat st;

	signal(SIGXFSZ, SIG_IGN);
	memset(block, 'x', sizeof(block));
	if (file) {
		fprintf(file, "%d\n", getpid());
		fclose(file);
	}
	puts("ready");
	fflush(stdout);
	for (int i = 0; once && i < 50; i++)
		write(fd, block, sizeof(block));
	while (careful || access("out/stop", F_OK))
		for (int i = once ? 50 : 0; i < 50; i++)
			if (write(fd, block, sizeof(block)) < 0 && careful)
				goto failed;
	if (once)
		write(fd, block, sizeof(block));
	if (bare)
		syscall(SYS_exit, 0);
	return 0;
failed:
	printf("%s\n", strerror(errno));
	fstat(fd, &st);
	printf("%lld bytes, close %d\n", (long long)st.st_size, close(fd));
	return 3;
}
