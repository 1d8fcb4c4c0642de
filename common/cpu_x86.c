/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The features are the words of the CPUID leaves that user code may act on, and XCR0, which says which register
 * states the kernel has enabled. Bits that describe the kernel's world only (paging, virtualisation, speculation
 * controls) are masked out: they differ between a virtual machine and the next without any program noticing. All
 * other bits count, also those that this file knows no name for: a feature invented tomorrow must not be lost silently.
 *
 * The layout of the XSAVE image is the CPU's own choice behind the first 832 bytes (AMD's has no gap where Intel's MPX
 * was), so the offsets of the components travel along, and an image is copied component by component.
 */
#include <cpuid.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cpu.h"

/**
 * enum cpu_word - Meaning of each word
 * @W_1C:	Leaf 1, ecx; and so on for the other leaves
 * @W_XCR0:	XCR0, low half
 * @W_XSIZE:	Size of the XSAVE image for XCR0, bytes
 * @W_OFF_K_ZH:	Offsets in the XSAVE image of the AVX-512 masks and, in the high half, of the upper ZMM halves
 * @W_OFF_HZ_PK: The same for ZMM 16-31 and the protection keys
 * @W_OFF_TC_TD: The same for the AMX tile configuration and data
 */
enum cpu_word {
	W_1C,
	W_1D,
	W_7B,
	W_7C,
	W_7D,
	W_7_1A,
	W_7_1D,
	W_X1C,
	W_X1D,
	W_X8B,
	W_XSAVE,
	W_XCR0,
	W_XSIZE,
	W_OFF_K_ZH,
	W_OFF_HZ_PK,
	W_OFF_TC_TD
};

_Static_assert(W_OFF_TC_TD + 1 == CPU_WORDS, "every word has a meaning");

#define B(n) (1u << (n))

/* Bits that no user code depends on, per word. The words behind W_XCR0 are no sets of features. */
static const uint32_t ignored[CPU_WORDS] = {
	/* DTES64 MONITOR DS-CPL VMX SMX EIST TM2 CNXT SDBG xTPR PDCM PCID DCA x2APIC TSC-deadline hypervisor */
	[W_1C] = B(2) | B(3) | B(4) | B(5) | B(6) | B(7) | B(8) | B(10) | B(11) | B(14) | B(15) | B(17) | B(18) |
		 B(21) | B(24) | B(31),
	/* VME DE PSE MSR PAE MCE APIC MTRR PGE MCA PAT PSE36 PSN DS ACPI SS HTT TM IA64 PBE */
	[W_1D] = B(1) | B(2) | B(3) | B(5) | B(6) | B(7) | B(9) | B(12) | B(13) | B(14) | B(16) | B(17) | B(18) |
		 B(21) | B(22) | B(27) | B(28) | B(29) | B(30) | B(31),
	/* TSC-adjust SGX FDP-excptn-only SMEP ERMS (speed) INVPCID PQM FCS-deprecated PQE SMAP PT */
	[W_7B] = B(1) | B(2) | B(6) | B(7) | B(9) | B(10) | B(12) | B(13) | B(15) | B(20) | B(25),
	/* UMIP PKU (counts by XCR0 and OSPKE) TME LA57 bus-lock-detect SGX-LC PKS */
	[W_7C] = B(2) | B(3) | B(13) | B(16) | B(24) | B(30) | B(31),
	/* UINTR counts; FSRM is speed; SRBDS MD-CLEAR RTM-abort HYBRID PCONFIG LBR and the speculation controls do not */
	[W_7D] = B(4) | B(9) | B(10) | B(11) | B(13) | B(14) | B(15) | B(18) | B(19) | B(26) | B(27) | B(28) | B(29) |
		 B(30) | B(31),
	/* FZRM FSRS FSRC (speed) arch-perfmon FRED LKGS WRMSRNS NMI-source HRESET LAM MSRLIST */
	[W_7_1A] = B(8) | B(10) | B(11) | B(12) | B(17) | B(18) | B(19) | B(20) | B(22) | B(26) | B(27),
	/* UTMR and CET-SSS are the kernel's */
	[W_7_1D] = B(13) | B(18),
	/* CMP-legacy SVM ExtAPIC CR8-legacy OSVW IBS SKINIT WDT NodeId topology perf-counters and MWAITX's kind */
	[W_X1C] = B(1) | B(2) | B(3) | B(4) | B(9) | B(10) | B(12) | B(13) | B(17) | B(19) | B(22) | B(23) | B(24) |
		  B(26) | B(27) | B(28) | B(29) | B(30),
	/* VME DE PSE MSR PAE MCE APIC MTRR PGE MCA PAT PSE36 MP NX FFXSR 1GB-pages */
	[W_X1D] = B(1) | B(2) | B(3) | B(5) | B(6) | B(7) | B(9) | B(12) | B(13) | B(14) | B(16) | B(17) | B(19) |
		  B(20) | B(25) | B(26),
	/* CLZERO and RDPRU count */
	[W_X8B] = ~(B(0) | B(4)),
	/* XSAVES is privileged, XFD is the kernel's */
	[W_XSAVE] = ~(B(0) | B(1) | B(2)),
};

