/* SPDX-License-Identifier: GPL-2.0-or-later */
/* eventfd, timerfd, signalfd: descriptors that carry numbers, time and signals. */
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "show.h"

static void counters(void)
{
	uint64_t v = 0;
	int fd, sem;

	TITLE("eventfd");
	fd = SHOW(SYS(eventfd2, 5, EFD_NONBLOCK));
	SHOW(read(fd, &v, 8));
	SHOW_NUM(v);
	SHOW(read(fd, &v, 8));
	SHOW(read(fd, &v, 7));
	SHOW(read(fd, BAD, 8));
	v = 3;
	SHOW(write(fd, &v, 8));
	SHOW(SYS(write, fd, &v, 9));
	SHOW(write(fd, &v, 7));
	SHOW(SYS(write, fd, BAD, 8));
	v = -1;
	SHOW(write(fd, &v, 8));
	v = -2;
	SHOW(write(fd, &v, 8));
	SHOW(read(fd, &v, 100));
	SHOW_NUM(v);
	v = -2;
	SHOW(write(fd, &v, 8));
	v = 1;
	SHOW(write(fd, &v, 8));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(pread(fd, &v, 8, 0));
	SHOW(read(fd, edge(8), 8));
	SHOW(read(fd, edge(4), 8));
	close(fd);
	sem = SHOW(SYS(eventfd2, 3, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC));
	for (int i = 0; i < 4; i++) {
		SHOW(read(sem, &v, 8));
		SHOW_NUM(v);
	}
	close(sem);
	fd = SHOW(SYS(eventfd, 7));
	SHOW(read(fd, &v, 8));
	SHOW_NUM(v);
	SHOW(SYS(eventfd2, 0, 1 << 20));
	close(fd);
}

static void timers(void)
{
	struct itimerspec it = {{0, 10000000}, {0, 10000000}}, got = {0};
	uint64_t v = 0;
	int fd;

	TITLE("timerfd");
	fd = SHOW(SYS(timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC));
	SHOW(SYS(timerfd_settime, fd, 0, &it, &got));
	SHOW_NUM(got.it_value.tv_sec + got.it_value.tv_nsec);
	SHOW(read(fd, &v, 8));
	SHOW_TRUE(v >= 1 && v < 100);
	usleep(35000);
	SHOW(read(fd, &v, 8));
	SHOW_TRUE(v >= 2 && v < 200);
	SHOW(SYS(timerfd_gettime, fd, &got));
	SHOW_NUM(got.it_interval.tv_nsec);
	SHOW_TRUE(got.it_value.tv_nsec > 0 && got.it_value.tv_nsec <= 10000000);
	it = (struct itimerspec){{0, 0}, {0, 0}};
	SHOW(SYS(timerfd_settime, fd, 0, &it, &got));
	SHOW_NUM(got.it_interval.tv_nsec);
	SHOW(fcntl(fd, F_SETFL, O_NONBLOCK));
	SHOW(read(fd, &v, 8));
	SHOW(poll(&(struct pollfd){fd, POLLIN, 0}, 1, 0));
	clock_gettime(CLOCK_MONOTONIC, &it.it_value);
	it.it_value.tv_sec -= 1;
	SHOW(SYS(timerfd_settime, fd, TFD_TIMER_ABSTIME, &it, NULL));
	SHOW(poll(&(struct pollfd){fd, POLLIN, 0}, 1, 1000));
	SHOW(read(fd, &v, 8));
	SHOW_NUM(v);
	it.it_value = (struct timespec){100, 0};
	SHOW(SYS(timerfd_settime, fd, 0, &it, NULL));
	SHOW(SYS(timerfd_gettime, fd, &got));
	SHOW_TRUE(got.it_value.tv_sec == 99 || got.it_value.tv_sec == 100);
	SHOW(ioctl(fd, _IOW('T', 0, uint64_t), &(uint64_t){3}));
	SHOW(read(fd, &v, 8));
	TITLE("errors");
	SHOW(read(fd, &v, 7));
	SHOW(write(fd, &v, 8));
	it.it_value.tv_nsec = 1000000000;
	SHOW(SYS(timerfd_settime, fd, 0, &it, NULL));
	SHOW(SYS(timerfd_settime, fd, 99, &got, NULL));
	SHOW(SYS(timerfd_settime, fd, 0, BAD, NULL));
	SHOW(SYS(timerfd_settime, fd, 0, &got, BAD));
	SHOW(SYS(timerfd_settime, BADFD, 0, &got, NULL));
	SHOW(SYS(timerfd_settime, 0, 0, &got, NULL));
	SHOW(SYS(timerfd_gettime, fd, BAD));
	SHOW(SYS(timerfd_gettime, 0, &got));
	SHOW(SYS(timerfd_gettime, BADFD, &got));
	SHOW(SYS(timerfd_create, 99, 0));
	SHOW(SYS(timerfd_create, CLOCK_REALTIME, 1));
	SHOW(SYS(timerfd_create, CLOCK_PROCESS_CPUTIME_ID, 0));
	close(fd);
	fd = SHOW(SYS(timerfd_create, CLOCK_BOOTTIME, 0));
	close(fd);
	fd = SHOW(SYS(timerfd_create, CLOCK_REALTIME_ALARM, 0));
	if (fd >= 0)
		close(fd);
}

