/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parasite: see include/parasite.h. Built as a flat binary; nothing here may need a relocation or a library. */
#include <asm/unistd.h>
#include <linux/futex.h>

#include "parasite.h"

asm(".section .head, \"a\"\n"
    ".quad om_entry\n"
    ".quad om_call_begin\n"
    ".quad om_call_insn\n"
    ".quad om_call_end\n"
    ".quad om_trap_end\n"
    ".text\n");

/*
 * One call of a batch, unless @cancel says so, in the window that a tracer knows (see include/parasite.h). A child that it
 * makes is on the stack that ends at @newborn, with nothing on it, and does not return.
 */
static long call_make(const uint32_t *cancel, const struct slot_call *call, uint64_t newborn)
{
	register uint64_t r10 asm("r10") = call->arg[3];
	register uint64_t r8 asm("r8") = call->arg[4];
	register uint64_t r9 asm("r9") = call->arg[5];
	register uint64_t r12 asm("r12") = newborn;
	long ret = call->nr;

	asm volatile(".global om_call_begin, om_call_insn, om_call_end\n"
		     "cmpl $0, (%[cancel])\n"
		     "jne 1f\n"
		     "om_call_begin:\n"
		     "nop\n"
		     "om_call_insn: syscall\n"
		     "cmp %%r12, %%rsp\n"
		     "jne om_call_end\n"
		     "lea -%c[stack_end](%%rsp), %%rdi\n"
		     "push $0\n" /* the ABI's alignment at a function's entry */
		     "jmp om_entry\n"
		     "1: mov %[unbegun], %%rax\n"
		     "om_call_end:\n"
		     : "+a"(ret)
		     : "D"(call->arg[0]), "S"(call->arg[1]), "d"(call->arg[2]), "r"(r10), "r"(r8), "r"(r9),
		       "r"(r12), [cancel] "b"(cancel), [unbegun] "i"(SLOT_UNBEGUN), [stack_end] "i"(SLOT_STACK_END)
		     : "rcx", "r11", "memory", "cc");
	return ret;
}

/* A futex call of the parasite's own, outside the window */
static long futex(uint32_t *word, int op, uint32_t value)
{
	register uint64_t r10 asm("r10") = 0;
	long ret = __NR_futex;

	asm volatile("syscall" : "+a"(ret) : "D"(word), "S"(op), "d"(value), "r"(r10) : "rcx", "r11", "memory", "cc");
	return ret;
}

/* Make the calls of the posted batch */
static void batch_make(struct slot *slot)
{
	uint32_t count = slot->count;

	if (count > SLOT_CALLS_MAX)
		count = SLOT_CALLS_MAX;
	for (uint32_t i = 0; i < count; i++) {
		struct slot_call *call = &slot->call[i];

		call->ret = call_make(i < slot->kept ? &slot->never : &slot->cancel, call, slot->newborn);
		__atomic_store_n(&slot->done, i + 1, __ATOMIC_RELEASE);
		if ((slot->flags & SLOT_STOP_ON_ERROR) && call->ret < 0 && call->ret > -4096)
			break;
	}
}

/* A batch waits to be made */
static int is_posted(uint32_t state)
{
	return state == SLOT_POSTED || state == SLOT_LISTEN;
}

/* Wait until a batch is posted: spin a while, then sleep */
static void post_await(struct slot *slot)
{
	uint32_t spin = slot->spin;

	while (!is_posted(__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE))) {
		if (spin) {
			spin--;
			asm volatile("pause");
			continue;
		}
		uint32_t seen;

		__atomic_store_n(&slot->sleeping, 1, __ATOMIC_SEQ_CST);
		seen = __atomic_load_n(&slot->state, __ATOMIC_SEQ_CST);
		if (!is_posted(seen))
			futex(&slot->state, FUTEX_WAIT, seen);
		__atomic_store_n(&slot->sleeping, 0, __ATOMIC_SEQ_CST);
	}
}

__attribute__((noreturn, used, visibility("default"))) void om_entry(struct slot *slot);

void om_entry(struct slot *slot)
{
	for (;;) {
		post_await(slot);
		batch_make(slot);
		if (__atomic_exchange_n(&slot->state, SLOT_DONE, __ATOMIC_SEQ_CST) == SLOT_LISTEN)
			asm volatile(".global om_trap_end\n"
				     "int3\n"
				     "om_trap_end:\n" ::
					     : "memory");
	}
}
