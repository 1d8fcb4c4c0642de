/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A family may map more files in its life than a session has room for: a shell that starts programs for days. Which of
 * them are still mapped only the worker knows. So from time to time it is asked (TRIM) which of the objects that were not
 * used lately it can end, and answers with those that no guest maps (TRIMMED).
 *
 * While it is asked, such an object is not used for new mappings (a second one of the same file would be made), and
 * what follows in the outbox waits for the answer; so nothing is said of an object that has ended. What waits there for
 * one that has is dropped, and its struct is freed when nothing waits any more.
 *
 * Never ended are objects that guests write to by memory: the worker compares them (remote/live.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/object.h"

/* New objects, or bytes of these, after which the worker is asked */
#define FRESH_NR    1024u
#define FRESH_BYTES (256u << 20)
/* Objects of as many mappings are in use: a mapping may be under way */
#define RECENT 256u

/* Can it end? */
static bool is_idle(const struct deputy *d, const struct object *o)
{
	return !o->shared && o->offer != OFFER_OUT && d->mapped - o->used >= RECENT;
}

void objects_trim(struct deputy *d)
{
	struct wire_trim msg = { 0 };
	uint64_t *ids;

	if (d->trimming || !d->channel || (d->fresh_nr < FRESH_NR && d->fresh_bytes < FRESH_BYTES))
		return;
	ids = malloc(WIRE_TRIM_MAX * sizeof(*ids));
	if (!ids)
		return;
	for (struct object *o = d->objects; o && msg.nr < WIRE_TRIM_MAX; o = o->next) {
		if (!is_idle(d, o))
			continue;
		o->trimming = true;
		ids[msg.nr++] = o->id;
	}
	d->fresh_nr = 0;
	d->fresh_bytes = 0;
	if (msg.nr && !deputy_send(d, WIRE_TRIM, &msg, sizeof(msg), ids, msg.nr * sizeof(*ids))) {
		d->trimming = true;
		outbox_trim(d);
	}
	free(ids);
}

/* The object with @id has ended, if it may; false if it may not */
static bool object_end(struct deputy *d, uint64_t id)
{
	for (struct object **at = &d->objects; *at; at = &(*at)->next) {
		struct object *o = *at;

		if (o->id != id)
			continue;
		if (!o->trimming)
			return false;
		*at = o->next;
		o->next = d->gone;
		d->gone = o;
		o->gone = true;
		d->live_nr -= o->live;
		held_end(d, o);
		close(o->fd);
		return true;
	}
	return false;
}

int objects_trimmed(struct deputy *d, const struct wire_trimmed *msg, const uint8_t *tail, size_t tail_len)
{
	uint64_t id;

	if (!d->trimming || msg->nr > WIRE_TRIM_MAX || tail_len != msg->nr * sizeof(id))
		return -EPROTO;
	for (uint32_t i = 0; i < msg->nr; i++) {
		memcpy(&id, tail + i * sizeof(id), sizeof(id));
		if (!object_end(d, id))
			return -EPROTO;
	}
	for (struct object *o = d->objects; o; o = o->next)
		o->trimming = false;
	d->trimming = false;
	outbox_pump(d);
	return 0;
}

void objects_sweep(struct deputy *d)
{
	while (d->gone) {
		struct object *o = d->gone;

		d->gone = o->next;
		free(o);
	}
}
