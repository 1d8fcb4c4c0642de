/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SysV shared memory used by one process. */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "show.h"

int main(void)
{
	struct shmid_ds ds;
	char *p, *q;
	int id;

	id = SHOW_OK(SYS(shmget, IPC_PRIVATE, 10000, IPC_CREAT | 0600));
	p = (char *)SYS(shmat, id, NULL, 0);
	SHOW_TRUE(p != (char *)-1);
	if (p == (char *)-1) {
		printf("shmat: %s\n", show_errno(errno));
		return 1;
	}
	strcpy(p + 5000, "in the segment");
	q = (char *)SYS(shmat, id, NULL, SHM_RDONLY);
	SHOW_STR(q + 5000);
	SHOW_NUM(p[12000]);
	SHOW(SYS(shmctl, id, IPC_STAT, &ds));
	SHOW_NUM(ds.shm_segsz);
	SHOW_NUM(ds.shm_nattch);
	SHOW_TRUE(ds.shm_cpid == getpid());
	SHOW(SYS(shmdt, q));
	SHOW(SYS(shmdt, q));
	SHOW(SYS(shmctl, id, IPC_STAT, &ds));
	SHOW_NUM(ds.shm_nattch);
	q = pages(3 * 4096);
	SHOW((char *)SYS(shmat, id, q, SHM_REMAP) == q);
	SHOW_STR(q + 5000);
	q[5000] = 'I';
	SHOW_STR(p + 5000);
	SHOW(SYS(shmat, id, q + 1, 0));
	SHOW(SYS(shmat, 0x7fffffff, NULL, 0));
	SHOW(SYS(shmget, IPC_PRIVATE, 0, 0600));
	SHOW(SYS(shmget, 0x7e577e57, 100, 0600));
	SHOW(SYS(shmget, IPC_PRIVATE, -1, 0600));
	SHOW(SYS(shmctl, id, IPC_STAT, BAD));
	SHOW(SYS(shmctl, id, 99, &ds));
	SHOW(SYS(shmctl, id, IPC_RMID, NULL));
	SHOW_STR(p + 5000);
	SHOW(SYS(shmdt, p));
	SHOW(SYS(shmdt, q));
	SHOW(SYS(shmctl, id, IPC_STAT, &ds));
	return 0;
}
