/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that need more on the worker than their row says. */
#include <errno.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <unistd.h>

#include "log.h"
#include "remote/actions.h"
#include "remote/ahead.h"
#include "remote/calls.h"
#include "remote/execve.h"
#include "remote/filter.h"
#include "remote/keeps.h"
#include "remote/limits.h"
#include "remote/listener.h"
#include "remote/notify.h"
#include "remote/ownfilter.h"
#include "remote/procfiles.h"
#include "remote/session.h"
#include "remote/shm.h"
#include "remote/timers.h"
#include "remote/usage.h"
#include "remote/writes.h"
#include "remote/waits.h"
#include "tracee.h"

/* Home's answer to mmap: object, size, kind */
#define MMAP_ANSWER_LEN 20
#define MMAP_KIND_AT	16
#define MMAP_PROT_ARG	2
#define MMAP_FD_ARG	4

#define SIGSET_LEN 8

/* Processors that a set of the guest's may name: the kernel's own limit */
#define CPU_SET_LEN 1024u

/* What can be looked at of a ring of asynchronous I/O */
#define RING_LEN 4096

/**
 * object_map() - The guest's own kernel makes the mapping that the thread asks for, of our copy of the file
 *
 * The copy takes the place of the descriptor that the call names. All arguments are in registers, so nobody can
 * change them between the look at them and the kernel's. Return: false: the deputy has not sent that object.
 */
static bool object_map(struct thread *thread, uint64_t object, uint32_t kind)
{
	struct session *session = thread->guest->session;
	struct call *call = &thread->call;
	int fd, err;

	if (!(call->arg[MMAP_PROT_ARG] & PROT_WRITE))
		kind = objects_kind_to_read(&session->objects, object, kind);
	fd = objects_fd(&session->objects, object, kind);
	if (fd == -ENODEV && !(call->arg[MMAP_PROT_ARG] & PROT_WRITE)) /* then it cannot become writable later */
		fd = objects_fd(&session->objects, object, OBJECT_LIVE_READ_ONLY);
	if (fd == -EPROTO)
		return false;
	err = fd < 0 ? fd
		     : notify_addfd(listener_fd(thread->guest->listener), call->notif, fd, (int)call->arg[MMAP_FD_ARG]);
	if (err >= 0) {
		if (kind == OBJECT_LIVE || kind == OBJECT_LIVE_READ_ONLY)
			writes_forget(thread->guest, -1); /* what is written to that file has to be seen at once */
		call_continue(thread);
		return true;
	}
	log_warn("guest %u: object %llu cannot be mapped: %s", thread->guest->pid, (unsigned long long)object,
		 strerror(-err));
	call_return(thread, err == -EBADF ? -ENOMEM : err); /* more descriptors than this node has room for */
	return true;
}

/**
 * mmap_begin() - A mapping of a file is asked for
 */
static void mmap_begin(struct thread *thread)
{
	uint64_t object;
	uint32_t kind;

	if (!ahead_mapping(thread, &object, &kind))
		call_forward(thread);
	else if (!object_map(thread, object, kind))
		session_end(thread->guest->session, "the deputy told of an object that it has not sent");
}

/**
 * mmap_result() - Home has said what is behind the mapping
 */
static void mmap_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	struct session *session = thread->guest->session;
	uint64_t object;
	uint32_t kind;

	if (ret < 0) {
		call_return(thread, ret);
		return;
	}
	if (tail_len != MMAP_ANSWER_LEN) {
		session_end(session, "the deputy sent a mapping that is none");
		return;
	}
	memcpy(&object, tail, sizeof(object));
	memcpy(&kind, tail + MMAP_KIND_AT, sizeof(kind));
	ahead_mapped(thread, (int)thread->call.arg[MMAP_FD_ARG], object, kind);
	if (!object_map(thread, object, kind))
		session_end(session, "the deputy maps an object that it has not sent");
}

/**
 * exit_send() - The end of a thread or process happens at home too, and has no answer
 */
static void exit_send(struct thread *thread)
{
	struct session *session = thread->guest->session;

	channel_cork(session->channel);
	usage_tell(thread->guest);
	call_send(thread, thread->call.nr, thread->call.arg, 0, NULL, 0);
	channel_uncork(session->channel);
}

