/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Robust mutexes whose owner dies, priority inheritance, futex operations between threads, requeueing. */
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>

#include "show.h"

static pthread_mutex_t mutex;

static void *die_holding(void *arg)
{
	pthread_mutex_lock(&mutex);
	if (arg)
		pthread_exit(NULL);
	syscall(SYS_exit, 0);
	return NULL;
}

static void robust(int protocol)
{
	pthread_mutexattr_t attr;
	pthread_t t;

	printf("--- robust, protocol %d\n", protocol);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setprotocol(&attr, protocol);
	MUST(-!!pthread_mutex_init(&mutex, &attr));
	pthread_create(&t, NULL, die_holding, (void *)1);
	pthread_join(t, NULL);
	SHOW_STR(show_errno(pthread_mutex_lock(&mutex)));
	SHOW_NUM(pthread_mutex_consistent(&mutex));
	SHOW_NUM(pthread_mutex_unlock(&mutex));
	SHOW_NUM(pthread_mutex_lock(&mutex));
	SHOW_NUM(pthread_mutex_unlock(&mutex));
	pthread_create(&t, NULL, die_holding, NULL);
	pthread_join(t, NULL);
	SHOW_STR(show_errno(pthread_mutex_trylock(&mutex)));
	SHOW_NUM(pthread_mutex_unlock(&mutex));
	SHOW_STR(show_errno(pthread_mutex_lock(&mutex)));
}

static atomic_int word, other, woken;
static atomic_int tids[8];

static void *waiter(void *arg)
{
	int bits = 1 << (long)arg;

	tids[(long)arg] = gettid();
	syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, bits);
	woken |= bits;
	return NULL;
}

/* Until thread @i is asleep, as the kernel tells */
static void asleep(int i)
{
	char path[64], line[200];
	int fd;

	while (!tids[i])
		usleep(100);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tids[i]);
	for (;;) {
		ssize_t n;

		fd = open(path, O_RDONLY);
		n = read(fd, line, sizeof(line) - 1);
		close(fd);
		line[n > 0 ? n : 0] = 0;
		if (strstr(line, ") S"))
			break;
		usleep(100);
	}
	/* The state at home may be that of waiting for orders: give the worker time too */
	usleep(20000);
}

static void bitsets(void)
{
	pthread_t t[4];

	TITLE("bit sets and requeueing");
	for (long i = 0; i < 4; i++) {
		pthread_create(&t[i], NULL, waiter, (void *)i);
		asleep(i);
	}
	SHOW(SYS(futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 5));
	pthread_join(t[0], NULL);
	pthread_join(t[2], NULL);
	SHOW_NUM(woken);
	SHOW(SYS(futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 10, &other, 0));
	SHOW(SYS(futex, &word, FUTEX_WAKE_PRIVATE, 10));
	SHOW(SYS(futex, &other, FUTEX_WAKE_PRIVATE, 10));
	pthread_join(t[1], NULL);
	pthread_join(t[3], NULL);
	SHOW_NUM(woken);
}

static void *locker(void *arg)
{
	long r = syscall(SYS_futex, &word, FUTEX_LOCK_PI_PRIVATE, 0, NULL);

	*(int *)arg = r ? errno : (word & FUTEX_TID_MASK) == gettid();
	syscall(SYS_futex, &word, FUTEX_UNLOCK_PI_PRIVATE);
	return NULL;
}

static void inheritance(void)
{
	int result[4];
	pthread_t t[4];

	TITLE("priority inheritance");
	word = 0;
	SHOW(SYS(futex, &word, FUTEX_LOCK_PI_PRIVATE, 0, NULL));
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, locker, &result[i]);
	usleep(50000);
	SHOW(SYS(futex, &word, FUTEX_UNLOCK_PI_PRIVATE));
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		SHOW_NUM(result[i]);
	}
	SHOW_NUM(word & FUTEX_TID_MASK);
	word = 0x3ffffff0;
	SHOW(SYS(futex, &word, FUTEX_LOCK_PI_PRIVATE, 0, NULL));
}

int main(void)
{
	robust(PTHREAD_PRIO_NONE);
	robust(PTHREAD_PRIO_INHERIT);
	bitsets();
	inheritance();
	return 0;
}
