/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plain OUTPUT [ARG...]: a little of everything that a C program does, for any C library: memory, files, text, numbers,
 * sorting, signals, time. It is built by tests in several ways.
 */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t got;
static jmp_buf back;
static int initialized = 41, zeroed[100000];
static const char *const table[] = {"relocated", "pointers", "in", "read-only", "data"};

static void on_signal(int sig)
{
	got += sig;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static __attribute__((constructor)) void before(void)
{
	initialized++;
}

static void after(void)
{
	printf("at exit\n");
}

/* Sort the words of standard input */
static size_t words(FILE *out)
{
	static char text[1 << 20], *word[200000];
	size_t len = fread(text, 1, sizeof(text) - 1, stdin), nr = 0;

	for (char *w = strtok(text, " \t\n"); w; w = strtok(NULL, " \t\n"))
		word[nr++] = w;
	qsort(word, nr, sizeof(*word), compare);
	for (size_t i = 0; i < nr; i++)
		fprintf(out, "%s\n", word[i]);
	return len;
}

static void memory(void)
{
	unsigned int sum = 0;
	char *block[300];

	for (int i = 0; i < 300; i++) {
		size_t size = (size_t)(i * 7919 % 5000) * (i % 10 ? 1 : 100) + 1;

		block[i] = malloc(size);
		memset(block[i], i, size);
		if (i % 3 == 0)
			block[i] = realloc(block[i], size * 2);
	}
	for (int i = 0; i < 300; i++) {
		sum = sum * 31 + (unsigned char)block[i][0];
		free(block[i]);
	}
	printf("memory %08x\n", sum);
}

int main(int argc, char **argv)
{
	double x = 0;
	time_t t = 1000000000;
	struct stat st;
	char text[100];
	FILE *out;

	atexit(after);
	setlocale(LC_ALL, "");
	for (int i = 2; i < argc; i++)
		printf("argument %s\n", argv[i]);
	out = fopen(argv[1], "w");
	if (!out) {
		printf("%s\n", strerror(errno));
		return 1;
	}
	printf("read %zu\n", words(out));
	fclose(out);
	stat(argv[1], &st);
	printf("wrote %ld\n", (long)st.st_size);
	memory();
	for (int i = 1; i < 100000; i++)
		x += sin(i) / i + pow(i, -1.5);
	printf("x %.12f\n", x);
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	printf("signals %d\n", got == SIGUSR1);
	if (!setjmp(back))
		longjmp(back, 1);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", gmtime(&t));
	printf("%s %d %d %s %s\n", text, initialized, zeroed[99999], table[3], getenv("HOME") ? "home" : "no home");
	printf("pid %d clock %d\n", getpid() > 0, time(NULL) > 1000000000);
	return 4;
}
