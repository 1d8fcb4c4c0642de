/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exec from the leader and from others, with threads that block, compute or make calls; what the new image has. */
#include <pthread.h>

#include "show.h"

static char *self;

static void *idle(void *arg)
{
	char c;
	int p[2];

	if ((long)arg % 3 == 0)
		for (;;)
			;
	if ((long)arg % 3 == 1)
		for (;;)
			SYS(getppid);
	MUST(pipe2(p, O_CLOEXEC));
	read(p[0], &c, 1);
	return NULL;
}

static void *exec_it(void *arg)
{
	char pid[16];

	usleep(20000);
	snprintf(pid, sizeof(pid), "%d", getpid());
	execl(self, self, "new", pid, (char *)arg, NULL);
	printf("exec fails: %s\n", show_errno(errno));
	return NULL;
}

/* The new image: one thread, which is the leader, under the old pid */
static int new_image(char **argv)
{
	int threads = 0;
	char line[200];
	FILE *f = fopen("/proc/self/status", "r");
	sigset_t set;

	while (fgets(line, sizeof(line), f))
		sscanf(line, "Threads: %d", &threads);
	printf("  %s: pid kept %d, leader %d, threads %d\n", argv[3], getpid() == atoi(argv[2]), getpid() == gettid(),
	       threads);
	sigpending(&set);
	printf("  pending %d", sigismember(&set, SIGUSR1));
	sigprocmask(SIG_BLOCK, NULL, &set);
	printf(" blocked %d\n", sigismember(&set, SIGUSR1));
	return 5;
}

static void try(const char *name, bool leader, int others, bool pending)
{
	pthread_t t;
	sigset_t set;
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (pending) {
			sigemptyset(&set);
			sigaddset(&set, SIGUSR1);
			sigprocmask(SIG_BLOCK, &set, NULL);
			kill(getpid(), SIGUSR1);
		}
		for (long i = 0; i < others; i++)
			pthread_create(&t, NULL, idle, (void *)i);
		if (leader)
			exec_it((void *)name);
		pthread_create(&t, NULL, exec_it, (void *)name);
		for (;;)
			pause();
	}
	MUST(waitpid(pid, &status, 0));
	printf("%s: %d\n", name, status);
}

static void *fail(void *arg UNUSED)
{
	SHOW(execl("/nonexistent", "x", NULL));
	SHOW(execl("/etc/passwd", "x", NULL));
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t;

	self = argv[0];
	if (argc > 3)
		return new_image(argv);
	try("leader alone", true, 0, false);
	try("leader with others", true, 6, false);
	try("another thread", false, 0, false);
	try("another thread with others", false, 6, false);
	try("signals stay pending", false, 3, true);
	/* One that fails changes nothing */
	pthread_create(&t, NULL, fail, NULL);
	pthread_join(t, NULL);
	SHOW_TRUE(getpid() == gettid());
	return 0;
}