static void show_info(const struct signalfd_siginfo *si)
{
	printf("  signo %d code %d int %d pid mine %d uid mine %d\n", si->ssi_signo, si->ssi_code, si->ssi_int,
	       (int)si->ssi_pid == getpid(), si->ssi_uid == getuid());
}

static void signals(void)
{
	struct signalfd_siginfo si[4], *last = edge(sizeof(*last));
	union sigval value = {.sival_int = 42};
	uint64_t set = 1ull << (SIGUSR1 - 1) | 1ull << (SIGRTMIN - 1) | 1ull << (SIGALRM - 1), none = 0;
	int fd;
	ssize_t n;

	TITLE("signalfd");
	SYS(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	fd = SHOW(SYS(signalfd4, -1, &set, 8, SFD_NONBLOCK));
	SHOW(read(fd, si, sizeof(si)));
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGRTMIN, value);
	value.sival_int = 43;
	sigqueue(getpid(), SIGRTMIN, value);
	SHOW(poll(&(struct pollfd){fd, POLLIN, 0}, 1, 0));
	n = SHOW(read(fd, si, sizeof(si)));
	for (int i = 0; i < n / (int)sizeof(*si); i++)
		show_info(&si[i]);
	SHOW(read(fd, si, sizeof(si)));
	SHOW(read(fd, si, sizeof(*si) - 1));
	SHOW(SYS(signalfd, -1, &set, 8) >= 0);
	SHOW(SYS(signalfd4, fd, &none, 8, 0) == fd);
	kill(getpid(), SIGUSR1);
	SHOW(read(fd, si, sizeof(si)));
	SHOW(SYS(signalfd4, fd, &set, 8, 0) == fd);
	SHOW(read(fd, last, 2 * sizeof(*last)));
	show_info(last);
	kill(getpid(), SIGUSR1);
	SHOW(read(fd, (char *)last + 1, sizeof(*last)));
	SHOW(read(fd, si, sizeof(si)));
	SHOW(fcntl(fd, F_SETFL, 0));
	alarm(1);
	SHOW(read(fd, si, sizeof(si)));
	SHOW_NUM(si[0].ssi_signo);
	SHOW_NUM(si[0].ssi_code);
	TITLE("errors");
	SHOW(SYS(signalfd4, -1, &set, 4, 0));
	SHOW(SYS(signalfd4, -1, BAD, 8, 0));
	SHOW(SYS(signalfd4, -1, &set, 8, 1));
	SHOW(SYS(signalfd4, BADFD, &set, 8, 0));
	SHOW(SYS(signalfd4, 0, &set, 8, 0));
	SHOW(write(fd, si, 128));
	close(fd);
}

int main(void)
{
	counters();
	timers();
	signals();
	return 0;
}