/**
 * exit_begin() - The end of a thread
 */
static void exit_begin(struct thread *thread)
{
	exit_send(thread);
	thread->exiting = true;
	call_continue(thread);
}

/**
 * exit_group_begin() - The end of the process; DROP follows, perhaps when it is gone
 */
static void exit_group_begin(struct thread *thread)
{
	shm_leave(thread->guest);
	exit_send(thread);
	for (struct thread *t = thread->guest->threads; t; t = t->next)
		t->exiting = true;
	call_continue(thread);
}

/**
 * getrusage_begin() - What the guest has used of this node's CPU is more than what its home process has used
 */
static void getrusage_begin(struct thread *thread)
{
	int who = (int)thread->call.arg[0];

	if (who == RUSAGE_SELF || who == RUSAGE_THREAD)
		call_continue(thread);
	else
		call_forward(thread);
}

/**
 * times_result() - Add the CPU time of this node to that of home
 */
static void times_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	uint64_t addr = thread->call.arg[0], utime, stime, rss;
	struct tms tms;

	if (!call_scatter(thread, &ret, tail, tail_len))
		return;
	if (ret >= 0 && addr && !usage_read(thread->guest->outer, &utime, &stime, &rss) &&
	    !tracee_read(thread->outer, addr, &tms, sizeof(tms))) {
		tms.tms_utime += (clock_t)utime;
		tms.tms_stime += (clock_t)stime;
		tracee_write(thread->outer, addr, &tms, sizeof(tms));
	}
	call_return(thread, ret);
}

/**
 * own_memory_begin() - Calls on the memory of a process, by its number
 *
 * All guests are one user for the worker's kernel, whatever they are at home; so each may look at itself alone.
 */
static void own_memory_begin(struct thread *thread)
{
	uint32_t pid = (uint32_t)thread->call.arg[0];

	if (pid != thread->guest->pid && guest_by_pid(thread->guest->session, pid))
		call_return(thread, -EPERM);
	else
		call_continue(thread); /* nobody else is there to be found */
}

/**
 * affinity_result() - Home's processors are what the guest may choose from; where this node has such, too, it runs there
 */
static void affinity_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	const uint64_t *arg = thread->call.arg;
	const struct thread *about = arg[0] ? thread_by_tid(thread->guest->session, (uint32_t)arg[0]) : thread;
	uint8_t set[CPU_SET_LEN] = { 0 };
	size_t len = (uint32_t)arg[1] < sizeof(set) ? (uint32_t)arg[1] : sizeof(set);

	if (ret >= 0 && about && !tracee_read(thread->outer, arg[2], set, len))
		syscall(SYS_sched_setaffinity, about->outer, sizeof(set), set); /* none of them is here: anywhere */
	call_complete(thread, ret, 0, tail, tail_len);
}

/**
 * process_vm_begin() - Calls that copy between the memories of two processes
 *
 * For the worker's kernel all guests are one user, so home says who may; then it copies between guests as between any.
 */
static void process_vm_begin(struct thread *thread)
{
	uint32_t pid = (uint32_t)thread->call.arg[0];

	if (pid == thread->guest->pid || !thread_by_tid(thread->guest->session, pid))
		own_memory_begin(thread);
	else
		call_send(thread, thread->call.nr, thread->call.arg, 0, NULL, 0);
}

/**
 * process_vm_result() - Home has said whether it may
 */
static void process_vm_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	if (ret < 0)
		call_return(thread, ret);
	else
		call_continue(thread);
}

/**
 * outer_by_tid() - A process or thread of the session as the remote sees it; 0: there is none
 */
static pid_t outer_by_tid(const struct session *session, uint32_t tid)
{
	const struct thread *thread = thread_by_tid(session, tid);

	return thread ? thread->outer : 0;
}

/**
 * shared_memory_compare() - kcmp of what is shared here, and not at home: memory, and handlers of signals
 */
static int64_t shared_memory_compare(const struct thread *thread)
{
	const uint64_t *arg = thread->call.arg;
	pid_t first = outer_by_tid(thread->guest->session, (uint32_t)arg[0]);
	pid_t second = outer_by_tid(thread->guest->session, (uint32_t)arg[1]);
	long ret = first && second ? syscall(SYS_kcmp, first, second, arg[2], 0, 0) : -1;

	return ret < 0 ? -ESRCH : ret;
}

