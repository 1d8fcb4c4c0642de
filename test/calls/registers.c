/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls change rax, rcx and r11, nothing else: all registers, flags, x87, SSE and AVX across every kind of call. */
#include <cpuid.h>

#include "show.h"

struct regs {
	uint64_t rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, flags;
	uint8_t x[16][32];
};

static bool avx;

/* Load known values, make the call, store all; the red zone is stepped over */
static __attribute__((noinline)) long call(long nr, long a, long b, long c, struct regs *after)
{
	static uint8_t in[16][32];
	long ret = nr;

	for (int i = 0; i < 16; i++)
		memset(in[i], i * 3 + 1, 32);
	if (avx)
		asm volatile("vmovdqu (%0),%%ymm0; vmovdqu 32(%0),%%ymm1; vmovdqu 64(%0),%%ymm2; vmovdqu 96(%0),%%ymm3;"
			     "vmovdqu 224(%0),%%ymm7; vmovdqu 256(%0),%%ymm8; vmovdqu 480(%0),%%ymm15" ::"r"(in)
			     : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm7", "xmm8", "xmm15");
	else
		asm volatile("movdqu (%0),%%xmm0; movdqu 32(%0),%%xmm1; movdqu 64(%0),%%xmm2; movdqu 96(%0),%%xmm3;"
			     "movdqu 224(%0),%%xmm7; movdqu 256(%0),%%xmm8; movdqu 480(%0),%%xmm15" ::"r"(in)
			     : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm7", "xmm8", "xmm15");
	asm volatile(
		"sub $256, %%rsp; push %%rbx; push %%rbp; push %%r12; push %%r13; push %%r14; push %%r15; push "
		"%[after];"
		"mov $0x1111, %%ebx; mov $0x2222, %%ebp; mov $0x8888, %%r8d; mov $0x9999, %%r9d; mov $0xaaaa, %%r10d;"
		"mov $0xcccc, %%r12d; mov $0xdddd, %%r13d; mov $0xeeee, %%r14d; mov $0xffff, %%r15d;"
		"cmp %%r15, %%r15; stc; std; syscall; pushf; cld; xchg %%rax, 8(%%rsp);"
		"mov %%rbx, (%%rax); mov %%rcx, 8(%%rax); mov %%rdx, 16(%%rax); mov %%rsi, 24(%%rax); mov %%rdi, "
		"32(%%rax);"
		"mov %%rbp, 40(%%rax); mov %%r8, 48(%%rax); mov %%r9, 56(%%rax); mov %%r10, 64(%%rax); mov %%r11, "
		"72(%%rax);"
		"mov %%r12, 80(%%rax); mov %%r13, 88(%%rax); mov %%r14, 96(%%rax); mov %%r15, 104(%%rax);"
		"pop %%rbx; mov %%rbx, 112(%%rax); pop %%rax;"
		"pop %%r15; pop %%r14; pop %%r13; pop %%r12; pop %%rbp; pop %%rbx; add $256, %%rsp"
		: "+a"(ret), "+D"(a), "+S"(b), "+d"(c)
		: [after] "r"(after)
		: "rcx", "r8", "r9", "r10", "r11", "memory", "cc");
	if (avx)
		asm volatile("vmovdqu %%ymm0,(%0); vmovdqu %%ymm1,32(%0); vmovdqu %%ymm2,64(%0); vmovdqu %%ymm3,96(%0);"
			     "vmovdqu %%ymm7,224(%0); vmovdqu %%ymm8,256(%0); vmovdqu %%ymm15,480(%0)" ::"r"(after->x)
			     : "memory");
	else
		asm volatile("movdqu %%xmm0,(%0); movdqu %%xmm1,32(%0); movdqu %%xmm2,64(%0); movdqu %%xmm3,96(%0);"
			     "movdqu %%xmm7,224(%0); movdqu %%xmm8,256(%0); movdqu %%xmm15,480(%0)" ::"r"(after->x)
			     : "memory");
	return ret;
}

static void show(const char *what, long nr, long a, long b, long c, bool value)
{
	static struct regs r;
	static const int used[] = {0, 1, 2, 3, 7, 8, 15};
	bool vectors = true;
	long ret;

	memset(&r, 0, sizeof(r));
	ret = call(nr, a, b, c, &r);
	for (size_t i = 0; i < NELEM(used); i++) {
		for (int k = 0; k < (avx ? 32 : 16); k++)
			vectors &= r.x[used[i]][k] == used[i] * 3 + 1;
	}
	printf("%s: %ld rbx %lx rbp %lx r8 %lx r9 %lx r10 %lx r12 %lx r13 %lx r14 %lx r15 %lx flags %lx\n", what,
	       value ? ret : ret >= 0, r.rbx, r.rbp, r.r8, r.r9, r.r10, r.r12, r.r13, r.r14, r.r15, r.flags & ~0x40ul);
	printf("  rdi %d rsi %d rdx %d r11 is flags %d rcx is code %d vectors %d\n", (long)r.rdi == a, (long)r.rsi == b,
	       (long)r.rdx == c, (r.r11 & ~0x40ul) == (r.flags & ~0x40ul),
	       r.rcx > (uintptr_t)call && r.rcx < (uintptr_t)call + 4096, vectors);
}

static void on_tick(int sig UNUSED)
{
}

int main(void)
{
	unsigned int eax, ebx, ecx, edx;
	char buf[100];
	int p[2];
	struct timespec ts = {0, 1000000}, longer = {5, 0};
	unsigned short cw = 0;
	unsigned int mxcsr = 0x1f80 | 3 << 13;

	__cpuid(1, eax, ebx, ecx, edx);
	avx = (ecx & bit_AVX) && (ecx & bit_OSXSAVE);
	asm volatile("fldcw %0" ::"m"((unsigned short){0x0f7f}));
	asm volatile("ldmxcsr %0" ::"m"(mxcsr));
	MUST(pipe(p));
	show("getpid", SYS_getpid, 1, 2, 3, false);
	show("getppid", SYS_getppid, 1, 2, 3, false);
	show("write", SYS_write, p[1], (long)"hello", 5, true);
	show("read", SYS_read, p[0], (long)buf, 100, true);
	show("read that fails", SYS_read, -1, (long)buf, 100, true);
	show("no such call", 999, 1, 2, 3, true);
	show("nanosleep", SYS_nanosleep, (long)&ts, 0, 3, true);
	show("sched_yield", SYS_sched_yield, 1, 2, 3, true);
	show("getcwd", SYS_getcwd, (long)buf, 1, 3, true);
	handle(SIGALRM, on_tick, 0);
	ticks_start(10);
	show("interrupted read", SYS_read, p[0], (long)buf, 100, true);
	show("interrupted sleep", SYS_nanosleep, (long)&longer, 0, 3, true);
	ticks_stop();
	asm volatile("fnstcw %0" : "=m"(cw));
	asm volatile("stmxcsr %0" : "=m"(mxcsr));
	printf("x87 control %x mxcsr %x\n", cw, mxcsr & ~0x3fu);
	return 0;
}
