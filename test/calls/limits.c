/* SPDX-License-Identifier: GPL-2.0-or-later */
/* getrlimit, setrlimit, prlimit64 and what the limits do; getpriority, setpriority, ioprio. */
#include <sys/resource.h>

#include "show.h"

static void limits(void)
{
	struct rlimit r, old, *last = edge(sizeof(r));

	TITLE("limits");
	for (int i = 0; i <= 16; i++) {
		errno = 0;
		long ret = SYS(getrlimit, i, &r);
		/* Some depend on the machine's memory, the same in both runs */
		printf("limit %d: %ld %s %llx %llx\n", i, ret, ret ? show_errno(errno) : "",
		       ret ? 0 : (long long)r.rlim_cur, ret ? 0 : (long long)r.rlim_max);
	}
	SHOW(SYS(getrlimit, RLIMIT_NOFILE, BAD));
	SHOW(SYS(setrlimit, RLIMIT_NOFILE, BAD));
	SHOW(SYS(prlimit64, 0, RLIMIT_NOFILE, NULL, last));
	SHOW(SYS(prlimit64, 0, RLIMIT_NOFILE, NULL, (char *)last + 1));
	SHOW(SYS(prlimit64, getpid(), RLIMIT_NOFILE, NULL, &old));
	r = old;
	r.rlim_cur = 100;
	SHOW(SYS(prlimit64, 0, RLIMIT_NOFILE, &r, &old));
	SHOW(SYS(getrlimit, RLIMIT_NOFILE, &r));
	SHOW_NUM(r.rlim_cur);
	SHOW(dup2(1, 100));
	r.rlim_cur = r.rlim_max + 1;
	SHOW(SYS(setrlimit, RLIMIT_NOFILE, &r));
	r.rlim_cur = 10;
	r.rlim_max = 5;
	SHOW(SYS(setrlimit, RLIMIT_NOFILE, &r));
	SHOW(SYS(prlimit64, 1, RLIMIT_NOFILE, NULL, &r));
	SHOW(SYS(prlimit64, 0x7ffffff0, RLIMIT_NOFILE, NULL, &r));
	SHOW(SYS(prlimit64, -1, RLIMIT_NOFILE, NULL, &r));
}

static volatile int xfsz;

static void on_xfsz(int sig UNUSED)
{
	xfsz++;
}

/* The limit holds for standard output too, if that is a file: print when it is lifted */
static void file_size(void)
{
	struct rlimit r;
	char data[800];
	long ret[8], error[8];
	int fd = MUST(open("limited", O_CREAT | O_RDWR, 0600)), n = 0;

	TITLE("RLIMIT_FSIZE");
	fill(data, sizeof(data), 1);
	handle(SIGXFSZ, on_xfsz, 0);
	getrlimit(RLIMIT_FSIZE, &r);
	r.rlim_cur = 1000;
	SHOW(setrlimit(RLIMIT_FSIZE, &r));
	for (; n < 3; n++) {
		ret[n] = write(fd, data, 800);
		error[n] = ret[n] < 0 ? errno : 0;
	}
	ret[n] = ftruncate(fd, 2000);
	error[n++] = errno;
	handle(SIGXFSZ, SIG_IGN, 0);
	ret[n] = pwrite(fd, data, 1, 1000);
	error[n++] = errno;
	r.rlim_cur = r.rlim_max;
	SHOW(setrlimit(RLIMIT_FSIZE, &r));
	for (int i = 0; i < n; i++)
		printf("  %ld %s\n", ret[i], error[i] ? show_errno(error[i]) : "");
	SHOW_NUM(xfsz);
	SHOW(write(fd, data, 800));
	close(fd);
}

static volatile int xcpu;

static void on_xcpu(int sig UNUSED)
{
	xcpu++;
}

static void cpu_time(void)
{
	struct rlimit r;
	volatile double x = 1;

	TITLE("RLIMIT_CPU");
	handle(SIGXCPU, on_xcpu, 0);
	getrlimit(RLIMIT_CPU, &r);
	r.rlim_cur = 1;
	SHOW(setrlimit(RLIMIT_CPU, &r));
	while (!xcpu)
		x = x * 1.0000001;
	SHOW_TRUE(now_us(CLOCK_PROCESS_CPUTIME_ID) > 500000);
	r.rlim_cur = r.rlim_max;
	SHOW(setrlimit(RLIMIT_CPU, &r));
}

static void priorities(void)
{
	TITLE("priorities");
	SHOW(SYS(getpriority, PRIO_PROCESS, 0));
	SHOW(SYS(setpriority, PRIO_PROCESS, 0, 5));
	SHOW(SYS(getpriority, PRIO_PROCESS, 0));
	SHOW(SYS(getpriority, PRIO_PROCESS, getpid()));
	SHOW(SYS(setpriority, PRIO_PROCESS, 0, 100));
	SHOW(SYS(getpriority, PRIO_PROCESS, 0));
	SHOW(SYS(setpriority, PRIO_PROCESS, 0, -100));
	SHOW(SYS(getpriority, PRIO_PROCESS, 0));
	SHOW(SYS(getpriority, 99, 0));
	SHOW(SYS(setpriority, 99, 0, 0));
	SHOW(SYS(getpriority, PRIO_PROCESS, 0x7ffffff0));
	SHOW(SYS(setpriority, PRIO_PROCESS, 0x7ffffff0, 0));
	SHOW(SYS(ioprio_get, 1, 0));
	SHOW(SYS(ioprio_set, 1, 0, 2 << 13 | 3));
	SHOW(SYS(ioprio_get, 1, 0));
	SHOW(SYS(ioprio_set, 1, 0, 2 << 13 | 9));
	SHOW(SYS(ioprio_set, 1, 0, 7 << 13));
	SHOW(SYS(ioprio_get, 9, 0));
	SHOW(SYS(ioprio_get, 1, 0x7ffffff0));
}

int main(void)
{
	limits();
	file_size();
	priorities();
	cpu_time();
	return 0;
}
