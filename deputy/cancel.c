/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Home threads in and out of their calls. The kernel shows a call that a stop interrupted by one of its restart codes
 * (or -EINTR, for the calls that never restart) in rax, with rip behind the syscall instruction. Left alone it restarts
 * by itself; changed to -EINTR it returns to the parasite, which posts it.
 */
#include <errno.h>
#include <sys/ptrace.h>

#include "deputy/cancel.h"
#include "deputy/deputy.h"
#include "deputy/home.h"
#include "deputy/trace.h"

#define SYSCALL_INSN_LEN 2

/* Address in the process of a label of the blob */
static uint64_t label_addr(const struct thread *thread, uint64_t label)
{
	return thread->task->code + label;
}

bool call_interrupted(const struct thread *thread, const struct user_regs_struct *regs)
{
	static const int codes[] = { EINTR, ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK };

	if (regs->rip != label_addr(thread, parasite_labels()->call_insn) + SYSCALL_INSN_LEN ||
	    (long)regs->orig_rax < 0)
		return false;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		if ((long)regs->rax == -codes[i])
			return true;
	}
	return false;
}

void call_abort(struct thread *thread, struct user_regs_struct *regs)
{
	if (!thread->call.code)
		thread->call.code = (int64_t)regs->rax;
	regs->rax = (unsigned long long)-EINTR;
}

void call_again(const struct thread *thread, struct user_regs_struct *regs)
{
	if ((long)regs->rax != -EINTR)
		return; /* the kernel restarts it */
	regs->rip = label_addr(thread, parasite_labels()->call_insn);
	regs->rax = regs->orig_rax;
	regs->orig_rax = (unsigned long long)-1;
}

/* At our stop: where is it, and what keeps it from blocking again? */
static void registers_cancel(struct thread *thread, struct user_regs_struct *regs)
{
	const struct slot *slot = arena_slot(thread->arena, (unsigned int)thread->slot);
	const struct parasite_map *label = parasite_labels();
	bool kept = slot->done < slot->kept; /* it is at a call that is made in any case */

	if (!kept && call_interrupted(thread, regs)) {
		call_abort(thread, regs);
		return;
	}
	/*
	 * Whatever has not been begun will find slot->cancel, or has passed the check and is moved. It is made after the
	 * handler, as if the signal had come a little earlier.
	 */
	if (!thread->call.code)
		thread->call.code = -ERESTARTNOINTR;
	if (!kept && regs->rip >= label_addr(thread, label->call_begin) &&
	    regs->rip <= label_addr(thread, label->call_insn)) {
		regs->rip = label_addr(thread, label->call_end);
		regs->rax = (unsigned long long)-EINTR;
	}
}

bool cancel_wanted(const struct thread *thread)
{
	return thread->state == TH_BUSY && !thread->call.code &&
	       arena_slot(thread->arena, (unsigned int)thread->slot)->cancel;
}

int cancel_at_stop(struct thread *thread)
{
	struct user_regs_struct regs;
	int err = tracee_regs_get(thread->tid, &regs);

	if (err)
		return err;
	registers_cancel(thread, &regs);
	return tracee_regs_set(thread->tid, &regs);
}

int cancel_call(struct deputy *d, struct thread *thread)
{
	int status, err;

	arena_slot(thread->arena, (unsigned int)thread->slot)->cancel = 1;
	if (ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0) < 0)
		return -errno;
	err = tracee_wait(thread->tid, &status);
	if (err || status >> 16 != PTRACE_EVENT_STOP) {
		/* It died, has finished, or a signal was first: then our stop is still to come */
		if (!err || err == -ESRCH)
			trace_dispatch(d, thread, status);
		return 0;
	}
	home_mask_update(thread); /* this may be the stop that was asked for that */
	err = cancel_at_stop(thread);
	return err ? err : thread_resume(thread, 0);
}
