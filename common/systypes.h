/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Structures as the kernel has them where libc's differ or are missing. Only their sizes matter: they are never read. */
#ifndef OM_SYSTYPES_H
#define OM_SYSTYPES_H

#include <assert.h>
#include <stdint.h>

/* rt_sigaction: handler, flags, restorer, mask of 8 bytes */
typedef struct {
	uint64_t handler, flags, restorer, mask;
} k_sigaction;

/* capget, capset: version and pid; three sets of 32 bits, twice since version 2 */
typedef struct {
	uint32_t version, pid;
} k_cap_header;
typedef struct {
	uint32_t effective, permitted, inheritable;
} k_cap_data;

typedef struct {
	int32_t tfree;
	uint64_t tinode;
	char fname[6], fpack[6];
} k_ustat;

typedef struct {
	int64_t flags, maxmsg, msgsize, curmsgs, reserved[4];
} k_mq_attr;

/* The 64-bit forms of System V IPC */
typedef struct {
	uint8_t bytes[120];
} k_msqid;
typedef struct {
	uint8_t bytes[104];
} k_semid;
typedef struct {
	uint8_t bytes[112];
} k_shmid;
typedef struct {
	uint8_t bytes[72];
} k_shminfo;
typedef struct {
	uint8_t bytes[48];
} k_shm_info;
typedef struct {
	uint8_t bytes[32];
} k_msginfo;
typedef struct {
	uint8_t bytes[40];
} k_seminfo;

/* semctl's GETALL and SETALL: one value per semaphore, SEMMSL of them at most (32000 unless the administrator raised it) */
typedef struct {
	uint16_t value[32000];
} k_semvals;

/* A socket's filter: BPF_MAXINSNS instructions at most */
typedef struct {
	uint64_t instruction[4096];
} k_filter;

static_assert(sizeof(k_sigaction) == 32, "struct sigaction");
static_assert(sizeof(k_ustat) == 32, "struct ustat");

#endif
