/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of which object a mapping is that a guest asks for, where that is known here: see remote/ahead.h. */
#include <sys/mman.h>

#include "remote/ahead.h"
#include "remote/ahead_impl.h"
#include "remote/known.h"
#include "remote/session.h"

void ahead_mapped(struct thread *thread, int fd, uint64_t object, uint32_t kind)
{
	thread->mapped = (struct mapped){
		.said = said_now(thread->guest->session),
		.fd = fd,
		.object = object,
		.kind = kind,
	};
}

bool ahead_mapping(struct thread *thread, uint64_t *object, uint32_t *kind)
{
	const struct mapped *mapped = &thread->mapped;
	const uint64_t *arg = thread->call.arg;
	const struct ahead *ahead;

	if ((arg[3] & (MAP_TYPE | MAP_ANONYMOUS)) != MAP_PRIVATE ||
	    !known_is(thread->guest, KNOWN_QUIET, (uint32_t)arg[4]))
		return false;
	if (mapped->fd == (int)arg[4] && said_holds(&mapped->said, thread->guest->session)) {
		*object = mapped->object;
		*kind = mapped->kind;
		return true;
	}
	ahead = ahead_of(thread, arg[4]);
	if (!ahead || !ahead->told.object)
		return false;
	/* It was promised long ago: the object may have ended */
	if (!said_is_fresh(&ahead->said, thread->guest->session) &&
	    !object_find(&thread->guest->session->objects, ahead->told.object))
		return false;
	*object = ahead->told.object;
	*kind = ahead->told.kind;
	return true;
}
