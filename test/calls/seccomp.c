/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seccomp: filters of a program's own, which hold for its threads, children and what they execute; strict mode. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "show.h"

#define ON(number, verdict)                                                                                            \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, (verdict))

/* A filter: one verdict for one call, everything else is allowed */
#define FILTER(name, number, verdict)                                                                                  \
	struct sock_filter name##_code[] = {                                                                           \
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),                                 \
		ON(number, verdict),                                                                                   \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),                                                          \
	};                                                                                                             \
	struct sock_fprog name = { NELEM(name##_code), name##_code }

#define ERRNO(error) (SECCOMP_RET_ERRNO | (error))

static const char *self;

static void no_new_privs(void)
{
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* How a child ends that does this */
static void show_end(const char *what, void (*act)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = MUST(fork());
	if (!pid) {
		act();
		fflush(stdout);
		_exit(7);
	}
	MUST(waitpid(pid, &status, 0));
	if (WIFSIGNALED(status))
		printf("%s: killed by %s\n", what, sigabbrev_np(WTERMSIG(status)));
	else
		printf("%s: status %d\n", what, WEXITSTATUS(status));
}

static void refusals(void)
{
	FILTER(filter, SYS_getuid, ERRNO(EPERM));
	struct sock_fprog empty = { 0, filter_code }, missing = { 3, BAD };
	struct sock_filter wrong_code[] = { BPF_STMT(BPF_RET | 0x40, 0) };
	struct sock_fprog wrong = { 1, wrong_code };

	SHOW(SYS(seccomp, SECCOMP_SET_MODE_FILTER, 1u << 30, &filter));
	SHOW(SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, BAD));
	SHOW(SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, &empty));
	if (getuid()) {
		SHOW(SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, &missing));
		SHOW(SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter));
		SHOW(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter));
	}
	no_new_privs();
	SHOW(SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, &missing));
	SHOW(SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, &wrong));
	SHOW(SYS(seccomp, SECCOMP_SET_MODE_STRICT, 1, 0));
	SHOW(SYS(seccomp, SECCOMP_SET_MODE_STRICT, 0, &filter));
	SHOW(prctl(PR_SET_SECCOMP, 77, &filter));
	SHOW(prctl(PR_GET_SECCOMP));
	SHOW(getuid() == geteuid());
}

static void install(struct sock_fprog *filter)
{
	MUST(SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, filter));
}

/* Several filters: the strictest verdict counts, whatever the order; a child has them, too */
static void stacked(void)
{
	FILTER(getuid_eperm, SYS_getuid, ERRNO(EPERM));
	FILTER(getuid_enoent, SYS_getuid, ERRNO(ENOENT));
	FILTER(sched_yield_eio, SYS_sched_yield, ERRNO(EIO));
	FILTER(write_trap, SYS_getpgid, SECCOMP_RET_KILL_PROCESS);

	no_new_privs();
	install(&getuid_eperm);
	SHOW(prctl(PR_GET_SECCOMP));
	SHOW(SYS(seccomp, SECCOMP_SET_MODE_STRICT, 0, 0));
	SHOW(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
	SHOW(SYS(getuid));
	SHOW(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &getuid_enoent));
	SHOW(SYS(getuid));
	install(&sched_yield_eio);
	SHOW(SYS(sched_yield));
	fflush(stdout);
	if (!fork()) {
		SHOW(SYS(sched_yield));
		SHOW(SYS(getuid));
		install(&write_trap);
		fflush(stdout);
		SYS(getpgid, 0);
		_exit(1);
	}
	int status;

	MUST(wait(&status));
	SHOW_NUM(WIFSIGNALED(status) ? WTERMSIG(status) : -1);
}

static void on_sigsys(int signo, siginfo_t *info, void *context)
{
	(void)context;
	printf("handler: %s, code %d, call %d, errno %d\n", sigabbrev_np(signo), info->si_code, info->si_syscall,
	       info->si_errno);
}

