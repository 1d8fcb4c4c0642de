/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The executor's side of an arena: see include/executor.h and include/parasite.h. */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "executor.h"

size_t arena_shared_size(unsigned int slots)
{
	return (size_t)slots * SLOT_SIZE;
}

uint64_t arena_size(unsigned int slots)
{
	return ARENA_SIZE(slots);
}

struct slot *arena_slot(const struct arena *arena, unsigned int i)
{
	return (struct slot *)(arena->map + (size_t)i * SLOT_SIZE);
}

uint8_t *arena_data(const struct arena *arena, unsigned int i)
{
	return arena->map + (size_t)i * SLOT_SIZE + SLOT_HEAD_SIZE;
}

uint64_t arena_slot_addr(const struct arena *arena, unsigned int i)
{
	return arena->addr + ARENA_SLOT_OFF(i);
}

uint64_t arena_scratch_addr(const struct arena *arena, unsigned int i)
{
	return arena_slot_addr(arena, i) + SLOT_STACK_END;
}

uint64_t arena_data_addr(const struct arena *arena, unsigned int i)
{
	return arena_slot_addr(arena, i) + SLOT_HEAD_SIZE;
}

int arena_slot_take(struct arena *arena)
{
	for (unsigned int i = 0; i < arena->slots; i++) {
		if (arena->used & (1ull << i))
			continue;
		arena->used |= 1ull << i;
		memset(arena_slot(arena, i), 0, sizeof(struct slot));
		return (int)i;
	}
	return -ENOSPC;
}

void arena_slot_release(struct arena *arena, unsigned int i)
{
	arena->used &= ~(1ull << i);
}

void arena_unmap(struct arena *arena)
{
	if (arena->map)
		munmap(arena->map, arena_shared_size(arena->slots));
	arena->map = NULL;
}

size_t parasite_size(void)
{
	return (size_t)(parasite_blob_end - parasite_blob);
}

const struct parasite_map *parasite_labels(void)
{
	return (const struct parasite_map *)parasite_blob;
}

void executor_enter_regs(const struct arena *arena, unsigned int i, struct user_regs_struct *regs)
{
	regs->rip = arena->addr + parasite_labels()->entry;
	regs->rdi = arena_slot_addr(arena, i);
	/* The ABI's alignment at a function's entry: a return address below a 16-byte boundary */
	regs->rsp = arena_slot_addr(arena, i) + SLOT_STACK_END - 8;
	regs->orig_rax = (unsigned long long)-1; /* not in a system call: nothing to restart */
	regs->eflags &= ~0x400ull;		 /* direction flag clear, as the ABI wants */
}

void executor_begin(const struct arena *arena, unsigned int i, uint32_t flags)
{
	struct slot *slot = arena_slot(arena, i);

	slot->flags = flags;
	slot->count = 0;
	slot->done = 0;
	slot->cancel = 0;
	slot->kept = 0;
	slot->newborn = 0;
}

int executor_add(const struct arena *arena, unsigned int i, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		 uint64_t a4, uint64_t a5)
{
	struct slot *slot = arena_slot(arena, i);
	uint32_t n = slot->count;

	if (n >= SLOT_CALLS_MAX)
		return -ENOSPC;
	slot->call[n] = (struct slot_call){ .nr = nr, .arg = { a0, a1, a2, a3, a4, a5 }, .ret = -ENOSYS };
	slot->count = n + 1;
	return (int)n;
}

void executor_add_guards(const struct arena *arena, unsigned int i, const struct arena *guarded)
{
	for (unsigned int k = 0; k < guarded->slots; k++)
		executor_add(arena, i, SYS_mprotect, arena_data_addr(guarded, k) + SLOT_DATA_SIZE, SLOT_GUARD_SIZE,
			     PROT_NONE, 0, 0, 0);
}

void executor_post(const struct arena *arena, unsigned int i)
{
	struct slot *slot = arena_slot(arena, i);
	uint32_t state = slot->flags & SLOT_ONE_SHOT ? SLOT_LISTEN : SLOT_POSTED;

	__atomic_store_n(&slot->state, state, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&slot->sleeping, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &slot->state, FUTEX_WAKE, 1, NULL, NULL, 0);
}

bool executor_done(const struct arena *arena, unsigned int i)
{
	return __atomic_load_n(&arena_slot(arena, i)->state, __ATOMIC_ACQUIRE) == SLOT_DONE;
}

/* Nanoseconds of the monotonic clock */
static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool executor_spin(const struct arena *arena, unsigned int i, unsigned int us)
{
	uint64_t end = clock_ns() + us * 1000ull;

	do {
		for (int k = 0; k < 50; k++) {
			if (executor_done(arena, i))
				return true;
			__builtin_ia32_pause();
		}
		/* The thread may have been woken on this very CPU: let it run */
		sched_yield();
	} while (clock_ns() < end);
	return executor_done(arena, i);
}

void executor_spin_past(const struct arena *arena, unsigned int i, uint32_t count, unsigned int us)
{
	const struct slot *slot = arena_slot(arena, i);
	uint64_t end = clock_ns() + us * 1000ull;

	while (__atomic_load_n(&slot->done, __ATOMIC_ACQUIRE) < count && clock_ns() < end)
		sched_yield();
}

bool executor_listen(const struct arena *arena, unsigned int i)
{
	uint32_t posted = SLOT_POSTED;

	return __atomic_compare_exchange_n(&arena_slot(arena, i)->state, &posted, SLOT_LISTEN, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

bool executor_unlisten(const struct arena *arena, unsigned int i)
{
	uint32_t listen = SLOT_LISTEN;

	return __atomic_compare_exchange_n(&arena_slot(arena, i)->state, &listen, SLOT_POSTED, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

int64_t executor_ret(const struct arena *arena, unsigned int i, unsigned int call)
{
	return arena_slot(arena, i)->call[call].ret;
}
