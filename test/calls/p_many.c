/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LIMIT: 120
 *
 * Many: a thousand processes at once, two hundred threads at once, hundreds of both one after the other; nothing is left.
 */
#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>

#include "show.h"

#define PROCESSES 1000
#define THREADS	  200
#define BIRTHS	  500

static pthread_barrier_t barrier;

/* All at once: each answers a question when it is asked, and all of them are there until then */
static void processes(void)
{
	int ask[2], answer[2], status, good = 0, alive = 0;
	static pid_t pid[PROCESSES];
	char c;

	MUST(pipe(ask));
	MUST(pipe(answer));
	for (int i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		if (pid[i] < 0) {
			printf("process %d: %s\n", i, show_errno(errno));
			break;
		}
		if (!pid[i]) {
			close(ask[1]);
			c = (char)(getppid() != 1);
			write(answer[1], &c, 1);
			read(ask[0], &c, 1);
			_exit(i % 100);
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		good += read(answer[0], &c, 1) == 1 && c;
	printf("%d processes answer\n", good);
	for (int i = 0; i < PROCESSES; i++)
		alive += !kill(pid[i], 0);
	printf("%d are alive\n", alive);
	close(ask[1]);
	good = 0;
	for (int i = 0; i < PROCESSES; i++)
		good += waitpid(pid[i], &status, 0) == pid[i] && WEXITSTATUS(status) == i % 100;
	printf("%d have ended well\n", good);
	close(ask[0]);
	close(answer[0]);
	close(answer[1]);
}

/* Each makes calls while all others are there */
static void *busy(void *arg)
{
	long sum = 0;

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 10; i++)
		sum += getppid() == (pid_t)(long)arg;
	pthread_barrier_wait(&barrier);
	return (void *)sum;
}

static void *nothing(void *arg)
{
	return arg;
}

static int entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void threads(void)
{
	pthread_t thread[THREADS];
	long sum = 0;
	void *ret;

	MUST(pthread_barrier_init(&barrier, NULL, THREADS + 1));
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(&thread[i], NULL, busy, (void *)(long)getppid()));
	pthread_barrier_wait(&barrier);
	printf("%d threads\n", entries("/proc/self/task") - 1);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS; i++) {
		MUST(pthread_join(thread[i], &ret));
		sum += (long)ret;
	}
	printf("%ld good calls\n", sum);
}

static void births(void)
{
	int good = 0, status;
	pthread_t thread;
	void *ret;

	for (long i = 0; i < BIRTHS; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit((int)i % 100);
		good += waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == i % 100;
	}
	printf("%d births of processes\n", good);
	good = 0;
	for (long i = 0; i < BIRTHS; i++)
		good += !pthread_create(&thread, NULL, nothing, (void *)i) && !pthread_join(thread, &ret) &&
			ret == (void *)i;
	printf("%d births of threads\n", good);
}

int main(void)
{
	int before = entries("/proc/self/fd"), left;

	processes();
	threads();
	births();
	SHOW(waitpid(-1, NULL, 0));
	SHOW_TRUE(entries("/proc/self/fd") == before);
	/* pthread_join returns when a thread is almost gone */
	for (int i = 0; (left = entries("/proc/self/task")) != 1 && i < 1000; i++)
		usleep(1000);
	printf("%d thread left\n", left);
	return 0;
}
