/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of commands of all calls that are many, but ioctl's (sysdef_ioctl.c). */
#include <linux/dqblk_xfs.h>
#include <linux/if.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/quota.h>
#include <linux/seccomp.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "common/sysargs.h"
#include "common/syscmds.h"
#include "common/sysprctl.h"
#include "common/systypes.h"

/* Kernel constants that the oldest headers lack, or whose headers clash with libc's */
#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif
#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY 1027
#endif
#ifndef F_CREATED_QUERY
#define F_CREATED_QUERY 1028
#endif
#define SCTP_SOCKOPT_CONNECTX3	 111
#define IPT_SO_SET_REPLACE	 64
#define ARPT_SO_SET_REPLACE	 96
#define EBT_SO_SET_ENTRIES	 128
#define EBT_SO_GET_ENTRIES	 129
#define EBT_SO_GET_INIT_ENTRIES	 131
#define FSCONFIG_CMD_CREATE_EXCL 8
#define HANDLE_MNT_ID_UNIQUE	 1

/* sysfs(2) has no names for its options */
enum { SYSFS_INDEX = 1, SYSFS_NAME = 2, SYSFS_COUNT = 3 };

#define ROW(cmd, where, traits, ret, ...) { #cmd, (uint32_t)(cmd), traits, SYS_##where, RET_##ret, { __VA_ARGS__ } },
#define OPTION(level, o, where, ret, arg) { #o, SYS_SOCKOPT(level, o), 0, SYS_##where, RET_##ret, { arg } },
/* clang-format off */

static const struct cmddef fcntl_rows[] = {
#include "fcntls.def"
};

static const struct cmddef prctl_rows[] = {
#include "prctls.def"
};

static const struct cmddef keyctl_rows[] = {
#include "keyctls.def"
};

/* At home too: what these signals do there (zombies, job control) depends on it. The handler's address never runs. */
static const struct cmddef sigaction_rows[] = {
	ROW( SIGCHLD,                  BOTH,    0,     ZERO,  NONE )
	ROW( SIGTTIN,                  BOTH,    0,     ZERO,  NONE )
	ROW( SIGTTOU,                  BOTH,    0,     ZERO,  NONE )
};

/* Limits of what the worker has: memory and CPU time */
static const struct cmddef rlimit_rows[] = {
	ROW( RLIMIT_CPU,               BOTH,    0,     ZERO,  NONE )
	ROW( RLIMIT_DATA,              BOTH,    0,     ZERO,  NONE )
	ROW( RLIMIT_STACK,             BOTH,    0,     ZERO,  NONE )
	ROW( RLIMIT_RSS,               BOTH,    0,     ZERO,  NONE )
	ROW( RLIMIT_MEMLOCK,           BOTH,    0,     ZERO,  NONE )
	ROW( RLIMIT_AS,                BOTH,    0,     ZERO,  NONE )
};

/* Socket options whose value holds a pointer, or is not as long as its length says */
static const struct cmddef getsockopt_rows[] = {
	OPTION( SOL_SOCKET,   SO_GET_FILTER,             HOME, ZERO,        INOUT_DIFF(k_filter) )
	OPTION( IPPROTO_TCP,  TCP_ZEROCOPY_RECEIVE,      DENY, ENOPROTOOPT, NONE )
	OPTION( IPPROTO_SCTP, SCTP_SOCKOPT_CONNECTX3,  DENY, ENOPROTOOPT, NONE )
	OPTION( IPPROTO_IP,   EBT_SO_GET_ENTRIES,      DENY, EPERM,       NONE )
	OPTION( IPPROTO_IP,   EBT_SO_GET_INIT_ENTRIES, DENY, EPERM,       NONE )
};

static const struct cmddef setsockopt_rows[] = {
	OPTION( SOL_SOCKET,   SO_ATTACH_FILTER,          HOME, ZERO,        NEST_IN(FPROG) )
	OPTION( SOL_SOCKET,   SO_ATTACH_REUSEPORT_CBPF,  HOME, ZERO,        NEST_IN(FPROG) )
	OPTION( IPPROTO_IP,   IPT_SO_SET_REPLACE,      DENY, EPERM,       NONE )
	OPTION( IPPROTO_IPV6, IPT_SO_SET_REPLACE,      DENY, EPERM,       NONE )
	OPTION( IPPROTO_IP,   ARPT_SO_SET_REPLACE,     DENY, EPERM,       NONE )
	OPTION( IPPROTO_IP,   EBT_SO_SET_ENTRIES,      DENY, EPERM,       NONE )
};

static const struct cmddef msgctl_rows[] = {
	ROW( IPC_RMID,                 HOME,    0,     ZERO,  NONE )
	ROW( IPC_SET,                  HOME,    0,     ZERO,  IN(k_msqid) )
	ROW( IPC_STAT,                 HOME,    0,     ZERO,  OUT(k_msqid) )
	ROW( MSG_STAT,                 HOME,    0,     VALUE, OUT(k_msqid) )
	ROW( MSG_STAT_ANY,             HOME,    0,     VALUE, OUT(k_msqid) )
	ROW( IPC_INFO,                 HOME,    0,     VALUE, OUT(k_msginfo) )
	ROW( MSG_INFO,                 HOME,    0,     VALUE, OUT(k_msginfo) )
};

