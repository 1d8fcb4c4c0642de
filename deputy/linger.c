/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A guest that has got the result of a call often makes the next one at once. So before the loop goes to sleep after an
 * answer the deputy looks for that call actively, as long as it is worth it (include/aspin.h), and as long as nothing else
 * wants attention: no home thread has stopped.
 */
#include <poll.h>

#include "deputy/deputy.h"
#include "deputy/linger.h"

#define ROUNDS_MAX 64 /* calls in a row before the loop has its turn */

/* Look for a message until one has come; false when none has */
static bool message_look(struct deputy *d)
{
	struct pollfd other = { .fd = d->watch.fd, .events = POLLIN };
	struct channel *channel = d->channel;
	int came;

	if (!channel || !aspin_begin(&d->linger))
		return false;
	do {
		came = channel_poll(channel);
		if (came < 0 || d->channel != channel)
			return false;
	} while (!came && poll(&other, 1, 0) <= 0 && aspin_on(&d->linger));
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
