/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each thread has of its own and what it shares: ids, names, scheduling, working directory, umask, credentials. */
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>

#include "show.h"

static pid_t main_tid;
static volatile pid_t other_tid;
static pthread_barrier_t barrier;

static void *other(void *arg UNUSED)
{
	char name[20] = "", path[64], line[64] = "";
	cpu_set_t set;
	int fd;

	other_tid = gettid();
	SHOW_TRUE(gettid() != main_tid && getpid() == main_tid);
	SHOW_TRUE(getpgid(gettid()) == getpgrp());
	SHOW_NUM(pthread_setname_np(pthread_self(), "a worker"));
	pthread_getname_np(pthread_self(), name, sizeof(name));
	SHOW_STR(name);
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", gettid());
	fd = MUST(open(path, O_RDONLY));
	MUST(read(fd, line, sizeof(line)));
	printf("comm %s", line);
	close(fd);
	SHOW(sched_getaffinity(0, sizeof(set), &set));
	SHOW(SYS(sched_getscheduler, 0));
	SHOW(SYS(sched_getscheduler, main_tid));
	SHOW(SYS(setpriority, 0, 0, 7));
	SHOW(SYS(getpriority, 0, 0));
	SHOW(SYS(tgkill, getpid(), main_tid, 0));
	SHOW(SYS(kill, gettid(), 0));
	MUST(chdir("sub"));
	umask(077);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void *becomes(void *arg UNUSED)
{
	/* The raw call is for this thread alone; glibc's is for all */
	SHOW(SYS(setresuid, -1, getuid() ? (long)getuid() : 1000, -1));
	SHOW_TRUE(geteuid() == (getuid() ? getuid() : 1000));
	return NULL;
}

static void *unshares(void *arg UNUSED)
{
	SHOW(unshare(CLONE_FS));
	MUST(chdir("/"));
	SHOW(unshare(CLONE_FILES));
	MUST(close(0));
	return NULL;
}

int main(void)
{
	pthread_t t;
	struct stat a, b;
	char name[20] = "", path[64];

	main_tid = gettid();
	pthread_barrier_init(&barrier, NULL, 2);
	MUST(mkdir("sub", 0755));
	stat("sub", &a);
	pthread_create(&t, NULL, other, NULL);
	pthread_barrier_wait(&barrier);
	stat(".", &b);
	SHOW_TRUE(a.st_ino == b.st_ino);
	SHOW_NUM(umask(022));
	pthread_getname_np(pthread_self(), name, sizeof(name));
	SHOW_STR(name);
	SHOW(SYS(getpriority, 0, 0));
	SHOW(SYS(getpriority, 0, other_tid));
	snprintf(path, sizeof(path), "/proc/self/task/%d", other_tid);
	SHOW(access(path, F_OK));
	SHOW_TRUE(SYS(getsid, other_tid) == getsid(0));
	SHOW(SYS(sched_setscheduler, other_tid, SCHED_BATCH, &(struct sched_param){0}));
	SHOW(SYS(sched_getscheduler, other_tid));
	SHOW(SYS(membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
	SHOW(SYS(membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	pthread_barrier_wait(&barrier);
	pthread_join(t, NULL);
	pthread_create(&t, NULL, becomes, NULL);
	pthread_join(t, NULL);
	SHOW_TRUE(geteuid() == getuid());
	pthread_create(&t, NULL, unshares, NULL);
	pthread_join(t, NULL);
	stat(".", &b);
	SHOW_TRUE(a.st_ino == b.st_ino);
	SHOW(fcntl(0, F_GETFD));
	return 0;
}
