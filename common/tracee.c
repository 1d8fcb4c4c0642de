/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ptrace helpers for a stopped thread: see include/tracee.h. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procmaps.h"
#include "tracee.h"

int tracee_regs_get(pid_t tid, struct user_regs_struct *regs)
{
	return ptrace(PTRACE_GETREGS, tid, 0, regs) < 0 ? -errno : 0;
}

int tracee_regs_set(pid_t tid, const struct user_regs_struct *regs)
{
	return ptrace(PTRACE_SETREGS, tid, 0, regs) < 0 ? -errno : 0;
}

ssize_t tracee_xstate_get(pid_t tid, void *buf, size_t cap)
{
	struct iovec iov = { buf, cap };

	return ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &iov) < 0 ? -errno : (ssize_t)iov.iov_len;
}

int tracee_xstate_set(pid_t tid, const void *buf, size_t len)
{
	struct iovec iov = { (void *)buf, len };

	return ptrace(PTRACE_SETREGSET, tid, NT_X86_XSTATE, &iov) < 0 ? -errno : 0;
}

int tracee_read(pid_t pid, uint64_t addr, void *buf, size_t len)
{
	struct iovec local = { buf, len }, remote = { (void *)addr, len };
	ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	return n < 0 ? -errno : (size_t)n == len ? 0 : -EFAULT;
}

int tracee_write(pid_t pid, uint64_t addr, const void *buf, size_t len)
{
	struct iovec local = { (void *)buf, len }, remote = { (void *)addr, len };
	ssize_t n = process_vm_writev(pid, &local, 1, &remote, 1, 0);

	return n < 0 ? -errno : (size_t)n == len ? 0 : -EFAULT;
}

int tracee_trap_await(pid_t tid)
{
	int status, err;

	for (;;) {
		err = tracee_wait(tid, &status);
		if (err || status >> 8 == SIGTRAP)
			return err;
		if (ptrace(PTRACE_CONT, tid, 0, 0) < 0)
			return -errno;
	}
}

/**
 * struct injection - System calls injected one after the other; the first failure sticks
 * @tid:	Stopped thread
 * @insn:	A syscall instruction in it
 * @saved:	Its registers
 * @mask:	Its signal mask
 * @err:	First failure, negative errno
 */
struct injection {
	pid_t tid;
	uint64_t insn;
	struct user_regs_struct saved;
	uint64_t mask;
	int err;
};

/* Step over the one instruction at @insn, whatever other stops come first; 0 with the registers then, or negative errno */
static int insn_step(pid_t tid, uint64_t insn, struct user_regs_struct *regs)
{
	int status, err;

	do {
		if (ptrace(PTRACE_SINGLESTEP, tid, 0, 0) < 0)
			return -errno;
		err = tracee_wait(tid, &status);
		if (!err)
			err = tracee_regs_get(tid, regs);
		if (err)
			return err;
	} while (regs->rip == insn);
	return 0;
}

/* Keep what the calls will change */
static void inject_begin(struct injection *in)
{
	/* SIGTRAP stays unblocked: the kernel forces the step's trap, and would reset its handler if it were blocked */
	uint64_t all = ~(1ull << (SIGTRAP - 1));

	in->err = tracee_regs_get(in->tid, &in->saved);
	if (!in->err && (ptrace(PTRACE_GETSIGMASK, in->tid, sizeof(in->mask), &in->mask) < 0 ||
			 ptrace(PTRACE_SETSIGMASK, in->tid, sizeof(all), &all) < 0))
		in->err = -errno;
}

/* One call; its result, which may be a negative errno, or -1 when it, or an earlier one, could not be made */
static int64_t inject_call(struct injection *in, long nr, const uint64_t arg[6])
{
	struct user_regs_struct regs = in->saved;

	if (in->err)
		return -1;
	regs.rip = in->insn;
	regs.rax = (unsigned long long)nr;
	regs.orig_rax = (unsigned long long)-1;
	regs.rdi = arg[0];
	regs.rsi = arg[1];
	regs.rdx = arg[2];
	regs.r10 = arg[3];
	regs.r8 = arg[4];
	regs.r9 = arg[5];
	in->err = tracee_regs_set(in->tid, &regs);
	if (!in->err)
		in->err = insn_step(in->tid, in->insn, &regs);
	return in->err ? -1 : (int64_t)regs.rax;
}

/* The same where an error of the call is a failure, too */
static int64_t inject(struct injection *in, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
		      uint64_t a5)
{
	const uint64_t arg[6] = { a0, a1, a2, a3, a4, a5 };
	int64_t ret = inject_call(in, nr, arg);

	if (!in->err && ret < 0 && ret > -4096)
		in->err = (int)ret;
	return in->err ? -1 : ret;
}

