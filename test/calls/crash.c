/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults that the program catches: SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP with their siginfo; going on after them. */
#include <ucontext.h>

#include "try.h"

#define PAGE 4096ul

static char *base;
static volatile sig_atomic_t nested;

static void on_any_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	long at = (char *)info->si_addr - base;

	printf("  %s code %d errno %d", strsignal(sig), info->si_code, info->si_errno);
	if (sig == SIGSEGV || sig == SIGBUS) {
		if (at >= 0 && at < 1 << 20)
			printf(" at base + %ld", at);
		else if ((uintptr_t)info->si_addr < 65536)
			printf(" at %#lx", (unsigned long)info->si_addr);
		printf(" err %#llx trapno %lld cr2 alike %d", (long long)uc->uc_mcontext.gregs[REG_ERR],
		       (long long)uc->uc_mcontext.gregs[REG_TRAPNO],
		       uc->uc_mcontext.gregs[REG_CR2] == (greg_t)info->si_addr);
	} else {
		printf(" trapno %lld", (long long)uc->uc_mcontext.gregs[REG_TRAPNO]);
	}
	printf("\n");
	if (sig == SIGTRAP)
		return;
	siglongjmp(back, 1);
}

static void memory_faults(void)
{
	volatile char *p = base;
	static const char constant[] = "constant";

	TITLE("SIGSEGV");
	TRY(p[0] = 1);
	TRY(p[PAGE] = 1);
	MUST(mprotect(base, PAGE, PROT_NONE));
	TRY(p[5] = 1);
	TRY((void)p[6]);
	MUST(mprotect(base, PAGE, PROT_READ));
	TRY((void)p[7]);
	TRY(p[8] = 1);
	TRY(*(volatile char *)16 = 1);
	TRY((void)*(volatile char *)NULL);
	TRY(*(volatile char *)0xdead000000000000 = 1);
	TRY(*(volatile char *)KERNEL_BAD = 1);
	TRY(*(volatile char *)constant = 1);
	TRY(((void (*)(void))(base + PAGE))());
	TRY(((void (*)(void))32)());
	MUST(munmap(base + PAGE, PAGE));
	TRY(p[PAGE + 9] = 1);
	TRY(p[2 * PAGE] = 1);
}

static void file_faults(void)
{
	int fd = MUST(open("short", O_RDWR | O_CREAT | O_TRUNC, 0644));
	volatile char *p;

	TITLE("SIGBUS");
	MUST(ftruncate(fd, 100));
	base = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	p = base;
	TRY(p[4000] = 1);
	TRY((void)p[PAGE]);
	TRY(p[3 * PAGE + 5] = 1);
	/* The kernel finds the same end of the file in a call */
	SHOW(SYS(write, 1, base + PAGE, 10));
	SHOW(SYS(read, 0, base + PAGE, 10));
	SHOW(SYS(open, base + PAGE, O_RDONLY));
	SHOW(SYS(nanosleep, base + PAGE, NULL));
	close(fd);
}

static void processor_faults(void)
{
	volatile int zero = 0, one = 1;

	TITLE("SIGFPE, SIGILL, SIGTRAP");
	TRY(one = one / zero);
	TRY(asm volatile("ud2"));
	TRY(asm volatile("hlt"));
	TRY(asm volatile("int3"));
	TRY(asm volatile("int $0x80" ::"a"(9999) : "memory"));
	TRY(asm volatile("cli"));
	TRY(asm volatile("mov %%cr0, %%rax" ::: "rax"));
	/* One step by the trap flag: the trap comes after the next instruction */
	TRY(asm volatile("pushf; orq $0x100, (%%rsp); popf; nop; nop" ::
				 : "cc", "memory");
	    asm volatile("pushf; andq $~0x100, (%%rsp); popf" ::
				 : "cc", "memory"));
}

static void on_nested(int sig UNUSED, siginfo_t *info UNUSED, void *context UNUSED)
{
	if (nested++ < 3)
		*(volatile char *)(nested * 4096l % 8192) = 1;
	printf("  nested %d\n", nested);
	siglongjmp(back, 1);
}

/* The handler repairs the page, and the instruction is made again */
static void on_repair(int sig UNUSED, siginfo_t *info, void *context UNUSED)
{
	mprotect((void *)((uintptr_t)info->si_addr & ~(PAGE - 1)), PAGE, PROT_READ | PROT_WRITE);
	nested++;
}

static void repairs(void)
{
	char *p = pages(20 * PAGE);

	TITLE("a handler that faults");
	handle_info(SIGSEGV, on_nested, SA_NODEFER);
	TRY(*(volatile char *)NULL = 1);
	TITLE("a handler that repairs");
	handle_info(SIGSEGV, on_repair, 0);
	MUST(mprotect(p, 20 * PAGE, PROT_NONE));
	nested = 0;
	memset(p, 5, 20 * PAGE);
	SHOW_NUM(nested);
	show_bytes("repaired", p, 20 * PAGE);
	MUST(mprotect(p, 20 * PAGE, PROT_READ));
	SHOW(SYS(read, 0, p, 10));
	SHOW(SYS(getcwd, p, 100));
	SHOW_NUM(nested);
}

int main(void)
{
	static char stack[65536];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};

	MUST(sigaltstack(&ss, NULL));
	base = pages(3 * PAGE);
	handle_info(SIGSEGV, on_any_fault, SA_ONSTACK);
	handle_info(SIGBUS, on_any_fault, 0);
	handle_info(SIGFPE, on_any_fault, 0);
	handle_info(SIGILL, on_any_fault, 0);
	handle_info(SIGTRAP, on_any_fault, 0);
	memory_faults();
	file_faults();
	handle_info(SIGSEGV, on_any_fault, SA_ONSTACK);
	processor_faults();
	repairs();
	return 0;
}
