/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who sends himself a signal that is his end does not come back from that: not to his program, and not to his exit. */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 20

static void by_kill(int sig)
{
	kill(getpid(), sig);
}

static void by_tgkill(int sig)
{
	syscall(SYS_tgkill, getpid(), gettid(), sig);
}

static void by_queue(int sig)
{
	sigqueue(getpid(), sig, (union sigval){ .sival_int = 7 });
}

static const struct {
	const char *name;
	void (*send)(int sig);
} ways[] = { { "kill", by_kill }, { "tgkill", by_tgkill }, { "sigqueue", by_queue } };

static const int signals[] = { SIGTERM, SIGUSR1, SIGABRT, SIGSEGV, SIGPROF, SIGKILL };

int main(void)
{
	volatile int *came_back = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct rlimit none = { 0 };

	setrlimit(RLIMIT_CORE, &none);
	for (unsigned int w = 0; w < sizeof(ways) / sizeof(*ways); w++) {
		for (unsigned int s = 0; s < sizeof(signals) / sizeof(*signals); s++) {
			int killed = 0;

			*came_back = 0;
			for (int i = 0; i < ROUNDS; i++) {
				int status = 0;
				pid_t pid = fork();

				if (!pid) {
					ways[w].send(signals[s]);
					++*came_back;
					_exit(0);
				}
				waitpid(pid, &status, 0);
				killed += WIFSIGNALED(status) && WTERMSIG(status) == signals[s];
			}
			printf("%s %d: %d of %d killed, %d came back\n", ways[w].name, signals[s], killed, ROUNDS,
			       *came_back);
		}
	}
	return 0;
}
