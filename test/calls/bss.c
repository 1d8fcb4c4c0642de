/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where initialised data ends and zeros begin: the last page of the program's data is all zeros in the file, too, but
 * behind the data that page of the file holds other things.
 */
#include "show.h"

static volatile char data[5 * 4096 + 8] = { 1 };
static volatile char zeros[3 * 4096];

int main(void)
{
	size_t wrong = 0, last = 0;

	for (size_t i = 0; i < sizeof(zeros); i++)
		wrong += zeros[i] != 0;
	for (size_t i = 1; i < sizeof(data); i++)
		last += data[i] != 0;
	printf("first %d, others not zero %zu, of the rest %zu\n", data[0], last, wrong);
	for (size_t i = 0; i < sizeof(zeros); i++)
		zeros[i] = (char)i;
	printf("written %d %d\n", zeros[4095], zeros[sizeof(zeros) - 1]);
	return 0;
}
