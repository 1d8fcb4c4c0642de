/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crowd: have as many children as possible, then as many threads, and say why there are not more; twice. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 10000

static pid_t child[MOST];
static pthread_t thread[MOST];
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *thread_main(void *arg)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return arg;
}

static void children(void)
{
	int nr = 0;

	for (; nr < MOST; nr++) {
		child[nr] = fork();
		if (!child[nr]) {
			pause();
			_exit(0);
		}
		if (child[nr] < 0)
			break;
	}
	printf("%d children: %s\n", nr, strerror(errno));
	fflush(stdout);
	for (int i = 0; i < nr; i++)
		kill(child[i], SIGKILL);
	for (int i = 0; i < nr; i++)
		waitpid(child[i], NULL, 0);
}

static void threads(void)
{
	pthread_attr_t attr;
	int nr = 0, err = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	pthread_mutex_lock(&gate);
	for (; nr < MOST && !err; nr += !err)
		err = pthread_create(&thread[nr], &attr, thread_main, NULL);
	printf("%d threads: %s\n", nr, strerror(err));
	fflush(stdout);
	pthread_mutex_unlock(&gate);
	for (int i = 0; i < nr; i++)
		pthread_join(thread[i], NULL);
}

int main(void)
{
	for (int i = 0; i < 2; i++) {
		children();
		threads();
	}
	return 0;
}