/**
 * struct feature - Name of a bit
 * @word:	Word
 * @bit:	Bit
 * @name:	As /proc/cpuinfo calls it
 */
struct feature {
	uint8_t word, bit;
	const char *name;
};

static const struct feature features[] = {
	{ W_1C, 0, "sse3" },
	{ W_1C, 1, "pclmulqdq" },
	{ W_1C, 9, "ssse3" },
	{ W_1C, 12, "fma" },
	{ W_1C, 13, "cx16" },
	{ W_1C, 19, "sse4_1" },
	{ W_1C, 20, "sse4_2" },
	{ W_1C, 22, "movbe" },
	{ W_1C, 23, "popcnt" },
	{ W_1C, 25, "aes" },
	{ W_1C, 26, "xsave" },
	{ W_1C, 27, "osxsave" },
	{ W_1C, 28, "avx" },
	{ W_1C, 29, "f16c" },
	{ W_1C, 30, "rdrand" },
	{ W_1D, 0, "fpu" },
	{ W_1D, 4, "tsc" },
	{ W_1D, 8, "cx8" },
	{ W_1D, 11, "sep" },
	{ W_1D, 15, "cmov" },
	{ W_1D, 19, "clflush" },
	{ W_1D, 23, "mmx" },
	{ W_1D, 24, "fxsr" },
	{ W_1D, 25, "sse" },
	{ W_1D, 26, "sse2" },
	{ W_7B, 0, "fsgsbase" },
	{ W_7B, 3, "bmi1" },
	{ W_7B, 4, "hle" },
	{ W_7B, 5, "avx2" },
	{ W_7B, 8, "bmi2" },
	{ W_7B, 11, "rtm" },
	{ W_7B, 14, "mpx" },
	{ W_7B, 16, "avx512f" },
	{ W_7B, 17, "avx512dq" },
	{ W_7B, 18, "rdseed" },
	{ W_7B, 19, "adx" },
	{ W_7B, 21, "avx512ifma" },
	{ W_7B, 23, "clflushopt" },
	{ W_7B, 24, "clwb" },
	{ W_7B, 26, "avx512pf" },
	{ W_7B, 27, "avx512er" },
	{ W_7B, 28, "avx512cd" },
	{ W_7B, 29, "sha_ni" },
	{ W_7B, 30, "avx512bw" },
	{ W_7B, 31, "avx512vl" },
	{ W_7C, 0, "prefetchwt1" },
	{ W_7C, 1, "avx512vbmi" },
	{ W_7C, 4, "ospke" },
	{ W_7C, 5, "waitpkg" },
	{ W_7C, 6, "avx512_vbmi2" },
	{ W_7C, 7, "shstk" },
	{ W_7C, 8, "gfni" },
	{ W_7C, 9, "vaes" },
	{ W_7C, 10, "vpclmulqdq" },
	{ W_7C, 11, "avx512_vnni" },
	{ W_7C, 12, "avx512_bitalg" },
	{ W_7C, 14, "avx512_vpopcntdq" },
	{ W_7C, 22, "rdpid" },
	{ W_7C, 23, "kl" },
	{ W_7C, 25, "cldemote" },
	{ W_7C, 27, "movdiri" },
	{ W_7C, 28, "movdir64b" },
	{ W_7C, 29, "enqcmd" },
	{ W_7D, 2, "avx512_4vnniw" },
	{ W_7D, 3, "avx512_4fmaps" },
	{ W_7D, 5, "uintr" },
	{ W_7D, 8, "avx512_vp2intersect" },
	{ W_7D, 16, "tsxldtrk" },
	{ W_7D, 20, "ibt" },
	{ W_7D, 22, "amx_bf16" },
	{ W_7D, 23, "avx512_fp16" },
	{ W_7D, 24, "amx_tile" },
	{ W_7D, 25, "amx_int8" },
	{ W_7_1A, 0, "sha512" },
	{ W_7_1A, 1, "sm3" },
	{ W_7_1A, 2, "sm4" },
	{ W_7_1A, 3, "rao_int" },
	{ W_7_1A, 4, "avx_vnni" },
	{ W_7_1A, 5, "avx512_bf16" },
	{ W_7_1A, 7, "cmpccxadd" },
	{ W_7_1A, 21, "amx_fp16" },
	{ W_7_1A, 23, "avx_ifma" },
	{ W_7_1D, 4, "avx_vnni_int8" },
	{ W_7_1D, 5, "avx_ne_convert" },
	{ W_7_1D, 8, "amx_complex" },
	{ W_7_1D, 10, "avx_vnni_int16" },
	{ W_7_1D, 14, "prefetchi" },
	{ W_7_1D, 19, "avx10" },
	{ W_7_1D, 21, "apx_f" },
	{ W_X1C, 0, "lahf_lm" },
	{ W_X1C, 5, "abm" },
	{ W_X1C, 6, "sse4a" },
	{ W_X1C, 7, "misalignsse" },
	{ W_X1C, 8, "3dnowprefetch" },
	{ W_X1C, 11, "xop" },
	{ W_X1C, 15, "lwp" },
	{ W_X1C, 16, "fma4" },
	{ W_X1C, 21, "tbm" },
	{ W_X1D, 11, "syscall" },
	{ W_X1D, 22, "mmxext" },
	{ W_X1D, 27, "rdtscp" },
	{ W_X1D, 29, "lm" },
	{ W_X1D, 30, "3dnowext" },
	{ W_X1D, 31, "3dnow" },
	{ W_X8B, 0, "clzero" },
	{ W_X8B, 4, "rdpru" },
	{ W_XSAVE, 0, "xsaveopt" },
	{ W_XSAVE, 1, "xsavec" },
	{ W_XSAVE, 2, "xgetbv1" },
	{ W_XCR0, 0, "x87-state" },
	{ W_XCR0, 1, "sse-state" },
	{ W_XCR0, 2, "avx-state" },
	{ W_XCR0, 5, "opmask-state" },
	{ W_XCR0, 6, "zmm-state" },
	{ W_XCR0, 7, "zmm16-state" },
	{ W_XCR0, 9, "pkru-state" },
	{ W_XCR0, 17, "tilecfg-state" },
	{ W_XCR0, 18, "tiledata-state" },
};

