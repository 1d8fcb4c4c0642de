/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Each home thread has a slot in an arena. The first arena of a program is mapped by ptrace when its image is shipped; a
 * process whose threads or children need more gets further ones, mapped by the parasite itself in three batches (make a
 * memfd, map it, close it). A fork shares one arena with its parent, the one that its own slot is in, and so do the slots:
 * the deputy hands them out, and never the same one to two threads. The others are not passed on (MADV_DONTFORK), or
 * each of many children would have the arenas of all; and one that is full of children's slots is unmapped here when the next one
 * is passed on, for the kernel looks at each mapping whenever the process forks. An arena goes when the last process that has it
 * is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/slots.h"

/**
 * struct growth - A further arena on its way (one at a time for a thread: it is busy with it)
 * @arena:	What is known of it
 * @then:	What is to happen when it is there
 */
struct growth {
	struct arena arena;
	void (*then)(struct deputy *, struct thread *, int64_t err);
};

int slots_adopt(struct task *task, const struct arena *arena)
{
	struct home_arena **more = realloc(task->arenas, sizeof(*more) * (task->arena_nr + 1)), *home;

	if (more)
		task->arenas = more;
	home = more && task->arena_nr < TASK_ARENAS_MAX ? malloc(sizeof(*home)) : NULL;
	if (!home)
		return -ENOMEM;
	*home = (struct home_arena){ *arena, 1 };
	if (!task->arena_nr)
		task->passed_on = home;
	task->arenas[task->arena_nr++] = home;
	return 0;
}

/* The arena of the task that is @arena, or NULL */
static struct home_arena *arena_find(const struct task *task, const struct arena *arena)
{
	for (unsigned int i = task->arena_nr; i-- > 0;) {
		if (&task->arenas[i]->arena == arena)
			return task->arenas[i];
	}
	return NULL;
}

int slots_inherit(struct task *child, const struct task *parent, const struct arena *arena)
{
	struct home_arena *home = arena_find(parent, arena);

	child->arenas = malloc(sizeof(*child->arenas));
	if (!child->arenas)
		return -ENOMEM;
	child->arenas[0] = child->passed_on = home;
	child->arena_nr = 1;
	home->users++;
	child->code = parent->code;
	return 0;
}

int slots_take(struct task *task, struct arena **arena)
{
	struct home_arena *home = task->passed_on;
	/* That one needs no words when a process forks, and of the others the newest has room most often */
	int slot = home ? arena_slot_take(&home->arena) : -ENOSPC;

	for (unsigned int i = task->arena_nr; i-- > 0 && slot < 0;) {
		home = task->arenas[i];
		slot = arena_slot_take(&home->arena);
	}
	if (slot >= 0)
		*arena = &home->arena;
	return slot;
}

/* Is a child about to be forked that needs that arena? */
static bool is_newborns(const struct task *task, const struct arena *arena)
{
	for (const struct thread *t = task->threads; t; t = t->sibling) {
		if (t->newborn_slot >= 0 && t->newborn_arena == arena)
			return true;
	}
	return false;
}

/* Has a thread of the task its slot there, or a child that is about to be forked? */
static bool is_used(const struct task *task, const struct arena *arena)
{
	for (const struct thread *t = task->threads; t; t = t->sibling) {
		if (t->slot >= 0 && t->arena == arena)
			return true;
	}
	return is_newborns(task, arena);
}

/* Add to the thread's batch a call about the slots of an arena */
static void range_add(const struct thread *thread, const struct arena *arena, long nr, int advice)
{
	executor_add(thread->arena, (unsigned int)thread->slot, nr, arena_slot_addr(arena, 0),
		     arena_shared_size(arena->slots), (uint64_t)advice, 0, 0, 0);
}

void slots_put(struct home_arena *home)
{
	if (--home->users)
		return;
	arena_unmap(&home->arena);
	free(home);
}

/* The task has that arena no more */
static void arena_leave(struct task *task, struct home_arena *home)
{
	unsigned int at = 0;

	while (task->arenas[at] != home)
		at++;
	memmove(task->arenas + at, task->arenas + at + 1, (task->arena_nr - at - 1) * sizeof(*task->arenas));
	task->arena_nr--;
	slots_put(home);
}

