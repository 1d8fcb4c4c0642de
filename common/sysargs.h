/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of the tables (*.def): short names for arguments, traits and results. Only files that hold a table include
 * this. T is a type, n the column (a0...a5) of the argument with a count or length.
 */
#ifndef OM_SYSARGS_H
#define OM_SYSARGS_H

#include <errno.h>

#include "sysdef.h"

enum { a0, a1, a2, a3, a4, a5 };

/* Traits */
#define BLOCK	 SYS_BLOCK
#define PATH	 SYS_PATH
#define OUTERR	 SYS_OUTERR
#define TEMPMASK SYS_TEMPMASK
#define SPLIT	 SYS_SPLIT
#define LOOKUP	 (SYS_PATH | SYS_LOOKUP)

/* In the column of results a DENY row has its errno */
#define RET_EPERM	EPERM
#define RET_EACCES	EACCES
#define RET_EINVAL	EINVAL
#define RET_ENOSYS	ENOSYS
#define RET_ENOTTY	ENOTTY
#define RET_EOPNOTSUPP	EOPNOTSUPP
#define RET_ENOPROTOOPT ENOPROTOOPT

/* clang-format off */
/* Scalars */
#define NONE			{ ARG_NONE,  0, 0, 0, 0, 0 }
#define INT			{ ARG_INT,   0, 0, 0, 0, 0 }
#define LONG			{ ARG_LONG,  0, 0, 0, 0, 0 }
#define SIZE			{ ARG_SIZE,  0, 0, 0, 0, 0 }
#define POS			{ ARG_POS,   0, 0, 0, 0, 0 }
#define ADDR			{ ARG_ADDR,  0, 0, 0, 0, 0 }
#define FD			{ ARG_FD,    0, 0, 0, 0, 0 }
#define DIRFD			{ ARG_DIRFD, 0, 0, 0, 0, 0 }
#define ANY			{ ARG_ANY,   0, 0, 0, 0, 0 }
#define CMD(table)		{ ARG_CMD,   0, 0, 0, CMDS_##table, 0 }

/* Pointers: strings, fixed size, n elements, n elements of which the result says how many were written */
#define STR			{ ARG_MEM, DIR_IN,    SIZE_STR,   TRIM_ALL, 0, 4096 }
#define STR_N(max)		{ ARG_MEM, DIR_IN,    SIZE_STR,   TRIM_ALL, 0, max }
#define OUT_STR(max)		{ ARG_MEM, DIR_OUT,   SIZE_FIXED, TRIM_STR, 0, max }
#define IN(T)			{ ARG_MEM, DIR_IN,    SIZE_FIXED, TRIM_ALL, 0, sizeof(T) }
#define OUT(T)			{ ARG_MEM, DIR_OUT,   SIZE_FIXED, TRIM_ALL, 0, sizeof(T) }
#define INOUT(T)		{ ARG_MEM, DIR_INOUT, SIZE_FIXED, TRIM_ALL, 0, sizeof(T) }
/* All of it when the result, a number of something, is not 0: whatever that is, it is enough for one */
#define OUT_FOUND(T)		{ ARG_MEM, DIR_OUT,   SIZE_FIXED, TRIM_RET, 0, sizeof(T) }
#define INOUT_DIFF(T)		{ ARG_MEM, DIR_INOUT, SIZE_FIXED, TRIM_DIFF, 0, sizeof(T) }
#define IN_N(T, n)		{ ARG_MEM, DIR_IN,    SIZE_ARG,   TRIM_ALL, n, sizeof(T) }
#define OUT_N(T, n)		{ ARG_MEM, DIR_OUT,   SIZE_ARG,   TRIM_ALL, n, sizeof(T) }
#define INOUT_N(T, n)		{ ARG_MEM, DIR_INOUT, SIZE_ARG,   TRIM_ALL, n, sizeof(T) }
#define OUT_UPTO(T, n)		{ ARG_MEM, DIR_OUT,   SIZE_ARG,   TRIM_RET, n, sizeof(T) }
#define INOUT_UPTO(T, n)	{ ARG_MEM, DIR_INOUT, SIZE_ARG,   TRIM_RET, n, sizeof(T) }
#define IN_MSG(n)		{ ARG_MEM, DIR_IN,    SIZE_MSG,   TRIM_ALL, n, 1 }
#define OUT_MSG(n)		{ ARG_MEM, DIR_OUT,   SIZE_MSG,   TRIM_RET, n, 1 }
#define FDSET(n)		{ ARG_MEM, DIR_INOUT, SIZE_BITS,  TRIM_ALL, n, 1 }
#define OUT_LEN(n, max)		{ ARG_MEM, DIR_OUT,   SIZE_LEN,   TRIM_LEN, n, max }
#define INOUT_LEN(n, max)	{ ARG_MEM, DIR_INOUT, SIZE_LEN,   TRIM_LEN, n, max }

/* Pointers to what has pointers or lengths in it */
#define SHAPE(dir, s, unit)	{ ARG_MEM, DIR_##dir, SIZE_SHAPE, TRIM_ALL, SHAPE_##s, unit }
#define IOV_IN(n)		SHAPE(IN, IOV, n)
#define IOV_OUT(n)		SHAPE(OUT, IOV, n)
#define IOV_INOUT(n)		SHAPE(INOUT, IOV, n)
#define MSG_IN			SHAPE(IN, MSG, 0)
#define MSG_OUT			SHAPE(OUT, MSG, 0)
#define MMSG_IN(n)		SHAPE(IN, MMSG, n)
#define MMSG_OUT(n)		SHAPE(OUT, MMSG, n)
#define ARGV			SHAPE(IN, ARGV, 0)
#define MASK(n)			SHAPE(IN, MASK, n)
#define MASK_PAIR		SHAPE(IN, MASK_PAIR, 0)
#define NEST_IN(row)		SHAPE(IN, NEST, NEST_##row)
#define NEST_INOUT(row)		SHAPE(INOUT, NEST, NEST_##row)
#define VAR_IN(row)		SHAPE(IN, VAR, VAR_##row)
#define VAR_INOUT(row)		SHAPE(INOUT, VAR, VAR_##row)
#define IOCB(n)			SHAPE(IN, IOCB, n)
/* clang-format on */

#endif
