/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SysV semaphores and message queues, POSIX message queues. */
#include <mqueue.h>
#include <poll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>

#include "show.h"

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

static void semaphores(void)
{
	struct sembuf op[3] = {{0, 5, 0}, {1, 2, 0}, {2, 0, 0}};
	struct timespec ts = {0, 20000000};
	struct semid_ds ds;
	unsigned short all[3] = {9, 8, 7};
	int id;

	TITLE("semaphores");
	id = SHOW_OK(SYS(semget, IPC_PRIVATE, 3, IPC_CREAT | 0600));
	SHOW(SYS(semop, id, op, 3));
	SHOW(SYS(semctl, id, 0, GETVAL, 0));
	SHOW(SYS(semctl, id, 0, GETALL, all));
	printf("  %d %d %d\n", all[0], all[1], all[2]);
	op[0] = (struct sembuf){0, -6, IPC_NOWAIT};
	SHOW(SYS(semop, id, op, 1));
	op[0].sem_op = -5;
	SHOW(SYS(semop, id, op, 1));
	op[0] = (struct sembuf){0, -1, 0};
	SHOW(SYS(semtimedop, id, op, 1, &ts));
	op[0] = (struct sembuf){1, 0, 0};
	SHOW(SYS(semtimedop, id, op, 1, &ts));
	all[0] = 3, all[1] = 4, all[2] = 5;
	SHOW(SYS(semctl, id, 0, SETALL, all));
	SHOW(SYS(semctl, id, 1, SETVAL, 77));
	SHOW(SYS(semctl, id, 1, GETVAL, 0));
	SHOW_TRUE(SYS(semctl, id, 0, GETPID, 0) == getpid());
	SHOW(SYS(semctl, id, 0, GETNCNT, 0));
	SHOW(SYS(semctl, id, 0, GETZCNT, 0));
	SHOW(SYS(semctl, id, 0, IPC_STAT, &ds));
	SHOW_NUM(ds.sem_nsems);
	SHOW_HEX(ds.sem_perm.mode);
	ds.sem_perm.mode = 0640;
	SHOW(SYS(semctl, id, 0, IPC_SET, &ds));
	op[0] = (struct sembuf){0, 1, SEM_UNDO};
	SHOW(SYS(semop, id, op, 1));
	TITLE("errors");
	SHOW(SYS(semop, id, op, 0));
	SHOW(SYS(semop, id, op, 501));
	SHOW(SYS(semop, id, BAD, 1));
	op[0].sem_num = 9;
	SHOW(SYS(semop, id, op, 1));
	op[0] = (struct sembuf){0, 32767, 0};
	SHOW(SYS(semop, id, op, 1));
	SHOW(SYS(semctl, id, 9, GETVAL, 0));
	SHOW(SYS(semctl, id, 0, SETVAL, -1));
	SHOW(SYS(semctl, id, 0, GETALL, BAD));
	SHOW(SYS(semctl, id, 0, IPC_STAT, BAD));
	SHOW(SYS(semctl, id, 0, 99, 0));
	SHOW(SYS(semget, IPC_PRIVATE, 0, 0600));
	SHOW(SYS(semget, IPC_PRIVATE, -1, 0600));
	SHOW(SYS(semget, 0x7e577e57, 1, 0600));
	SHOW(SYS(semctl, id, 0, IPC_RMID, 0));
	SHOW(SYS(semctl, id, 0, IPC_RMID, 0));
	SHOW(SYS(semop, id, op, 1));
	SHOW(SYS(semtimedop, -1, op, 1, NULL));
}

static void messages(void)
{
	struct {
		long type;
		char text[9000];
	} m = {1, ""}, r;
	struct msqid_ds ds;
	int id;

	TITLE("messages");
	id = SHOW_OK(SYS(msgget, IPC_PRIVATE, IPC_CREAT | 0600));
	for (long type = 1; type <= 3; type++) {
		m.type = type;
		fill(m.text, 100, type);
		SHOW(SYS(msgsnd, id, &m, 100 * type, 0));
	}
	SHOW(SYS(msgctl, id, IPC_STAT, &ds));
	SHOW_NUM(ds.msg_qnum);
	SHOW_NUM(ds.__msg_cbytes);
	memset(&r, 0, sizeof(r));
	SHOW(SYS(msgrcv, id, &r, 9000, 2, 0));
	SHOW_NUM(r.type);
	show_bytes("text", r.text, 200);
	SHOW(SYS(msgrcv, id, &r, 50, 0, 0));
	SHOW(SYS(msgrcv, id, &r, 50, 0, MSG_NOERROR));
	SHOW(SYS(msgrcv, id, &r, 9000, -3, IPC_NOWAIT));
	SHOW(SYS(msgrcv, id, &r, 9000, 0, IPC_NOWAIT));
	SHOW(SYS(msgsnd, id, &m, 0, 0));
	SHOW(SYS(msgrcv, id, &r, 0, 0, 0));
	SHOW(SYS(msgsnd, id, &m, 8192, 0));
	SHOW(SYS(msgsnd, id, &m, 8193, 0));
	SHOW(SYS(msgsnd, id, &m, 8192, IPC_NOWAIT));
	SHOW(SYS(msgsnd, id, &m, 8192, IPC_NOWAIT));
	SHOW(SYS(msgrcv, id, &r, 0, 0, MSG_COPY | IPC_NOWAIT | MSG_NOERROR));
	SHOW(SYS(msgrcv, id, &r, 8192, 0, 0));
	TITLE("errors");
	m.type = 0;
	SHOW(SYS(msgsnd, id, &m, 10, 0));
	m.type = 1;
	SHOW(SYS(msgsnd, id, &m, -1, 0));
	SHOW(SYS(msgsnd, id, BAD, 10, 0));
	SHOW(SYS(msgrcv, id, BAD, 9000, 0, IPC_NOWAIT));
	SHOW(SYS(msgrcv, id, &r, -1, 0, IPC_NOWAIT));
	SHOW(SYS(msgctl, id, IPC_STAT, BAD));
	SHOW(SYS(msgctl, id, 99, &ds));
	SHOW(SYS(msgget, 0x7e577e57, 0600));
	SHOW(SYS(msgctl, id, IPC_RMID, NULL));
	SHOW(SYS(msgctl, id, IPC_RMID, NULL));
	SHOW(SYS(msgsnd, id, &m, 1, 0));
}