void slots_pass_on(struct thread *thread, const struct arena *arena)
{
	struct task *task = thread->task;
	struct home_arena *before = task->passed_on;

	if (!before || &before->arena == arena)
		return;
	if (!is_used(task, &before->arena)) {
		range_add(thread, &before->arena, SYS_munmap, 0);
		arena_leave(task, before);
	} else if (!is_newborns(task, &before->arena)) {
		range_add(thread, &before->arena, SYS_madvise, MADV_DONTFORK);
	}
	range_add(thread, arena, SYS_madvise, MADV_DOFORK);
	task->passed_on = arena_find(task, arena);
}

void slots_release(struct arena *arena, int slot)
{
	/* What a large transfer has touched goes back to the system */
	if (arena->map)
		madvise(arena_data(arena, (unsigned int)slot) + 65536, SLOT_DATA_SIZE - 65536, MADV_REMOVE);
	arena_slot_release(arena, (unsigned int)slot);
}

void slots_enter_regs(const struct task *task, const struct arena *arena, int slot, struct user_regs_struct *regs)
{
	executor_enter_regs(arena, (unsigned int)slot, regs);
	regs->rip = task->code + parasite_labels()->entry;
}

/* It is there, or it is not */
static void growth_end(struct deputy *d, struct thread *thread, int64_t err)
{
	struct growth *growth = thread->growth;
	void (*then)(struct deputy *, struct thread *, int64_t) = growth->then;

	if (!err)
		err = slots_adopt(thread->task, &growth->arena);
	if (err)
		arena_unmap(&growth->arena);
	thread->growth = NULL;
	free(growth);
	then(d, thread, err);
}

/* The guards are set */
static void growth_guarded(struct deputy *d, struct thread *thread, int64_t ret)
{
	growth_end(d, thread, ret);
}

/* It is mapped at @addr (or that failed) and its descriptor closed */
static void growth_mapped(struct deputy *d, struct thread *thread, int64_t closed)
{
	struct growth *growth = thread->growth;
	int64_t addr = executor_ret(thread->arena, (unsigned int)thread->slot, 0);

	(void)closed;
	if (addr < 0 && addr > -4096) {
		growth_end(d, thread, addr);
		return;
	}
	growth->arena.addr = (uint64_t)addr - ARENA_CODE_SIZE;
	executor_begin(thread->arena, (unsigned int)thread->slot, SLOT_STOP_ON_ERROR);
	executor_add_guards(thread->arena, (unsigned int)thread->slot, &growth->arena);
	range_add(thread, &growth->arena, SYS_madvise, MADV_DONTFORK);
	call_post(d, thread, growth_guarded);
}

/* The process has the memfd @fd */
static void growth_opened(struct deputy *d, struct thread *thread, int64_t fd)
{
	struct growth *growth = thread->growth;
	size_t size = arena_shared_size(growth->arena.slots);
	int err = fd < 0 ? (int)fd : tracee_memfd_share(thread->tid, (int)fd, size, &growth->arena.map);

	if (err && fd < 0) {
		growth_end(d, thread, err);
		return;
	}
	executor_begin(thread->arena, (unsigned int)thread->slot, 0);
	executor_add(thread->arena, (unsigned int)thread->slot, SYS_mmap, 0, err ? 0 : size, PROT_READ | PROT_WRITE,
		     MAP_SHARED, (uint64_t)fd, 0);
	executor_add(thread->arena, (unsigned int)thread->slot, SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
	call_post(d, thread, growth_mapped);
}

void slots_grow(struct deputy *d, struct thread *thread, void (*then)(struct deputy *, struct thread *, int64_t err))
{
	static const char name[] = "openmosix";

	free(thread->growth); /* of a call that was interrupted */
	thread->growth = calloc(1, sizeof(*thread->growth));
	if (!thread->growth) {
		then(d, thread, -ENOMEM);
		return;
	}
	thread->growth->then = then;
	thread->growth->arena.slots = ARENA_SLOTS;
	memcpy(arena_data(thread->arena, (unsigned int)thread->slot), name, sizeof(name));
	executor_begin(thread->arena, (unsigned int)thread->slot, 0);
	executor_add(thread->arena, (unsigned int)thread->slot, SYS_memfd_create,
		     arena_data_addr(thread->arena, (unsigned int)thread->slot), MFD_CLOEXEC, 0, 0, 0, 0);
	call_post(d, thread, growth_opened);
}
