/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * What there is to know about each system call, as data: where it is made, what its arguments are, how many bytes stand
 * behind each pointer and which way they travel. The rows are in common/syscalls.def, one per call; the rows of calls
 * that are many calls in one (ioctl, fcntl, prctl, getsockopt...) are in tables of their own, keyed by the command.
 *
 * The table is policy; the engines that use it (sysplan, the seccomp filter, tracing, tests, omsyscalls(7)) name no
 * system call. A call without a row, or a command whose meaning cannot be told, is refused and never guessed.
 *
 * Sizes are the kernel's, not glibc's: sigset_t has 8 bytes, struct termios 36, fd_set as many longs as nfds needs.
 */
#ifndef OM_SYSDEF_H
#define OM_SYSDEF_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a call is made */
enum sys_where {
	SYS_DENY,    /* nowhere: answered with -ret, the errno of a kernel that lacks or forbids it */
	SYS_LOCAL,   /* on the worker, by the guest itself; the filter allows it */
	SYS_HOME,    /* at home, by sysplan alone */
	SYS_BOTH,    /* at home first; when that succeeded, on the worker too */
	SYS_HANDLER, /* by special code on one or both sides; the arguments are described as far as they travel */
};

/* What is particular about a call; bits */
enum sys_trait {
	SYS_BLOCK = 1,	  /* may wait for an event */
	SYS_PATH = 2,	  /* takes the name of a file */
	SYS_OUTERR = 4,	  /* writes to memory even when it fails */
	SYS_TEMPMASK = 8, /* has a signal mask for its duration: see struct sysplan */
	SYS_SPLIT = 16,	  /* larger than a slot's data area: made in parts */
	SYS_LOOKUP = 32,  /* PATH, and its result says whether there is something of that name */
};

/* What a successful call returns. For SYS_DENY the column holds the errno instead. */
enum sys_ret {
	RET_ZERO,  /* 0 */
	RET_VALUE, /* a number */
	RET_COUNT, /* bytes or elements done */
	RET_FD,	   /* a new descriptor */
	RET_PID,   /* a pid */
	RET_ADDR,  /* an address */
	RET_NEVER, /* does not return */
};

/* What an argument is */
enum arg_kind {
	ARG_NONE,  /* absent; 0 is passed on */
	ARG_INT,   /* 32 bits: int, unsigned int, flags, ids */
	ARG_LONG,  /* 64 bits: long, unsigned long */
	ARG_SIZE,  /* 64 bits: size_t */
	ARG_POS,   /* file offset; grows with the parts of a SPLIT call */
	ARG_ADDR,  /* an address of the guest as a number; nothing behind it travels */
	ARG_FD,	   /* descriptor */
	ARG_DIRFD, /* descriptor or AT_FDCWD */
	ARG_CMD,   /* chooses a row of command table @ref, whose arguments replace the ANY ones */
	ARG_ANY,   /* depends on the command */
	ARG_MEM,   /* pointer to bytes that travel */
};

/* Which way the bytes behind a pointer go, seen from the kernel; bits */
enum arg_dir { DIR_IN = 1, DIR_OUT = 2, DIR_INOUT = 3 };

/* How many bytes there are */
enum arg_size {
	SIZE_NONE,
	SIZE_FIXED, /* @unit */
	SIZE_ARG,   /* argument @ref times @unit */
	SIZE_MSG,   /* 8 + argument @ref: struct msgbuf */
	SIZE_BITS,  /* an fd_set for argument @ref descriptors */
	SIZE_STR,   /* up to and with the NUL, at most @unit */
	SIZE_LEN,   /* what the u32 behind argument @ref says, at most @unit */
	SIZE_SHAPE, /* nested: shape @ref, whose parameter is @unit */
};

/* How much of an output the kernel has written when the call succeeds */
enum arg_trim {
	TRIM_ALL,  /* all of it */
	TRIM_RET,  /* as many elements as the return value says */
	TRIM_LEN,  /* what the u32 behind argument @ref says afterwards, if that is less */
	TRIM_STR,  /* up to and with the NUL */
	TRIM_DIFF, /* up to the last byte that has changed; for outputs that are inputs, too */
	TRIM_CMSG, /* as TRIM_LEN, but for what fills control messages up to the next: the kernel leaves that alone */
};

