/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The construction of a guest from an image: see remote/image.h. Here up to its content; START is in image_start.c. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "log.h"
#include "remote/image.h"
#include "remote/image_impl.h"
#include "remote/listener.h"
#include "remote/session.h"
#include "remote/vdso.h"
#include "remote/waits.h"
#include "tracee.h"
#include "usermem.h"

#define XSTATE_BV     512 /* where the XSAVE image says what it holds */
#define MXCSR_DEFAULT 0x1f80u
#define FCW_DEFAULT   0x37fu

/* Flags of a mapping that are home's to choose */
#define VMA_FLAGS ((uint32_t)(MAP_SHARED | MAP_PRIVATE | MAP_NORESERVE))

void image_free(struct guest *guest)
{
	if (!guest->image)
		return;
	free(guest->image->vma);
	free(guest->image->lifted);
	free(guest->image);
	guest->image = NULL;
}

void image_fail(struct guest *guest, int err, const char *what)
{
	struct wire_started msg = { .pid = guest->pid, .error = err };
	char text[200];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(-err));
	log_warn("guest %u: %s", guest->pid, text);
	session_send_text(guest->session, WIRE_STARTED, &msg, text);
	guest_kill(guest);
}

/**
 * vmas_decode() - Take BODY's tail: mappings in ascending order, outside the arena
 */
static int vmas_decode(struct image *image, const uint8_t *tail, size_t tail_len)
{
	uint64_t arena = image->body.arena_addr, arena_end = arena + image->body.arena_size, last = 0;

	if (tail_len % WIRE_VMA_SIZE)
		return -EPROTO;
	image->vma_nr = (unsigned int)(tail_len / WIRE_VMA_SIZE);
	image->vma = calloc(image->vma_nr + 1, sizeof(*image->vma));
	image->lifted = calloc(image->vma_nr + 1, sizeof(*image->lifted));
	if (!image->vma || !image->lifted)
		return -ENOMEM;
	for (unsigned int i = 0; i < image->vma_nr; i++) {
		struct wire_vma *vma = &image->vma[i];

		if (wire_vma_decode(tail + i * WIRE_VMA_SIZE, vma) || vma->start < last ||
		    (vma->start < arena_end && arena < vma->end))
			return -EPROTO;
		last = vma->end;
	}
	return 0;
}

/**
 * is_free() - No mapping of the image, and not the arena, is between @start and @end
 */
static bool is_free(const struct image *image, uint64_t start, uint64_t end)
{
	if (start < image->body.arena_addr + image->body.arena_size && image->body.arena_addr < end)
		return false;
	for (unsigned int i = 0; i < image->vma_nr; i++)
		if (image->vma[i].start < end && start < image->vma[i].end)
			return false;
	return true;
}

/**
 * vdso_place() - Where the ELF header of the node's own vDSO is to go: to home's, else anywhere that is free
 *
 * The areas of this kernel may be larger than those of home's. Every mapping but the lowest has a hole below it, or a
 * neighbour; the holes are tried from above.
 */
static uint64_t vdso_place(const struct image *image, const struct vdso_map *map)
{
	uint64_t lead = vdso_ehdr(map) - vdso_start(map), size = vdso_size(map), start = image->body.vdso - lead;

	if (image->body.vdso >= lead + PAGE_BYTES && start < USER_END - size && is_free(image, start, start + size))
		return image->body.vdso;
	if (is_free(image, vdso_start(map), vdso_end(map)))
		return vdso_ehdr(map);
	for (unsigned int i = image->vma_nr; i > 0; i--) {
		start = image->vma[i - 1].start - size - PAGE_BYTES;
		if (image->vma[i - 1].start > size + 16 * PAGE_BYTES && is_free(image, start, start + size))
			return start + lead;
	}
	return 0;
}

/**
 * vdso_settle() - Move the vDSO out of the image's way
 */
