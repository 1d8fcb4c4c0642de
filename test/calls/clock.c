/* SPDX-License-Identifier: GPL-2.0-or-later */
/* time, gettimeofday, clock_gettime, clock_getres, clock_settime, clock_nanosleep, nanosleep, adjtimex, times. */
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/timex.h>

#include "show.h"

static int64_t raw_us(clockid_t clock)
{
	struct timespec ts;

	if (SYS(clock_gettime, clock, &ts))
		return -1;
	return ts.tv_sec * 1000000ll + ts.tv_nsec / 1000;
}

static bool near(int64_t a, int64_t b)
{
	return a - b < 3000000 && b - a < 3000000;
}

static void reading(void)
{
	static const clockid_t ids[] = {CLOCK_REALTIME,
					CLOCK_MONOTONIC,
					CLOCK_PROCESS_CPUTIME_ID,
					CLOCK_THREAD_CPUTIME_ID,
					CLOCK_MONOTONIC_RAW,
					CLOCK_REALTIME_COARSE,
					CLOCK_MONOTONIC_COARSE,
					CLOCK_BOOTTIME,
					CLOCK_REALTIME_ALARM,
					CLOCK_BOOTTIME_ALARM,
					10,
					CLOCK_TAI,
					12,
					-1,
					1000};
	struct timespec ts, res;
	struct timeval tv;
	struct timezone tz;
	time_t t;

	TITLE("clocks");
	for (size_t i = 0; i < NELEM(ids); i++) {
		errno = 0;
		long r = SYS(clock_gettime, ids[i], &ts);
		printf("clock %d: %ld %s", ids[i], r, r ? show_errno(errno) : "");
		bool valid = !r;
		errno = 0;
		r = SYS(clock_getres, ids[i], &res);
		printf(" resolution %ld %s %ld", r, r ? show_errno(errno) : "",
		       r ? 0 : res.tv_sec * 1000000000 + res.tv_nsec);
		/* The vDSO and the call tell the same time */
		printf(" alike %d\n", valid && near(now_us(ids[i]), raw_us(ids[i])));
	}
	SHOW_TRUE(near(now_us(CLOCK_REALTIME), time(NULL) * 1000000ll));
	SHOW_TRUE(!SYS(gettimeofday, &tv, &tz) && near(tv.tv_sec * 1000000ll + tv.tv_usec, now_us(CLOCK_REALTIME)));
	SHOW_NUM(tz.tz_minuteswest);
	SHOW_TRUE(labs(SYS(time, &t) - time(NULL)) <= 1);
	SHOW_TRUE(labs(t - time(NULL)) <= 1);
	SHOW(SYS(gettimeofday, NULL, NULL));
	SHOW(SYS(gettimeofday, BAD, NULL));
	SHOW(SYS(gettimeofday, NULL, BAD));
	SHOW(SYS(time, BAD));
	SHOW(SYS(clock_gettime, CLOCK_MONOTONIC, BAD));
	SHOW(SYS(clock_getres, CLOCK_MONOTONIC, NULL));
	SHOW(SYS(clock_getres, CLOCK_MONOTONIC, BAD));
	SHOW_TRUE(getauxval(AT_SYSINFO_EHDR) != 0);
}

static void order(void)
{
	int64_t last = 0, now;
	bool forward = true, ahead = true;

	TITLE("monotonic");
	for (int i = 0; i < 20000; i++) {
		now = i & 1 ? raw_us(CLOCK_MONOTONIC) : now_us(CLOCK_MONOTONIC);
		if (i % 1000 == 0)
			SYS(getppid);
		forward &= now >= last;
		last = now;
	}
	SHOW_TRUE(forward);
	ahead = now_us(CLOCK_BOOTTIME) + 1000 >= now_us(CLOCK_MONOTONIC);
	SHOW_TRUE(ahead);
	/* The uptime that the home system tells is our boot clock */
	double up = 0;
	FILE *f = fopen("/proc/uptime", "r");
	if (f && fscanf(f, "%lf", &up) == 1)
		fclose(f);
	SHOW_TRUE(near(up * 1e6, now_us(CLOCK_BOOTTIME)));
}

