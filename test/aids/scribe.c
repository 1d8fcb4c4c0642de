/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scribe HOW: print `ready`, then write to the file `out/lines` without end. HOW is `careful`: until a write fails; says
 * why, and whether the bytes that were taken are there; or `careless`: never looks, and ends when there is a file `out/stop`.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int careful = argc > 1 && !strcmp(argv[1], "careful");
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
	while (careful || access("out/stop", F_OK))
		for (int i = 0; i < 50; i++)
			if (write(fd, block, sizeof(block)) < 0 && careful)
				goto failed;
	return 0;
failed:
	printf("%s\n", strerror(errno));
	fstat(fd, &st);
	printf("%lld bytes, close %d\n", (long long)st.st_size, close(fd));
	return 3;
}
