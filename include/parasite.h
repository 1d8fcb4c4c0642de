/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The parasite is a flat piece of position-independent code that runs inside a process which is not executing its own
 * program: the home process of a migrated task, or the body of a guest that is being built on a worker. The process
 * that drives it (the executor: deputy or remote) shares an arena with it: slots, one per thread, each with a batch
 * of system calls, their results and a data area that pointer arguments point into.
 *
 * The thread waits on its slot's futex, makes the calls of the batch, posts the results, and waits again: no ptrace
 * stop, no copy of memory by the kernel per call. An executor that does not want to spin for the result (the call
 * blocks, or the executor has other work) changes the state from SLOT_POSTED to SLOT_LISTEN; the thread then executes
 * int3 when it is done, and its tracer sees a SIGTRAP stop. That costs one wake-up, needs no descriptor in the process
 * and no helper thread in the executor. The exchange of the state makes exactly one of the two true: the executor sees
 * SLOT_DONE, or the thread traps.
 *
 * A thread that blocks in a call is interrupted by its tracer (PTRACE_INTERRUPT): if it stopped inside the system
 * call with one of the kernel's restart codes in rax, the tracer replaces that by -EINTR and the parasite posts it as
 * the result. A thread that has not come to its call yet finds slot->cancel set; one that stopped between that check
 * and the syscall instruction (om_call_begin to om_call_insn) is moved to om_call_end with -EINTR in rax. Past the call
 * nothing is done: it has its result. That is glibc's cancellation scheme.
 *
 * A batch may make children, processes or threads, on the stacks of slots of their own (slot->newborn). Whoever comes out
 * of a call on such a stack is the child, and goes on as who waits on that slot.
 *
 * The same layout is compiled into the blob and into the executor.
 */
#ifndef OM_PARASITE_H
#define OM_PARASITE_H

#include <assert.h>
#include <stdint.h>

#define SLOT_UNBEGUN	  (-513)	/* result of a call that was cancelled before; no kernel returns it */
#define SLOT_CALLS_MAX	  64		/* calls in one batch */
#define SLOT_DATA_SIZE	  (1408u << 10) /* bytes of arguments and results of one batch */
#define SLOT_STACK_END	  8192u		/* from struct slot to there is the parasite's stack */
#define SLOT_SCRATCH_SIZE 69632u	/* behind that: for posted calls (deputy/posted.c) */
#define SLOT_HEAD_SIZE	  (SLOT_STACK_END + SLOT_SCRATCH_SIZE) /* before the data */
#define SLOT_GUARD_SIZE	  4096u				       /* PROT_NONE after the data: where bad pointers point */
#define SLOT_SIZE	  (SLOT_HEAD_SIZE + SLOT_DATA_SIZE + SLOT_GUARD_SIZE)
#define ARENA_CODE_SIZE	  4096u /* the blob, read and execute */

enum slot_state { SLOT_IDLE, SLOT_POSTED, SLOT_LISTEN, SLOT_DONE };

/* Stop the batch at the first result that is an error (negative errno) */
#define SLOT_STOP_ON_ERROR 1u
/* Post in the state SLOT_LISTEN: execute int3 after the batch */
#define SLOT_ONE_SHOT 2u

/**
 * struct slot_call - One system call of a batch
 * @nr:		Number
 * @arg:	Arguments; pointers are addresses in the process
 * @ret:	Result, or negative errno
 */
struct slot_call {
	int64_t nr;
	uint64_t arg[6];
	int64_t ret;
};

/**
 * struct slot - What the executor and one thread of the parasite share
 * @state:	enum slot_state; futex the thread waits on
 * @flags:	SLOT_* flags of the batch
 * @count:	Calls in the batch
 * @done:	Calls that were made
 * @spin:	Iterations to spin on @state before sleeping
 * @sleeping:	The thread is (about to be) in futex wait: a wake-up is needed
 * @cancel:	The calls not yet begun return SLOT_UNBEGUN instead of being made, but for the first @kept
 * @kept:	Calls that are made in any case
 * @never:	0: what those look at instead of @cancel
 * @newborn:	End of the stack of the slot that the child of a clone in the batch goes to, 0: none is made
 * @call:	The batch
 */
struct slot {
	uint32_t state;
	uint32_t flags;
	uint32_t count;
	uint32_t done;
	uint32_t spin;
	uint32_t sleeping;
	uint32_t cancel;
	uint32_t kept;
	uint32_t never;
	uint32_t unused;
	uint64_t newborn;
	struct slot_call call[SLOT_CALLS_MAX];
};

/* Layout of the arena from its base: code, slots */
#define ARENA_SLOT_OFF(i) (ARENA_CODE_SIZE + (uint64_t)(i)*SLOT_SIZE)
#define ARENA_SIZE(slots) ARENA_SLOT_OFF(slots)

/**
 * struct parasite_map - Header at the start of the blob: offsets of its labels
 * @entry:	Entry; rdi = address of the slot, rsp = any usable stack
 * @call_begin:	First instruction after the check of slot->cancel
 * @call_insn:	The syscall instruction
 * @call_end:	The instruction after it, with the result in rax
 * @trap_end:	The instruction after the int3
 */
struct parasite_map {
	uint64_t entry;
	uint64_t call_begin;
	uint64_t call_insn;
	uint64_t call_end;
	uint64_t trap_end;
};

static_assert(sizeof(struct slot) + 2048 <= SLOT_STACK_END, "room for the parasite's stack");

#endif
