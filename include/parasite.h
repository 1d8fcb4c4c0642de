/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The parasite is a flat piece of position-independent code that runs inside a process which is not executing its own
 * program: the home process of a migrated task, or the body of a guest that is being built on a worker. The process
 * that drives it (the executor: deputy or remote) shares an arena with it: slots, one per thread, each with a batch
 * of system calls, their results and a data area that pointer arguments point into.
 *
 * Resident mode: the thread waits on its slot's futex, makes the calls of the batch, posts the results, and waits again.
 * There is no ptrace stop and no copy of memory by the kernel per call.
 * One-shot mode: the thread makes the batch, then executes int3, so that its tracer sees a SIGTRAP stop.
 *
 * A thread that blocks in a call is interrupted by its tracer (PTRACE_INTERRUPT): if it stopped inside the system
 * call with one of the kernel's restart codes in rax, the tracer replaces that by -EINTR and the parasite posts it as
 * the result; if it stopped before the call, between om_call_begin and om_call_insn, the tracer moves it to
 * om_call_cancel. Past the call nothing is done: it has its result. That is glibc's cancellation scheme.
 *
 * The same layout is compiled into the blob and into the executor.
 */
#ifndef OM_PARASITE_H
#define OM_PARASITE_H

#include <stdint.h>

#define SLOT_CALLS_MAX 64		      /* calls in one batch */
#define SLOT_DATA_SIZE (1280u << 10)	      /* bytes of arguments and results of one batch */
#define SLOT_HEAD_SIZE 8192u		      /* bytes of the slot before its data; one page boundary for the data */
#define SLOT_GUARD_SIZE 4096u		      /* PROT_NONE after the data: where bad pointers point */
#define SLOT_SIZE (SLOT_HEAD_SIZE + SLOT_DATA_SIZE + SLOT_GUARD_SIZE)
#define ARENA_CODE_SIZE 4096u		      /* the blob, read and execute */
#define ARENA_HEAD_SIZE 4096u		      /* struct arena_head */

enum slot_state { SLOT_IDLE, SLOT_POSTED, SLOT_DONE };

/* Stop the batch at the first result that is an error (negative errno) */
#define SLOT_STOP_ON_ERROR 1u
/* Execute int3 after the batch instead of waiting for the next one */
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
 * @call:	The batch
 */
struct slot {
	uint32_t state;
	uint32_t flags;
	uint32_t count;
	uint32_t done;
	uint32_t spin;
	uint32_t sleeping;
	uint32_t unused[2];
	struct slot_call call[SLOT_CALLS_MAX];
};

/**
 * struct arena_head - What all slots of an arena share
 * @bell:	Counter, futex; raised after each finished batch
 * @listening:	The executor is (about to be) waiting on @bell: a wake-up is needed
 * @off_*:	Offsets in the blob, written once by the executor (parasite_locate())
 */
struct arena_head {
	uint32_t bell;
	uint32_t listening;
};

/* Layout of the arena from its base: code, head, slots */
#define ARENA_SLOT_OFF(i) (ARENA_CODE_SIZE + ARENA_HEAD_SIZE + (uint64_t)(i) * SLOT_SIZE)
#define ARENA_SIZE(slots) ARENA_SLOT_OFF(slots)

/**
 * struct parasite_map - Header at the start of the blob: offsets of its labels
 * @entry:	Entry; rdi = address of the slot, rsi = address of the arena head, rsp = any usable stack
 * @call_begin:	First instruction of the window before the system call
 * @call_insn:	The syscall instruction
 * @call_end:	The instruction after it
 * @call_cancel: Where a cancelled call goes on, with the result in rax
 */
struct parasite_map {
	uint64_t entry;
	uint64_t call_begin;
	uint64_t call_insn;
	uint64_t call_end;
	uint64_t call_cancel;
};

#endif
