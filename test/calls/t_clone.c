/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clone and clone3 for threads without libc's help: tid words, TLS, combinations of flags, errors. */
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdatomic.h>

#include "show.h"

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static atomic_int ran;
static volatile pid_t child_tid, parent_tid;
static char *stack;

/* Runs without thread-local storage of its own: no libc that needs it */
static int body(void *arg)
{
	ran += (long)arg;
	syscall(SYS_exit, 0);
	return 0;
}

static void await(volatile pid_t *word)
{
	pid_t v;

	while ((v = *word))
		syscall(SYS_futex, word, FUTEX_WAIT, v, NULL);
}

static long clone3(struct clone_args *args, size_t size)
{
	long ret;

	/* The child starts on its own stack: it must not return from here */
	asm volatile(
		"syscall; test %%rax, %%rax; jnz 1f; xor %%edi, %%edi; lock incl %[ran]; mov $60, %%eax; syscall; 1:"
		: "=a"(ret), [ran] "+m"(ran)
		: "a"(SYS_clone3), "D"(args), "S"(size)
		: "rcx", "r11", "memory");
	if (ret < 0) {
		errno = -ret;
		return -1;
	}
	return ret;
}

int main(void)
{
	struct clone_args args = {0};
	long tid;

	stack = pages(1 << 20);
	TITLE("clone");
	for (int i = 0; i < 5; i++) {
		child_tid = 1;
		tid = clone(body, stack + (1 << 20),
			    THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID, (void *)1,
			    &parent_tid, NULL, &child_tid);
		SHOW_TRUE(tid > 0 && parent_tid == tid);
		await(&child_tid);
		SHOW_NUM(ran);
	}
	TITLE("flags");
	SHOW(clone(body, stack + (1 << 20), CLONE_THREAD, NULL));
	SHOW(clone(body, stack + (1 << 20), CLONE_THREAD | CLONE_SIGHAND, NULL));
	SHOW(clone(body, stack + (1 << 20), CLONE_SIGHAND, NULL));
	SHOW(clone(body, stack + (1 << 20), CLONE_FS | CLONE_NEWNS, NULL));
	SHOW(clone(body, stack + (1 << 20), THREAD | CLONE_NEWPID, NULL));
	TITLE("clone3");
	args = (struct clone_args){.flags = THREAD | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
				   .stack = (uintptr_t)stack,
				   .stack_size = 1 << 20,
				   .child_tid = (uintptr_t)&child_tid,
				   .parent_tid = (uintptr_t)&parent_tid};
	for (int i = 0; i < 5; i++) {
		child_tid = 1;
		tid = clone3(&args, sizeof(args));
		SHOW_TRUE(tid > 0 && parent_tid == tid);
		await(&child_tid);
		SHOW_NUM(ran);
	}
	SHOW(SYS(clone3, &args, 8));
	SHOW(SYS(clone3, &args, 8192));
	SHOW(SYS(clone3, BAD, sizeof(args)));
	args.exit_signal = SIGCHLD;
	SHOW(SYS(clone3, &args, sizeof(args)));
	args = (struct clone_args){.flags = 1ull << 50};
	SHOW(SYS(clone3, &args, sizeof(args)));
	args = (struct clone_args){.exit_signal = 99};
	SHOW(SYS(clone3, &args, sizeof(args)));
	args = (struct clone_args){.stack_size = 4096};
	SHOW(SYS(clone3, &args, sizeof(args)));
	return 0;
}
