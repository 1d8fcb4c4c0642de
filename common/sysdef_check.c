/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start-up self-check of the tables: what the compiler cannot see, but a reader of a row may expect. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/syscmds.h"

/* Highest errno that a refusal may have */
#define ERRNO_MAX 133

/**
 * is_count() - Does argument @i of @def hold a count?
 */
static bool is_count(const struct sysdef *def, unsigned int i)
{
	return i < 6 && (def->arg[i].kind == ARG_INT || def->arg[i].kind == ARG_LONG || def->arg[i].kind == ARG_SIZE);
}

/**
 * shape_fault() - What is wrong with a nested argument
 *
 * Return: text, or NULL
 */
static const char *shape_fault(const struct sysdef *def, const struct sysarg *arg)
{
	switch (arg->ref) {
	case SHAPE_IOV:
	case SHAPE_MMSG:
	case SHAPE_IOCB:
		return is_count(def, arg->unit) ? NULL : "the shape's count is no number";
	case SHAPE_MASK:
		if (arg->unit >= 6 || def->arg[arg->unit].kind != ARG_SIZE)
			return "the mask's size is no size";
		return def->traits & SYS_TEMPMASK ? NULL : "a mask without TEMPMASK";
	case SHAPE_MASK_PAIR:
		return def->traits & SYS_TEMPMASK ? NULL : "a mask without TEMPMASK";
	case SHAPE_VAR:
		return arg->unit < VAR_NR && vardef[arg->unit].head ? NULL : "no such row of vardef";
	case SHAPE_NEST:
		return arg->unit < NEST_NR && nestdef[arg->unit].head ? NULL : "no such row of nestdef";
	case SHAPE_MSG:
	case SHAPE_ARGV:
		return NULL;
	}
	return "no such shape";
}

/**
 * mem_fault() - What is wrong with a pointer argument
 */
static const char *mem_fault(const struct sysdef *def, const struct sysarg *arg)
{
	const struct sysarg *ref = arg->ref < 6 ? &def->arg[arg->ref] : NULL;

	if (!arg->dir)
		return "a pointer without direction";
	if ((def->traits & SYS_OUTERR) && arg->dir == DIR_OUT)
		return "OUTERR with an output that has no input";
	if (arg->trim == TRIM_DIFF && arg->dir != DIR_INOUT)
		return "trimmed by what was not there before";
	if (arg->trim == TRIM_RET && def->ret != RET_COUNT && def->ret != RET_PID)
		return "trimmed by a result that is no count";
	switch (arg->size) {
	case SIZE_FIXED:
	case SIZE_STR:
		return arg->unit ? NULL : "a pointer to nothing";
	case SIZE_ARG:
	case SIZE_MSG:
	case SIZE_BITS:
		return is_count(def, arg->ref) && arg->unit ? NULL : "the count is no number";
	case SIZE_LEN:
		if (!ref || ref->kind != ARG_MEM || ref->dir != DIR_INOUT || ref->size != SIZE_FIXED || ref->unit != 4)
			return "the length is no u32 that comes back";
		return arg->unit ? NULL : "a length without maximum";
	case SIZE_SHAPE:
		return shape_fault(def, arg);
	}
	return "a pointer without size";
}

/**
 * arg_fault() - What is wrong with an argument
 */
static const char *arg_fault(const struct sysdef *def, const struct sysarg *arg)
{
	if (arg->kind == ARG_MEM)
		return mem_fault(def, arg);
	if (arg->kind > ARG_MEM)
		return "no such kind of argument";
	if (arg->dir || arg->size || arg->trim)
		return "a number with a direction or a size";
	if (arg->kind == ARG_CMD ? arg->ref >= CMDS_NR : arg->ref || arg->unit)
		return "a number that refers to something";
	return NULL;
}

