/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of commands behind calls that are many: what sysdef.c resolves and sysdef_check.c checks. */
#ifndef OM_SYSCMDS_H
#define OM_SYSCMDS_H

#include "sysdef.h"

/**
 * struct cmdtable - The commands of one call
 * @row:	Rows
 * @nr:		Their number
 * @shift:	The key is the argument shifted right by this...
 * @mask:	...and masked with that
 * @other:	Row for every other key; NULL: ioctl_guess() finds out
 */
struct cmdtable {
	const struct cmddef *row;
	size_t nr;
	uint8_t shift;
	uint32_t mask;
	const struct cmddef *other;
};

extern const struct cmdtable ioctl_table;
/* By enum sys_cmds */
const struct cmdtable *cmdtable(unsigned int which);

/* What stands behind @arg of an ioctl without a row: fills @out, or makes @def a refusal */
void ioctl_guess(uint32_t cmd, uint64_t arg, struct sysdef *def, struct sysarg *out);

/* What is wrong with a row, or with one into which a command was resolved: a text, or NULL */
const char *sysdef_fault(const struct sysdef *def);

#endif
