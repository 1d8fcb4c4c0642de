/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * When home says that a guest has a new program it takes half a millisecond to look at it before it can say more. But
 * that there will be a body, with the number and the arena of the old one, is known already. So it is made meanwhile, and
 * sandbox_spawn() finds it made.
 *
 * It may not come to that: the program stays at home, or ends. Such a body goes when its number is needed for another
 * process, when another one is foreseen, and after a second or two. Where that happens too often nothing is foreseen any more.
 */
#include <errno.h>

#include "remote/spawn.h"

/* So many bodies more than were needed are made in a session */
#define IN_VAIN_MAX 8u

void sandbox_foreseen_drop(struct sandbox *sb)
{
	struct foreseen *foreseen = &sb->foreseen;

	if (!foreseen->there)
		return;
	foreseen->there = false;
	body_kill(&foreseen->body);
	sandbox_body_release(&foreseen->body);
}

void sandbox_foresee(struct sandbox *sb, pid_t pid, uint64_t arena_addr, unsigned int slots)
{
	struct foreseen *foreseen = &sb->foreseen;

	sandbox_foreseen_drop(sb);
	if (foreseen->made - foreseen->taken >= IN_VAIN_MAX)
		return;
	*foreseen = (struct foreseen){
		.pid = pid, .arena_addr = arena_addr, .slots = slots, .made = foreseen->made, .taken = foreseen->taken
	};
	if (body_new(sb, pid, arena_addr, slots, &foreseen->body))
		return; /* who asks for it will be told why */
	foreseen->there = true;
	foreseen->made++;
}

void sandbox_foreseen_age(struct sandbox *sb)
{
	if (sb->foreseen.aged)
		sandbox_foreseen_drop(sb);
	sb->foreseen.aged = true;
}

int sandbox_spawn(struct sandbox *sb, pid_t pid, uint64_t arena_addr, unsigned int slots, struct guest_body *out)
{
	struct foreseen *foreseen = &sb->foreseen;

	if (!foreseen->there || foreseen->pid != pid || foreseen->arena_addr != arena_addr ||
	    foreseen->slots != slots) {
		if (foreseen->pid == pid)
			sandbox_foreseen_drop(sb);
		return body_new(sb, pid, arena_addr, slots, out);
	}
	*out = foreseen->body;
	foreseen->there = false;
	foreseen->taken++;
	return 0;
}
