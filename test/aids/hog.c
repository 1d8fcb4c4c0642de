/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hog MEGABYTES: use that much memory, all of it different, and say so. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	size_t size = (size_t)(argc > 1 ? atoi(argv[1]) : 1) << 20, i;
	unsigned long *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), sum = 0;

	if (p == MAP_FAILED) {
		printf("no room\n");
		return 1;
	}
	for (i = 0; i < size / sizeof(*p); i++)
		p[i] = i * 2654435761u;
	for (i = 0; i < size / sizeof(*p); i += 512)
		sum += p[i];
	printf("sum %lx\n", sum);
	return 0;
}