/* GETALL and SETALL are about as many values as the set has, which the arguments do not say */
static const struct cmddef semctl_rows[] = {
	ROW( IPC_RMID,                 HOME,    0,     ZERO,  NONE )
	ROW( IPC_SET,                  HOME,    0,     ZERO,  IN(k_semid) )
	ROW( IPC_STAT,                 HOME,    0,     ZERO,  OUT(k_semid) )
	ROW( SEM_STAT,                 HOME,    0,     VALUE, OUT(k_semid) )
	ROW( SEM_STAT_ANY,             HOME,    0,     VALUE, OUT(k_semid) )
	ROW( IPC_INFO,                 HOME,    0,     VALUE, OUT(k_seminfo) )
	ROW( SEM_INFO,                 HOME,    0,     VALUE, OUT(k_seminfo) )
	ROW( GETVAL,                   HOME,    0,     VALUE, NONE )
	ROW( GETPID,                   HOME,    0,     VALUE, NONE )
	ROW( GETNCNT,                  HOME,    0,     VALUE, NONE )
	ROW( GETZCNT,                  HOME,    0,     VALUE, NONE )
	ROW( SETVAL,                   HOME,    0,     ZERO,  LONG )
	ROW( SETALL,                   HOME,    0,     ZERO,  IN(k_semvals) )
	ROW( GETALL,                   HOME,    0,     ZERO,  INOUT_DIFF(k_semvals) )
};

static const struct cmddef shmctl_rows[] = {
	ROW( IPC_RMID,                 HOME,    0,     ZERO,  NONE )
	ROW( IPC_SET,                  HOME,    0,     ZERO,  IN(k_shmid) )
	ROW( IPC_STAT,                 HOME,    0,     ZERO,  OUT(k_shmid) )
	ROW( SHM_STAT,                 HOME,    0,     VALUE, OUT(k_shmid) )
	ROW( SHM_STAT_ANY,             HOME,    0,     VALUE, OUT(k_shmid) )
	ROW( IPC_INFO,                 HOME,    0,     VALUE, OUT(k_shminfo) )
	ROW( SHM_INFO,                 HOME,    0,     VALUE, OUT(k_shm_info) )
	ROW( SHM_LOCK,                 HOME,    0,     ZERO,  NONE )
	ROW( SHM_UNLOCK,               HOME,    0,     ZERO,  NONE )
};

/* Keyed by the command without the type of quota (QCMD's upper 24 bits) */
static const struct cmddef quotactl_rows[] = {
	ROW( Q_SYNC,                   HOME,    0,     ZERO,  NONE )
	ROW( Q_QUOTAON,                HOME,    0,     ZERO,  STR )
	ROW( Q_QUOTAOFF,               HOME,    0,     ZERO,  NONE )
	ROW( Q_GETFMT,                 HOME,    0,     ZERO,  OUT(uint32_t) )
	ROW( Q_GETINFO,                HOME,    0,     ZERO,  OUT(struct if_dqinfo) )
	ROW( Q_SETINFO,                HOME,    0,     ZERO,  IN(struct if_dqinfo) )
	ROW( Q_GETQUOTA,               HOME,    0,     ZERO,  OUT(struct if_dqblk) )
	ROW( Q_SETQUOTA,               HOME,    0,     ZERO,  IN(struct if_dqblk) )
	ROW( Q_GETNEXTQUOTA,           HOME,    0,     ZERO,  OUT(struct if_nextdqblk) )
	ROW( Q_XQUOTAON,               HOME,    0,     ZERO,  IN(uint32_t) )
	ROW( Q_XQUOTAOFF,              HOME,    0,     ZERO,  IN(uint32_t) )
	ROW( Q_XGETQUOTA,              HOME,    0,     ZERO,  OUT(struct fs_disk_quota) )
	ROW( Q_XSETQLIM,               HOME,    0,     ZERO,  IN(struct fs_disk_quota) )
	ROW( Q_XGETQSTAT,              HOME,    0,     ZERO,  OUT(struct fs_quota_stat) )
	ROW( Q_XQUOTARM,               HOME,    0,     ZERO,  IN(uint32_t) )
	ROW( Q_XQUOTASYNC,             HOME,    0,     ZERO,  NONE )
	ROW( Q_XGETQSTATV,             HOME,    0,     ZERO,  INOUT(struct fs_quota_statv) )
	ROW( Q_XGETNEXTQUOTA,          HOME,    0,     ZERO,  OUT(struct fs_disk_quota) )
};

static const struct cmddef sysfs_rows[] = {
	ROW( SYSFS_INDEX,            HOME,    0,     VALUE, STR )
	ROW( SYSFS_NAME,             HOME,    0,     ZERO,  INT, OUT_STR(64) )
	ROW( SYSFS_COUNT,            HOME,    0,     VALUE, NONE )
};

