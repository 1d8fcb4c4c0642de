/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals and threads: to one, to all, masks of each, who takes it, sigwait in a thread, alternate stacks, restarts. */
#include <pthread.h>
#include <stdatomic.h>
#include <ucontext.h>

#include "show.h"

static atomic_int hits[32], ready;
static __thread int me = -1;
static pthread_t t[8];

static void on_signal(int sig UNUSED)
{
	hits[me < 0 ? 31 : me]++;
}

static void *sleeper(void *arg)
{
	struct timespec ts = {100, 0};
	sigset_t set;

	me = (long)arg;
	if (me >= 4) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR2);
		pthread_sigmask(SIG_BLOCK, &set, NULL);
	}
	ready++;
	while (hits[me] < (me >= 4 ? 1 : 2))
		nanosleep(&ts, NULL);
	return NULL;
}

static void to_each(void)
{
	TITLE("to each");
	handle(SIGUSR1, on_signal, 0);
	handle(SIGUSR2, on_signal, 0);
	for (long i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, sleeper, (void *)i);
	while (ready < 8)
		usleep(1000);
	for (int i = 0; i < 8; i++) {
		SHOW_NUM(pthread_kill(t[i], SIGUSR1));
		while (hits[i] < 1)
			usleep(100);
	}
	for (int i = 0; i < 4; i++)
		pthread_kill(t[i], SIGUSR2);
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], NULL);
		printf("thread %d: %d\n", i, hits[i]);
	}
	printf("main: %d\n", hits[31]);
}

static void *taker(void *arg UNUSED)
{
	sigset_t set;

	me = 0;
	sigemptyset(&set);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	ready++;
	while (hits[0] < 5)
		pause();
	return NULL;
}

/* All others block it: the one that does not has to take it */
static void to_process(void)
{
	sigset_t set;

	TITLE("to the process");
	memset(hits, 0, sizeof(hits));
	ready = 0;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_create(&t[0], NULL, taker, NULL);
	while (!ready)
		usleep(1000);
	for (int i = 0; i < 5; i++) {
		kill(getpid(), SIGUSR1);
		while (hits[0] <= i)
			pthread_kill(t[0], 0), usleep(100);
	}
	pthread_join(t[0], NULL);
	printf("taker: %d main: %d\n", hits[0], hits[31]);
	SHOW_NUM(pthread_sigmask(SIG_BLOCK, NULL, &set));
	SHOW(sigismember(&set, SIGUSR1));
}

static void *collector(void *arg)
{
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGTERM);
	for (int n = 0;; n++) {
		int sig = sigwaitinfo(&set, &info);

		if (sig == SIGTERM)
			break;
		*(long *)arg += info.si_value.sival_int;
	}
	return NULL;
}

static void waiting(void)
{
	long total = 0;
	sigset_t set;

	TITLE("a thread that waits for signals");
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_create(&t[0], NULL, collector, &total);
	for (int i = 1; i <= 100; i++) {
		while (sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i}))
			usleep(1000);
	}
	/* Lower numbers come first: be sure that it has seen the others */
	do {
		sigpending(&set);
		usleep(1000);
	} while (sigismember(&set, SIGRTMIN));
	kill(getpid(), SIGTERM);
	pthread_join(t[0], NULL);
	SHOW_NUM(total);
}

static void *reader(void *arg)
{
	int *p = arg;
	char c;
	long r;

	me = 1;
	ready++;
	r = SYS(read, p[0], &c, 1);
	return (void *)(r < 0 ? -(long)errno : r);
}

static void blocked(int flags)
{
	int p[2];
	void *ret;

	printf("--- a blocked thread, %s\n", flags ? "SA_RESTART" : "no flag");
	MUST(pipe(p));
	handle(SIGUSR2, on_signal, flags);
	memset(hits, 0, sizeof(hits));
	ready = 0;
	pthread_create(&t[0], NULL, reader, p);
	while (!ready)
		usleep(1000);
	usleep(30000);
	pthread_kill(t[0], SIGUSR2);
	while (!hits[1])
		usleep(1000);
	usleep(20000);
	write(p[1], "x", 1);
	pthread_join(t[0], &ret);
	SHOW_NUM((long)ret);
	close(p[0]);
	close(p[1]);
}

static void *with_timer(void *arg UNUSED)
{
	struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 4};
	struct itimerspec it = {{0, 5000000}, {0, 5000000}};
	int id;

	me = 2;
	ev._sigev_un._tid = gettid();
	MUST(SYS(timer_create, CLOCK_MONOTONIC, &ev, &id));
	MUST(SYS(timer_settime, id, 0, &it, NULL));
	while (hits[2] < 5)
		pause();
	MUST(SYS(timer_delete, id));
	return NULL;
}

static void timers(void)
{
	TITLE("a timer for a thread");
	memset(hits, 0, sizeof(hits));
	handle(SIGRTMIN + 4, on_signal, 0);
	pthread_create(&t[0], NULL, with_timer, NULL);
	pthread_join(t[0], NULL);
	SHOW_TRUE(hits[2] >= 5 && hits[31] == 0);
}

static void *faulter(void *arg)
{
	static char stacks[4][32768];
	stack_t ss = {.ss_sp = stacks[(long)arg], .ss_size = 32768};

	sigaltstack(&ss, NULL);
	me = (long)arg;
	/* An instruction of a known length */
	for (int i = 0; i < 50; i++)
		asm volatile("movb $1, (%0)" ::"a"((long)arg * 4096 + 8) : "memory");
	return NULL;
}

static void on_fault(int sig UNUSED, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	hits[me]++;
	if ((uintptr_t)info->si_addr != me * 4096ul + 8)
		hits[30]++;
	/* Step over `movb $1, (%rax)` */
	uc->uc_mcontext.gregs[REG_RIP] += 3;
}

static void faults(void)
{
	TITLE("faults in several threads");
	memset(hits, 0, sizeof(hits));
	handle_info(SIGSEGV, on_fault, SA_ONSTACK);
	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, faulter, (void *)i);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		printf("thread %d: %d\n", i, hits[i]);
	}
	SHOW_NUM(hits[30]);
}

int main(void)
{
	to_each();
	to_process();
	waiting();
	blocked(0);
	blocked(SA_RESTART);
	timers();
	faults();
	return 0;
}
