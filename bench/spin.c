/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spin: compute with integers, floating point and a little memory; `spin ROUNDS` prints the seconds that it took. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WORDS 4096 /* 32 KiB: fits the first cache, as most inner loops do */

static uint64_t table[WORDS];

/**
 * round_of() - One round of work
 * @x:		What the last one gave
 */
static double round_of(double x)
{
	uint64_t h = 0x9e3779b97f4a7c15u;

	for (unsigned int i = 0; i < WORDS; i++) {
		h = (h ^ table[i]) * 0xff51afd7ed558ccdu;
		table[(h >> 40) % WORDS] += h >> 7;
		x = x * 0.999999 + (double)(h >> 44) * 1e-6;
	}
	return x;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	struct timespec start, end;
	double x = 1;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned long i = 0; i < rounds; i++)
		x = round_of(x);
	clock_gettime(CLOCK_MONOTONIC, &end);
	/* The result is looked at, so that the work is not optimised away */
	if (x < 0)
		return 1;
	printf("%.6f\n", (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
	return 0;
}
