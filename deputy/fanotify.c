/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's fanotify_init: see deputy/fanotify.h. */
#include <errno.h>
#include <sys/fanotify.h>
#include <sys/syscall.h>

#include "deputy/deputy.h"
#include "deputy/fanotify.h"

/* The descriptor is closed, and nobody has seen it */
static void fanotify_closed(struct deputy *d, struct thread *thread, int64_t ret)
{
	(void)ret;
	call_answer(d, thread, -EPERM, NULL, 0);
}

/* Nothing is wrong with the call but its class, or there is */
static void fanotify_tried(struct deputy *d, struct thread *thread, int64_t ret)
{
	if (ret < 0) {
		call_answer(d, thread, ret, NULL, 0);
		return;
	}
	executor_begin(thread->arena, (unsigned int)thread->slot, 0);
	executor_add(thread->arena, (unsigned int)thread->slot, SYS_close, (uint64_t)ret, 0, 0, 0, 0, 0);
	call_post(d, thread, fanotify_closed);
}

/* Who may hold up what others do to files would hold up us, who serve him: he is refused, when nothing else is wrong */
int fanotify_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	const uint64_t *a = thread->call.arg;

	if (!(a[0] & (FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT)))
		return call_row_begin(d, thread, tail, tail_len, NULL);
	if (tail_len)
		return -EPROTO;
	executor_begin(thread->arena, (unsigned int)thread->slot, 0);
	executor_add(thread->arena, (unsigned int)thread->slot, SYS_fanotify_init,
		     a[0] & ~(uint64_t)(FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT), a[1], 0, 0, 0, 0);
	call_post(d, thread, fanotify_tried);
	return 0;
}
