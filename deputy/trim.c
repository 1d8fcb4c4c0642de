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
 * Objects that guests write to by memory cost a comparison per call as long as they live (remote/live.h), and nobody else's
 * guests can share them (claim.c). So the worker is also asked when the last process that had mapped one has gone. And there
 * are calls whose outcome depends on what is mapped: umount(2), and fcntl(2) that seals a memfd. Before one of these is
 * made the worker is asked for all objects; it keeps what a guest may be about to map.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/object.h"
#include "deputy/outbox.h"

/* New objects, or bytes of these, after which the worker is asked. It has two descriptors for each, and may have no more than 1,024 */
#define FRESH_NR    256u
#define FRESH_BYTES (256u << 20)
/* Objects of as many mappings are in use: a mapping may be under way */
#define RECENT 128u
/* How long after the last time the worker may be asked because of a shared one */
#define AGAIN_MS 100u

/* Is it time to ask? */
static bool is_time(const struct deputy *d)
{
	return d->fresh_nr >= FRESH_NR || d->fresh_bytes >= FRESH_BYTES ||
	       (d->unheld_nr && uv_now(&d->loop) - d->trim_ms >= AGAIN_MS);
}

/* Can it end? */
static bool is_idle(const struct deputy *d, const struct object *o)
{
	return !object_is_undecided(o) && ((o->shared && !o->holders) || d->mapped - o->used >= RECENT);
}

/* Ask the worker which objects can end; of those only that are idle, or of @all */
static void trim_send(struct deputy *d, bool all)
{
	uint64_t *ids = malloc(WIRE_TRIM_MAX * sizeof(*ids));
	struct wire_trim msg = { 0 };

	if (!ids)
		return;
	for (struct object *o = d->objects; o && msg.nr < WIRE_TRIM_MAX; o = o->next) {
		if (all ? object_is_undecided(o) : !is_idle(d, o))
			continue;
		o->trimming = true;
		ids[msg.nr++] = o->id;
	}
	d->fresh_nr = d->unheld_nr = 0;
	d->fresh_bytes = 0;
	d->trim_ms = uv_now(&d->loop);
	if (msg.nr && !deputy_send(d, WIRE_TRIM, &msg, sizeof(msg), ids, msg.nr * sizeof(*ids))) {
		d->trimming = true;
		outbox_trim(d);
	}
	free(ids);
}

void objects_trim(struct deputy *d)
{
	if (!d->trimming && d->channel && is_time(d))
		trim_send(d, false);
}

/* A thread whose call waits for the answer to a question that was put (@asked) or is to be put, or NULL */
static struct thread *waiting_find(const struct deputy *d, bool asked)
{
	for (struct task *task = d->tasks; task; task = task->next)
		for (struct thread *t = task->threads; t; t = t->sibling)
			if (t->call.trimmed && t->call.id && t->call.asked == asked)
				return t;
	return NULL;
}

/* Let calls go on that have waited long enough; ask for those that begin to wait */
static void waiting_serve(struct deputy *d)
{
	struct thread *thread;
	call_goer go;

	do {
		while (!d->trimming && (thread = waiting_find(d, true))) {
			go = thread->call.trimmed;
			thread->call.trimmed = NULL;
			go(d, thread);
		}
		if (d->trimming || !waiting_find(d, false))
			return;
		while ((thread = waiting_find(d, false)))
			thread->call.asked = true;
		if (d->channel)
			trim_send(d, true);
	} while (!d->trimming); /* there was nothing to ask for */
}

void objects_trim_for(struct deputy *d, struct thread *thread, call_goer go)
{
	thread->call.trimmed = go;
	thread->call.asked = false;
	waiting_serve(d);
}

/* The object with @id has ended, if it may; false if it may not */
static bool object_end(struct deputy *d, uint64_t named)
{
	const uint64_t id = named & ~WIRE_TRIMMED_PRIVATE;

	for (struct object **at = &d->objects; *at; at = &(*at)->next) {
		struct object *o = *at;

		if (o->id != id)
			continue;
		if (!o->trimming)
			return false;
		d->shared_nr -= o->shared;
		o->shared = false;
		claim_end(d, o);
		object_unmap(o);
		if (named != id)
			return true; /* it is mapped, but nobody can write to it */
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
	for (struct object *o = d->objects; o; o = o->next) {
		o->trimming = false;
		d->unheld_nr += o->shared && !o->holders; /* its guest is still dying */
	}
	d->trimming = false;
	outbox_pump(d);
	waiting_serve(d);
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