/**
 * kcmp_result() - Home has said whether the caller may compare them
 */
static void kcmp_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	int type = (int)thread->call.arg[2];
	int64_t here = ret < 0 || (type != KCMP_VM && type != KCMP_SIGHAND) ? -ESRCH : shared_memory_compare(thread);

	call_complete(thread, here < 0 ? ret : here, 0, tail, tail_len);
}

/**
 * sigtimedwait_trace() - stop_action: the call is made again, with a stop at its end
 */
static void sigtimedwait_trace(struct thread *thread, struct user_regs_struct *regs)
{
	(void)regs;
	thread->trace = TRACE_ENTRY;
}

/**
 * sigtimedwait_begin() - Signals wait in the worker's kernel, so that is where the call is made
 *
 * But what it says about them is not what it should (sigqueue.h), so its end has to be seen.
 */
static void sigtimedwait_begin(struct thread *thread)
{
	if (thread->trace == TRACE_CALL) {
		keeps_wait_begin(thread);
		return;
	}
	thread->waiting = 0;
	if (thread->call.arg[3] == SIGSET_LEN)
		tracee_read(thread->outer, thread->call.arg[0], &thread->waiting, sizeof(thread->waiting));
	call_park(thread, sigtimedwait_trace);
}

/**
 * getpid_begin() - In a sandbox without pid namespace the kernel's number is not the one at home
 */
static void getpid_begin(struct thread *thread)
{
	call_return(thread, thread->guest->pid);
}

/**
 * gettid_begin() - Likewise
 */
static void gettid_begin(struct thread *thread)
{
	call_return(thread, thread->tid);
}

/**
 * tid_address_made() - stop_action: set the address, and return the number
 */
static void tid_address_made(struct thread *thread, struct user_regs_struct *regs)
{
	const uint64_t arg[6] = { thread->call.arg[0], FILTER_PASS };
	int err;

	tracee_syscall(thread->outer, regs->rip - 2, SYS_set_tid_address, arg, &err);
	regs->rax = thread->tid;
	regs->orig_rax = (unsigned long long)-1;
}

/**
 * tid_address_begin() - Likewise, but the call has an effect, too
 */
static void tid_address_begin(struct thread *thread)
{
	call_park(thread, tid_address_made);
}

/**
 * ring_map() - stop_action: there is memory where home has the context's ring
 *
 * libaio looks there before it calls io_getevents. Zeros are no ring that it knows. What the guest has at that address
 * stays: it is no ring either.
 */
static void ring_map(struct thread *thread, struct user_regs_struct *regs)
{
	uint64_t map[6] = {
		0, RING_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1, 0
	};
	int err;

	if (!tracee_read(thread->outer, thread->call.arg[1], map, sizeof(map[0])))
		tracee_syscall(thread->outer, regs->rip - 2, SYS_mmap, map, &err);
	regs->rax = 0;
	regs->orig_rax = (unsigned long long)-1;
}

/**
 * io_setup_result() - A context's number is the address of a ring of events, which is at home
 */
static void io_setup_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	if (!call_scatter(thread, &ret, tail, tail_len))
		return;
	if (ret < 0)
		call_return(thread, ret);
	else
		call_park(thread, ring_map);
}

/**
 * cpu_clock_begin() - Clocks that the filter does not let through: those of home, and CPU clocks by number
 *
 * The number of a CPU clock holds the number of a process or thread (clock_getcpuclockid(3)): the complement of what is
 * above its three lowest bits. A guest's is counted here.
 */
static void cpu_clock_begin(struct thread *thread)
{
	const struct session *session = thread->guest->session;
	int clock = (int)thread->call.arg[0];
	uint32_t id = ~(uint32_t)(clock >> 3);

	if (clock < 0 && (clock & 7) != 3 && (!id || guest_by_pid(session, id) || thread_by_tid(session, id)))
		call_continue(thread);
	else
		call_forward(thread);
}

/**
 * process_madvise_begin() - Home knows whose memory the descriptor is about
 */
