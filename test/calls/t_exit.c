/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LIMIT: 120
 *
 * How threads and their process end, in every order: the leader first, another calls exit, all at once, while others
 * block, while others are being created. Each case is a child of its own, so that its status shows.
 */
#include <pthread.h>
#include <semaphore.h>

#include "show.h"

static sem_t sem;

static void *idle(void *arg)
{
	char c;
	int p[2];

	switch ((long)arg % 5) {
	case 0:
		for (;;)
			pause();
	case 1:
		for (;;)
			;
	case 2:
		MUST(pipe(p));
		read(p[0], &c, 1);
		break;
	case 3:
		for (;;)
			SYS(getppid);
	default:
		sem_wait(&sem);
	}
	return NULL;
}

static void *exit_later(void *arg)
{
	usleep(30000);
	exit((long)arg);
}

static void *exit_raw(void *arg)
{
	usleep(30000);
	syscall(SYS_exit_group, (long)arg);
	return NULL;
}

static void *thread_exit(void *arg)
{
	syscall(SYS_exit, (long)arg);
	return NULL;
}

static void start(int n, void *(*fn)(void *))
{
	pthread_t t;

	for (long i = 0; i < n; i++)
		pthread_create(&t, NULL, fn, (void *)i);
}

static void returns(void)
{
	start(10, idle);
	usleep(20000);
	exit(11);
}
static void leader_first(void)
{
	pthread_t t;
	start(5, idle);
	pthread_create(&t, NULL, exit_later, (void *)12);
	pthread_exit(NULL);
}
static void leader_first_raw(void)
{
	pthread_t t;
	pthread_create(&t, NULL, exit_raw, (void *)13);
	syscall(SYS_exit, 99);
}
static void *leave(void *arg)
{
	syscall(SYS_exit, 14);
	return arg;
}
static void all_leave(void)
{
	start(10, leave);
	syscall(SYS_exit, 14);
}
static void last_one(void)
{
	pthread_t t;
	pthread_create(&t, NULL, thread_exit, (void *)77);
	pthread_join(t, NULL);
	pthread_exit(NULL);
}
static void several_exit(void)
{
	for (int i = 0; i < 8; i++) {
		pthread_t t;
		pthread_create(&t, NULL, exit_raw, (void *)15);
	}
	for (;;)
		pause();
}
static void killed(void)
{
	start(10, idle);
	usleep(20000);
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}
static void terminated(void)
{
	start(10, idle);
	usleep(20000);
	kill(getpid(), SIGTERM);
	for (;;)
		pause();
}
static void *segv(void *arg)
{
	usleep(20000);
	*(volatile char *)8 = 1;
	return arg;
}
static void crashed(void)
{
	pthread_t t;
	start(5, idle);
	pthread_create(&t, NULL, segv, NULL);
	for (;;)
		pause();
}
static void *aborts(void *arg)
{
	abort();
	return arg;
}
static void aborted(void)
{
	pthread_t t;
	start(5, idle);
	pthread_create(&t, NULL, aborts, NULL);
	for (;;)
		pause();
}
static void *creates(void *arg)
{
	for (;;) {
		pthread_t t;
		if (!pthread_create(&t, NULL, thread_exit, NULL))
			pthread_detach(t);
	}
	return arg;
}
static void while_creating(void)
{
	pthread_t t;
	pthread_create(&t, NULL, creates, NULL);
	usleep(50000);
	_exit(16);
}
static void leader_gone_killed(void)
{
	start(3, idle);
	syscall(SYS_exit, 0);
}
static void fault_in_leaderless(void)
{
	pthread_t t;
	pthread_create(&t, NULL, segv, NULL);
	syscall(SYS_exit, 0);
}

static const struct {
	const char *name;
	void (*fn)(void);
	int kill_after_ms;
} row[] = {
	{"the leader returns", returns, 0},
	{"the leader leaves, another exits", leader_first, 0},
	{"the leader leaves by the raw call, another exits", leader_first_raw, 0},
	{"all leave one by one", all_leave, 0},
	{"the leader leaves last", last_one, 0},
	{"several exit at once", several_exit, 0},
	{"killed", killed, 0},
	{"terminated", terminated, 0},
	{"a thread crashes", crashed, 0},
	{"a thread aborts", aborted, 0},
	{"exit while threads are created", while_creating, 0},
	{"killed from outside after its leader has left", leader_gone_killed, 60},
	{"a thread crashes after its leader has left", fault_in_leaderless, 0},
};

int main(void)
{
	for (size_t i = 0; i < NELEM(row); i++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			sem_init(&sem, 0, 0);
			row[i].fn();
			_exit(98);
		}
		if (row[i].kill_after_ms) {
			usleep(row[i].kill_after_ms * 1000);
			SHOW(waitpid(pid, &status, WNOHANG));
			kill(pid, SIGKILL);
		}
		MUST(waitpid(pid, &status, 0));
		printf("%s: %s %d\n", row[i].name, WIFSIGNALED(status) ? "signal" : "status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	SHOW(wait(NULL));
	return 0;
}
