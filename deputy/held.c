/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Which processes map a file through a descriptor that can write. As long as there is such a mapping the file is open for
 * writing, and nobody can execute it (ETXTBSY); afterwards it must not be, or what a linker has made in a mapping could
 * not be run. So when the last process that held a file in that way has ended, or runs a new program, the deputy's own
 * descriptor becomes one that only reads. A mapping that a process has undone counts until then, or until the
 * worker is asked about it (trim.c).
 *
 * Where there is no room for what was written to such a mapping, a process would have got SIGBUS at that moment. It is long
 * past; so the processes that hold the file end of SIGBUS, handled or not.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "deputy/deputy.h"
#include "deputy/object.h"
#include "deputy/signal.h"

/**
 * struct held - A file that a process maps so
 * @next:	Next one of the process
 * @object:	The file
 */
struct held {
	struct held *next;
	struct object *object;
};

int held_add(struct task *task, struct object *object)
{
	struct held *held;

	for (held = task->held; held; held = held->next) {
		if (held->object == object)
			return 0;
	}
	held = malloc(sizeof(*held));
	if (!held)
		return -ENOMEM;
	*held = (struct held){ task->held, object };
	task->held = held;
	object->holders++;
	return 0;
}

int held_inherit(struct task *child, const struct task *parent)
{
	int err = 0;

	for (const struct held *held = parent->held; held && !err; held = held->next)
		err = held_add(child, held->object);
	return err;
}

void held_end(struct deputy *d, const struct object *object)
{
	for (struct task *task = d->tasks; task; task = task->next) {
		struct held **at = &task->held, *held;

		while (*at && (*at)->object != object)
			at = &(*at)->next;
		held = *at;
		if (!held)
			continue;
		*at = held->next;
		free(held);
	}
}

void held_unwritable(struct deputy *d, uint64_t object)
{
	struct wire_default msg = { 0 };
	const siginfo_t info = { .si_signo = SIGBUS, .si_code = BUS_ADRERR };
	const struct held *held;

	memcpy(msg.info, &info, sizeof(info));
	for (struct task *task = d->tasks, *next; task; task = next) {
		next = task->next;
		for (held = task->held; held && held->object->id != object; held = held->next)
			;
		msg.pid = (uint32_t)task->pid;
		if (held)
			signal_default(d, &msg);
	}
}

void held_forget(struct deputy *d, struct task *task)
{
	while (task->held) {
		struct held *held = task->held;

		task->held = held->next;
		if (!--held->object->holders) {
			object_only_read(held->object);
			d->unheld_nr += held->object->shared;
		}
		free(held);
	}
}