static void process_madvise_begin(struct thread *thread)
{
	call_send(thread, thread->call.nr, thread->call.arg, 0, NULL, 0);
}

/**
 * process_madvise_result() - The guest's own kernel makes the call, with a descriptor for the same process here
 */
static void process_madvise_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	const struct guest *target = ret > 0 ? guest_by_pid(thread->guest->session, (uint32_t)ret) : NULL;
	int fd, err;

	(void)tail;
	(void)tail_len;
	if (ret < 0 || !target) {
		call_return(thread, ret < 0 ? ret : -EPERM); /* a process of home that is not here */
		return;
	}
	fd = (int)syscall(SYS_pidfd_open, target->outer, 0);
	err = fd < 0 ? -errno
		     : notify_addfd(listener_fd(thread->guest->listener), thread->call.notif, fd,
				    (int)thread->call.arg[0]);
	if (fd >= 0)
		close(fd);
	if (err)
		call_return(thread, err);
	else
		call_continue(thread);
}

/* Handlers, in the order of the calls' numbers. clone and its like never come as notifications: fork.c. */
static const struct handler handlers[] = {
	{ SYS_open, procfiles_open_begin, procfiles_open_result },
	{ SYS_mmap, mmap_begin, mmap_result },
	{ SYS_rt_sigaction, action_set_begin, NULL },
	{ SYS_shmat, shm_attach_begin, shm_attach_result },
	{ SYS_getpid, getpid_begin, NULL },
	{ SYS_execve, execve_begin, execve_result },
	{ SYS_exit, exit_begin, NULL },
	{ SYS_wait4, NULL, waits_result },
	{ SYS_shmdt, shm_detach_begin, shm_detach_result },
	{ SYS_getrusage, getrusage_begin, NULL },
	{ SYS_times, NULL, times_result },
	{ SYS_rt_sigpending, keeps_pending_begin, keeps_pending_result },
	{ SYS_rt_sigtimedwait, sigtimedwait_begin, NULL },
	{ SYS_prctl, ownfilter_prctl_begin, NULL },
	{ SYS_setrlimit, NULL, limits_set_result },
	{ SYS_gettid, gettid_begin, NULL },
	{ SYS_sched_setaffinity, NULL, affinity_result },
	{ SYS_io_setup, NULL, io_setup_result },
	{ SYS_set_tid_address, tid_address_begin, NULL },
	{ SYS_timer_create, timers_create_begin, timers_create_result },
	{ SYS_timer_settime, timers_use_begin, NULL },
	{ SYS_timer_gettime, timers_use_begin, NULL },
	{ SYS_timer_getoverrun, timers_use_begin, NULL },
	{ SYS_timer_delete, timers_use_begin, NULL },
	{ SYS_clock_gettime, cpu_clock_begin, NULL },
	{ SYS_clock_getres, cpu_clock_begin, NULL },
	{ SYS_clock_nanosleep, cpu_clock_begin, NULL },
	{ SYS_exit_group, exit_group_begin, NULL },
	{ SYS_waitid, NULL, waits_result },
	{ SYS_migrate_pages, own_memory_begin, NULL },
	{ SYS_openat, procfiles_open_begin, procfiles_open_result },
	{ SYS_get_robust_list, own_memory_begin, NULL },
	{ SYS_move_pages, own_memory_begin, NULL },
	{ SYS_signalfd, keeps_signalfd_begin, keeps_signalfd_result },
	{ SYS_signalfd4, keeps_signalfd_begin, keeps_signalfd_result },
	{ SYS_prlimit64, NULL, limits_set_result },
	{ SYS_process_vm_readv, process_vm_begin, process_vm_result },
	{ SYS_process_vm_writev, process_vm_begin, process_vm_result },
	{ SYS_kcmp, NULL, kcmp_result },
	{ SYS_seccomp, ownfilter_seccomp_begin, NULL },
	{ SYS_execveat, execve_begin, execve_result },
	{ SYS_process_madvise, process_madvise_begin, process_madvise_result },
};

const struct handler *handler_find(uint32_t nr)
{
	size_t low = 0, high = sizeof(handlers) / sizeof(*handlers);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (handlers[middle].nr == nr)
			return &handlers[middle];
		if (handlers[middle].nr < nr)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
