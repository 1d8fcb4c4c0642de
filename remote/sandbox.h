/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A sandbox holds the guests of one arrival. It is a child of the remote, init, which is process 1 of new user, mount,
 * pid, net, ipc, uts and cgroup namespaces with an empty, read-only root and no descriptor but a socket to the remote.
 * Init does three things when it is asked to: it puts its future children into a time namespace, it sets the number
 * that the next fork in the pid namespace gets, and it gives birth to bodies with chosen numbers. When it dies,
 * everything in the sandbox dies; and it dies with the remote.
 *
 * remote (host's namespaces)             init (pid 1)                       newborn (the wanted pid)
 * sandbox_spawn: maps a new arena,
 *   posts nothing yet
 *   --- pid, address, memfd ----------->  maps the arena, clone3(set_tid) ---> gives up every privilege,
 *   <-- pidfd, pid as the remote sees it  unmaps it again                      enters the parasite, waits
 * PTRACE_SEIZE, posts the batch: unmap everything but arena and vDSO, install the filter ----> makes it, int3
 * takes the listener by pidfd_getfd(2), lets the body close it ------------------------------> makes it, int3
 *
 * A body that sandbox_spawn() returns is a bare process: one thread, stopped in the parasite; its address space is the
 * arena and the vDSO; its descriptor table is empty; no capability, no way to get one, and the filter in force. What
 * comes next (image, registers, start) is posted as further batches on the arena; a notification that a batch causes
 * comes from the listener as any other.
 *
 * Init must hold no secret, for the memory of a newborn is a copy of its: call sandbox_start() before any key is read.
 *
 * What the remote may believe. Until the first guest instruction runs, only the parasite has written to the arena, so
 * its results are true. From then on the guest can write to it, and to its copy of the code. So: a batch is posted to
 * such a body only while all its threads are stopped, after the code page has been written again; the remote waits for
 * stops (waitpid), never for a word in the arena; and it treats a result as it treats anything that a guest says, as a
 * number that may be a lie, which must never become an index, a length or an address of the remote's own.
 *
 * Zombies: init lets the kernel reap (SA_NOCLDWAIT). A traced body first shows its death to the remote; when the
 * remote has waited for it, it is gone and its number is free. A guest's own forks must be made with CLONE_PARENT for
 * that.
 */
#ifndef OM_SANDBOX_H
#define OM_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/types.h>

#include "executor.h"
#include "remote/vdso.h"

struct sandbox;

/*
 * Do without namespaces: for an ordinary user on a system that forbids him user namespaces. What is left is the filter
 * (with FILTER_NO_PIDS), no_new_privs, the limits, and Landlock where the kernel has it. Numbers are not the ones at
 * home.
 */
#define SANDBOX_NO_NAMESPACES 1u

/* Options under which a body is seized. PTRACE_O_TRACESECCOMP is missing: without it a guest's forks are ENOSYS. */
#define SANDBOX_TRACE_OPTIONS                                                                                          \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)

/**
 * struct guest_body - A body, ready to be filled
 * @pid:	Number as the remote sees it (ptrace, process_vm_readv, /proc)
 * @inner:	Number as the guest sees it: the wanted one, unless the sandbox is degraded
 * @pidfd:	Refers to the body; close-on-exec
 * @listener:	Where its notifications come from: poll(2), then receive, which blocks; close-on-exec
 * @arena:	Its arena, mapped in the remote; the thread waits on slot 0, which is taken
 * @vdso:	Where the node's own vvar and vdso are in it
 */
struct guest_body {
	pid_t pid;
	pid_t inner;
	int pidfd;
	int listener;
	struct arena arena;
	struct vdso_map vdso;
};

/*
 * Start a sandbox. On failure @why is a sentence and the result tells: -EPERM this system forbids user namespaces to
 * this user (SANDBOX_NO_NAMESPACES would work), anything else is an error of this machine.
 */
int sandbox_start(struct sandbox **out, unsigned int flags, char *why, size_t why_len);

/* Whether it was started with SANDBOX_NO_NAMESPACES */
bool sandbox_degraded(const struct sandbox *sb);

/* Pid of init as the remote sees it: the one child of the remote that is no guest */
pid_t sandbox_init_pid(const struct sandbox *sb);

/*
 * Shift CLOCK_MONOTONIC and CLOCK_BOOTTIME of all bodies to come by these offsets. Once, before the first body; not at
 * all when both are 0. Fails (not fatal for the caller: the clocks just differ) with -EPERM in a degraded sandbox,
 * -EINVAL on a kernel without time namespaces, -ERANGE for clocks that would be negative, -EOPNOTSUPP where /proc is
 * not to be had.
 */
int sandbox_configure(struct sandbox *sb, int64_t mono_offset_ns, int64_t boot_offset_ns);

/*
 * Make a body with number @pid and an arena of @slots at @arena_addr. Fails with -EEXIST when the number is taken,
 * -ERANGE when this kernel has no such number (pid_max), -EAGAIN, -ENOMEM ... and nothing is left behind.
 * Blocks for well under a millisecond.
 */
int sandbox_spawn(struct sandbox *sb, pid_t pid, uint64_t arena_addr, unsigned int slots, struct guest_body *out);

/*
 * There will be a sandbox_spawn() with these arguments, probably: make the body now. Nothing tells whether that worked.
 * One at a time; the number is not taken by it for anybody else.
 */
void sandbox_foresee(struct sandbox *sb, pid_t pid, uint64_t arena_addr, unsigned int slots);
/* A body that was foreseen is not needed */
void sandbox_foreseen_drop(struct sandbox *sb);
/* Call it from time to time: one that was there the last time is not needed */
void sandbox_foreseen_age(struct sandbox *sb);

/* Close what the remote has of a body (pidfd, listener, arena). The process itself is not touched. */
void sandbox_body_release(struct guest_body *body);

/*
 * The next process or thread that any guest of the sandbox makes gets number @pid if it is free. -EOPNOTSUPP in a
 * degraded sandbox, or where neither /proc/sys is writable nor a new procfs may be mounted (some containers).
 */
int sandbox_next_pid(struct sandbox *sb, pid_t pid);
/* It was not made */
void sandbox_next_pid_unknown(struct sandbox *sb);

/*
 * Make a FUSE file system in the sandbox's user namespace that is mounted nowhere, so no guest finds it: *@mount is
 * its root, *@device what it is served by. Once. Fails with -EOPNOTSUPP in a degraded sandbox, and with whatever kept
 * /dev/fuse from being opened or mounted.
 */
int sandbox_fuse(struct sandbox *sb, int *mount, int *device);

/*
 * End the sandbox: everything in it is killed and reaped. Waits for all children and tracees of the calling thread. In
 * a degraded sandbox only init and the bodies that it made die; kill what those made first.
 */
void sandbox_stop(struct sandbox *sb);

#endif
