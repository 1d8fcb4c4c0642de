/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gen: make the inputs of the benches and of the demo: sound, lines, a tree of small files, a C project. Integers only,
 * so every machine and every run makes the same bytes.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SAMPLE_RATE  44100u
#define NOTE_SAMPLES (SAMPLE_RATE / 4)
#define DIR_FILES    40 /* files per directory of the tree */

static uint64_t random_state = 88172645463325252u;

/**
 * next() - The next pseudo-random number (xorshift64*)
 */
static uint32_t next(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 2685821657736338717u) >> 32);
}

/**
 * fail() - Say what went wrong and end
 * @what:	What
 */
static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "gen: %s: %s\n", what, strerror(errno));
	exit(1);
}

/**
 * le() - Write a number in little endian
 * @value:	The number
 * @bytes:	Its length
 */
static void le(uint32_t value, int bytes)
{
	while (bytes--) {
		putchar((int)(value & 0xff));
		value >>= 8;
	}
}

/**
 * wave() - A near-sine made of two parabolas
 * @phase:	The full circle is 2^32
 *
 * Return: -16384 to 16384.
 */
static int32_t wave(uint32_t phase)
{
	int32_t x = (int32_t)phase >> 16;

	return (int32_t)(((int64_t)x * (32768 - (x < 0 ? -x : x))) >> 14);
}

/**
 * gen_sound() - Chords that fade, with a hiss on each beat, as a stereo WAV on standard output
 * @seconds:	How long
 *
 * Return: 0.
 */
static int gen_sound(uint32_t seconds)
{
	static const uint16_t chords[4][3] = {
		{ 220, 277, 330 }, { 247, 311, 370 }, { 196, 247, 294 }, { 262, 330, 392 }
	};
	uint32_t samples = seconds * SAMPLE_RATE, bytes = samples * 4, phase[3] = { 0, 0, 0 };

	fputs("RIFF", stdout), le(bytes + 36, 4), fputs("WAVEfmt ", stdout), le(16, 4), le(1, 2), le(2, 2);
	le(SAMPLE_RATE, 4), le(SAMPLE_RATE * 4, 4), le(4, 2), le(16, 2), fputs("data", stdout), le(bytes, 4);
	for (uint32_t i = 0; i < samples; i++) {
		const uint16_t *chord = chords[i / NOTE_SAMPLES % 4];
		int32_t fade = (int32_t)((NOTE_SAMPLES - i % NOTE_SAMPLES) * 256 / NOTE_SAMPLES);
		int32_t hiss = ((int32_t)next() >> 20) * fade / 256 * fade / 1024;
		int32_t voice[3];

		for (int k = 0; k < 3; k++) {
			phase[k] += chord[k] * (UINT32_MAX / SAMPLE_RATE);
			voice[k] = wave(phase[k]) * fade / 768;
		}
		le((uint32_t)(voice[0] + voice[1] + hiss), 2);
		le((uint32_t)(voice[1] + voice[2] - hiss), 2);
	}
	return 0;
}

/**
 * gen_lines() - Lines of random words and numbers on standard output
 * @bytes:	About how many bytes
 *
 * Return: 0.
 */
static int gen_lines(uint64_t bytes)
{
	uint64_t done = 0;

	while (done < bytes) {
		uint32_t words = 3 + next() % 6;

		while (words--)
			done += (uint64_t)printf("%x%c", next(), words ? ' ' : '\n');
	}
	return 0;
}

/**
 * create() - Create a file
 * @path:	Its path
 */
static FILE *create(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		fail(path);
	return file;
}

/**
 * gen_tree() - Many small files
 * @dir:	Existing directory to make them in
 * @files:	How many
 * @bytes:	Size of each
 *
 * Return: 0.
 */