/* Structures with pointers or lengths inside. The comment says what @unit is. */
enum arg_shape {
	SHAPE_NONE,
	SHAPE_IOV,	 /* struct iovec[]; the argument with the count */
	SHAPE_MSG,	 /* struct msghdr */
	SHAPE_MMSG,	 /* struct mmsghdr[]; the argument with the count */
	SHAPE_ARGV,	 /* char *[] up to NULL */
	SHAPE_MASK,	 /* sigset_t for the duration of the call; the argument with its size */
	SHAPE_MASK_PAIR, /* struct { const sigset_t *mask; size_t size; }, likewise */
	SHAPE_NEST,	 /* struct with one pointer inside; row of nestdef[] */
	SHAPE_VAR,	 /* struct with a count in its head; row of vardef[] */
	SHAPE_IOCB,	 /* struct iocb *[]; the argument with the count */
	SHAPE_NR,
};

/* Tables of commands, and what a command's key is made of */
enum sys_cmds {
	CMDS_IOCTL,
	CMDS_FCNTL,
	CMDS_PRCTL,
	CMDS_ARCH_PRCTL,
	CMDS_SIGACTION, /* keyed by signal */
	CMDS_RLIMIT,
	CMDS_GETSOCKOPT, /* keyed by SYS_SOCKOPT(level, option) */
	CMDS_SETSOCKOPT,
	CMDS_KEYCTL,
	CMDS_MSGCTL,
	CMDS_SEMCTL,
	CMDS_SHMCTL,
	CMDS_QUOTACTL, /* keyed by the command without its type */
	CMDS_SYSFS,
	CMDS_FSCONFIG,
	CMDS_SECCOMP,
	CMDS_KCMP,
	CMDS_HANDLE, /* keyed by the one flag that matters */
	CMDS_NR,
};

/* Key of a socket option */
#define SYS_SOCKOPT(level, option) ((uint32_t)(level) << 16 | (uint16_t)(option))

/**
 * struct sysarg - One argument: what it is, how many bytes stand behind it and which way they go
 * @kind:	enum arg_kind
 * @dir:	enum arg_dir; 0 unless @kind is ARG_MEM
 * @size:	enum arg_size
 * @trim:	enum arg_trim
 * @ref:	Argument, shape or command table that @kind or @size refers to
 * @unit:	Bytes per element, maximum, or the shape's parameter
 */
struct sysarg {
	uint16_t kind : 4;
	uint16_t dir : 2;
	uint16_t size : 4;
	uint16_t trim : 3;
	uint16_t ref;
	uint32_t unit;
};

/**
 * struct sysdef - One system call
 * @name:	Its name, NULL in a hole of the table
 * @traits:	SYS_BLOCK and the like
 * @where:	enum sys_where
 * @ret:	enum sys_ret, or errno for SYS_DENY
 * @arg:	Its arguments
 */
struct sysdef {
	const char *name;
	uint16_t traits;
	uint8_t where;
	uint8_t ret;
	struct sysarg arg[6];
};
static_assert(sizeof(struct sysarg) == 8 && sizeof(struct sysdef) == 64, "one cache line per system call");

/**
 * struct cmddef - One command of a call that is many
 * @name:	Its name, for tracing and the manual
 * @cmd:	Key
 * @where:	Replaces the call's
 * @traits:	Added to the call's
 * @ret:	Replaces the call's
 * @arg:	Replace the call's ARG_ANY arguments, in order
 */
struct cmddef {
	const char *name;
	uint32_t cmd;
	uint16_t traits;
	uint8_t where;
	uint8_t ret;
	struct sysarg arg[4];
};