static void trapped(void)
{
	FILTER(filter, SYS_getppid, SECCOMP_RET_TRAP | 5);
	FILTER(local, SYS_sched_yield, SECCOMP_RET_TRAP | 6);
	struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };

	MUST(sigaction(SIGSYS, &action, NULL));
	no_new_privs();
	install(&filter);
	install(&local);
	SYS(getppid);
	SYS(sched_yield);
	signal(SIGSYS, SIG_DFL);
	fflush(stdout);
	SYS(getppid);
}

static void killed(void)
{
	FILTER(filter, SYS_getppid, SECCOMP_RET_KILL_PROCESS);

	no_new_privs();
	install(&filter);
	SYS(getppid);
}

static void strict(void)
{
	static const char text[] = "strict: write is allowed\n";

	fflush(stdout);
	if (SYS(prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0))
		_exit(3);
	SYS(write, 1, text, sizeof(text) - 1);
	SYS(exit, 5);
}

static void strict_violated(void)
{
	fflush(stdout);
	if (SYS(seccomp, SECCOMP_SET_MODE_STRICT, 0, 0))
		_exit(3);
	SYS(getpid);
	SYS(exit, 5);
}

static void *yield_often(void *result)
{
	for (int i = 0; i < 1000 && !*(volatile long *)result; i++) {
		errno = 0;
		*(long *)result = SYS(sched_yield) < 0 ? errno : 0;
		usleep(10000);
	}
	return NULL;
}

/* A thread gets another's filter if it is to */
static void synchronized(void)
{
	FILTER(filter, SYS_sched_yield, ERRNO(EXDEV));
	FILTER(more, SYS_getuid, ERRNO(EDOM));
	pthread_t thread;
	long result = 0;

	no_new_privs();
	MUST(pthread_create(&thread, NULL, yield_often, &result));
	SHOW(SYS(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter));
	pthread_join(thread, NULL);
	SHOW_STR(strerrorname_np((int)result));
	install(&more);
	execl(self, self, "again", NULL);
}

static void *thread_killed(void *arg)
{
	FILTER(filter, SYS_getppid, SECCOMP_RET_KILL_THREAD);

	(void)arg;
	install(&filter);
	SYS(getppid);
	_exit(9);
}

/* The others go on */
static void one_killed(void)
{
	pthread_t thread;

	no_new_privs();
	MUST(pthread_create(&thread, NULL, thread_killed, NULL));
	pthread_join(thread, NULL);
	SHOW_TRUE(getppid() > 0);
}

/* What is executed has them, and its children, and what these execute */
static void executed(void)
{
	FILTER(getuid_eperm, SYS_getuid, ERRNO(EPERM));
	FILTER(yield_eio, SYS_sched_yield, ERRNO(EIO));
	FILTER(getppid_killed, SYS_getppid, SECCOMP_RET_KILL_PROCESS);
	FILTER(no_more, SYS_seccomp, ERRNO(EACCES));

	no_new_privs();
	install(&getuid_eperm);
	install(&yield_eio);
	MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &getppid_killed));
	install(&no_more);
	MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &yield_eio));
	execl(self, self, "again", NULL);
}

static void ask_parent(void)
{
	SYS(getppid);
}

static void exec_once_more(void)
{
	execl(self, self, "last", NULL);
}

/* What is left in a program that was executed */
static int again(const char *which)
{
	printf("%s\n", which);
	SHOW(SYS(getuid));
	SHOW(SYS(sched_yield));
	SHOW(SYS(seccomp, 77, 0, 0));
	SHOW(prctl(PR_GET_SECCOMP));
	SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	if (!strcmp(which, "again"))
		show_end("exec again", exec_once_more);
	show_end("getppid", ask_parent);
	fflush(stdout);
	return 11;
}

int main(int argc, char **argv)
{
	self = "/proc/self/exe";
	if (argc > 1)
		return again(argv[1]);
	show_end("refusals", refusals);
	show_end("stacked", stacked);
	show_end("trapped", trapped);
	show_end("killed", killed);
	show_end("strict", strict);
	show_end("strict violated", strict_violated);
	show_end("synchronized", synchronized);
	show_end("one killed", one_killed);
	show_end("executed", executed);
	return 0;
}
