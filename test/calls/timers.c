/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alarm, setitimer, getitimer, timer_create and its family: real, monotonic and CPU time. */
#include "show.h"

static volatile int count[65], last_code, last_value, last_overrun, most_overrun;
static volatile long last_id;

static void on_timer(int sig, siginfo_t *info, void *context UNUSED)
{
	count[sig]++;
	last_code = info->si_code;
	last_value = info->si_value.sival_int;
	last_overrun = info->si_overrun;
	if (most_overrun < last_overrun)
		most_overrun = last_overrun;
	last_id = info->si_timerid;
}

static void burn(int sig, int times)
{
	volatile double x = 1;
	int start = count[sig];

	while (count[sig] < start + times)
		x = x * 1.0000001;
}

static void interval(void)
{
	struct itimerval it = {{0, 10000}, {0, 10000}}, got;
	static const int which[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};
	static const int sig[] = {SIGALRM, SIGVTALRM, SIGPROF};

	TITLE("setitimer");
	for (int i = 0; i < 3; i++) {
		handle_info(sig[i], on_timer, SA_RESTART);
		SHOW(SYS(setitimer, which[i], &it, &got));
		SHOW_NUM(got.it_value.tv_sec + got.it_value.tv_usec);
		burn(sig[i], 3);
		SHOW_NUM(last_code);
		SHOW(SYS(getitimer, which[i], &got));
		SHOW_NUM(got.it_interval.tv_usec);
		SHOW_TRUE(got.it_value.tv_usec >= 0 && got.it_value.tv_usec <= 14000);
		SHOW(SYS(setitimer, which[i], NULL, NULL));
		SHOW(SYS(getitimer, which[i], &got));
		SHOW_NUM(got.it_value.tv_sec + got.it_value.tv_usec);
	}
	TITLE("errors");
	SHOW(SYS(setitimer, 99, &it, NULL));
	SHOW(SYS(getitimer, 99, &got));
	SHOW(SYS(setitimer, ITIMER_REAL, BAD, NULL));
	SHOW(SYS(getitimer, ITIMER_REAL, BAD));
	it.it_value.tv_usec = 1000000;
	SHOW(SYS(setitimer, ITIMER_REAL, &it, NULL));
	it.it_value.tv_usec = -1;
	SHOW(SYS(setitimer, ITIMER_REAL, &it, NULL));
	TITLE("alarm");
	SHOW(SYS(alarm, 100));
	SHOW(SYS(alarm, 50));
	SHOW(SYS(getitimer, ITIMER_REAL, &got));
	SHOW_TRUE(got.it_value.tv_sec >= 48);
	SHOW(SYS(alarm, 0));
	SHOW(SYS(alarm, 0));
	int before = count[SIGALRM];
	SHOW(SYS(alarm, 1));
	while (count[SIGALRM] == before)
		pause();
	SHOW_NUM(count[SIGALRM] - before);
}

static void posix(clockid_t clock)
{
	struct sigevent ev = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 2, .sigev_value = {.sival_int = 99}};
	struct itimerspec it = {{0, 10000000}, {0, 10000000}}, got;
	int id = -1;

	printf("--- timer_create of clock %d\n", clock);
	handle_info(SIGRTMIN + 2, on_timer, 0);
	if (SHOW(SYS(timer_create, clock, &ev, &id)))
		return;
	SHOW(SYS(timer_gettime, id, &got));
	SHOW_NUM(got.it_value.tv_nsec);
	SHOW(SYS(timer_settime, id, 0, &it, &got));
	burn(SIGRTMIN + 2, 3);
	SHOW_NUM(last_code);
	SHOW_NUM(last_value);
	SHOW_TRUE(last_overrun >= 0 && last_overrun < 1000);
	SHOW_TRUE(last_id == id);
	SHOW(SYS(timer_gettime, id, &got));
	SHOW_NUM(got.it_interval.tv_nsec);
	SHOW_TRUE(SYS(timer_getoverrun, id) >= 0);
	it = (struct itimerspec){0};
	SHOW(SYS(timer_settime, id, 0, &it, &got));
	SHOW_NUM(got.it_interval.tv_nsec);
	SHOW(SYS(timer_delete, id));
	SHOW(SYS(timer_delete, id));
	SHOW(SYS(timer_gettime, id, &got));
}

