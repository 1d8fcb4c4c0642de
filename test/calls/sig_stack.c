/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sigaltstack, stack overflow, stack growth, handlers on other stacks, long jumps, contexts. */
#include <setjmp.h>
#include <sys/resource.h>
#include <ucontext.h>

#include "show.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

static char *stack;
static sigjmp_buf back;
static volatile int depth;

static bool on_stack(const void *p)
{
	return (char *)p >= stack && (char *)p < stack + 65536;
}

static void on_signal(int sig)
{
	char here;
	stack_t ss;

	sigaltstack(NULL, &ss);
	printf("  signal %d on the alternate stack: %d flags %d\n", sig, on_stack(&here), ss.ss_flags);
	if (sig == SIGUSR1 && depth++ < 2)
		raise(SIGUSR2);
	if (sig == SIGUSR2 && depth == 1)
		SHOW(sigaltstack(&ss, NULL));
}

static void on_overflow(int sig UNUSED, siginfo_t *info, void *context UNUSED)
{
	char here;

	printf("  overflow: code %d, on the alternate stack: %d\n", info->si_code, on_stack(&here));
	siglongjmp(back, 1);
}

static __attribute__((noinline)) int recurse(int n)
{
	volatile char room[4096];

	room[0] = n;
	return n <= 0 ? 0 : recurse(n - 1) + room[0];
}

static void setting(void)
{
	stack_t ss = {.ss_sp = stack, .ss_size = 65536}, old = {.ss_size = 1};

	TITLE("sigaltstack");
	SHOW(SYS(sigaltstack, NULL, &old));
	SHOW_NUM(old.ss_flags);
	SHOW_NUM(old.ss_size);
	SHOW(SYS(sigaltstack, &ss, NULL));
	SHOW(SYS(sigaltstack, NULL, &old));
	SHOW_TRUE(old.ss_sp == stack && old.ss_size == 65536);
	ss.ss_size = 100;
	SHOW(SYS(sigaltstack, &ss, NULL));
	ss.ss_flags = 99;
	SHOW(SYS(sigaltstack, &ss, NULL));
	SHOW(SYS(sigaltstack, BAD, NULL));
	SHOW(SYS(sigaltstack, NULL, BAD));
	handle(SIGUSR1, on_signal, SA_ONSTACK);
	handle(SIGUSR2, on_signal, 0);
	raise(SIGUSR1);
	depth = 0;
	handle(SIGUSR2, on_signal, SA_ONSTACK);
	raise(SIGUSR1);
	ss = (stack_t){.ss_flags = SS_DISABLE};
	SHOW(SYS(sigaltstack, &ss, NULL));
	depth = 5;
	raise(SIGUSR1);
	ss = (stack_t){.ss_sp = stack, .ss_size = 65536, .ss_flags = SS_AUTODISARM};
	SHOW(SYS(sigaltstack, &ss, NULL));
	raise(SIGUSR1);
}

static void overflowing(void)
{
	stack_t ss = {.ss_sp = stack, .ss_size = 65536};
	struct rlimit limit;

	TITLE("growth and overflow of the stack");
	SHOW_NUM(recurse(1500) != 0);
	SHOW(sigaltstack(&ss, NULL));
	handle_info(SIGSEGV, on_overflow, SA_ONSTACK);
	for (int i = 0; i < 3; i++) {
		if (!sigsetjmp(back, 1))
			recurse(1 << 20);
	}
	getrlimit(RLIMIT_STACK, &limit);
	SHOW_NUM(limit.rlim_cur);
}

static ucontext_t main_context, other_context;
static char other_stack[65536];

static void other(void)
{
	for (int i = 0; i < 3; i++) {
		printf("  in the other context, %d\n", i);
		if (i == 1)
			raise(SIGUSR2);
		swapcontext(&other_context, &main_context);
	}
}

static void contexts(void)
{
	TITLE("contexts");
	getcontext(&other_context);
	other_context.uc_stack.ss_sp = other_stack;
	other_context.uc_stack.ss_size = sizeof(other_stack);
	other_context.uc_link = &main_context;
	makecontext(&other_context, other, 0);
	for (int i = 0; i < 4; i++) {
		swapcontext(&main_context, &other_context);
		printf("  back, %d\n", i);
	}
}

static void on_jump(int sig)
{
	siglongjmp(back, sig);
}

static void jumps(void)
{
	sigset_t set;

	TITLE("jumps out of handlers");
	handle(SIGALRM, on_jump, 0);
	for (volatile int i = 0; i < 20; i++) {
		int sig = sigsetjmp(back, 1);

		if (sig)
			continue;
		ticks_start(2);
		for (;;)
			SYS(read, 0, &sig, 0);
	}
	ticks_stop();
	sigprocmask(SIG_BLOCK, NULL, &set);
	SHOW(sigismember(&set, SIGALRM));
}

int main(void)
{
	stack = pages(65536);
	setting();
	overflowing();
	contexts();
	jumps();
	return 0;
}
