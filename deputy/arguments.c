/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The arguments of an execve may be more than fits into a CALL, and into the slot of the thread that makes it. Then they
 * come before the CALL, in pieces (ARGUMENTS), which are kept here. When the CALL comes, memory is mapped in the home
 * process, below the arena, the arguments are laid out in a copy of it and written there at once. A new program makes an
 * end of that memory; should there be none, it is unmapped.
 *
 *	ARGUMENTS... ─► kept ─► CALL(execve) ─► mmap ─► laid out, written ─► execve ─┬─► gone
 *	                                                                             └─► munmap ─► the error is answered
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "deputy/arguments.h"
#include "deputy/deputy.h"
#include "usermem.h"

#define SPARE (256u << 10) /* for alignment */

/**
 * struct arguments - Arguments of the execve that a thread makes, or is about to make
 * @tail:	As they came
 * @len:	Bytes there
 * @addr:	Where they are in the home process
 * @size:	Bytes mapped there, 0: none
 * @data:	A copy of that memory
 */
struct arguments {
	uint8_t *tail;
	size_t len;
	uint64_t addr;
	size_t size;
	uint8_t *data;
};

void arguments_free(struct thread *thread)
{
	if (!thread->arguments)
		return;
	free(thread->arguments->tail);
	free(thread->arguments->data);
	free(thread->arguments);
	thread->arguments = NULL;
}

int arguments_add(struct deputy *d, const struct wire_arguments *msg, const uint8_t *piece, size_t len)
{
	struct thread *thread = thread_find(d, (pid_t)msg->tid);
	struct arguments *args;
	uint8_t *more;

	if (!thread)
		return 0; /* it has died */
	if (!thread->arguments)
		thread->arguments = calloc(1, sizeof(*thread->arguments));
	args = thread->arguments;
	if (!args)
		return -ENOMEM;
	if (args->size || !len || len > SYSPLAN_ARGUMENTS_MAX - args->len)
		return -EPROTO;
	more = realloc(args->tail, args->len + len);
	if (!more)
		return -ENOMEM;
	args->tail = more;
	memcpy(args->tail + args->len, piece, len);
	args->len += len;
	return 0;
}

/* Have memory for them mapped; @then when it is there, or not */
void arguments_map(struct deputy *d, struct thread *thread, call_finisher then)
{
	struct arguments *args = thread->arguments;

	args->size = (args->len + SPARE + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
	args->addr = thread->task->code - PAGE_BYTES -
		     args->size; /* the page between is nobody's, as bad pointers need it */
	executor_begin(thread->arena, (unsigned int)thread->slot, 0);
	executor_add(thread->arena, (unsigned int)thread->slot, SYS_mmap, args->addr, args->size,
		     PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1, 0);
	call_post(d, thread, then);
}

int arguments_place(struct thread *thread)
{
	struct arguments *args = thread->arguments;
	struct call *call = &thread->call;
	int err;

	args->data = calloc(1, args->size);
	if (!args->data)
		return -ENOMEM;
	err = sysplan_place(&call->plan, call->nr, call->arg, args->tail, args->len, args->data, args->addr, args->size,
			    call->home_arg);
	if (err)
		return err;
	call->planned = true;
	return tracee_write(thread->tid, args->addr, args->data, args->size);
}

void arguments_unmap(struct deputy *d, struct thread *thread, call_finisher then)
{
	const struct arguments *args = thread->arguments;

	executor_begin(thread->arena, (unsigned int)thread->slot, 0);
	executor_add(thread->arena, (unsigned int)thread->slot, SYS_munmap, args->addr, args->size, 0, 0, 0, 0);
	call_post(d, thread, then);
}

void *arguments_pointer(const struct thread *thread, uint64_t home_addr, size_t len)
{
	const struct arguments *args = thread->arguments;

	if (!args || !args->data || home_addr < args->addr || home_addr - args->addr > args->size - len)
		return NULL;
	return args->data + (home_addr - args->addr);
}
