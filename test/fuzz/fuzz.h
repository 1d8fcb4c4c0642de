/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fuzzers have in common. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* End the fuzzer when something is not as it must be */
static inline void need(int ok)
{
	if (!ok)
		abort();
}

/* The input is a series of steps: what to do, a length of two bytes, so many bytes, or what is left. Do them with @step */
static inline void steps_do(const uint8_t *data, size_t size, void (*step)(uint8_t what, const uint8_t *bytes, size_t len))
{
	while (size >= 3) {
		size_t len = data[1] | (size_t)data[2] << 8;

		if (len > size - 3)
			len = size - 3;
		step(data[0], data + 3, len);
		data += 3 + len;
		size -= 3 + len;
	}
}

#endif
