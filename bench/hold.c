/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hold: take MIB of memory, fill it, say so, keep it until standard input ends, then look whether it is what it was.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WORD(i) (((i) + 1) * 0x9e3779b97f4a7c15u)

int main(int argc, char **argv)
{
	size_t words = (argc > 1 ? strtoul(argv[1], NULL, 10) : 0) << 17;
	uint64_t *memory = malloc(words * sizeof(*memory) + 1);
	char byte;

	if (!memory)
		return 1;
	for (size_t i = 0; i < words; i++)
		memory[i] = WORD(i);
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		continue;
	for (size_t i = 0; i < words; i++)
		if (memory[i] != WORD(i))
			return 1;
	return 0;
}
