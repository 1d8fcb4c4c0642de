/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LIMIT: 120
 *
 * fork, vfork, raw clone: what the child has, what is shared and what is copied, deep trees, hundreds of children,
 * parents that are killed meanwhile.
 */
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>

#include "show.h"

static int data = 1;
static int zeroed[5000];

/* Wait for a child and print how it ended */
static void reap(const char *what, pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		printf("%s: %s\n", what, show_errno(errno));
	else
		printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "signal" : "status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void copies(void)
{
	char *heap = malloc(100000), *anon = pages(40960), *shared;
	int fd = MUST(open("shared", O_CREAT | O_RDWR, 0600)), before = data, p[2];
	pid_t pid, parent = getpid();
	char c = 0;

	TITLE("copies");
	fill(heap, 100000, 1);
	fill(anon, 40960, 2);
	shared = mmap(NULL, 40960, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(pipe(p));
	pid = fork();
	if (!pid) {
		SHOW_TRUE(getppid() == parent && getpid() != parent && getpid() == gettid());
		show_bytes("heap", heap, 100000);
		show_bytes("anonymous", anon, 40960);
		data = 2;
		zeroed[4000] = 5;
		memset(heap, 0, 100000);
		memset(anon, 0, 40960);
		strcpy(shared, "written by the child");
		write(fd, "child", 5);
		SHOW(lseek(fd, 0, SEEK_CUR));
		umask(0);
		MUST(chdir("/"));
		write(p[1], "x", 1);
		_exit(7);
	}
	read(p[0], &c, 1);
	reap("child", pid);
	SHOW_NUM(data == before && !zeroed[4000]);
	show_bytes("heap", heap, 100000);
	show_bytes("anonymous", anon, 40960);
	SHOW_STR(shared);
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW_NUM(umask(022));
	SHOW(access("shared", F_OK));
	close(fd);
}

/* What a child does not inherit */
static void not_inherited(void)
{
	struct itimerval it = {{0, 0}, {100, 0}};
	struct sigaction sa = {.sa_handler = SIG_IGN};
	struct flock fl = {.l_type = F_WRLCK};
	sigset_t set;
	pid_t pid;
	int fd = MUST(open("locked", O_CREAT | O_RDWR, 0600)), id;
	char name[20];

	TITLE("inherited or not");
	setitimer(ITIMER_REAL, &it, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR2);
	MUST(fcntl(fd, F_SETLK, &fl));
	prctl(PR_SET_NAME, "parent");
	prctl(PR_SET_PDEATHSIG, SIGHUP);
	MUST(SYS(timer_create, CLOCK_MONOTONIC, NULL, &id));
	pid = fork();
	if (!pid) {
		getitimer(ITIMER_REAL, &it);
		SHOW_NUM(it.it_value.tv_sec);
		sigaction(SIGUSR1, NULL, &sa);
		SHOW_TRUE(sa.sa_handler == SIG_IGN);
		sigpending(&set);
		SHOW(sigismember(&set, SIGUSR2));
		sigprocmask(SIG_BLOCK, NULL, &set);
		SHOW(sigismember(&set, SIGUSR2));
		fl.l_type = F_WRLCK;
		SHOW(fcntl(fd, F_SETLK, &fl));
		prctl(PR_GET_NAME, name);
		SHOW_STR(name);
		prctl(PR_GET_PDEATHSIG, &id);
		SHOW_NUM(id);
		SHOW(SYS(timer_delete, id));
		SHOW_TRUE(getpgrp() == getpgid(getppid()) && getsid(0) == getsid(getppid()));
		_exit(0);
	}
	reap("child", pid);
	SHOW_TRUE(setitimer(ITIMER_REAL, &(struct itimerval){0}, &it) == 0 && it.it_value.tv_sec > 90);
	handle(SIGUSR2, SIG_IGN, 0);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	prctl(PR_SET_PDEATHSIG, 0);
	close(fd);
}

static void vforks(void)
{
	static volatile int seen;
	pid_t pid;

	TITLE("vfork");
	seen = 0;
	pid = vfork();
	if (!pid) {
		seen = 77;
		_exit(3);
	}
	SHOW_NUM(seen);
	reap("vfork", pid);
	pid = vfork();
	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	reap("vfork and exec", pid);
	pid = vfork();
	if (!pid) {
		execl("/nonexistent", "x", NULL);
		_exit(errno);
	}
	reap("vfork and failing exec", pid);
}

static void on_signal(int sig UNUSED)
{
}

static void raw(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	pid_t parent_tid = 0, child_tid = 0;
	int pidfd = -1;
	long pid;

	TITLE("clone and clone3");
	pid = SYS(clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		_exit(21);
	reap("clone", pid);
	pid = SYS(clone, SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, 0, &parent_tid, &child_tid, 0);
	if (!pid)
		_exit(child_tid == getpid() ? 22 : 99);
	SHOW_TRUE(parent_tid == pid && child_tid == 0);
	reap("clone with tids", pid);
	/* On one stack: without a function to return from twice, and without one to call */
	asm volatile(
		"syscall; test %%rax, %%rax; jnz 1f; movl $55, %[data]; mov $23, %%edi; mov $60, %%eax; syscall; 1:"
		: "=a"(pid), [data] "+m"(data)
		: "a"(SYS_clone), "D"(CLONE_VM | CLONE_VFORK | SIGCHLD), "S"(0), "d"(0)
		: "rcx", "r11", "r10", "r8", "memory");
	SHOW_NUM(data);
	reap("clone as vfork", pid);
	pid = SYS(clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
	if (!pid)
		_exit(24);
	SHOW_NUM(pidfd);
	close(pidfd);
	reap("clone with pidfd", pid);
	pid = SYS(clone3, &args, sizeof(args));
	if (!pid)
		_exit(25);
	reap("clone3", pid);
	close(pidfd);
	handle(SIGUSR1, on_signal, 0);
	handle(SIGCHLD, on_signal, SA_RESTART);
	args.flags = CLONE_CLEAR_SIGHAND;
	pid = SYS(clone3, &args, sizeof(args));
	if (!pid) {
		struct sigaction usr1, chld;

		sigaction(SIGUSR1, NULL, &usr1);
		sigaction(SIGCHLD, NULL, &chld);
		_exit(usr1.sa_handler == SIG_DFL && chld.sa_handler == SIG_DFL ? 26 : 99);
	}
	reap("clone3 with default signals", pid);
	handle(SIGUSR1, SIG_DFL, 0);
	handle(SIGCHLD, SIG_DFL, 0);
	args.flags = 0;
	args.set_tid = (uintptr_t)&(pid_t){1};
	args.set_tid_size = 1;
	SHOW(SYS(clone3, &args, sizeof(args)) == -1);
	args.set_tid_size = 99;
	SHOW(SYS(clone3, &args, sizeof(args)));
	SHOW(SYS(clone, CLONE_PIDFD | SIGCHLD, 0, BAD, 0, 0));
	SHOW(SYS(clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0));
	SHOW(SYS(clone, CLONE_THREAD | SIGCHLD, 0, 0, 0, 0));
	SHOW(waitpid(-1, NULL, 0)); /* no child was left */
	pid = SYS(clone, CLONE_FILES | CLONE_FS | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		MUST(mkdir("moved", 0755));
		MUST(chdir("moved"));
		MUST(dup2(1, 100));
		_exit(27);
	}
	reap("clone with files and fs", pid);
	SHOW(fcntl(100, F_GETFD));
	SHOW(access("../moved", F_OK));
	MUST(chdir(".."));
	close(100);
	pid = SYS(clone, 0, 0, 0, 0, 0);
	if (!pid)
		_exit(28);
	SHOW(waitpid(pid, NULL, 0));
	SHOW(waitpid(pid, NULL, __WCLONE) == pid);
	pid = SYS(clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		_exit(0);
	SHOW(waitpid(pid, NULL, 0));
}

/* The number of descendants, after having made and waited for them */
static int grow(int generations)
{
	int status, n = 0;

	for (int i = 0; i < 4 && generations; i++) {
		if (!MUST(fork()))
			_exit(grow(generations - 1));
	}
	while (wait(&status) > 0)
		n += 1 + WEXITSTATUS(status);
	return n;
}

static void trees(void)
{
	int status;
	pid_t pid;

	TITLE("trees");
	/* A chain: each waits for its child and adds one */
	pid = fork();
	if (!pid) {
		for (int depth = 0; depth < 20; depth++) {
			pid = fork();
			if (pid) {
				waitpid(pid, &status, 0);
				_exit(WEXITSTATUS(status) + 1);
			}
		}
		_exit(1);
	}
	reap("chain of 20", pid);
	/* Three generations of four: each counts those below it */
	pid = fork();
	if (!pid)
		_exit(grow(3));
	reap("three generations", pid);
}

static void many(void)
{
	static pid_t pid[300];
	int status, sum = 0;

	TITLE("many");
	for (int i = 0; i < 300; i++) {
		pid[i] = MUST(fork());
		if (!pid[i])
			_exit(i % 100);
	}
	for (int i = 0; i < 300; i++) {
		MUST(waitpid(pid[i], &status, 0));
		sum += WEXITSTATUS(status);
	}
	SHOW_NUM(sum);
	for (int i = 0; i < 300; i++) {
		pid_t one = fork();

		if (!one)
			_exit(1);
		waitpid(one, &status, 0);
		sum += WEXITSTATUS(status);
	}
	SHOW_NUM(sum);
	SHOW(wait(NULL));
}

/* A large memory is not copied, and the child sees it all */
static void large(void)
{
	size_t size = 256ul << 20;
	unsigned char *p = pages(size);
	long sum = 0;
	pid_t pid;

	TITLE("large");
	for (size_t i = 0; i < size; i += 4096)
		p[i] = i >> 12;
	pid = fork();
	if (!pid) {
		for (size_t i = 0; i < size; i += 4096)
			sum += p[i] == (unsigned char)(i >> 12);
		p[0] = 99;
		_exit(sum == (long)(size >> 12) ? 31 : 99);
	}
	reap("child", pid);
	SHOW_NUM(p[0]);
	munmap(p, size);
}

/* Processes are killed while they fork: whatever became of their last child, it ends */
static void killed(void)
{
	TITLE("killed");
	SHOW(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	for (int i = 0; i < 40; i++) {
		pid_t pid = MUST(fork());

		while (!pid) {
			if (!fork())
				_exit(0);
			waitpid(-1, NULL, WNOHANG);
		}
		usleep(300 + i * 100);
		kill(pid, i % 2 ? SIGKILL : SIGTERM);
	}
	while (wait(NULL) > 0)
		;
	printf("all have ended: %s\n", show_errno(errno));
}

/* Who has more memory than there is cannot be copied: then there is no child, also not one to wait for */
static void too_large(void)
{
	const size_t piece = 1ul << 30;
	char *piece_at[64];
	pid_t pid;

	TITLE("too large");
	for (int i = 0; i < 64; i++)
		piece_at[i] = mmap(NULL, piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid = fork();
	if (!pid)
		_exit(0);
	SHOW_OK(pid);
	SHOW_OK(waitpid(-1, NULL, 0));
	SHOW_OK(waitpid(-1, NULL, 0));
	for (int i = 0; i < 64; i++)
		munmap(piece_at[i], piece);
	pid = fork();
	if (!pid)
		_exit(0);
	SHOW_TRUE(waitpid(-1, NULL, 0) == pid);
}

int main(void)
{
	copies();
	not_inherited();
	vforks();
	raw();
	large();
	many();
	trees();
	killed();
	too_large();
	return 0;
}
