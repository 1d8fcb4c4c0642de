/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last steps of the construction of a guest: see remote/image.h. */
#include <assert.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "remote/filter.h"
#include "remote/image.h"
#include "remote/image_impl.h"
#include "remote/ownfilter.h"
#include "remote/session.h"
#include "remote/stops.h"
#include "remote/title.h"
#include "tracee.h"
#include "usermem.h"

/* Offsets in the slot's data of what the calls point to */
#define DATA_MM	    0
#define DATA_COMM   256
#define DATA_IGNORE 512
#define DATA_STACK  768

/* The vectors behind the initial stack pointer that are searched for the auxiliary vector's start, in words */
#define STACK_WORDS_MAX (1u << 20)
#define STACK_CHUNK	512u

#define SIGNALS	   64
#define SIGSET_LEN 8

/* Limits that home's kernel does not enforce for what happens here; all others belong to calls that are made at home */
static const int limits_here[] = { RLIMIT_STACK, RLIMIT_DATA, RLIMIT_AS, RLIMIT_MEMLOCK, RLIMIT_CPU };

/**
 * add_protections() - Undo what was lifted for the content
 */
static void add_protections(struct image *image)
{
	for (unsigned int i = 0; i < image->vma_nr; i++) {
		const struct wire_vma *vma = &image->vma[i];

		if (image->lifted[i])
			batch_add(&image->batch, SYS_mprotect, vma->start, vma->end - vma->start,
				  vma->prot & (PROT_READ | PROT_WRITE | PROT_EXEC), 0, 0, 0);
	}
}

/**
 * add_identity() - The kernel's notion of where heap, stack and arguments are, and the name
 */
static void add_identity(struct image *image)
{
	struct batch *batch = &image->batch;
	struct prctl_mm_map map = { 0 };

	static_assert(offsetof(struct prctl_mm_map, auxv) == 88, "the eleven addresses come first");
	memcpy(&map, image->body.mm, offsetof(struct prctl_mm_map, auxv));
	map.exe_fd = (uint32_t)-1;
	memcpy(batch_data(batch) + DATA_MM, &map, sizeof(map));
	memcpy(batch_data(batch) + DATA_COMM, image->body.comm, sizeof(image->body.comm));
	batch_data(batch)[DATA_COMM + sizeof(image->body.comm) - 1] = '\0';
	batch_add(batch, SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, batch_data_addr(batch) + DATA_MM, sizeof(map), 0,
		  FILTER_PASS);
	batch_add(batch, SYS_prctl, PR_SET_NAME, batch_data_addr(batch) + DATA_COMM, 0, 0, 0, FILTER_PASS);
}

/**
 * add_signals() - Signals that the task ignores; and no alternate stack, whatever the sandbox's init had
 */
static void add_signals(struct image *image)
{
	const stack_t stack = { .ss_flags = SS_DISABLE };
	const struct kernel_action ignore = { .handler = (uint64_t)(uintptr_t)SIG_IGN };
	struct batch *batch = &image->batch;

	memcpy(batch_data(batch) + DATA_STACK, &stack, sizeof(stack));
	batch_add(batch, SYS_sigaltstack, batch_data_addr(batch) + DATA_STACK, 0, 0, 0, 0, 0);
	memcpy(batch_data(batch) + DATA_IGNORE, &ignore, sizeof(ignore));
	for (uint64_t signo = 1; signo <= SIGNALS; signo++) {
		if (signo == SIGKILL || signo == SIGSTOP || !(image->body.sigignored & (1ull << (signo - 1))))
			continue;
		batch_add(batch, SYS_rt_sigaction, signo, batch_data_addr(batch) + DATA_IGNORE, 0, SIGSET_LEN,
			  FILTER_PASS, 0);
	}
}

/**
 * limits_set() - The task's limits on what happens here, as far as this node allows as much
 */
static int limits_set(const struct guest *guest)
{
	const struct image *image = guest->image;

	for (size_t i = 0; i < sizeof(limits_here) / sizeof(*limits_here) && image->limited; i++) {
		struct rlimit now, want;
		uint64_t pair[2];

		memcpy(pair, image->limits.limits + 16 * limits_here[i], sizeof(pair));
		if (prlimit(guest->outer, (unsigned int)limits_here[i], NULL, &now) < 0)
			return -errno;
		want.rlim_max = pair[1] < now.rlim_max ? pair[1] : now.rlim_max;
		want.rlim_cur = pair[0] < want.rlim_max ? pair[0] : want.rlim_max;
		if (memcmp(&want, &now, sizeof(now)) &&
		    prlimit(guest->outer, (unsigned int)limits_here[i], &want, NULL) < 0)
			return -errno;
	}
	return 0;
}

