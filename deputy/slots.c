/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Each home thread has a slot in an arena. The first arena of a program is mapped by ptrace when its image is shipped; a
 * process whose threads or children need more gets further ones, mapped by the parasite itself in three batches (make a
 * memfd, map it, close it). A fork shares the arenas of its parent, and so do the slots: the deputy hands them out, and
 * never the same one to two threads. An arena goes when the last process that has it is gone.
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
	task->arenas[task->arena_nr++] = home;
	return 0;
}

int slots_inherit(struct task *child, const struct task *parent)
{
	child->arenas = malloc(sizeof(*child->arenas) * parent->arena_nr);
	if (!child->arenas)
		return -ENOMEM;
	for (unsigned int i = 0; i < parent->arena_nr; i++) {
		child->arenas[i] = parent->arenas[i];
		child->arenas[i]->users++;
	}
	child->arena_nr = parent->arena_nr;
	child->code = parent->code;
	return 0;
}

int slots_take(struct task *task, struct arena **arena)
{
	/* The newest has room most often */
	for (unsigned int i = task->arena_nr; i-- > 0;) {
		int slot = arena_slot_take(&task->arenas[i]->arena);

		if (slot >= 0) {
			*arena = &task->arenas[i]->arena;
			return slot;
		}
	}
	return -ENOSPC;
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
	executor_add(thread->arena, (unsigned int)thread->slot, SYS_mmap, 0, err ? 0 : size, PROT_READ | PROT_WRITE, MAP_SHARED,
		     (uint64_t)fd, 0);
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