const char *sysdef_fault(const struct sysdef *def)
{
	bool tempmask = false;

	if (def->where > SYS_HANDLER)
		return "no such place";
	if (def->where == SYS_DENY ? !def->ret || def->ret > ERRNO_MAX : def->ret > RET_NEVER)
		return "no such result";
	if ((def->traits & SYS_SPLIT) && (def->arg[1].kind != ARG_MEM || def->ret != RET_COUNT))
		return "SPLIT without a transfer in the second argument";
	if ((def->traits & SYS_LOOKUP) && sysdef_path(def) < 0)
		return "LOOKUP without a name";
	for (int i = 0; i < 6; i++) {
		const struct sysarg *arg = &def->arg[i];
		const char *fault = arg_fault(def, arg);

		if (fault)
			return fault;
		if (i && arg->kind != ARG_NONE && arg->kind != ARG_ANY && def->arg[i - 1].kind == ARG_NONE &&
		    def->where != SYS_DENY && !(def->arg[0].kind == ARG_CMD || def->arg[1].kind == ARG_CMD))
			return "a hole in the arguments";
		if (arg->kind == ARG_MEM && arg->size == SIZE_SHAPE)
			tempmask |= arg->ref == SHAPE_MASK || arg->ref == SHAPE_MASK_PAIR;
	}
	if (!!(def->traits & SYS_TEMPMASK) != tempmask)
		return "TEMPMASK without a mask";
	return NULL;
}

/**
 * commands_fault() - What is wrong with the commands of call @nr, whose column @i chooses one
 * @name:	Out: the command
 */
static const char *commands_fault(size_t nr, int i, const char **name)
{
	const struct cmdtable *table = cmdtable(sysdef[nr].arg[i].ref);
	struct sysdef resolved;
	uint64_t arg[6] = { 0 };

	for (size_t k = 0; k < table->nr; k++) {
		const struct sysdef *def;
		const char *fault;

		*name = table->row[k].name;
		for (size_t earlier = 0; earlier < k; earlier++)
			if (table->row[earlier].cmd == table->row[k].cmd)
				return "a second row for the same command";
		arg[i] = (uint64_t)table->row[k].cmd << table->shift;
		if (sysdef[nr].arg[i].ref == CMDS_GETSOCKOPT || sysdef[nr].arg[i].ref == CMDS_SETSOCKOPT) {
			arg[i - 1] = table->row[k].cmd >> 16;
			arg[i] = table->row[k].cmd & UINT16_MAX;
		}
		def = sysdef_resolve((int64_t)nr, arg, &resolved);
		fault = sysdef_fault(def);
		if (fault)
			return fault;
		if ((def->where == SYS_LOCAL) != sysdef_is_local((int64_t)nr, arg))
			return "the filter and the row disagree";
	}
	return NULL;
}

/**
 * call_fault() - What is wrong with the row of call @nr and its commands
 */
static const char *call_fault(size_t nr, const char **command)
{
	const char *fault = sysdef_fault(&sysdef[nr]);
	int commands = 0, any = 0;

	for (int i = 0; i < 6 && !fault; i++) {
		any += sysdef[nr].arg[i].kind == ARG_ANY;
		if (sysdef[nr].arg[i].kind != ARG_CMD)
			continue;
		commands++;
		fault = commands_fault(nr, i, command);
	}
	if (!fault && (commands > 1 || any > 4 || (any && !commands)))
		fault = "commands and what they choose do not match";
	return fault;
}

int sysdef_check(char *why, size_t why_len)
{
	for (size_t nr = 0; nr < sysdef_nr; nr++) {
		const char *command = "", *fault;

		if (!sysdef[nr].name)
			continue;
		fault = call_fault(nr, &command);
		if (fault) {
			snprintf(why, why_len, "%s %s: %s", sysdef[nr].name, command, fault);
			return -EINVAL;
		}
	}
	for (size_t i = 0; i < syslocal_nr; i++) {
		const struct syslocal *rule = &syslocal[i];
		uint8_t where = sysdef_row(rule->nr)->where;

		if (where == SYS_LOCAL || where == SYS_DENY || rule->arg >= 6 || (rule->value & ~rule->mask)) {
			snprintf(why, why_len, "%s: the condition never or always holds", sysdef_name(rule->nr));
			return -EINVAL;
		}
	}
	return 0;
}
