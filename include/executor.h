/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executor's side of an arena: post batches of system calls to parasite threads and take their results.
 * See include/parasite.h for the theory of operation.
 */
#ifndef OM_EXECUTOR_H
#define OM_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "parasite.h"

#define ARENA_SLOTS_MAX 64

/**
 * struct arena - An arena as the executor sees it
 * @addr:	Its address in the process (the same at home and on the worker)
 * @slots:	Number of slots
 * @map:	Where the executor has the shared part (the slots), or NULL
 * @used:	Bit per slot that is taken
 */
struct arena {
	uint64_t addr;
	unsigned int slots;
	uint8_t *map;
	uint64_t used;
};

/* Bytes of the shared part (everything but the code page) */
size_t arena_shared_size(unsigned int slots);
/* Bytes of address space that the whole arena takes in the process */
uint64_t arena_size(unsigned int slots);

struct slot *arena_slot(const struct arena *arena, unsigned int i);
/* The data area of a slot as the executor sees it, and its address in the process */
uint8_t *arena_data(const struct arena *arena, unsigned int i);
uint64_t arena_data_addr(const struct arena *arena, unsigned int i);
uint64_t arena_slot_addr(const struct arena *arena, unsigned int i);
/* Address in the process of SLOT_SCRATCH_SIZE bytes, in front of its data area, for what posted calls need */
uint64_t arena_scratch_addr(const struct arena *arena, unsigned int i);

int arena_slot_take(struct arena *arena); /* index, or -ENOSPC */
void arena_slot_release(struct arena *arena, unsigned int i);
void arena_unmap(struct arena *arena);

/* The blob, its size, and its labels */
extern const uint8_t parasite_blob[], parasite_blob_end[];
size_t parasite_size(void);
const struct parasite_map *parasite_labels(void);

/* Registers with which a thread enters the parasite on slot @i */
void executor_enter_regs(const struct arena *arena, unsigned int i, struct user_regs_struct *regs);

/* Start a batch on slot @i: clears it. Then add calls, then post. */
void executor_begin(const struct arena *arena, unsigned int i, uint32_t flags);
/* Add a call; returns its index in the batch, or -ENOSPC */
int executor_add(const struct arena *arena, unsigned int i, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		 uint64_t a4, uint64_t a5);
/* Add the calls that make the guard pages of arena @guarded, which is mapped in the same process, inaccessible */
void executor_add_guards(const struct arena *arena, unsigned int i, const struct arena *guarded);
/* Hand the batch to the thread: sets the state and wakes the thread if it sleeps */
void executor_post(const struct arena *arena, unsigned int i);
bool executor_done(const struct arena *arena, unsigned int i);
/* Spin up to @us microseconds (yielding) for the batch to finish; true when it did */
bool executor_spin(const struct arena *arena, unsigned int i, unsigned int us);
/* Spin up to @us microseconds for the first @count calls of the batch to be done; slot->done tells */
void executor_spin_past(const struct arena *arena, unsigned int i, uint32_t count, unsigned int us);
/* Ask for a SIGTRAP stop at the end of the batch; false when it has finished already (and there will be no stop) */
bool executor_listen(const struct arena *arena, unsigned int i);
/* The opposite: false when it has trapped, or will */
bool executor_unlisten(const struct arena *arena, unsigned int i);
int64_t executor_ret(const struct arena *arena, unsigned int i, unsigned int call);

#endif
