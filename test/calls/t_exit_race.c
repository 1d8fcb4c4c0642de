/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes whose threads end them while the first one still makes threads: whoever is first, each has to end. */
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "show.h"

#define ROUNDS	60
#define THREADS 16

static volatile int running;

static void *ender(void *at)
{
	struct timespec little = { 0, 10000 };

	__atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
	while (running < (int)(long)at)
		nanosleep(&little, NULL);
	syscall(SYS_exit_group, 7);
	return NULL;
}

/* They end it when @at of THREADS run */
static void child(int at)
{
	pthread_t thread;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, ender, (void *)(long)at);
	for (;;)
		pause();
}

int main(void)
{
	int ended = 0, status;

	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = fork();

		if (!pid)
			child(1 + i % THREADS);
		if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7)
			ended++;
	}
	printf("%d of %d ended\n", ended, ROUNDS);
	return 0;
}