static int vdso_settle(struct guest *guest)
{
	struct image *image = guest->image;
	uint64_t ehdr = vdso_place(image, &guest->body.vdso);
	int nr;

	if (!guest->body.vdso.nr)
		return 0;
	if (!ehdr)
		return -ENOMEM;
	batch_begin(&image->batch);
	nr = vdso_move_calls(&guest->body.arena, 0, &guest->body.vdso, ehdr);
	if (nr < 0)
		return nr;
	batch_take(&image->batch, nr);
	return 0;
}

/**
 * vma_add() - Add the call that makes a mapping
 */
static int vma_add(struct guest *guest, const struct wire_vma *vma)
{
	uint32_t prot = vma->prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
	uint32_t flags = (vma->flags & VMA_FLAGS) | MAP_FIXED_NOREPLACE;
	struct batch *batch = &guest->image->batch;
	int fd = -1;

	if (vma->flags & WIRE_VMA_STACK)
		flags |= MAP_GROWSDOWN;
	if (vma->object == WIRE_OBJECT_ANONYMOUS) {
		flags |= MAP_ANONYMOUS;
	} else {
		fd = objects_image_fd(&guest->session->objects, vma->object);
		if (fd < 0)
			return fd;
	}
	batch_add(batch, SYS_mmap, vma->start, vma->end - vma->start, prot, flags,
		  fd < 0 ? UINT64_MAX : batch_fd(batch, fd), fd < 0 ? 0 : vma->offset);
	return 0;
}

/**
 * image_map() - Make all mappings
 */
static int image_map(struct guest *guest)
{
	struct image *image = guest->image;
	int err = vdso_settle(guest);

	for (unsigned int i = 0; i < image->vma_nr && !err; i++)
		err = vma_add(guest, &image->vma[i]);
	batch_fds_close(&image->batch);
	return err ? err : image->batch.err;
}

/**
 * xstate_reset() - The extended register state of a new program, as this kernel lays it out
 */
static int xstate_reset(struct guest *guest)
{
	struct image *image = guest->image;
	const uint64_t present = 3; /* x87 and SSE; all else is in its initial state */
	const uint32_t mxcsr = MXCSR_DEFAULT;
	const uint16_t fcw = FCW_DEFAULT;
	ssize_t len = tracee_xstate_get(guest->outer, image->xstate, sizeof(image->xstate));

	if (len < XSTATE_BV + 64)
		return len < 0 ? (int)len : -EINVAL;
	image->xstate_len = (size_t)len;
	memset(image->xstate, 0, 24);
	memcpy(image->xstate, &fcw, sizeof(fcw));
	memcpy(image->xstate + 24, &mxcsr, sizeof(mxcsr));
	memset(image->xstate + 32, 0, 464 - 32);
	memset(image->xstate + XSTATE_BV, 0, image->xstate_len - XSTATE_BV);
	memcpy(image->xstate + XSTATE_BV, &present, sizeof(present));
	return 0;
}

/**
 * body_take() - Have the sandbox make a body, and look after it
 */
static int body_take(struct guest *guest)
{
	const struct wire_body *msg = &guest->image->body;
	const uint64_t blocked = ~(1ull << (SIGTRAP - 1));
	int err;

	early_yield(guest->session, msg->pid);
	err = sandbox_spawn(guest->session->sandbox, (pid_t)msg->pid, msg->arena_addr, 1, &guest->body);
	if (err)
		return err;
	guest->outer = guest->body.pid;
	batch_init(&guest->image->batch, &guest->body);
	if (!thread_new(guest, msg->tid, guest->outer, THREAD_BUILDING)) {
		kill(guest->outer, SIGKILL);
		return -ENOMEM;
	}
	if (ptrace(PTRACE_SETOPTIONS, guest->outer, 0, SANDBOX_TRACE_OPTIONS | PTRACE_O_TRACESECCOMP) < 0 ||
	    ptrace(PTRACE_SETSIGMASK, guest->outer, sizeof(blocked), &blocked) < 0)
		return -errno;
	return xstate_reset(guest);
}