/* What the words are called when a bit has no name of its own */
static const char *const word_name[CPU_WORDS] = {
	[W_1C] = "1.ecx",	  [W_1D] = "1.edx",	    [W_7B] = "7.ebx",	   [W_7C] = "7.ecx",
	[W_7D] = "7.edx",	  [W_7_1A] = "7.1.eax",	    [W_7_1D] = "7.1.edx",  [W_X1C] = "80000001.ecx",
	[W_X1D] = "80000001.edx", [W_X8B] = "80000008.ebx", [W_XSAVE] = "d.1.eax", [W_XCR0] = "xcr0",
};

/**
 * struct component - A part of the XSAVE image behind the legacy part and AVX, whose places are fixed
 * @bit:	Its number: bit in XCR0, sub-leaf of leaf 0xd
 * @word:	Word with its offset
 * @shift:	Half of that word
 * @size:	Bytes
 */
struct component {
	uint8_t bit, word, shift;
	uint16_t size;
};

static const struct component components[] = {
	{ 5, W_OFF_K_ZH, 0, 64 },  { 6, W_OFF_K_ZH, 16, 512 }, { 7, W_OFF_HZ_PK, 0, 1024 },
	{ 9, W_OFF_HZ_PK, 16, 8 }, { 17, W_OFF_TC_TD, 0, 64 }, { 18, W_OFF_TC_TD, 16, 8192 },
};

#define COUNT(a)       (sizeof(a) / sizeof(*(a)))
#define XSTATE_HEADER  512  /* XSTATE_BV is here; the legacy part ends */
#define XSTATE_AVX     576  /* AVX is here; the header ends */
#define XSTATE_AVX_END 832  /* the components with varying places begin */
#define XSTATE_LEGACY  7ull /* x87, SSE, AVX: fixed places */

/**
 * leaf() - One CPUID leaf, zeroes where the CPU has no such leaf
 */
static void leaf(uint32_t nr, uint32_t sub, uint32_t r[4])
{
	memset(r, 0, 16);
	if ((uint32_t)__get_cpuid_max(nr & 0x80000000u, NULL) >= nr)
		__cpuid_count(nr, sub, r[0], r[1], r[2], r[3]);
}

/**
 * xcr0() - Register states that the kernel has enabled
 */
static uint32_t xcr0(void)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return lo;
}

