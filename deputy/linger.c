/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A guest that has got the result of a call often makes the next one at once. So before the loop goes to sleep after an
 * answer the deputy looks for that call actively, as long as it is worth it (include/aspin.h), and as long as nothing else
 * wants attention: no home thread has stopped. Meanwhile what has come into a pipe that the guest reads is sent (pipes.c).
 */
#include <poll.h>

#include "deputy/deputy.h"
#include "deputy/linger.h"
#include "deputy/pipes.h"

#define ROUNDS_MAX 64 /* calls in a row before the loop has its turn */

/* Look for a message until one has come; false when none has */
static bool message_look(struct deputy *d)
{
	struct channel *channel = d->channel;
	struct pollfd sources[] = {
		{ .fd = d->watch.fd, .events = POLLIN },
		{ .fd = channel ? channel_fd(channel) : -1, .events = POLLIN },
		{ .fd = pipes_fd(d), .events = POLLIN },
	};
	int came = 0;

	if (!channel || !aspin_begin(&d->linger))
		return false;
	do {
		sources[1].events = channel_backlog(channel) ? POLLIN | POLLOUT : POLLIN;
		if (poll(sources, sizeof(sources) / sizeof(*sources), 0) <= 0)
			continue;
		came = sources[1].revents ? channel_poll(channel) : 0;
		if (came < 0 || d->channel != channel)
			return false;
		/* To send what is in a pipe takes time that was not spent on looking */
		if (!came && sources[2].revents &&
		    (!pipes_look(d) || d->channel != channel || !aspin_begin(&d->linger)))
			return false;
	} while (!came && !sources[0].revents && aspin_on(&d->linger));
	aspin_end(&d->linger, came > 0);
	return came > 0;
}

void linger_prepare(struct deputy *d)
{
	for (int round = 0; d->answered && round < ROUNDS_MAX; round++) {
		d->answered = false;
		if (!message_look(d))
			break;
	}
	d->answered = false;
}