static void overruns(void)
{
	/* The first signal that is seen tells of what expired while it was blocked */
	struct itimerspec it = {{0, 1000000}, {0, 1000000}}, past = {{0, 1}, {1, 0}}, off = {0};
	const int signals[] = {SIGUSR1, SIGRTMIN + 3};
	sigset_t set;
	int id;

	for (size_t i = 0; i < NELEM(signals); i++) {
		struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = signals[i]};

		printf("--- overruns, signal %d\n", signals[i]);
		handle_info(signals[i], on_timer, 0);
		sigemptyset(&set);
		sigaddset(&set, signals[i]);
		sigprocmask(SIG_BLOCK, &set, NULL);
		MUST(SYS(timer_create, CLOCK_REALTIME, &ev, &id));
		SHOW(SYS(timer_settime, id, 0, &it, NULL));
		SHOW(SYS(timer_getoverrun, id));
		usleep(50000);
		SHOW(sigtimedwait(&set, NULL, &(struct timespec){1, 0}));
		SHOW_TRUE(SYS(timer_getoverrun, id) >= 40);
		SHOW(SYS(timer_settime, id, TIMER_ABSTIME, &past, NULL));
		SHOW(SYS(timer_getoverrun, id));
		usleep(10000);
		most_overrun = 0;
		sigsuspend(&(sigset_t){0});
		SHOW_NUM(most_overrun);
		SHOW(SYS(timer_settime, id, 0, &off, NULL));
		while (sigtimedwait(&set, NULL, &(struct timespec){0, 0}) > 0)
			;
		SHOW(SYS(timer_delete, id));
		sigprocmask(SIG_UNBLOCK, &set, NULL);
	}
}

static void kinds(void)
{
	struct sigevent ev = {.sigev_notify = SIGEV_NONE};
	struct itimerspec it = {{0, 0}, {100, 0}}, got;
	int id, ids[20];

	TITLE("kinds");
	SHOW(SYS(timer_create, CLOCK_REALTIME, &ev, &id));
	SHOW(SYS(timer_settime, id, 0, &it, NULL));
	SHOW(SYS(timer_gettime, id, &got));
	SHOW_TRUE(got.it_value.tv_sec == 99 || got.it_value.tv_sec == 100);
	clock_gettime(CLOCK_REALTIME, &it.it_value);
	it.it_value.tv_sec += 50;
	SHOW(SYS(timer_settime, id, TIMER_ABSTIME, &it, NULL));
	SHOW(SYS(timer_gettime, id, &got));
	SHOW_TRUE(got.it_value.tv_sec == 49 || got.it_value.tv_sec == 50);
	SHOW(SYS(timer_settime, id, 0, BAD, NULL));
	SHOW(SYS(timer_settime, id, 0, NULL, NULL));
	SHOW(SYS(timer_gettime, id, BAD));
	it.it_value.tv_nsec = -1;
	SHOW(SYS(timer_settime, id, 0, &it, NULL));
	SHOW(SYS(timer_delete, id));
	/* Without an event: SIGALRM with the timer's number */
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, NULL, &id));
	it = (struct itimerspec){.it_value = {0, 1000000}};
	int before = count[SIGALRM];
	handle_info(SIGALRM, on_timer, 0);
	SHOW(SYS(timer_settime, id, 0, &it, NULL));
	while (count[SIGALRM] == before)
		usleep(1000);
	SHOW_TRUE(last_value == id);
	SHOW_NUM(last_code);
	SHOW(SYS(timer_delete, id));
	ev = (struct sigevent){.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2};
	ev._sigev_un._tid = gettid();
	handle_info(SIGUSR2, on_timer, 0);
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &ev, &id));
	SHOW(SYS(timer_settime, id, 0, &it, NULL));
	while (!count[SIGUSR2])
		usleep(1000);
	SHOW(SYS(timer_delete, id));
	ev._sigev_un._tid = 1;
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &ev, &id));
	ev = (struct sigevent){.sigev_notify = 99};
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &ev, &id));
	ev = (struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 99};
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, &ev, &id));
	SHOW(SYS(timer_create, 99, NULL, &id));
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, NULL, BAD));
	SHOW(SYS(timer_create, CLOCK_MONOTONIC, BAD, &id));
	SHOW(SYS(timer_getoverrun, 0x7fffffff));
	SHOW(SYS(timer_settime, -1, 0, &it, NULL));
	for (int i = 0; i < 20; i++)
		MUST(SYS(timer_create, CLOCK_MONOTONIC, NULL, &ids[i]));
	for (int i = 0; i < 20; i++)
		MUST(SYS(timer_delete, ids[i]));
}

int main(void)
{
	interval();
	posix(CLOCK_REALTIME);
	posix(CLOCK_MONOTONIC);
	posix(CLOCK_BOOTTIME);
	posix(CLOCK_PROCESS_CPUTIME_ID);
	posix(CLOCK_THREAD_CPUTIME_ID);
	posix(CLOCK_TAI);
	overruns();
	kinds();
	return 0;
}
