/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SysV shared memory of a family: attachments over fork, exec, exit and death, and what stays in the segment. */
#include <sched.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "show.h"

#define PAGE   4096ul
#define SIZE   (5 * PAGE + 100)
#define FAILED ((char *)-1)

static int id;

/* How many have attached the segment */
static long attached(void)
{
	struct shmid_ds ds;

	return SYS(shmctl, id, IPC_STAT, &ds) < 0 ? -1 : (long)ds.shm_nattch;
}

static char *attach(void *addr, int flags)
{
	return (char *)SYS(shmat, id, addr, flags);
}

/* Run @body in a child and wait for it; its status */
static int in_child(void (*body)(char *), char *p)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = (pid_t)MUST(fork());
	if (!pid) {
		body(p);
		fflush(stdout);
		_exit(7);
	}
	MUST(waitpid(pid, &status, 0));
	return status;
}

static void shares(char *p)
{
	SHOW_STR(p);
	strcpy(p + PAGE, "from the child");
	SHOW_NUM(attached());
	SHOW(SYS(shmdt, p));
	SHOW_NUM(attached());
	SHOW(SYS(shmdt, p));
}

static void attaches(char *p)
{
	char *q = attach(NULL, 0);

	SHOW_TRUE(q != FAILED);
	SHOW_STR(q + PAGE);
	strcpy(q + 2 * PAGE, p ? "with the parent" : "alone");
	SHOW_NUM(attached());
}

static void killed(char *p)
{
	char *q = attach(NULL, 0);

	(void)p;
	strcpy(q + 3 * PAGE, "before its end");
	raise(SIGKILL);
}

static void crashes(char *p)
{
	char *q = attach(NULL, 0);

	(void)p;
	strcpy(q + 3 * PAGE, "before its crash");
	*(volatile char *)q = *(volatile char *)BAD;
}

static void execs(char *p)
{
	char *q = attach(NULL, 0), number[16];

	(void)p;
	snprintf(number, sizeof(number), "%d", id);
	SHOW(execl("/nonexistent", "nonexistent", NULL));
	strcpy(q + 4 * PAGE, "before its exec");
	fflush(stdout);
	execl("/proc/self/exe", "shm_family", "count", number, NULL);
}

/* Threads of control: one writes what the other waits for */
static void ping_pong(void)
{
	volatile int *turn = (volatile int *)attach(NULL, 0);
	pid_t pid = (pid_t)MUST(fork());
	int status;

	for (int i = 0; i < 100; i++) {
		while (*turn % 2 != !pid)
			sched_yield();
		++*turn;
	}
	if (!pid)
		_exit(0);
	waitpid(pid, &status, 0);
	SHOW_NUM(*turn);
	*turn = 0;
	SHOW(SYS(shmdt, turn));
}

static void addresses(void)
{
	char *free_range = pages(8 * PAGE), *p;

	TITLE("addresses");
	munmap(free_range, 8 * PAGE);
	SHOW_TRUE(attach(free_range + PAGE, 0) == free_range + PAGE);
	SHOW(attach(free_range, 0));
	SHOW(attach(free_range + 6 * PAGE, 0));
	SHOW(SYS(shmdt, free_range + PAGE + 1));
	SHOW(SYS(shmdt, free_range));
	SHOW(SYS(shmdt, free_range + 2 * PAGE));
	SHOW_NUM(attached());
	SHOW(SYS(shmdt, free_range + PAGE));
	SHOW(attach(free_range + 17, 0));
	SHOW_TRUE(attach(free_range + 17, SHM_RND) == free_range);
	SHOW_TRUE(attach(free_range, SHM_REMAP) == free_range);
	SHOW_NUM(attached());
	SHOW(SYS(shmdt, free_range));
	SHOW(SYS(shmdt, free_range));
	SHOW_NUM(attached());
	SHOW(attach(NULL, SHM_REMAP));
	SHOW(attach((void *)17, SHM_RND | SHM_REMAP));
	SHOW(attach((void *)(~0ul - PAGE + 1), 0));
	SHOW(attach((void *)0x7ffffffff000, 0));
	SHOW_NUM(attached());
	p = attach(NULL, SHM_RDONLY);
	SHOW(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	SHOW(SYS(shmdt, p));
	p = attach(NULL, SHM_EXEC);
	SHOW_TRUE(p != FAILED);
	SHOW(munmap(p, 2 * PAGE));
	SHOW_OK(SYS(shmdt, p));
	SHOW(mprotect(p + 3 * PAGE, PAGE, PROT_READ));
}

static int count(int segment)
{
	char *p;

	id = segment;
	TITLE("after exec");
	SHOW_NUM(attached());
	p = attach(NULL, SHM_RDONLY);
	SHOW_STR(p + 4 * PAGE);
	return 0;
}

int main(int argc, char **argv)
{
	char *p;

	if (argc > 2)
		return count(atoi(argv[2]));
	id = (int)SHOW_OK(SYS(shmget, IPC_PRIVATE, SIZE, IPC_CREAT | 0700));
	TITLE("fork");
	p = attach(NULL, 0);
	strcpy(p, "from the parent");
	SHOW_NUM(in_child(shares, p));
	SHOW_NUM(attached());
	SHOW_STR(p + PAGE);
	TITLE("together");
	SHOW_NUM(in_child(attaches, p));
	SHOW_NUM(attached());
	SHOW_STR(p + 2 * PAGE);
	SHOW(SYS(shmdt, p));
	TITLE("one after the other");
	SHOW_NUM(in_child(attaches, NULL));
	SHOW_NUM(attached());
	p = attach(NULL, SHM_RDONLY);
	SHOW_STR(p + PAGE);
	SHOW_STR(p + 2 * PAGE);
	SHOW(SYS(shmdt, p));
	TITLE("ends");
	SHOW_NUM(in_child(killed, NULL));
	p = attach(NULL, 0);
	SHOW_STR(p + 3 * PAGE);
	SHOW(SYS(shmdt, p));
	SHOW_NUM(WTERMSIG(in_child(crashes, NULL)));
	p = attach(NULL, 0);
	SHOW_STR(p + 3 * PAGE);
	memset(p, 0, SIZE);
	SHOW(SYS(shmdt, p));
	SHOW_NUM(in_child(execs, NULL));
	SHOW_NUM(attached());
	addresses();
	TITLE("turns");
	ping_pong();
	TITLE("removal");
	p = attach(NULL, 0);
	SHOW(SYS(shmctl, id, IPC_RMID, NULL));
	SHOW_NUM(attached());
	SHOW_NUM(in_child(attaches, p));
	SHOW_STR(p + 2 * PAGE);
	SHOW(SYS(shmdt, p));
	SHOW_NUM(attached());
	SHOW(attach(NULL, 0));
	return 0;
}
