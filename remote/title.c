/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ps shows of guests: see proctitle.h. */
#include <stdlib.h>
#include <string.h>

#include "remote/session.h"
#include "remote/title.h"
#include "proctitle.h"
#include "tracee.h"

/**
 * title_set() - Remember what home has; without memory for it nothing is told
 */
static void title_set(struct guest *guest, uint64_t at, uint32_t len)
{
	guest->title = len ? malloc(len) : NULL;
	guest->title_at = at;
	guest->title_len = guest->title ? len : 0;
}

void title_begin(struct guest *guest, const uint8_t mm[static 96])
{
	uint64_t at;
	uint32_t len = title_range(mm, &at);

	title_set(guest, at, len);
	if (guest->title_len && tracee_read(guest->outer, at, guest->title, len))
		title_clear(guest);
}

void title_inherit(struct guest *guest, const struct guest *parent)
{
	title_set(guest, parent->title_at, parent->title_len);
	if (guest->title_len)
		memcpy(guest->title, parent->title, guest->title_len);
}

void title_clear(struct guest *guest)
{
	free(guest->title);
	guest->title = NULL;
	guest->title_len = 0;
}

void title_sync(struct guest *guest)
{
	struct wire_title msg = { .pid = guest->pid };
	uint32_t from = 0, to = guest->title_len;
	uint8_t now[TITLE_MAX];

	if (guest->state != GUEST_LIVE || !to || tracee_read(guest->outer, guest->title_at, now, to) ||
	    !memcmp(now, guest->title, to))
		return;
	while (now[from] == guest->title[from])
		from++;
	while (now[to - 1] == guest->title[to - 1])
		to--;
	msg.offset = from;
	memcpy(guest->title + from, now + from, to - from);
	channel_send(guest->session->channel, WIRE_TITLE, &msg,
		     &(struct iovec){ .iov_base = now + from, .iov_len = to - from }, 1);
}

void titles_sync(struct session *session)
{
	for (struct guest *g = session->guests.guests; g; g = g->next)
		title_sync(g);
}
