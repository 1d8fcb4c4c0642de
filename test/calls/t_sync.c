/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LIMIT: 120
 *
 * Mutexes of every kind, condition variables, read-write locks, barriers, semaphores, once, spin locks.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "show.h"

#define THREADS 8
#define ROUNDS	3000

static pthread_mutex_t mutex;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_spinlock_t spin;
static sem_t sem;
static volatile long counter;
static atomic_long serials;

static void *with_mutex(void *arg UNUSED)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void run(void *(*fn)(void *), int threads)
{
	pthread_t t[64];

	for (long i = 0; i < threads; i++)
		MUST(-!!pthread_create(&t[i], NULL, fn, (void *)i));
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
}

static void mutexes(void)
{
	static const int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK,
				    PTHREAD_MUTEX_ADAPTIVE_NP};
	static const int protocols[] = {PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT};
	struct timespec past = {1, 0};

	for (size_t p = 0; p < NELEM(protocols); p++) {
		for (size_t i = 0; i < NELEM(types); i++) {
			pthread_mutexattr_t attr;

			pthread_mutexattr_init(&attr);
			pthread_mutexattr_settype(&attr, types[i]);
			pthread_mutexattr_setprotocol(&attr, protocols[p]);
			MUST(-!!pthread_mutex_init(&mutex, &attr));
			counter = 0;
			run(with_mutex, THREADS);
			printf("mutex type %d protocol %d: %ld", types[i], protocols[p], counter);
			pthread_mutex_lock(&mutex);
			if (types[i] != PTHREAD_MUTEX_NORMAL && types[i] != PTHREAD_MUTEX_ADAPTIVE_NP)
				printf(" again %s", show_errno(pthread_mutex_lock(&mutex)));
			printf(" timed %s", show_errno(pthread_mutex_timedlock(&mutex, &past)));
			printf(" unlock %d\n", pthread_mutex_unlock(&mutex));
			if (types[i] == PTHREAD_MUTEX_RECURSIVE)
				pthread_mutex_unlock(&mutex);
			if (types[i] == PTHREAD_MUTEX_ERRORCHECK)
				SHOW_STR(show_errno(pthread_mutex_unlock(&mutex)));
		}
	}
	pthread_mutex_init(&mutex, NULL);
}

/* A ball goes round: each waits for its number */
static void *with_condition(void *arg)
{
	long me = (long)arg;

	for (int i = 0; i < 300; i++) {
		pthread_mutex_lock(&mutex);
		while (counter % THREADS != me)
			pthread_cond_wait(&cond, &mutex);
		counter++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void conditions(void)
{
	struct timespec ts;
	pthread_condattr_t attr;
	pthread_cond_t c;

	counter = 0;
	run(with_condition, THREADS);
	printf("condition: %ld\n", counter);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c, &attr);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += 20000000;
	if (ts.tv_nsec >= 1000000000)
		ts.tv_sec++, ts.tv_nsec -= 1000000000;
	pthread_mutex_lock(&mutex);
	SHOW_STR(show_errno(pthread_cond_timedwait(&c, &mutex, &ts)));
	clock_gettime(CLOCK_REALTIME, &ts);
	SHOW_STR(show_errno(pthread_cond_timedwait(&cond, &mutex, &ts)));
	pthread_mutex_unlock(&mutex);
}

static void *with_rwlock(void *arg)
{
	long seen = 0;

	for (int i = 0; i < 1000; i++) {
		if ((long)arg < 2) {
			pthread_rwlock_wrlock(&rwlock);
			counter++;
			counter++;
			pthread_rwlock_unlock(&rwlock);
		} else {
			pthread_rwlock_rdlock(&rwlock);
			seen |= counter & 1;
			pthread_rwlock_unlock(&rwlock);
		}
	}
	serials += seen;
	return NULL;
}

static void *with_barrier(void *arg UNUSED)
{
	for (int i = 0; i < 200; i++) {
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			serials++;
	}
	return NULL;
}

static void *with_semaphore(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		if ((long)arg % 2)
			sem_post(&sem);
		else
			while (sem_wait(&sem))
				;
	}
	return NULL;
}

static void *with_spin(void *arg UNUSED)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_spin_lock(&spin);
		counter++;
		pthread_spin_unlock(&spin);
		if (i % 100 == 0)
			sched_yield();
	}
	return NULL;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void only_once(void)
{
	usleep(10000);
	serials++;
}

static void *with_once(void *arg UNUSED)
{
	pthread_once(&once, only_once);
	return NULL;
}

static void rest(void)
{
	struct timespec past = {1, 0};
	int value;

	counter = serials = 0;
	run(with_rwlock, THREADS);
	printf("rwlock: %ld, torn %ld\n", counter, (long)serials);
	pthread_rwlock_rdlock(&rwlock);
	SHOW_STR(show_errno(pthread_rwlock_trywrlock(&rwlock)));
	SHOW_NUM(pthread_rwlock_tryrdlock(&rwlock));
	SHOW_STR(show_errno(pthread_rwlock_timedwrlock(&rwlock, &past)));
	pthread_barrier_init(&barrier, NULL, THREADS);
	serials = 0;
	run(with_barrier, THREADS);
	printf("barrier: %ld\n", (long)serials);
	sem_init(&sem, 0, 0);
	run(with_semaphore, THREADS);
	sem_getvalue(&sem, &value);
	printf("semaphore: %d\n", value);
	SHOW(sem_trywait(&sem));
	SHOW(sem_timedwait(&sem, &past));
	pthread_spin_init(&spin, 0);
	counter = 0;
	run(with_spin, 3);
	printf("spin: %ld\n", counter);
	serials = 0;
	run(with_once, 20);
	printf("once: %ld\n", (long)serials);
}

int main(void)
{
	mutexes();
	conditions();
	rest();
	return 0;
}