void cpu_collect(struct cpu_features *out)
{
	uint32_t r[4], *w = out->word;

	memset(out, 0, sizeof(*out));
	leaf(1, 0, r);
	w[W_1C] = r[2];
	w[W_1D] = r[3];
	leaf(7, 0, r);
	w[W_7B] = r[1];
	w[W_7C] = r[2];
	w[W_7D] = r[3];
	if (r[0] >= 1) {
		leaf(7, 1, r);
		w[W_7_1A] = r[0];
		w[W_7_1D] = r[3];
	}
	leaf(0x80000001u, 0, r);
	w[W_X1C] = r[2];
	w[W_X1D] = r[3];
	leaf(0x80000008u, 0, r);
	w[W_X8B] = r[1];
	if (!(w[W_1C] & B(27)))
		return;
	w[W_XCR0] = xcr0();
	leaf(0xd, 0, r);
	w[W_XSIZE] = r[1];
	leaf(0xd, 1, r);
	w[W_XSAVE] = r[0];
	for (size_t i = 0; i < COUNT(components); i++) {
		leaf(0xd, components[i].bit, r);
		w[components[i].word] |= (r[1] & 0xffff) << components[i].shift;
	}
}

void cpu_encode(const struct cpu_features *cpu, uint8_t out[static CPU_WIRE_LEN])
{
	for (unsigned int i = 0; i < CPU_WIRE_LEN; i++)
		out[i] = (uint8_t)(cpu->word[i / 4] >> (i % 4 * 8));
}

void cpu_decode(const uint8_t in[static CPU_WIRE_LEN], struct cpu_features *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < CPU_WIRE_LEN; i++)
		out->word[i / 4] |= (uint32_t)in[i] << (i % 4 * 8);
}

/**
 * bit_name() - Name of a feature
 * @out:	Room for a name that has to be made
 */
static const char *bit_name(unsigned int word, unsigned int bit, char out[static 32])
{
	for (size_t i = 0; i < COUNT(features); i++)
		if (features[i].word == word && features[i].bit == bit)
			return features[i].name;
	snprintf(out, 32, "cpuid-%s.%u", word_name[word], bit);
	return out;
}

unsigned int cpu_missing(const struct cpu_features *need, const struct cpu_features *have, char *names, size_t cap)
{
	unsigned int count = 0;
	size_t used = 0;
	char made[32];

	if (cap)
		names[0] = '\0';
	for (unsigned int w = 0; w <= W_XCR0; w++) {
		uint32_t lack = need->word[w] & ~have->word[w] & ~ignored[w];

		for (; lack; lack &= lack - 1) {
			const char *name = bit_name(w, (unsigned int)__builtin_ctz(lack), made);
			size_t len = strlen(name) + (used ? 1 : 0);

			count++;
			if (used + len >= cap)
				continue;
			snprintf(names + used, cap - used, "%s%s", used ? " " : "", name);
			used += len;
		}
	}
	return count;
}

/**
 * place() - Where a component is in an XSAVE image; 0 when the CPU has not got it or the image ends before
 */
static size_t place(const struct cpu_features *cpu, const struct component *c, size_t image_len)
{
	size_t off = (cpu->word[c->word] >> c->shift) & 0xffff;

	if (!(cpu->word[W_XCR0] & B(c->bit)) || off < XSTATE_AVX || off + c->size > image_len)
		return 0;
	return off;
}

int cpu_xstate_convert(const struct cpu_features *from, const uint8_t *in, size_t in_len, const struct cpu_features *to,
		       uint8_t *out, size_t out_len)
{
	uint64_t present, copied;
	size_t legacy = in_len < XSTATE_AVX_END ? XSTATE_AVX : XSTATE_AVX_END;

	if (in_len < XSTATE_AVX || out_len < legacy)
		return -EPROTO;
	memcpy(&present, in + XSTATE_HEADER, sizeof(present));
	copied = present & (legacy == XSTATE_AVX ? 3 : XSTATE_LEGACY) & to->word[W_XCR0];
	/* bytes 464-511 are for software: the kernel's own, left as the target has them; MXCSR_MASK is the target's */
	memcpy(out, in, 28);
	memcpy(out + 32, in + 32, 464 - 32);
	memset(out + XSTATE_HEADER, 0, XSTATE_AVX - XSTATE_HEADER);
	memcpy(out + XSTATE_AVX, in + XSTATE_AVX, legacy - XSTATE_AVX);
	for (size_t i = 0; i < COUNT(components); i++) {
		const struct component *c = &components[i];
		size_t source = place(from, c, in_len), target = place(to, c, out_len);

		if (!(present & B(c->bit)) || !source || !target)
			continue;
		memcpy(out + target, in + source, c->size);
		copied |= B(c->bit);
	}
	memcpy(out + XSTATE_HEADER, &copied, sizeof(copied));
	return 0;
}
