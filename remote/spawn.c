/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * body_new() turns a newborn (newborn.c) into a body. The newborn waits in the parasite while the remote seizes
 * it; then the remote posts what only code in the arena can do: unmap all other memory, and install the filter.
 *
 * The filter's listener is a descriptor of the body. The remote takes a copy of it with pidfd_getfd(2), and the body
 * closes its own, by the form of close(2) that the filter lets through for that (FILTER_OWN_FD).
 *
 * Home chooses the arena's address to be free in the task's image, which says nothing about init's. If init occupies
 * it, the arena is mapped elsewhere, and moved once the body is empty: by single-stepping a system call in the vDSO,
 * for the parasite cannot move the page that it executes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "remote/filter.h"
#include "remote/newborn.h"
#include "remote/spawn.h"
#include "tracee.h"
#include "usermem.h"

#define USER_BEGIN 0x10000ull /* below it the kernel may refuse (vm.mmap_min_addr) */

/* Places far apart (no arena is nearly as large), for what has to go somewhere before it can go where it belongs */
#define DETOUR_FIRST 0x100000000000ull
#define DETOUR_STEP  0x10000000000ull
#define DETOUR_NR    16u

/**
 * arena_create() - Make the arena's shared part and map it in the remote; the memfd, or negative errno
 */
static int arena_create(struct arena *arena, uint64_t addr, unsigned int slots)
{
	size_t size = arena_shared_size(slots);
	int fd = memfd_create("openmosix", MFD_CLOEXEC | MFD_ALLOW_SEALING), err;
	void *map;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		goto out_close;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		goto out_close;
	*arena = (struct arena){ .addr = addr, .slots = slots, .map = map };
	arena_slot_take(arena);
	return fd;

out_close:
	err = -errno;
	close(fd);
	return err;
}

/**
 * pidfd_pid() - Number of the process behind @pidfd as this process sees it
 *
 * From its entry in /proc; or negative errno.
 */
static pid_t pidfd_pid(int pidfd)
{
	char path[64], line[128];
	int pid = -ESRCH;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f) && sscanf(line, "Pid: %d", &pid) != 1)
		;
	fclose(f);
	return pid > 0 ? pid : -ESRCH;
}

void body_kill(const struct guest_body *body)
{
	int status;

	syscall(SYS_pidfd_send_signal, body->pidfd, SIGKILL, NULL, 0);
	while (body->pid > 0 && waitpid(body->pid, &status, __WALL) == body->pid && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, body->pid, 0, 0);
}

/**
 * body_report() - Where the newborn says how far it is
 */
static const struct newborn_report *body_report(const struct guest_body *body)
{
	return (const struct newborn_report *)arena_data(&body->arena, 0);
}

/**
 * body_seize() - Seize the newborn
 *
 * While it changes its ids, it is for a moment open to nobody but CAP_SYS_PTRACE, which a remote that is root in a
 * container may lack; that passes at once. The number could only belong to another process by now if the newborn
 * were gone, which its pidfd tells.
 */
static int body_seize(const struct guest_body *body)
{
	bool ready;

	do {
		ready = __atomic_load_n(&body_report(body)->ready, __ATOMIC_ACQUIRE);
		if (!ptrace(PTRACE_SEIZE, body->pid, 0, SANDBOX_TRACE_OPTIONS))
			return syscall(SYS_pidfd_send_signal, body->pidfd, 0, NULL, 0) < 0 ? -errno : 0;
	} while (errno == EPERM && !ready && !sched_yield());
	return -errno;
}

/**
 * batch_begin() - Start a batch on slot 0 that stops at the first failure
 */
static void batch_begin(const struct guest_body *body)
{
	executor_begin(&body->arena, 0, SLOT_ONE_SHOT | SLOT_STOP_ON_ERROR);
}

/**
 * batch_result() - Result of the batch on slot 0: that of its last call
 */
static int64_t batch_result(const struct guest_body *body)
{
	const struct slot *slot = arena_slot(&body->arena, 0);

	return slot->done ? slot->call[slot->done - 1].ret : -EPROTO;
}

/**
 * batch_make() - Make a batch; @stopped says whether the thread has to be sent on first. The result of its last call.
 */
static int64_t batch_make(const struct guest_body *body, bool stopped)
{
	int err;

	executor_post(&body->arena, 0);
	if (stopped && ptrace(PTRACE_CONT, body->pid, 0, 0) < 0)
		return -errno;
	err = tracee_trap_await(body->pid);
	return err ? err : batch_result(body);
}

/**
 * batch_add_unmap() - Add what unmaps everything but arena and vDSO: three gaps around two areas
 */