static const struct cmddef fsconfig_rows[] = {
	ROW( FSCONFIG_SET_FLAG,        HOME,    0,     ZERO,  LONG )
	ROW( FSCONFIG_SET_STRING,      HOME,    0,     ZERO,  STR_N(256) )
	ROW( FSCONFIG_SET_BINARY,      HOME,    0,     ZERO,  IN_N(char, a4) )
	ROW( FSCONFIG_SET_PATH,        HOME,    0,     ZERO,  STR )
	ROW( FSCONFIG_SET_PATH_EMPTY,  HOME,    0,     ZERO,  STR )
	ROW( FSCONFIG_SET_FD,          HOME,    0,     ZERO,  LONG )
	ROW( FSCONFIG_CMD_CREATE,      HOME,    BLOCK, ZERO,  LONG )
	ROW( FSCONFIG_CMD_RECONFIGURE, HOME,    BLOCK, ZERO,  LONG )
	ROW( FSCONFIG_CMD_CREATE_EXCL, HOME,  BLOCK, ZERO,  LONG )
};

/* A guest's own filter works where its calls are made; whether it may have one is known at home */
static const struct cmddef seccomp_rows[] = {
	ROW( SECCOMP_SET_MODE_STRICT,  HANDLER, 0,     ZERO,  NONE )
	ROW( SECCOMP_SET_MODE_FILTER,  HANDLER, 0,     VALUE, NEST_IN(FPROG) )
	ROW( SECCOMP_GET_ACTION_AVAIL, HOME,    0,     ZERO,  IN(uint32_t) )
	ROW( SECCOMP_GET_NOTIF_SIZES,  HOME,    0,     ZERO,  OUT(struct seccomp_notif_sizes) )
};

static const struct cmddef kcmp_rows[] = {
	ROW( KCMP_EPOLL_TFD,         HOME,    0,     VALUE, IN(uint32_t[3]) )
};

/* With this flag the mount id has 64 bits */
static const struct cmddef handle_rows[] = {
	ROW( HANDLE_MNT_ID_UNIQUE,   HOME,    0,     ZERO,  INOUT(uint64_t) )
};

/* What a command without a row is */
static const struct cmddef none_home    = { "", 0, 0, SYS_HOME,    RET_VALUE, { NONE, NONE, NONE, NONE } };
static const struct cmddef none_local   = { "", 0, 0, SYS_LOCAL,   RET_ZERO,  { NONE, NONE, NONE, NONE } };
static const struct cmddef long_home    = { "", 0, 0, SYS_HOME,    RET_VALUE, { LONG, LONG, LONG, LONG } };
static const struct cmddef any_setopt   = { "", 0, 0, SYS_HOME,    RET_ZERO,  { IN_N(char, a4) } };
static const struct cmddef any_getopt   = { "", 0, 0, SYS_HOME,    RET_ZERO,  { INOUT_LEN(a4, 262144) } };
static const struct cmddef mount_id     = { "", 0, 0, SYS_HOME,    RET_ZERO,  { INOUT(int) } };

#define TABLE(name, shift, mask, other) { name##_rows, sizeof(name##_rows) / sizeof(name##_rows[0]), shift, mask, other }
static const struct cmdtable tables[CMDS_NR] = {
	[CMDS_FCNTL]      = TABLE(fcntl,      0, UINT32_MAX, &none_home),
	[CMDS_PRCTL]      = TABLE(prctl,      0, UINT32_MAX, &none_home),
	[CMDS_SIGACTION]  = TABLE(sigaction,  0, UINT32_MAX, &none_local),
	[CMDS_RLIMIT]     = TABLE(rlimit,     0, UINT32_MAX, &none_home),
	[CMDS_GETSOCKOPT] = TABLE(getsockopt, 0, UINT32_MAX, &any_getopt),
	[CMDS_SETSOCKOPT] = TABLE(setsockopt, 0, UINT32_MAX, &any_setopt),
	[CMDS_KEYCTL]     = TABLE(keyctl,     0, UINT32_MAX, &none_home),
	[CMDS_MSGCTL]     = TABLE(msgctl,     0, UINT32_MAX, &none_home),
	[CMDS_SEMCTL]     = TABLE(semctl,     0, UINT32_MAX, &none_home),
	[CMDS_SHMCTL]     = TABLE(shmctl,     0, UINT32_MAX, &none_home),
	[CMDS_QUOTACTL]   = TABLE(quotactl,   8, UINT32_MAX, &none_home),
	[CMDS_SYSFS]      = TABLE(sysfs,      0, UINT32_MAX, &none_home),
	[CMDS_FSCONFIG]   = TABLE(fsconfig,   0, UINT32_MAX, &none_home),
	[CMDS_SECCOMP]    = TABLE(seccomp,    0, UINT32_MAX, &none_home),
	[CMDS_KCMP]       = TABLE(kcmp,       0, UINT32_MAX, &long_home),
	[CMDS_HANDLE]     = TABLE(handle,     0, 1,          &mount_id),
};
/* clang-format on */

const struct cmdtable *cmdtable(unsigned int which)
{
	return which == CMDS_IOCTL ? &ioctl_table : &tables[which];
}
