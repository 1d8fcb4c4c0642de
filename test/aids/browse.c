/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * browse FILE PAGES [wait]: read that many pages of a mapping of FILE, here and there, and say what they have; 0: for
 * ever. With `wait` it maps the file when SIGUSR1 comes.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096u

int main(int argc, char **argv)
{
	long pages = argc > 2 ? atol(argv[2]) : 0, nr;
	int fd = open(argc > 1 ? argv[1] : "", O_RDONLY);
	const unsigned char *map;
	uint64_t x = 1, sum = 0;
	sigset_t usr1;
	struct stat st;
	FILE *file;
	int sig;

	if (fd < 0 || fstat(fd, &st) || (nr = st.st_size / PAGE) == 0)
		return 1;
	/* Who wants to know the pid leaves a file for it */
	file = fopen("pid", "r+");
	if (file) {
		fprintf(file, "%d\n", getpid());
		fclose(file);
	}
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	printf("ready\n");
	fflush(stdout);
	if (argc > 3)
		sigwait(&usr1, &sig);
	map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return 1;
	for (long i = 0; !pages || i < pages; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		for (unsigned int at = 0; at < PAGE; at += 8)
			sum = sum * 31 + map[(x >> 20) % nr * PAGE + at];
		if (!pages && i % nr == 0)
			madvise((void *)map, st.st_size, MADV_DONTNEED);
	}
	printf("sum %llx\n", (unsigned long long)sum);
	return 0;
}
