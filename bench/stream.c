/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream: read standard input to its end, or write to standard output, in calls of one size; says on standard error how
 * many bytes per second that was.
 *
 *   stream read SIZE [PIPE]          stream write SIZE BYTES [PIPE]
 *
 * PIPE: make the pipe that it reads from or writes to as large as that.
 *
 * The time begins after the first call: starting is measured elsewhere.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/**
 * now() - Seconds on the monotonic clock
 */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/**
 * transfer() - One call
 * @writing:	write() rather than read()
 * @buf:	Bytes
 * @len:	Their number
 */
static ssize_t transfer(int writing, char *buf, size_t len)
{
	return writing ? write(1, buf, len) : read(0, buf, len);
}

int main(int argc, char **argv)
{
	int writing = argc >= 4 && !strcmp(argv[1], "write"), own = writing ? 4 : 3;
	size_t size = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	uint64_t left = writing ? strtoull(argv[3], NULL, 10) : UINT64_MAX, sum = 0;
	char *buf = malloc(size + 1);
	double start;
	ssize_t n;

	if (!buf || !size || argc > own + 1 || (!writing && strcmp(argv[1], "read") != 0) ||
	    (argc > own && fcntl(writing, F_SETPIPE_SZ, strtol(argv[own], NULL, 10)) < 0)) {
		fputs("usage: stream read SIZE [PIPE] | write SIZE BYTES [PIPE]\n", stderr);
		return 2;
	}
	memset(buf, 'x', size);
	n = transfer(writing, buf, size);
	start = now();
	while (n > 0 && left > (uint64_t)n) {
		left -= (uint64_t)n;
		n = transfer(writing, buf, left < size ? left : size);
		sum += n > 0 ? (uint64_t)n : 0;
	}
	if (n < 0) {
		perror("stream");
		return 1;
	}
	fprintf(stderr, "%.0f\n", (double)sum / (now() - start));
	return 0;
}