static volatile int notified;

static void on_notify(int sig UNUSED, siginfo_t *info, void *context UNUSED)
{
	notified = info->si_code;
}

static void posix(void)
{
	struct mq_attr attr = {.mq_maxmsg = 3, .mq_msgsize = 100}, got;
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct timespec past = {1, 0};
	char name[32], buf[200];
	unsigned int prio = 99;
	long mq;

	TITLE("POSIX message queues");
	snprintf(name, sizeof(name), "om-test-%d", getpid());
	mq = SHOW(SYS(mq_open, name, O_CREAT | O_RDWR | O_EXCL, 0600, &attr));
	SHOW(SYS(mq_open, name, O_CREAT | O_RDWR | O_EXCL, 0600, &attr));
	SHOW(SYS(mq_getsetattr, mq, NULL, &got));
	printf("  flags %ld maxmsg %ld msgsize %ld curmsgs %ld\n", got.mq_flags, got.mq_maxmsg, got.mq_msgsize,
	       got.mq_curmsgs);
	handle_info(SIGUSR1, on_notify, 0);
	SHOW(SYS(mq_notify, mq, &ev));
	SHOW(SYS(mq_notify, mq, &ev));
	SHOW(SYS(mq_timedsend, mq, "low", 3, 1, NULL));
	while (!notified)
		usleep(1000);
	SHOW_NUM(notified);
	SHOW(SYS(mq_timedsend, mq, "high", 4, 9, NULL));
	SHOW(SYS(mq_timedsend, mq, "", 0, 5, NULL));
	SHOW(SYS(mq_timedsend, mq, "x", 1, 5, &past));
	SHOW(poll(&(struct pollfd){mq, POLLIN | POLLOUT, 0}, 1, 0));
	SHOW(SYS(mq_timedreceive, mq, buf, 99, &prio, NULL));
	for (int i = 0; i < 3; i++) {
		SHOW(SYS(mq_timedreceive, mq, buf, 200, &prio, NULL));
		SHOW_NUM(prio);
	}
	SHOW(SYS(mq_timedreceive, mq, buf, 200, &prio, &past));
	attr.mq_flags = O_NONBLOCK;
	SHOW(SYS(mq_getsetattr, mq, &attr, &got));
	SHOW(SYS(mq_timedreceive, mq, buf, 200, &prio, NULL));
	TITLE("errors");
	SHOW(SYS(mq_timedsend, mq, buf, 101, 0, NULL));
	SHOW(SYS(mq_timedsend, mq, buf, 10, 40000, NULL));
	SHOW(SYS(mq_timedsend, mq, BAD, 10, 0, NULL));
	SHOW(SYS(mq_timedsend, BADFD, buf, 10, 0, NULL));
	SHOW(SYS(mq_timedsend, 1, buf, 10, 0, NULL));
	SHOW(SYS(mq_timedreceive, mq, BAD, 200, &prio, NULL));
	SHOW(SYS(mq_timedreceive, BADFD, buf, 200, &prio, NULL));
	SHOW(SYS(mq_getsetattr, BADFD, NULL, &got));
	SHOW(SYS(mq_getsetattr, mq, NULL, BAD));
	SHOW(SYS(mq_notify, mq, NULL));
	SHOW(SYS(mq_notify, BADFD, NULL));
	SHOW(SYS(mq_notify, mq, BAD));
	SHOW(SYS(mq_open, BAD, O_RDWR, 0, NULL));
	SHOW(SYS(mq_open, "om-missing", O_RDWR, 0, NULL));
	SHOW(SYS(mq_open, "a/b", O_CREAT | O_RDWR, 0600, NULL));
	attr.mq_maxmsg = -1;
	SHOW(SYS(mq_open, "om-bad", O_CREAT | O_RDWR, 0600, &attr));
	SHOW(SYS(mq_unlink, name));
	SHOW(SYS(mq_unlink, name));
	SHOW(SYS(mq_unlink, BAD));
	SHOW(close(mq));
}

int main(void)
{
	semaphores();
	messages();
	posix();
	return 0;
}