/* Rows of vardef[] */
enum var_row {
	VAR_SCHED_ATTR,
	VAR_SIZE_FIRST,
	VAR_FILE_HANDLE,
	VAR_FIEMAP,
	VAR_DEDUPE,
	VAR_FSMAP,
	VAR_FSCRYPT_POLICY,
	VAR_FSCRYPT_KEY,
	VAR_VERITY_DIGEST,
	VAR_ENTROPY,
	VAR_DM,
	VAR_BTRFS_SEARCH,
	VAR_BTRFS_SPACE,
	VAR_NR,
};

/**
 * struct vardef - A structure whose head says how long it is
 * @head:	Bytes of the head, which are always there
 * @count_at:	Where in the head the count is
 * @count_len:	Bytes of the count: 2, 4 or 8
 * @unit:	Bytes per element after the head; 0: the count is the length of the whole
 * @max:	Longest that the kernel accepts, all in all; what is longer is for the kernel to refuse
 */
struct vardef {
	uint16_t head;
	uint8_t count_at;
	uint8_t count_len;
	uint32_t unit;
	uint32_t max;
};

/* Rows of nestdef[] */
enum nest_row {
	NEST_IFCONF,
	NEST_FPROG,
	NEST_SIGEVENT,
	NEST_XATTR_SET,
	NEST_XATTR_GET,
	NEST_BLKPG,
	NEST_UNIMAP_GET,
	NEST_UNIMAP_SET,
	NEST_FONT_GET,
	NEST_FONT_SET,
	NEST_NR,
};

/**
 * struct nestdef - A structure with one pointer inside. If it is an output, the count is what comes back.
 * @head:	Its bytes
 * @ptr_at:	Where in it the pointer is
 * @count_at:	Where the count is
 * @count_len:	Bytes of the count: 2 or 4; 0: there is none, @unit bytes are behind the pointer
 * @dir:	enum arg_dir of what is behind the pointer
 * @trim:	TRIM_ALL, TRIM_RET, or TRIM_LEN: the count as it is afterwards
 * @if_at:	Where a u32 is that must be @if_value for the pointer to count; 0: it always does
 * @if_value:	See there
 * @unit:	Bytes per element
 */
struct nestdef {
	uint16_t head;
	uint8_t ptr_at;
	uint8_t count_at;
	uint8_t count_len;
	uint8_t dir;
	uint8_t trim;
	uint8_t if_at;
	uint32_t if_value;
	uint32_t unit;
};

/**
 * struct syslocal - A condition under which a call that is not SYS_LOCAL as a whole is made on the worker
 * @nr:		System call
 * @arg:	Argument that is looked at
 * @mask:	Bits of it that matter
 * @value:	What they must be. Several rows of one call are alternatives.
 */
struct syslocal {
	uint16_t nr;
	uint16_t arg;
	uint64_t mask;
	uint64_t value;
};

extern const struct sysdef sysdef[];
extern const size_t sysdef_nr; /* one more than the highest number with a row */
extern const struct vardef vardef[VAR_NR];
extern const struct nestdef nestdef[NEST_NR];
extern const struct syslocal syslocal[];
extern const size_t syslocal_nr;

/* Row of call @nr; never NULL: numbers without a row have one that says DENY, ENOSYS */
const struct sysdef *sysdef_row(int64_t nr);

/*
 * Row of call @nr with @arg: with commands resolved. Points into the table or at @tmp. It may say SYS_LOCAL or SYS_DENY
 * where the call's own row does not.
 */
const struct sysdef *sysdef_resolve(int64_t nr, const uint64_t arg[6], struct sysdef *tmp);

/* Would the filter let this call through? (SYS_LOCAL, or a row of syslocal[] matches) */
bool sysdef_is_local(int64_t nr, const uint64_t arg[6]);

/* Which argument of a call with PATH or LOOKUP is the name: the first string; -1: none is */
int sysdef_path(const struct sysdef *row);

/* Name of the call, "?" when there is none */
const char *sysdef_name(int64_t nr);

/* Start-up self-check: every row consistent with itself. 0, or -EINVAL with one line in @why. */
int sysdef_check(char *why, size_t why_len);

#endif