static void sleeping(void)
{
	struct timespec ts = {0, 30000000}, rem = {7, 7};
	int64_t start, took;

	TITLE("sleeping");
	start = now_us(CLOCK_MONOTONIC);
	SHOW(SYS(nanosleep, &ts, &rem));
	took = now_us(CLOCK_MONOTONIC) - start;
	SHOW_TRUE(took >= 30000 && took < 3000000);
	SHOW_NUM(rem.tv_sec);
	SHOW(SYS(clock_nanosleep, CLOCK_REALTIME, 0, &ts, NULL));
	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += 20000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	SHOW(SYS(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL));
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	SHOW_TRUE(now.tv_sec > ts.tv_sec || (now.tv_sec == ts.tv_sec && now.tv_nsec >= ts.tv_nsec));
	SHOW(SYS(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL));
	clock_gettime(CLOCK_BOOTTIME, &ts);
	SHOW(SYS(clock_nanosleep, CLOCK_BOOTTIME, TIMER_ABSTIME, &ts, NULL));
	TITLE("errors");
	ts = (struct timespec){0, 1000000000};
	SHOW(SYS(nanosleep, &ts, NULL));
	ts = (struct timespec){-1, 0};
	SHOW(SYS(nanosleep, &ts, NULL));
	SHOW(SYS(nanosleep, BAD, NULL));
	SHOW(SYS(nanosleep, NULL, NULL));
	ts = (struct timespec){0, 1};
	SHOW(SYS(nanosleep, &ts, BAD));
	SHOW(SYS(clock_nanosleep, 99, 0, &ts, NULL));
	SHOW(SYS(clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL));
	SHOW(SYS(clock_nanosleep, CLOCK_MONOTONIC, 0, BAD, NULL));
	SHOW(SYS(clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &ts, NULL));
}

static void on_tick(int sig UNUSED)
{
}

static void interrupted(void)
{
	struct timespec ts = {5, 0}, rem = {0, 0};

	TITLE("interrupted");
	handle(SIGALRM, on_tick, 0);
	ticks_start(50);
	SHOW(SYS(nanosleep, &ts, &rem));
	SHOW_TRUE(rem.tv_sec == 4);
	SHOW(SYS(nanosleep, &ts, NULL));
	SHOW(SYS(nanosleep, &ts, BAD));
	rem.tv_sec = 0;
	SHOW(SYS(clock_nanosleep, CLOCK_MONOTONIC, 0, &ts, &rem));
	SHOW_TRUE(rem.tv_sec == 4);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += 5;
	rem.tv_sec = 77;
	SHOW(SYS(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, &rem));
	SHOW_NUM(rem.tv_sec);
	ticks_stop();
}

static void setting(void)
{
	struct timex tx = {.modes = 0};
	struct timespec ts = {-1, 0};
	struct timeval tv = {0, 2000000};

	TITLE("setting");
	SHOW(SYS(clock_settime, CLOCK_MONOTONIC, &ts));
	SHOW(SYS(clock_settime, CLOCK_REALTIME, &ts));
	SHOW(SYS(clock_settime, CLOCK_REALTIME, BAD));
	SHOW(SYS(clock_settime, 99, &ts));
	SHOW(SYS(settimeofday, &tv, NULL));
	SHOW(SYS(settimeofday, BAD, NULL));
	SHOW_TRUE(SYS(adjtimex, &tx) >= 0);
	SHOW_TRUE(tx.tick > 0);
	SHOW(SYS(adjtimex, BAD));
	SHOW_TRUE(SYS(clock_adjtime, CLOCK_REALTIME, &tx) >= 0);
	tx.modes = ADJ_TICK;
	tx.tick = 1;
	SHOW(SYS(adjtimex, &tx));
	SHOW(SYS(clock_adjtime, 99, &tx));
}

static void used(void)
{
	struct rusage ru;
	struct tms tms;
	volatile double x = 1;
	int64_t cpu = now_us(CLOCK_PROCESS_CPUTIME_ID);

	TITLE("time used");
	while (now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu < 100000)
		x = x * 1.0000001;
	SHOW(SYS(getrusage, RUSAGE_SELF, &ru));
	SHOW_TRUE(ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec + ru.ru_stime.tv_sec * 1000000 +
			  ru.ru_stime.tv_usec >=
		  80000);
	SHOW_TRUE(ru.ru_maxrss > 500);
	SHOW_TRUE(SYS(times, &tms) != -1);
	SHOW_TRUE(tms.tms_utime + tms.tms_stime >= 7);
	SHOW_NUM(tms.tms_cutime);
	SHOW(SYS(getrusage, RUSAGE_CHILDREN, &ru));
	SHOW_NUM(ru.ru_utime.tv_usec);
	SHOW(SYS(getrusage, RUSAGE_THREAD, &ru));
	SHOW(SYS(getrusage, 99, &ru));
	SHOW(SYS(getrusage, RUSAGE_SELF, BAD));
	SHOW(SYS(times, BAD));
	SHOW_TRUE(SYS(times, NULL) != -1);
	SHOW_TRUE(clock() >= 70000);
}

int main(void)
{
	reading();
	order();
	sleeping();
	interrupted();
	setting();
	used();
	return 0;
}
