/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of the family at home; see deputy/absent.h for the theory of operation. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "deputy/absent.h"
#include "deputy/deputy.h"

/* The loop has let go of it */
static void on_closed(uv_handle_t *handle)
{
	struct absent *absent = handle->data;

	close(absent->pidfd);
	free(absent);
}

/* It has ended; or it cannot be told whether it has */
static void on_end(uv_poll_t *poll, int status, int events)
{
	struct absent *absent = poll->data, **at;
	struct deputy *d = absent->deputy;

	(void)status;
	(void)events;
	for (at = &d->absent; *at != absent; at = &(*at)->next)
		;
	*at = absent->next;
	d->absent_nr--;
	uv_close((uv_handle_t *)poll, on_closed);
	deputy_end_if_done(d);
}

int absent_add(struct deputy *d, pid_t pid, const char *why)
{
	struct absent *absent;
	int err;

	if (d->absent_nr >= ABSENT_MAX)
		return -EAGAIN;
	absent = calloc(1, sizeof(*absent));
	if (!absent)
		return -ENOMEM;
	absent->deputy = d;
	absent->pid = pid;
	snprintf(absent->why, sizeof(absent->why), "%s", why);
	absent->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (absent->pidfd < 0) {
		err = -errno;
		goto free;
	}
	err = uv_poll_init(&d->loop, &absent->poll, absent->pidfd);
	if (err)
		goto close;
	absent->poll.data = absent;
	uv_poll_start(&absent->poll, UV_READABLE, on_end);
	absent->next = d->absent;
	d->absent = absent;
	d->absent_nr++;
	return 0;

close:
	close(absent->pidfd);
free:
	free(absent);
	return err;
}