static void batch_add_unmap(const struct guest_body *body)
{
	uint64_t arena_end = body->arena.addr + arena_size(body->arena.slots);
	struct vdso_range keep[2] = { { body->arena.addr, arena_end },
				      { vdso_start(&body->vdso), vdso_end(&body->vdso) } };
	uint64_t from = 0;

	if (keep[1].start < keep[0].start) {
		struct vdso_range first = keep[1];

		keep[1] = keep[0];
		keep[0] = first;
	}
	for (int i = 0; i < 2; i++) {
		if (keep[i].start > from)
			executor_add(&body->arena, 0, SYS_munmap, from, keep[i].start - from, 0, 0, 0, 0);
		if (keep[i].end > from)
			from = keep[i].end;
	}
	executor_add(&body->arena, 0, SYS_munmap, from, USER_END - from, 0, 0, 0, 0);
}

/**
 * batch_add_filter() - Add the call that installs the filter, which is laid into the slot's data
 *
 * Its result is the listener.
 */
static void batch_add_filter(const struct guest_body *body, const struct sock_fprog *filter)
{
	const size_t behind = sizeof(struct newborn_report);
	uint64_t at = arena_data_addr(&body->arena, 0) + behind;
	struct sock_fprog prog = { .len = filter->len, .filter = (struct sock_filter *)(at + sizeof(prog)) };
	uint8_t *data = arena_data(&body->arena, 0) + behind;

	memcpy(data, &prog, sizeof(prog));
	memcpy(data + sizeof(prog), filter->filter, filter->len * sizeof(*filter->filter));
	executor_add(&body->arena, 0, SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter_install_flags(), at, 0, 0, 0);
}

/**
 * body_step() - One system call in the stopped body by way of the vDSO, as an error
 */
static int body_step(const struct guest_body *body, uint64_t insn, long nr, uint64_t a0, uint64_t a1, uint64_t a2,
		     uint64_t a3, uint64_t a4)
{
	const uint64_t arg[6] = { a0, a1, a2, a3, a4, 0 };
	int err;
	int64_t ret = tracee_syscall(body->pid, insn, nr, arg, &err);

	return err ? err : ret < 0 && ret > -(int64_t)PAGE_BYTES ? (int)ret : 0;
}

/**
 * overlaps() - Whether two arenas, or things not larger than one, at @a and @b would overlap
 */
static bool overlaps(uint64_t a, uint64_t b, unsigned int slots)
{
	return a < b + arena_size(slots) && b < a + arena_size(slots);
}

/**
 * vdso_make_way() - If the vDSO is where the arena is to go, @addr, move it to a detour. 0 or negative errno.
 */
static int vdso_make_way(struct guest_body *body, uint64_t addr)
{
	uint64_t to = DETOUR_FIRST;
	int64_t ret;
	int added;

	if (addr >= vdso_end(&body->vdso) || vdso_start(&body->vdso) >= addr + arena_size(body->arena.slots))
		return 0;
	while (overlaps(to, addr, body->arena.slots) || overlaps(to, body->arena.addr, body->arena.slots))
		to += DETOUR_STEP;
	batch_begin(body);
	added = vdso_move_calls(&body->arena, 0, &body->vdso, to + DETOUR_STEP / 2);
	if (added < 0)
		return added;
	ret = batch_make(body, true);
	return ret < 0 && ret > -(int64_t)PAGE_BYTES ? (int)ret : 0;
}

/**
 * arena_move() - Move the arena of an empty, stopped body to @addr, area by area, and the thread with it
 */
static int arena_move(struct guest_body *body, uint64_t addr)
{
	const uint64_t fixed = MREMAP_MAYMOVE | MREMAP_FIXED, open = SLOT_HEAD_SIZE + SLOT_DATA_SIZE;
	uint64_t insn, old = body->arena.addr;
	struct user_regs_struct regs;
	int err = vdso_make_way(body, addr);

	if (err)
		return err;
	insn = tracee_find_syscall(vdso_ehdr(&body->vdso));
	if (!insn)
		return -ENOSYS;
	err = body_step(body, insn, SYS_mremap, old, ARENA_CODE_SIZE, ARENA_CODE_SIZE, fixed, addr);
	for (unsigned int i = 0; i < body->arena.slots && !err; i++) {
		uint64_t slot = ARENA_SLOT_OFF(i), guard = slot + open;

		err = body_step(body, insn, SYS_mremap, old + slot, open, open, fixed, addr + slot);
		if (!err)
			err = body_step(body, insn, SYS_mremap, old + guard, SLOT_GUARD_SIZE, SLOT_GUARD_SIZE, fixed,
					addr + guard);
	}
	body->arena.addr = addr;
	if (!err)
		err = tracee_regs_get(body->pid, &regs);
	if (err)
		return err;
	executor_enter_regs(&body->arena, 0, &regs);
	return tracee_regs_set(body->pid, &regs);
}