/**
 * struct stack_walk - The words from the initial stack pointer on, read in chunks
 * @pid:	Process
 * @base:	Address of the first word of @chunk
 * @chunk:	Words
 * @have:	How many of them are valid
 */
struct stack_walk {
	pid_t pid;
	uint64_t base;
	uint64_t chunk[STACK_CHUNK];
	size_t have;
};

/**
 * word_at() - Word at @addr; false when it cannot be read
 */
static bool word_at(struct stack_walk *walk, uint64_t addr, uint64_t *out)
{
	if (addr < walk->base || addr >= walk->base + walk->have * 8) {
		/* to the end of the page at most, for the next one may be missing */
		size_t len = PAGE_BYTES - addr % PAGE_BYTES;

		walk->base = addr;
		walk->have = 0;
		if (tracee_read(walk->pid, addr, walk->chunk, len))
			return false;
		walk->have = len / 8;
	}
	*out = walk->chunk[(addr - walk->base) / 8];
	return true;
}

/**
 * auxv_patch() - Tell a new program where its vDSO is, when that could not be where home has it
 *
 * At the initial stack pointer there are the number of arguments, the arguments, the environment and the auxiliary
 * vector, the first two of which end in NULL. An image that has run has used the vector already; it keeps what it has.
 */
static int auxv_patch(const struct guest *guest)
{
	const struct image *image = guest->image;
	uint64_t ehdr = vdso_ehdr(&guest->body.vdso), at, type;
	struct stack_walk walk = { .pid = guest->outer };
	unsigned int ends = 0;

	if (ehdr == image->body.vdso || !image->body.vdso)
		return 0;
	memcpy(&at, image->body.mm + 6 * 8, sizeof(at)); /* start_stack */
	if (at % 8)
		return -EINVAL;
	at += 8;
	for (unsigned int i = 0; i < STACK_WORDS_MAX && ends < 2; i++, at += 8) {
		if (!word_at(&walk, at, &type))
			return -EFAULT;
		ends += !type;
	}
	for (; word_at(&walk, at, &type) && type != AT_NULL; at += 16)
		if (type == AT_SYSINFO_EHDR)
			return tracee_write(guest->outer, at + 8, &ehdr, sizeof(ehdr));
	return 0;
}

/**
 * state_set() - Registers and signal mask: the last of the construction
 */
static int state_set(const struct guest *guest)
{
	const struct image *image = guest->image;
	struct user_regs_struct regs;
	int err;

	static_assert(sizeof(regs) == sizeof(image->body.regs), "the wire carries the kernel's struct");
	memcpy(&regs, image->body.regs, sizeof(regs));
	err = tracee_xstate_set(guest->outer, image->xstate, image->xstate_len);
	if (!err)
		err = tracee_regs_set(guest->outer, &regs);
	if (!err && ptrace(PTRACE_SETSIGMASK, guest->outer, (void *)SIGSET_LEN, &image->body.sigmask) < 0)
		err = -errno;
	return err;
}

/**
 * image_finish() - Everything between the content and the first instruction
 * @what:	Where it failed
 */
static int image_finish(struct guest *guest, const char **what)
{
	struct image *image = guest->image;
	int err;

	*what = "cannot prepare the image";
	add_protections(image);
	add_identity(image);
	add_signals(image);
	err = batch_run(&image->batch);
	if (!err)
		err = auxv_patch(guest);
	if (err)
		return err;
	*what = "cannot install the filters of the program's own";
	err = ownfilter_install(guest, &image->batch);
	if (err)
		return err;
	*what = "cannot set the limits of the image";
	err = limits_set(guest);
	if (err)
		return err;
	*what = "cannot set the registers of the image";
	return state_set(guest);
}

int image_start(struct session *session, const struct wire_start *msg)
{
	struct guest *guest = guest_by_pid(session, msg->pid);
	struct wire_started started = { .pid = msg->pid };
	const char *what;
	uint64_t ignored;
	int err;

	if (!guest || guest->state != GUEST_BUILDING)
		return 0;
	err = image_finish(guest, &what);
	if (err) {
		image_fail(guest, err, what);
		return 0;
	}
	/* From its first instruction on the guest can write to the arena: nothing of it is believed any more */
	arena_unmap(&guest->body.arena);
	title_begin(guest, guest->image->body.mm);
	if (guest->image->limited) {
		memcpy(guest->limits, guest->image->limits.limits, sizeof(guest->limits));
		guest->limits_said = said_now(session);
	}
	ignored = guest->image->body.sigignored;
	image_free(guest);
	guest->state = GUEST_LIVE;
	fdmap_begin(guest, msg->fds);
	actions_begin(guest, ignored);
	session_send(session, WIRE_STARTED, &started);
	if (!guest->frozen)
		thread_resume(guest->threads, 0);
	else
		thread_move(guest->threads, THREAD_STOPPED);
	return 0;
}
