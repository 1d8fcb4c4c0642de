/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same question twice in a row: see remote/again.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "remote/again.h"
#include "remote/calls.h"
#include "remote/listing.h"
#include "remote/session.h"
#include "tracee.h"

#define STAT_LEN 144u /* the kernel's struct stat */

/**
 * struct again - What a thread has asked last
 * @nr:		Call
 * @flags:	Its flags
 * @path:	Path
 * @answered:	Home has answered
 * @said:	When that was
 * @posts:	session->posts then: what guests have done themselves
 * @ret:	The answer
 * @stat:	If it is 0, the attributes
 */
struct again {
	uint32_t nr;
	uint64_t flags;
	char path[WIRE_LISTING_PATH_MAX + 1];
	bool answered;
	struct said said;
	uint64_t posts;
	int64_t ret;
	uint8_t stat[STAT_LEN];
};

/* Calls for attributes by name, and where their arguments are; flags: -1 = there are none */
static const struct question {
	uint32_t nr;
	unsigned int path, buffer;
	int flags;
} questions[] = {
	{ SYS_stat, 0, 1, -1 },
	{ SYS_lstat, 0, 1, -1 },
	{ SYS_newfstatat, 1, 2, 3 },
};

/**
 * question_find() - Is the call such a one, with a path that does not depend on a descriptor?
 */
static const struct question *question_find(const struct call *call)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
		if (questions[i].nr == call->nr)
			return !questions[i].path || (int)call->arg[0] == AT_FDCWD ? &questions[i] : NULL;
	}
	return NULL;
}

void again_drop(struct thread *thread)
{
	free(thread->again);
	thread->again = NULL;
}

/**
 * is_same() - Is it the same question, and has the guest learned nothing since?
 */
static bool is_same(const struct thread *thread, const struct again *again, uint64_t flags, const char *path)
{
	const struct session *session = thread->guest->session;

	return again->answered && again->nr == thread->call.nr && again->flags == flags && !strcmp(again->path, path) &&
	       said_holds(&again->said, session) && again->posts == session->posts && !session->objects.watched;
}

bool again_serve(struct thread *thread)
{
	const struct call *call = &thread->call;
	const struct question *question = question_find(call);
	struct again *again = thread->again;
	char path[WIRE_LISTING_PATH_MAX + 1];
	uint64_t flags;

	if (!question || !path_read(thread, call->arg[question->path], path))
		return false;
	flags = question->flags < 0 ? 0 : call->arg[question->flags];
	if (again && is_same(thread, again, flags, path) &&
	    (again->ret ||
	     !tracee_write(thread->outer, call->arg[question->buffer], again->stat, sizeof(again->stat)))) {
		call_return(thread, again->ret);
		return true;
	}
	if (!again)
		again = thread->again = malloc(sizeof(*again));
	if (!again)
		return false;
	again->nr = call->nr;
	again->flags = flags;
	again->answered = false;
	memcpy(again->path, path, sizeof(path));
	return false;
}

void again_take(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	struct again *again = thread->again;

	if (!again || again->nr != thread->call.nr || (ret && ret != -ENOENT) ||
	    (!ret && tail_len != sizeof(uint32_t) + sizeof(again->stat)))
		return;
	again->answered = true;
	again->said = said_now(thread->guest->session);
	again->posts = thread->guest->session->posts;
	again->ret = ret;
	if (!ret)
		memcpy(again->stat, tail + sizeof(uint32_t), sizeof(again->stat)); /* behind their length */
}