/* Put back what was kept */
static void inject_end(struct injection *in)
{
	int err = tracee_regs_set(in->tid, &in->saved);

	if (ptrace(PTRACE_SETSIGMASK, in->tid, sizeof(in->mask), &in->mask) < 0 && !err)
		err = -errno;
	if (!in->err)
		in->err = err;
}

int64_t tracee_syscall(pid_t tid, uint64_t insn, long nr, const uint64_t arg[6], int *error)
{
	struct injection in = { .tid = tid, .insn = insn };
	int64_t ret = -1;

	inject_begin(&in);
	if (!in.err) {
		ret = inject_call(&in, nr, arg);
		inject_end(&in);
	}
	*error = in.err;
	return ret;
}

uint64_t tracee_find_syscall(uint64_t vdso)
{
	static uint64_t offset; /* 0: not looked for yet; there the ELF header is */
	uint64_t own = getauxval(AT_SYSINFO_EHDR);
	struct procmap *maps = NULL;
	int nr = offset || !own ? 0 : procmaps_read(getpid(), &maps);

	for (int i = 0; i < nr; i++) {
		const uint8_t *at;

		if (maps[i].start != own)
			continue;
		at = memmem((const void *)own, maps[i].end - own, "\x0f\x05", 2);
		offset = at ? (uint64_t)(uintptr_t)at - own : 0;
	}
	free(maps);
	return vdso && offset ? vdso + offset : 0;
}

int tracee_memfd_share(pid_t tid, int fd, size_t size, uint8_t **out)
{
	char path[64];
	int own, err = 0;
	void *map;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)tid, fd);
	own = open(path, O_RDWR | O_CLOEXEC);
	if (own < 0)
		return -errno;
	if (ftruncate(own, (off_t)size) < 0) {
		err = -errno;
		goto out_close;
	}
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0);
	if (map == MAP_FAILED)
		err = -errno;
	else
		*out = map;
out_close:
	close(own);
	return err;
}

/* Have @arena mapped; the descriptor of its shared part. On failure nothing of it stays in the process */
static int arena_inject(struct injection *in, struct arena *arena)
{
	static const char name[] = "openmosix";
	uint64_t name_addr = arena->addr + ARENA_CODE_SIZE - sizeof(name);
	size_t shared = arena_shared_size(arena->slots);
	const int fixed = MAP_FIXED_NOREPLACE;
	int64_t fd;
	int err;

	inject(in, SYS_mmap, arena->addr, ARENA_CODE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | fixed,
	       (uint64_t)-1, 0);
	if (in->err)
		return -1;
	in->err = tracee_write(in->tid, arena->addr, parasite_blob, parasite_size());
	if (!in->err)
		in->err = tracee_write(in->tid, name_addr, name, sizeof(name));
	inject(in, SYS_mprotect, arena->addr, ARENA_CODE_SIZE, PROT_READ | PROT_EXEC, 0, 0, 0);
	fd = inject(in, SYS_memfd_create, name_addr, MFD_CLOEXEC, 0, 0, 0, 0);
	if (!in->err)
		in->err = tracee_memfd_share(in->tid, (int)fd, shared, &arena->map);
	inject(in, SYS_mmap, arena->addr + ARENA_CODE_SIZE, shared, PROT_READ | PROT_WRITE, MAP_SHARED | fixed,
	       (uint64_t)fd, 0);
	if (!in->err)
		return (int)fd;
	err = in->err;
	in->err = 0;
	if (fd >= 0)
		inject(in, SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
	inject(in, SYS_munmap, arena->addr, ARENA_CODE_SIZE, 0, 0, 0, 0);
	in->err = err;
	return -1;
}

int tracee_arena_map(pid_t tid, uint64_t insn, uint64_t addr, unsigned int slots, struct arena *out)
{
	struct injection in = { .tid = tid, .insn = insn };
	struct arena arena = { .addr = addr, .slots = slots };
	int fd = -1;

	inject_begin(&in);
	if (!in.err) {
		fd = arena_inject(&in, &arena);
		inject_end(&in);
	}
	if (in.err) {
		arena_unmap(&arena);
		return in.err;
	}
	*out = arena;
	return fd;
}

/* The hexadecimal mask behind "@name:\t" in a status file */
static uint64_t status_mask(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 16) : 0;
}

int tracee_sigstate(pid_t tid, struct sigstate *out)
{
	char path[64], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	out->pending = status_mask(text, "\nSigPnd:");
	out->shared_pending = status_mask(text, "\nShdPnd:");
	out->blocked = status_mask(text, "\nSigBlk:");
	out->ignored = status_mask(text, "\nSigIgn:");
	out->caught = status_mask(text, "\nSigCgt:");
	out->capabilities = status_mask(text, "\nCapEff:");
	out->runs = strstr(text, "\nState:\tR") != NULL;
	return 0;
}
