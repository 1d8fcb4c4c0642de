/* SPDX-License-Identifier: GPL-2.0-or-later */
/* share FILE [FIFO]: map FILE shared for writing, say whether that was possible, and stay until somebody opens FIFO. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDWR | O_CREAT, 0644) : -1;
	char *shared;

	if (fd < 0 || ftruncate(fd, 4096) < 0)
		return 1;
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared != MAP_FAILED)
		shared[0]++;
	puts(shared == MAP_FAILED ? strerrorname_np(errno) : "mapped");
	fflush(stdout);
	return argc > 2 && open(argv[2], O_RDONLY) < 0;
}