int image_begin(struct session *session, const struct wire_body *msg, const uint8_t *tail, size_t tail_len)
{
	struct guest *guest, *before = guest_dying(session, msg->pid);
	const char *what = "cannot make a body";
	int err;

	if (guest_by_pid(session, msg->pid) || msg->pid != msg->tid || msg->pid < 2 || msg->pid > INT32_MAX ||
	    msg->arena_addr % PAGE_BYTES || msg->arena_addr > USER_END || msg->arena_size > USER_END - msg->arena_addr)
		return -EPROTO;
	if (before)
		guest_reap(before);
	guest = guest_new(session, msg->pid);
	if (!guest)
		return -EPROTO;
	guest->image = calloc(1, sizeof(*guest->image));
	if (!guest->image)
		return -ENOMEM;
	guest->image->body = *msg;
	session->arena_addr = msg->arena_addr;
	err = vmas_decode(guest->image, tail, tail_len);
	if (err)
		return err;
	err = body_take(guest);
	if (!err) {
		what = "cannot make the mappings of the image";
		err = image_map(guest);
	}
	if (!err) {
		guest->listener = listener_new(session, guest->body.listener);
		err = guest->listener ? 0 : -ENOMEM;
	}
	if (!err)
		return 0;
	if (err == -EPROTO)
		return err;
	image_fail(guest, err, what);
	if (!guest->threads)
		guest_forget(guest);
	return 0;
}

void image_foresee(struct guest *guest)
{
	struct session *session = guest->session;
	pid_t pid = (pid_t)guest->pid;

	guest_reap(guest);
	waits_gone(session);
	sandbox_foresee(session->sandbox, pid, session->arena_addr, 1);
}

/**
 * building() - The guest with number @pid if it is being built
 */
static struct guest *building(const struct session *session, uint32_t pid)
{
	struct guest *guest = guest_by_pid(session, pid);

	return guest && guest->state == GUEST_BUILDING ? guest : NULL;
}

int image_limits(struct session *session, const struct wire_limits *msg)
{
	struct guest *guest = building(session, msg->pid);

	if (guest) {
		guest->image->limits = *msg;
		guest->image->limited = true;
	}
	return 0;
}

int image_xstate(struct session *session, const struct wire_xstate *msg, const uint8_t *tail, size_t tail_len)
{
	struct guest *guest = building(session, msg->tid);

	if (!guest)
		return 0;
	return cpu_xstate_convert(&session->cpu_home, tail, tail_len, &session->cpu_here, guest->image->xstate,
				  guest->image->xstate_len);
}

/**
 * range_lift() - Make what is between @start and @end writable as far as it is not
 */
static int range_lift(struct guest *guest, uint64_t start, uint64_t end)
{
	struct image *image = guest->image;

	for (unsigned int i = 0; i < image->vma_nr; i++) {
		const struct wire_vma *vma = &image->vma[i];

		if (vma->end <= start || end <= vma->start || (vma->prot & PROT_WRITE) || image->lifted[i])
			continue;
		image->lifted[i] = true;
		batch_add(&image->batch, SYS_mprotect, vma->start, vma->end - vma->start, PROT_READ | PROT_WRITE, 0, 0,
			  0);
	}
	return batch_run(&image->batch);
}

int image_pages(struct session *session, const struct wire_pages *msg, const uint8_t *tail, size_t tail_len)
{
	struct guest *guest = building(session, msg->pid);
	int err;

	if (!guest)
		return 0;
	if (msg->addr > USER_END || tail_len > USER_END - msg->addr)
		return -EPROTO;
	err = range_lift(guest, msg->addr, msg->addr + tail_len);
	if (!err)
		err = tracee_write(guest->outer, msg->addr, tail, tail_len);
	if (err)
		image_fail(guest, err, "cannot write the memory of the image");
	return 0;
}
