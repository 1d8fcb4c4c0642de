/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rate: how long one call takes: `rate CALL MILLISECONDS [FILE [MEMBERS]]` prints seconds per call, the median of nine
 * stretches. A median, because on a shared machine a mean tells about the neighbours. With MEMBERS so many children
 * sleep meanwhile.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STRETCHES 9
#define SHARED	  (8ul << 20) /* bytes of the file that is shared */
#define PAGE	  4096ul

static uint32_t word;
static int zero_fd, null_fd;
static const char *file_path = "/proc/self/exe";
static char *shared;

static void call_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
}

static void call_realtime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
}

static void call_yield(void)
{
	sched_yield();
}

static void call_wake(void)
{
	syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void call_getpid(void)
{
	syscall(SYS_getpid);
}

static void call_sigmask(void)
{
	uint64_t mask;

	syscall(SYS_rt_sigprocmask, 0, NULL, &mask, sizeof(mask));
}

static void call_getppid(void)
{
	syscall(SYS_getppid);
}

static void call_stat(void)
{
	struct stat st;

	stat(file_path, &st);
}

static void call_read(void)
{
	char byte;

	(void)!read(zero_fd, &byte, 1);
}

static void call_write(void)
{
	(void)!write(null_fd, "", 1);
}

static void call_file(void)
{
	char bytes[4096];
	int fd = open(file_path, O_RDONLY);

	(void)!read(fd, bytes, sizeof(bytes));
	close(fd);
}

static void call_fork(void)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
}

/**
 * shared_make() - Map a file that is shared with children
 */
static void shared_make(void)
{
	int fd = (int)syscall(SYS_memfd_create, "rate", 0);

	if (ftruncate(fd, SHARED) < 0)
		exit(1);
	shared = mmap(NULL, SHARED, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		exit(1);
	memset(shared, 1, SHARED);
}

/**
 * child_make() - A child that ends with us; 0 in the child
 */
static pid_t child_make(void)
{
	pid_t child = fork();

	if (!child)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (child < 0)
		exit(1);
	return child;
}

/**
 * turn_take() - Wait until it is our turn, and give it to the other
 */
static void turn_take(uint32_t ours)
{
	_Atomic uint32_t *turn = (_Atomic uint32_t *)shared;

	while (*turn != ours)
		syscall(SYS_futex, turn, FUTEX_WAIT, !ours, NULL);
	*turn = !ours;
	syscall(SYS_futex, turn, FUTEX_WAKE, 1);
}

/* To another process and back, through the file that is shared */
static void call_turn(void)
{
	if (!shared) {
		shared_make();
		*(_Atomic uint32_t *)shared = 0;
		if (!child_make())
			for (;;)
				turn_take(1);
	}
	turn_take(0);
}

/* A call that goes home, after a page of the file that is shared was written to */
static void call_dirty(void)
{
	static unsigned long page;

	if (!shared)
		shared_make();
	shared[page++ * PAGE % SHARED]++;
	syscall(SYS_getppid);
}

/**
 * struct row - A call that can be measured
 * @name:	Its name on the command line
 * @call:	Makes it once
 */
struct row {
	const char *name;
	void (*call)(void);
};

static const struct row table[] = {
	{ "clock", call_clock },   { "realtime", call_realtime }, { "yield", call_yield },     { "wake", call_wake },
	{ "getpid", call_getpid }, { "sigmask", call_sigmask },	  { "getppid", call_getppid }, { "stat", call_stat },
	{ "read", call_read },	   { "write", call_write },	  { "file", call_file },       { "fork", call_fork },
	{ "turn", call_turn },	   { "dirty", call_dirty },
};

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
 * stretch() - Time a number of calls
 * @call:	The call
 * @count:	How many
 *
 * Return: seconds for all.
 */
static double stretch(void (*call)(void), unsigned long count)
{
	double start = now();

	while (count--)
		call();
	return now() - start;
}

/**
 * compare() - Order of two numbers, for qsort
 * @a:		One
 * @b:		The other
 */
static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/**
 * measure() - Print how long a call takes
 * @call:	The call
 * @seconds:	How long to measure
 */
static void measure(void (*call)(void), double seconds)
{
	double took, all[STRETCHES];
	unsigned long count = 1;

	/* How many calls fill a stretch; the first ones also warm what they touch */
	while ((took = stretch(call, count)) < seconds / STRETCHES / 8)
		count *= 2;
	count = (unsigned long)((double)count * (seconds / STRETCHES) / took) + 1;
	for (int i = 0; i < STRETCHES; i++)
		all[i] = stretch(call, count) / (double)count;
	qsort(all, STRETCHES, sizeof(all[0]), compare);
	printf("%.10f\n", all[STRETCHES / 2]);
}

int main(int argc, char **argv)
{
	if (argc > 3)
		file_path = argv[3];
	for (long i = 0; argc > 4 && i < strtol(argv[4], NULL, 10); i++)
		if (!child_make())
			for (;;)
				pause();
	zero_fd = open("/dev/zero", O_RDONLY);
	null_fd = open("/dev/null", O_WRONLY);
	for (size_t i = 0; argc > 2 && i < sizeof(table) / sizeof(table[0]); i++) {
		if (!strcmp(argv[1], table[i].name)) {
			measure(table[i].call, strtod(argv[2], NULL) / 1000);
			return 0;
		}
	}
	fputs("usage: rate CALL MILLISECONDS [FILE [MEMBERS]]\n", stderr);
	return 2;
}
