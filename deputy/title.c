/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ps shows of home processes: see proctitle.h. */
#include <errno.h>

#include "deputy/deputy.h"
#include "deputy/title.h"
#include "proctitle.h"
#include "tracee.h"

int title_told(struct deputy *d, const struct wire_title *msg, const uint8_t *text, size_t len)
{
	const struct task *task = task_find(d, (pid_t)msg->pid);

	/* It has ended, or the worker does not know yet that it runs another program */
	if (!task || !task->migrated || !task->started)
		return 0;
	if (msg->offset > task->title_len || len > task->title_len - msg->offset)
		return -EPROTO;
	tracee_write(task->pid, task->title_at + msg->offset, text, len);
	return 0;
}
