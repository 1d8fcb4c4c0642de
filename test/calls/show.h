/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A test prints what it observes, and nothing else judges: its output natively and on another node must be the same.
 * So it must print the same in every native run: no pids, addresses, times or inode numbers, but what follows from
 * them ("it is mine", "it grew"). SHOW(expr) prints the expression, its value, and errno's name when the value is -1.
 *
 * Memory that faults at a known byte comes from edge(): the page after it is PROT_NONE.
 */
#ifndef SHOW_H
#define SHOW_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

/* A pointer that no process has, one that only the kernel has, and a descriptor that is not open */
#define BAD	   ((void *)8)
#define KERNEL_BAD ((void *)0xffff888000000000ul)
#define BADFD	   999

/* The call itself, without what glibc does around it; every argument as wide as a register */
#define SYS(name, ...)                                                                                                 \
	SYS_PICK(, ##__VA_ARGS__, SYS_6, SYS_5, SYS_4, SYS_3, SYS_2, SYS_1, SYS_0)(SYS_##name, ##__VA_ARGS__)
#define SYS_PICK(_0, _1, _2, _3, _4, _5, _6, pick, ...) pick
#define SYS_0(nr)					syscall(nr)
#define SYS_1(nr, a)					syscall(nr, (long)(a))
#define SYS_2(nr, a, b)					syscall(nr, (long)(a), (long)(b))
#define SYS_3(nr, a, b, c)				syscall(nr, (long)(a), (long)(b), (long)(c))
#define SYS_4(nr, a, b, c, d)				syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d))
#define SYS_5(nr, a, b, c, d, e)			syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#define SYS_6(nr, a, b, c, d, e, f)			syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* Print `expr = value`, with the name of errno for -1; the value is that of the expression */
#define SHOW(expr)                                                                                                     \
	({                                                                                                             \
		errno = 0;                                                                                             \
		long show_value_ = (long)(expr);                                                                       \
		show_line(#expr, show_value_);                                                                         \
		show_value_;                                                                                           \
	})

/* Success or the error only: for values that differ from run to run */
#define SHOW_OK(expr)                                                                                                  \
	({                                                                                                             \
		errno = 0;                                                                                             \
		long show_value_ = (long)(expr);                                                                       \
		show_ok(#expr, show_value_);                                                                           \
		show_value_;                                                                                           \
	})

/* A truth: for relations between values that differ from run to run */
#define SHOW_TRUE(expr) show_text(#expr, (expr) ? "true" : "false")

/* The call's own return value, negative errno included, for calls that return no int or no -1 */
#define SHOW_HEX(expr) printf("%s = %#llx\n", #expr, (unsigned long long)(expr))
#define SHOW_NUM(expr) printf("%s = %lld\n", #expr, (long long)(expr))
#define SHOW_STR(expr) show_text(#expr, (expr))

/* Make a call that must work for the test to make sense */
#define MUST(expr)                                                                                                     \
	({                                                                                                             \
		long must_value_ = (long)(expr);                                                                       \
		if (must_value_ == -1)                                                                                 \
			show_die(#expr, __LINE__);                                                                     \
		must_value_;                                                                                           \
	})

#define TITLE(text)  printf("--- %s\n", text)
#define NELEM(array) (sizeof(array) / sizeof((array)[0]))

/* Name of an errno, also for those that libc has no name for */
static UNUSED const char *show_errno(int error)
{
	static char text[24];
	const char *name = strerrorname_np(error);

	if (name)
		return name;
	snprintf(text, sizeof(text), "errno %d", error);
	return text;
}

static UNUSED void show_line(const char *what, long value)
{
	int error = errno;

	if (value == -1 && error)
		printf("%s = -1 %s\n", what, show_errno(error));
	else
		printf("%s = %ld\n", what, value);
}

static UNUSED void show_ok(const char *what, long value)
{
	int error = errno;

	if (value == -1)
		printf("%s = -1 %s\n", what, show_errno(error));
	else
		printf("%s = ok\n", what);
}

static UNUSED void show_text(const char *what, const char *text)
{
	printf("%s = %s\n", what, text ? text : "NULL");
}

static UNUSED void show_die(const char *what, int line)
{
	int error = errno;

	printf("line %d: %s fails: %s\n", line, what, show_errno(error));
	fflush(stdout);
	_exit(99);
}

/* FNV-1a: one number for bytes that are too many to print */
static UNUSED uint32_t show_hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t hash = 2166136261u;

	while (len--)
		hash = (hash ^ *p++) * 16777619u;
	return hash;
}

/* Print bytes: all when few and printable, else their hash */
static UNUSED void show_bytes(const char *what, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t i;

	if (len > 64) {
		printf("%s: %zu bytes, hash %08x\n", what, len, show_hash(data, len));
		return;
	}
	printf("%s: %zu bytes \"", what, len);
	for (i = 0; i < len; i++) {
		if (p[i] >= ' ' && p[i] < 127 && p[i] != '"' && p[i] != '\\')
			putchar(p[i]);
		else
			printf("\\%02x", p[i]);
	}
	printf("\"\n");
}

/* Bytes that tell their position: a shift or a hole by any length below 64 KiB shows */
static UNUSED void fill(void *data, size_t len, unsigned int seed)
{
	unsigned char *p = data;
	uint32_t x = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = x >> 24;
	}
}

/* Zeroed pages, or the end of the test */
static UNUSED void *pages(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		show_die("mmap", __LINE__);
	return p;
}

/* @len bytes, zeroed, directly before a page that faults */
static UNUSED void *edge(size_t len)
{
	size_t whole = (len + 4095) & ~4095ul;
	char *p = pages(whole + 4096);

	mprotect(p + whole, 4096, PROT_NONE);
	return p + whole - len;
}

/* @len bytes, zeroed, directly after a page that faults */
static UNUSED void *ledge(size_t len)
{
	char *p = pages(((len + 4095) & ~4095ul) + 4096);

	mprotect(p, 4096, PROT_NONE);
	return p + 4096;
}

/* A file with the @len bytes of fill(seed) */
static UNUSED void make_file(const char *path, size_t len, unsigned int seed)
{
	char *data = malloc(len + 1);
	int fd = MUST(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));

	fill(data, len, seed);
	if (write(fd, data, len) != (ssize_t)len)
		show_die("write", __LINE__);
	close(fd);
	free(data);
}

/* What a file holds now */
static UNUSED void show_file(const char *path)
{
	struct stat st;
	char *data;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st)) {
		printf("%s: %s\n", path, show_errno(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	data = malloc(st.st_size + 1);
	show_bytes(path, data, read(fd, data, st.st_size));
	free(data);
	close(fd);
}

static UNUSED int64_t now_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000ll + ts.tv_nsec / 1000;
}

/* Handler @fn (or SIG_IGN, SIG_DFL) for @sig */
static UNUSED void handle(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = {.sa_handler = fn, .sa_flags = flags};

	sigaction(sig, &sa, NULL);
}

static UNUSED void handle_info(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = {.sa_sigaction = fn, .sa_flags = flags | SA_SIGINFO};

	sigaction(sig, &sa, NULL);
}

/*
 * Real-time ticks: SIGALRM every @ms milliseconds until ticks_stop(). A test that waits to be interrupted uses
 * repeated ticks, so that a first one that comes too early, before the call, does no harm.
 */
static UNUSED void ticks_start(int ms)
{
	struct itimerval it = {{ms / 1000, ms % 1000 * 1000}, {ms / 1000, ms % 1000 * 1000}};

	setitimer(ITIMER_REAL, &it, NULL);
}

static UNUSED void ticks_stop(void)
{
	struct itimerval it = {0};

	setitimer(ITIMER_REAL, &it, NULL);
}

/* Lines appear when they are complete, also when the test dies of a signal */
static __attribute__((constructor)) UNUSED void show_start(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
}

#endif