static int gen_tree(const char *dir, unsigned int files, unsigned int bytes)
{
	char path[4096];

	for (unsigned int i = 0; i < files; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/d%02u", dir, i / DIR_FILES);
		if (i % DIR_FILES == 0 && mkdir(path, 0755) < 0 && errno != EEXIST)
			fail(path);
		snprintf(path, sizeof(path), "%s/d%02u/file%04u.txt", dir, i / DIR_FILES, i);
		file = create(path);
		for (unsigned int n = 0; n < bytes; n++)
			putc(n % 64 == 63 ? '\n' : 'a' + (int)(next() % 26), file);
		if (fclose(file))
			fail(path);
	}
	return 0;
}

/**
 * gen_unit() - One source file of the project
 * @file:	Where to
 * @unit:	Its number
 */
static void gen_unit(FILE *file, unsigned int unit)
{
	fprintf(file, "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include \"project.h\"\n\n");
	for (int f = 0; f < 40; f++)
		fprintf(file,
			"static unsigned f%d(unsigned a, unsigned b)\n{\n\tunsigned t[16], s = %uu;\n"
			"\tfor (int i = 0; i < 16; i++)\n\t\tt[i] = a * %uu + (b >> (i & 7));\n"
			"\tfor (int i = 0; i < 64; i++)\n\t\ts = s * 31 + (t[i & 15] ^ t[s & 15]);\n"
			"\tif (s %% %uu == 0)\n\t\tprintf(\"%%u\\n\", s);\n\treturn s;\n}\n\n",
			f, next(), next(), 2 + next() % 97);
	fprintf(file, "unsigned unit%u(unsigned a)\n{\n", unit);
	for (int f = 0; f < 40; f++)
		fprintf(file, "\ta ^= f%d(a, %uu);\n", f, next() % 1000);
	fputs("\treturn a;\n}\n", file);
}

/**
 * gen_project() - A C program of several files with a Makefile
 * @dir:	Existing directory to make it in
 * @units:	Source files
 *
 * Return: 0.
 */
static int gen_project(const char *dir, unsigned int units)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/project.h", dir);
	file = create(path);
	for (unsigned int i = 0; i < units; i++)
		fprintf(file, "unsigned unit%u(unsigned a);\n", i);
	fclose(file);
	for (unsigned int i = 0; i < units; i++) {
		snprintf(path, sizeof(path), "%s/unit%u.c", dir, i);
		file = create(path);
		gen_unit(file, i);
		fclose(file);
	}
	snprintf(path, sizeof(path), "%s/main.c", dir);
	file = create(path);
	fputs("#include <stdio.h>\n#include \"project.h\"\n\nint main(void)\n{\n\tunsigned a = 1;\n\n", file);
	for (unsigned int i = 0; i < units; i++)
		fprintf(file, "\ta = unit%u(a);\n", i);
	fputs("\tprintf(\"%u\\n\", a);\n\treturn 0;\n}\n", file);
	fclose(file);
	snprintf(path, sizeof(path), "%s/Makefile", dir);
	file = create(path);
	fputs("objects := $(patsubst %.c,%.o,$(wildcard *.c))\n\nprogram: $(objects)\n\tgcc -o $@ $^\n"
	      "%.o: %.c project.h\n\tgcc -O2 -c -o $@ $<\nclean:\n\trm -f program *.o\n",
	      file);
	fclose(file);
	return 0;
}

/**
 * number() - A number of the command line
 * @text:	The argument
 */
static unsigned int number(const char *text)
{
	return (unsigned int)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
	int status = 2;

	if (argc == 3 && !strcmp(argv[1], "sound"))
		status = gen_sound(number(argv[2]));
	else if (argc == 3 && !strcmp(argv[1], "lines"))
		status = gen_lines(number(argv[2]));
	else if (argc == 5 && !strcmp(argv[1], "tree"))
		status = gen_tree(argv[2], number(argv[3]), number(argv[4]));
	else if (argc == 4 && !strcmp(argv[1], "project"))
		status = gen_project(argv[2], number(argv[3]));
	else
		fputs("usage: gen sound SECONDS | lines BYTES | tree DIR FILES BYTES | project DIR UNITS\n", stderr);
	if (fflush(stdout))
		fail("standard output");
	return status;
}
