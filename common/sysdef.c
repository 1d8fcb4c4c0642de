/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of system calls, and how a call that is many is resolved into one. See include/sysdef.h. */
#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <time.h>
#include <utime.h>

#include "common/sysargs.h"
#include "common/syscmds.h"
#include "common/sysnumbers.h"
#include "common/systypes.h"

#define SYS(name, where, traits, ret, ...) [__NR_##name] = { #name, traits, SYS_##where, RET_##ret, { __VA_ARGS__ } },
const struct sysdef sysdef[] = {
#include "syscalls.def"
};
#undef SYS

const size_t sysdef_nr = sizeof(sysdef) / sizeof(sysdef[0]);

/* clang-format off */
const struct vardef vardef[VAR_NR] = {
	/*                      head at len unit max */
	[VAR_SCHED_ATTR]     = { 48,  0, 4, 0,   4096 },
	[VAR_SIZE_FIRST]     = { 4,   0, 4, 0,   4096 },
	[VAR_FILE_HANDLE]    = { 8,   0, 4, 1,   8 + 128 },
	[VAR_FIEMAP]         = { 32, 24, 4, 56,  1u << 20 },
	[VAR_DEDUPE]         = { 24, 16, 2, 32,  1u << 20 },
	[VAR_FSMAP]          = { 192, 8, 4, 64,  1u << 20 },
	[VAR_FSCRYPT_POLICY] = { 8,   0, 8, 1,   4096 },
	[VAR_FSCRYPT_KEY]    = { 80, 40, 4, 1,   4096 },
	[VAR_VERITY_DIGEST]  = { 4,   2, 2, 1,   4 + 65535 },
	[VAR_ENTROPY]        = { 8,   4, 4, 1,   65536 },
	[VAR_DM]             = { 305, 12, 4, 0,  1u << 20 },
	[VAR_BTRFS_SEARCH]   = { 112, 104, 8, 1, 1u << 20 },
	[VAR_BTRFS_SPACE]    = { 16,  0, 8, 24,  1u << 20 },
};

const struct nestdef nestdef[NEST_NR] = {
	/*                    head ptr count       dir        trim      if it is  unit */
	[NEST_IFCONF]     = { 16,  8,  0, 4, DIR_OUT, TRIM_LEN, 0,  0, 1 },
	[NEST_FPROG]      = { 16,  8,  0, 2, DIR_IN,  TRIM_ALL, 0,  0, 8 },
	[NEST_SIGEVENT]   = { 64,  0,  0, 0, DIR_IN,  TRIM_ALL, 12, 2, 32 },
	[NEST_XATTR_SET]  = { 16,  0,  8, 4, DIR_IN,  TRIM_ALL, 0,  0, 1 },
	[NEST_XATTR_GET]  = { 16,  0,  8, 4, DIR_OUT, TRIM_RET, 0,  0, 1 },
	[NEST_BLKPG]      = { 24,  16, 8, 4, DIR_IN,  TRIM_ALL, 0,  0, 1 },
	[NEST_UNIMAP_GET] = { 16,  8,  0, 2, DIR_OUT, TRIM_LEN, 0,  0, 4 },
	[NEST_UNIMAP_SET] = { 16,  8,  0, 2, DIR_IN,  TRIM_ALL, 0,  0, 4 },
	[NEST_FONT_GET]   = { 16,  8,  0, 2, DIR_OUT, TRIM_LEN, 0,  0, 32 },
	[NEST_FONT_SET]   = { 16,  8,  0, 2, DIR_IN,  TRIM_ALL, 0,  0, 32 },
};

/* clang-format on */

/* libc's structures that the table takes for the kernel's */
static_assert(sizeof(struct stat) == 144 && sizeof(struct statx) == 256 && sizeof(struct statfs) == 120, "files");
static_assert(sizeof(struct rusage) == 144 && sizeof(struct rlimit) == 16 && sizeof(struct tms) == 32, "resources");
static_assert(sizeof(struct timex) == 208 && sizeof(struct itimerspec) == 32 && sizeof(time_t) == 8, "time");
static_assert(sizeof(struct utsname) == 390 && sizeof(struct sysinfo) == 112, "system");
static_assert(sizeof(siginfo_t) == 128 && sizeof(struct sigevent) == 64 && sizeof(stack_t) == 24, "signals");
static_assert(sizeof(struct epoll_event) == 12 && sizeof(struct pollfd) == 8, "events");
static_assert(sizeof(struct sembuf) == 6 && sizeof(struct io_event) == 32 && sizeof(struct iocb) == 64, "queues");

/* What a number without a row is */
static const struct sysdef nothing = { "?", 0, SYS_DENY, ENOSYS, { NONE } };

const struct sysdef *sysdef_row(int64_t nr)
{
	if (nr < 0 || (uint64_t)nr >= sysdef_nr || !sysdef[nr].name)
		return &nothing;
	return &sysdef[nr];
}

const char *sysdef_name(int64_t nr)
{
	return sysdef_row(nr)->name;
}

/**
 * command_find() - Row of a command
 * @table:	Table of commands
 * @key:	Its key
 *
 * Return: the row, @table->other when there is none
 */
static const struct cmddef *command_find(const struct cmdtable *table, uint32_t key)
{
	for (size_t i = 0; i < table->nr; i++)
		if (table->row[i].cmd == key)
			return &table->row[i];
	return table->other;
}

/**
 * command_key() - What a command is looked up by
 * @arg:	Column with the command
 * @values:	Arguments of the call
 * @i:		Index of @arg
 */
static uint32_t command_key(const struct sysarg *arg, const uint64_t *values, int i)
{
	const struct cmdtable *table = cmdtable(arg->ref);

	if (arg->ref == CMDS_GETSOCKOPT || arg->ref == CMDS_SETSOCKOPT)
		return (uint32_t)values[i] > UINT16_MAX ? UINT32_MAX : SYS_SOCKOPT(values[i - 1], values[i]);
	return ((uint32_t)values[i] >> table->shift) & table->mask;
}

/**
 * command_apply() - Let a command's row replace what the call's row leaves open
 * @def:	Copy of the call's row
 * @cmd:	The command's
 */
static void command_apply(struct sysdef *def, const struct cmddef *cmd)
{
	int next = 0;

	def->where = cmd->where;
	def->traits |= cmd->traits;
	if (cmd->where == SYS_DENY || cmd->name[0])
		def->ret = cmd->ret;
	for (int i = 0; i < 6; i++)
		if (def->arg[i].kind == ARG_ANY)
			def->arg[i] = cmd->arg[next++];
}

const struct sysdef *sysdef_resolve(int64_t nr, const uint64_t arg[6], struct sysdef *tmp)
{
	const struct sysdef *row = sysdef_row(nr);
	const struct cmddef *cmd;
	uint32_t key;
	int i;

	for (i = 0; i < 6; i++)
		if (row->arg[i].kind == ARG_CMD)
			break;
	if (i == 6)
		return row;

	*tmp = *row;
	key = command_key(&row->arg[i], arg, i);
	cmd = command_find(cmdtable(row->arg[i].ref), key);
	if (cmd)
		command_apply(tmp, cmd);
	else
		ioctl_guess(key, arg[i + 1], tmp, &tmp->arg[i + 1]);
	return tmp;
}

int sysdef_path(const struct sysdef *row)
{
	for (int i = 0; i < 6; i++) {
		if (row->arg[i].kind == ARG_MEM && row->arg[i].size == SIZE_STR)
			return i;
	}
	return -1;
}
