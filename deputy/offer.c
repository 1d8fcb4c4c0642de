/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A new object is announced (OBJECT), and what is worth a question is offered (OFFER): a content that the worker may have
 * from before, and one that is large. The answer (WANT) is that all of it is wanted, or nothing, or that it will
 * be fetched page by page (pages.c). For that a second connection is opened when it is needed first; if that fails, the
 * object is offered again, as a whole.
 *
 * Not offered page by page is what can be kept for later sessions under a name, for it comes only once then: a compiler of
 * 33 MB touches 17 of them at each start, a browser's engine of 99 MB 29. Nor is what guests may write to by memory.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/hashes.h"
#include "deputy/object.h"
#include "deputy/outbox.h"
#include "deputy/pages.h"

/* Contents of steady objects that are worth a question, and not too much to be kept */
#define NAMED_MIN (64u << 10)
#define NAMED_MAX (256u << 20)
/* Bytes of any content that the worker is asked for before they are sent */
#define OFFER_MIN (8u << 20)

/* Under which name guests see it in /proc/PID/maps: its path, or, if that is too long, the last part of it */
static void object_name(const struct object *o, uint8_t *out, size_t cap)
{
	char link[32], path[PATH_MAX];
	const char *name = path;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", o->fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	if (strlen(path) >= cap && strrchr(path, '/'))
		name = strrchr(path, '/') + 1;
	memcpy(out, name, strnlen(name, cap - 1));
}

/* May its content be kept under a name? */
static bool is_named(const struct object *o)
{
	return !o->live && (uint64_t)o->st.st_size >= NAMED_MIN && (uint64_t)o->st.st_size <= NAMED_MAX;
}

/* Ask whether the worker wants the content; it may be worth no question */
static int offer_send(struct deputy *d, struct object *o, bool whole)
{
	struct wire_offer offer = { .object = o->id, .bytes = object_data_bytes(&o->st) };

	offer.named = is_named(o) && hashes_find(d->hashes, &o->st, offer.hash);
	offer.paged = !whole && !is_named(o) && pages_possible(d);
	if (!offer.named && offer.bytes < OFFER_MIN)
		return 0;
	o->offer = offer.paged ? OFFER_PAGED_OUT : OFFER_OUT;
	return channel_send(d->channel, WIRE_OFFER, &offer, NULL, 0);
}

/*
 * Nothing that waits in the outbox can refer to it yet, so announcement and offer go at once, and the answer is not
 * waited for longer than necessary.
 */
int object_offer(struct deputy *d, struct object *o, bool whole)
{
	struct wire_object msg = { .object = o->id, .size = (uint64_t)o->st.st_size };
	int err;

	if (!d->channel)
		return -EPIPE;
	o->told = msg.size;
	msg.flags = o->live ? WIRE_OBJECT_LIVE : 0;
	object_name(o, msg.name, sizeof(msg.name));
	err = channel_send(d->channel, WIRE_OBJECT, &msg, NULL, 0);
	if (!err)
		err = offer_send(d, o, whole);
	return err ? err : outbox_file(d, o, 0, msg.size, is_named(o) ? OUTBOX_HASH : 0);
}

bool object_is_undecided(const struct object *o)
{
	return o->offer == OFFER_OUT || o->offer == OFFER_PAGED_OUT || o->offer == OFFER_JOINING;
}

bool object_is_paged(const struct object *o)
{
	return o->offer == OFFER_PAGED_OUT || o->offer == OFFER_JOINING || o->offer == OFFER_PAGED;
}

int object_wanted(struct deputy *d, const struct wire_want *msg)
{
	struct object *o;

	for (o = d->objects; o && o->id != msg->object; o = o->next)
		;
	if (!o || !object_is_undecided(o) || o->offer == OFFER_JOINING || msg->wanted > WIRE_WANTED_PAGES ||
	    (msg->wanted == WIRE_WANTED_PAGES && o->offer != OFFER_PAGED_OUT))
		return -EPROTO;
	if (msg->wanted == WIRE_WANTED_PAGES) {
		o->offer = OFFER_JOINING;
		pages_join(d);
		return 0;
	}
	o->offer = msg->wanted ? OFFER_NONE : OFFER_DECLINED;
	outbox_pump(d);
	return 0;
}

void objects_joined(struct deputy *d)
{
	for (struct object *o = d->objects; o; o = o->next) {
		if (o->offer != OFFER_JOINING)
			continue;
		if (pages_possible(d))
			o->offer = OFFER_PAGED;
		else if (d->channel)
			offer_send(d, o, true);
	}
	outbox_pump(d);
}
