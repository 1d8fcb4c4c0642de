/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LIMIT: 120
 *
 * Threads by the hundred: created, joined, detached, cancelled, with stacks of their own, with thread-local storage.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "show.h"

static __thread int local = 7;
static __thread char room[5000];
static pthread_key_t key;
static atomic_int destroyed, detached, cleaned;

static void on_destroy(void *value UNUSED)
{
	destroyed++;
}

static void *sum(void *arg)
{
	long n = (long)arg, total = 0;

	local += n;
	room[n % 5000] = 1;
	pthread_setspecific(key, arg);
	for (long i = 0; i <= n; i++)
		total += i;
	return (void *)(total + local - 7 - n + room[(n + 1) % 5000]);
}

static void many(int count)
{
	static pthread_t t[1000];
	long total = 0;
	void *ret;

	for (long i = 0; i < count; i++)
		MUST(-!!pthread_create(&t[i], NULL, sum, (void *)i));
	for (int i = 0; i < count; i++) {
		pthread_join(t[i], &ret);
		total += (long)ret;
	}
	printf("%d threads: total %ld\n", count, total);
}

/* One after the other: stacks and ids are used again */
static void series(int count)
{
	long total = 0;
	pthread_t t;
	void *ret;

	for (long i = 0; i < count; i++) {
		MUST(-!!pthread_create(&t, NULL, sum, (void *)i));
		pthread_join(t, &ret);
		total += (long)ret;
	}
	printf("%d in series: total %ld\n", count, total);
}

static void *spawn(void *arg)
{
	long depth = (long)arg;
	pthread_t t;
	void *ret = NULL;

	if (depth > 0) {
		pthread_create(&t, NULL, spawn, (void *)(depth - 1));
		pthread_join(t, &ret);
	}
	return (void *)((long)ret + depth);
}

static void *detach(void *arg)
{
	usleep((long)arg);
	detached++;
	return NULL;
}

static void detaching(void)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (long i = 0; i < 50; i++)
		MUST(-!!pthread_create(&t, &attr, detach, (void *)(i * 100)));
	while (detached < 50)
		usleep(1000);
	SHOW_NUM(detached);
	SHOW_STR(show_errno(pthread_create(&t, NULL, detach, NULL)));
	SHOW_NUM(pthread_detach(t));
}

static void *on_own_stack(void *stack)
{
	char here;

	memset(&here - 10000, 0x5a, 100);
	return (void *)(long)(&here > (char *)stack && &here < (char *)stack + (1 << 20));
}

static void stacks(void)
{
	pthread_attr_t attr;
	char *stack = pages(1 << 20);
	pthread_t t;
	void *ret;
	size_t size;

	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, 1 << 20);
	pthread_create(&t, &attr, on_own_stack, stack);
	pthread_join(t, &ret);
	SHOW_NUM((long)ret);
	pthread_attr_init(&attr);
	SHOW_NUM(pthread_attr_setstacksize(&attr, 16384));
	SHOW_NUM(pthread_create(&t, &attr, sum, (void *)3));
	pthread_join(t, &ret);
	SHOW_NUM((long)ret);
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstacksize(&attr, &size);
	/* Where it ends depends on how addresses are randomized */
	SHOW_TRUE(size > (7 << 20) && size <= (8 << 20));
}

static void on_clean(void *arg)
{
	cleaned += (long)arg;
}

static void *wait_for_ever(void *arg)
{
	int p[2];

	pthread_cleanup_push(on_clean, (void *)1);
	if (arg)
		MUST(pipe(p));
	for (;;) {
		if (arg)
			read(p[0], p, 1);
		else
			pause();
	}
	pthread_cleanup_pop(0);
	return NULL;
}

static void *spin_for_ever(void *arg)
{
	volatile bool going = true;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	while (going)
		;
	return arg;
}

static void cancelling(void)
{
	pthread_t t[3];
	void *ret;

	pthread_create(&t[0], NULL, wait_for_ever, NULL);
	pthread_create(&t[1], NULL, wait_for_ever, (void *)1);
	pthread_create(&t[2], NULL, spin_for_ever, NULL);
	usleep(20000);
	for (int i = 0; i < 3; i++) {
		SHOW_NUM(pthread_cancel(t[i]));
		pthread_join(t[i], &ret);
		SHOW_TRUE(ret == PTHREAD_CANCELED);
	}
	SHOW_NUM(cleaned);
}

int main(void)
{
	pthread_t t;
	void *ret;

	pthread_key_create(&key, on_destroy);
	many(10);
	many(100);
	many(500);
	series(500);
	SHOW_NUM(destroyed);
	pthread_create(&t, NULL, spawn, (void *)40);
	pthread_join(t, &ret);
	SHOW_NUM((long)ret);
	SHOW_NUM(local);
	detaching();
	stacks();
	cancelling();
	return 0;
}