/**
 * listener_take() - Take the listener, which is descriptor @fd of the body, for the remote alone
 */
static int listener_take(struct guest_body *body, int fd)
{
	body->listener = (int)syscall(SYS_pidfd_getfd, body->pidfd, fd, 0);
	if (body->listener < 0)
		return -errno;
	filter_listener_tune(body->listener);
	batch_begin(body);
	executor_add(&body->arena, 0, SYS_close, FILTER_OWN_FD | (unsigned int)fd, 0, 0, 0, 0, 0);
	return (int)batch_make(body, true);
}

/**
 * body_birth() - Have init give birth at a free place, @addr if it is free; 0 or negative errno
 */
static int body_birth(struct sandbox *sb, pid_t pid, int memfd, struct guest_body *body)
{
	struct init_request request = {
		.op = INIT_SPAWN, .pid = pid, .slots = body->arena.slots, .arena_addr = body->arena.addr
	};
	const uint64_t wanted = body->arena.addr;
	struct init_reply reply;
	int err = sandbox_request(sb, &request, memfd, &reply, &body->pidfd);

	for (unsigned int i = 0; i < DETOUR_NR && reply.arena_taken; i++) {
		request.arena_addr = DETOUR_FIRST + i * DETOUR_STEP;
		if (!overlaps(request.arena_addr, wanted, request.slots))
			err = sandbox_request(sb, &request, memfd, &reply, &body->pidfd);
	}
	if (err)
		return err;
	body->arena.addr = request.arena_addr;
	body->pid = pidfd_pid(body->pidfd);
	body->inner = sandbox_degraded(sb) ? body->pid : pid;
	return body->pid < 0 ? body->pid : 0;
}

/**
 * body_settle() - Make a body of the seized newborn, with its arena at @addr
 */
static int body_settle(struct sandbox *sb, uint64_t addr, struct guest_body *body)
{
	bool detour = body->arena.addr != addr;
	int64_t ret;

	batch_begin(body);
	batch_add_unmap(body);
	if (!detour)
		batch_add_filter(body, &sb->filter);
	ret = batch_make(body, false);
	if (detour && !ret) {
		ret = arena_move(body, addr);
		if (ret)
			return (int)ret;
		batch_begin(body);
		batch_add_filter(body, &sb->filter);
		ret = batch_make(body, true);
	}
	return ret < 0 ? (int)ret : listener_take(body, (int)ret);
}

/**
 * newborn_error() - Why a newborn has died, as it has said itself; else @err
 */
static int newborn_error(const struct guest_body *body, int err)
{
	const struct newborn_report *report = body_report(body);

	if (!report->error)
		return err;
	log_error("guest: %s: %s", report->stage, strerror(-report->error));
	return report->error;
}

/**
 * arena_wipe() - Take back from the arena what tells a guest about this program: where its constants are, the filter
 */
static void arena_wipe(const struct guest_body *body, const struct sock_fprog *filter)
{
	size_t used = sizeof(struct newborn_report) + sizeof(*filter) + filter->len * sizeof(*filter->filter);

	memset(arena_data(&body->arena, 0), 0, used);
}

int body_new(struct sandbox *sb, pid_t pid, uint64_t arena_addr, unsigned int slots, struct guest_body *out)
{
	struct guest_body body = { .pidfd = -1, .listener = -1, .vdso = sb->vdso };
	int memfd, err;

	if (pid < 2 || !slots || slots > ARENA_SLOTS_MAX || arena_addr % PAGE_BYTES || arena_addr < USER_BEGIN ||
	    arena_addr > USER_END - arena_size(slots))
		return -EINVAL;
	memfd = arena_create(&body.arena, arena_addr, slots);
	if (memfd < 0)
		return memfd;
	err = body_birth(sb, pid, memfd, &body);
	close(memfd);
	if (!err)
		err = body_seize(&body);
	if (!err)
		err = body_settle(sb, arena_addr, &body);
	if (!err) {
		arena_wipe(&body, &sb->filter);
		*out = body;
		return 0;
	}
	if (body.pidfd >= 0) {
		err = newborn_error(&body, err);
		body_kill(&body);
	}
	sandbox_body_release(&body);
	return err;
}

void sandbox_body_release(struct guest_body *body)
{
	if (body->pidfd >= 0)
		close(body->pidfd);
	if (body->listener >= 0)
		close(body->listener);
	arena_unmap(&body->arena);
	body->pidfd = body->listener = -1;
}
