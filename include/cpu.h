/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an image needs of a CPU. A program looks at the CPU's features when it starts (the C library chooses its string
 * functions, a compiler's run-time its kernels), so an image that was initialised on one CPU may go only to nodes that
 * have all that CPU's features. Both sides send their features when they open a session: 16 little-endian words.
 */
#ifndef OM_CPU_H
#define OM_CPU_H

#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

#define CPU_WORDS    16
#define CPU_WIRE_LEN (CPU_WORDS * 4)

/**
 * struct cpu_features - Features of a CPU, as the words that go over the wire
 * @word:	Meaning of each: enum cpu_word in the file named for the CPU
 */
struct cpu_features {
	uint32_t word[CPU_WORDS];
};

/* Features of the CPU that this runs on */
void cpu_collect(struct cpu_features *out);

void cpu_encode(const struct cpu_features *cpu, uint8_t out[static CPU_WIRE_LEN]);
void cpu_decode(const uint8_t in[static CPU_WIRE_LEN], struct cpu_features *out);

/*
 * Features of @need that @have lacks: returns their number, and their names, separated by blanks, in @names (cut at a
 * name when there are too many).
 */
unsigned int cpu_missing(const struct cpu_features *need, const struct cpu_features *have, char *names, size_t cap);

/*
 * Rewrite an extended register state (the XSAVE image of NT_X86_XSTATE) from the layout of CPU @from to the one of CPU
 * @to. @out holds a state of the target already (any thread's): what the source has not, is set to its initial state.
 * Returns 0, or -EPROTO when @in is not such an image.
 */
int cpu_xstate_convert(const struct cpu_features *from, const uint8_t *in, size_t in_len, const struct cpu_features *to,
		       uint8_t *out, size_t out_len);

#endif
