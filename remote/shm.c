/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System V shared memory: see remote/shm.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "procmaps.h"
#include "remote/calls.h"
#include "remote/filter.h"
#include "remote/fork.h"
#include "remote/listener.h"
#include "remote/live.h"
#include "remote/notify.h"
#include "remote/session.h"
#include "remote/shm.h"
#include "tracee.h"
#include "usermem.h"

/* Home's answer to shmat: object, size, kind */
#define SHMAT_ANSWER_LEN 20

/* Below this the descriptor for the mapping is, so that the guest's table stays small; near it a program has none */
#define FD_LIMIT 1024u

/* Arguments of shmat; SHM_RESULT is where its result is kept while home detaches */
enum { SHM_ID, SHM_ADDR, SHM_FLAGS, SHM_RESULT };

/**
 * struct attach - A guest has a segment attached
 * @next:	Next one of the guest
 * @object:	Number of its object
 * @st:		Its memfd, to recognize mappings of it
 * @size:	Bytes
 * @addr:	Where; 0 while it is being attached
 * @home:	Where at home
 * @fd:		While it is being attached: the guest's descriptor of it
 * @writable:	Not SHM_RDONLY
 * @going:	Being detached
 * @replaced:	By another one (SHM_REMAP), and still to be detached at home
 */
struct attach {
	struct attach *next;
	uint64_t object;
	struct stat st;
	uint64_t size;
	uint64_t addr;
	uint64_t home;
	int fd;
	bool writable;
	bool going;
	bool replaced;
};

/**
 * attach_remove() - Forget an attachment of a guest
 */
static void attach_remove(struct guest *guest, struct attach *attach)
{
	struct attach **at;

	for (at = &guest->attaches; *at != attach; at = &(*at)->next)
		;
	*at = attach->next;
	free(attach);
}

void shm_clear(struct guest *guest)
{
	while (guest->attaches)
		attach_remove(guest, guest->attaches);
}

int shm_inherit(struct guest *child, const struct guest *parent)
{
	for (const struct attach *a = parent->attaches; a; a = a->next) {
		struct attach *copy;

		if (!a->addr || a->replaced)
			continue; /* its memory has not got it yet, or any more */
		copy = malloc(sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		*copy = *a;
		copy->going = false;
		copy->next = child->attaches;
		child->attaches = copy;
	}
	return 0;
}

/**
 * is_written_elsewhere() - Can the object be written to but by @guest's attachment @only (or NULL: any of them)?
 */
static bool is_written_elsewhere(const struct guest *guest, const struct attach *only, uint64_t object)
{
	for (const struct guest *g = guest->session->guests.guests; g; g = g->next) {
		if (g->state == GUEST_DYING || (g == guest && !only))
			continue;
		for (const struct attach *a = g->attaches; a; a = a->next)
			if (a != only && a->object == object && a->writable && !a->going)
				return true;
	}
	return false;
}

/**
 * object_leave() - Send an object's content home unless it can still be written to
 */
static void object_leave(struct guest *guest, const struct attach *only, uint64_t id)
{
	struct object *object = object_find(&guest->session->objects, id);

	if (!object || !object->dirty || is_written_elsewhere(guest, only, id))
		return;
	object->dirty = false;
	live_send(guest->session, object); /* it fails with the session, or for lack of memory */
}

void shm_leave(struct guest *guest)
{
	for (const struct attach *a = guest->attaches; a; a = a->next)
		object_leave(guest, NULL, a->object);
}

void shm_stay(struct guest *guest)
{
	for (const struct attach *a = guest->attaches; a; a = a->next) {
		struct object *object = object_find(&guest->session->objects, a->object);

		if (object && a->writable)
			object->dirty = true;
	}
}

int shm_object_forget(struct session *session, uint64_t id)
{
	struct object *object = object_find(&session->objects, id);
	struct wire_write_back msg = { .object = id };

	if (!object || !object->live || object->shadow)
		return -EPROTO;
	if (object->dirty && object->fd >= 0)
		live_send(session, object);
	objects_remove(&session->objects, object);
	session_send(session, WIRE_WRITE_BACK, &msg);
	session->objects.written++;
	return 0;
}

static void detach_home(struct thread *thread, struct attach *attach, int64_t ret);

/**
 * replaced_take() - An attachment that another one has replaced, or NULL
 */
static struct attach *replaced_take(struct guest *guest)
{
	struct attach *a = guest->attaches;

	while (a && !a->replaced)
		a = a->next;
	if (a)
		a->replaced = false;
	return a;
}

/**
 * detached_home() - Home has detached what is not mapped here; that may not have been all
 */
static void detached_home(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	int64_t result = (int64_t)thread->call.arg[SHM_RESULT];
	struct attach *next;

	(void)ret;
	(void)tail;
	(void)tail_len;
	attach_remove(thread->guest, thread->attach);
	thread->attach = NULL;
	next = replaced_take(thread->guest);
	if (next)
		detach_home(thread, next, result);
	else if (thread->state == THREAD_STOPPED)
		call_skip(thread, result);
	else
		call_return(thread, result);
}

static const struct handler detached_handler = { SYS_shmat, NULL, detached_home };

/**
 * detach_home() - Within its shmat: have home detach what is not mapped here; then the call returns @ret
 */
static void detach_home(struct thread *thread, struct attach *attach, int64_t ret)
{
	const uint64_t arg[6] = { attach->home };

	thread->attach = attach;
	attach->going = true;
	object_leave(thread->guest, attach, attach->object);
	thread->call.arg[SHM_RESULT] = (uint64_t)ret;
	thread->call.handler = &detached_handler;
	call_send(thread, SYS_shmdt, arg, 0, NULL, 0);
}

/**
 * here() - Make a call in the stopped thread, as the kernel would for it
 */
static int64_t here(const struct thread *thread, const struct user_regs_struct *regs, long nr, const uint64_t arg[6])
{
	int err;
	int64_t ret = tracee_syscall(thread->outer, regs->rip - 2, nr, arg, &err);

	return err ? err : ret;
}

/**
 * fd_is_ours() - Is the guest's descriptor still what we have put there? A concurrent mmap may have taken its place.
 */
static bool fd_is_ours(const struct thread *thread, const struct attach *attach)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)thread->outer, attach->fd);
	return !stat(path, &st) && st.st_dev == attach->st.st_dev && st.st_ino == attach->st.st_ino;
}

/**
 * map_here() - Map the segment where the guest wants it: its address, or negative errno as shmat says it
 */
static int64_t map_here(const struct thread *thread, const struct user_regs_struct *regs, const struct attach *attach)
{
	uint64_t addr = thread->call.arg[SHM_ADDR], flags = thread->call.arg[SHM_FLAGS];
	uint64_t start = addr & ~(uint64_t)(PAGE_BYTES - 1), fd = FILTER_OWN_FD | (uint32_t)attach->fd;
	uint64_t arg[6] = { start, attach->size, PROT_READ, MAP_SHARED, fd, 0 };
	int64_t ret;

	if (start && !(flags & SHM_REMAP) && start + attach->size < start)
		return -EINVAL;
	if (attach->writable)
		arg[2] |= PROT_WRITE;
	if (flags & SHM_EXEC)
		arg[2] |= PROT_EXEC;
	if (addr)
		arg[3] |= (flags & SHM_REMAP) || !start ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	ret = here(thread, regs, SYS_mmap, arg);
	return ret == -EEXIST ? -EINVAL : ret;
}

/**
 * attach_made() - The segment is mapped at @addr; what was attached there (SHM_REMAP) is not any more
 */
static void attach_made(struct thread *thread, struct attach *attach, uint64_t addr)
{
	struct object *object = object_find(&thread->guest->session->objects, attach->object);

	for (struct attach *a = thread->guest->attaches; a; a = a->next) {
		if (!a->addr || a->going || a->addr < addr || a->addr + a->size > addr + attach->size)
			continue;
		a->going = a->replaced = true;
	}
	attach->addr = addr;
	if (object && attach->writable)
		object->dirty = true;
}

/**
 * attach_map() - stop_action: the guest's kernel maps the segment
 */
static void attach_map(struct thread *thread, struct user_regs_struct *regs)
{
	struct attach *attach = thread->attach;
	const uint64_t close_arg[6] = { FILTER_OWN_FD | (uint32_t)attach->fd };
	int64_t ret = -ENOMEM;

	if (fd_is_ours(thread, attach)) {
		ret = map_here(thread, regs, attach);
		here(thread, regs, SYS_close, close_arg);
	}
	if (ret < 0 && ret > -4096) {
		detach_home(thread, attach, ret);
		return;
	}
	attach_made(thread, attach, (uint64_t)ret);
	thread->attach = NULL;
	attach = replaced_take(thread->guest);
	if (attach) {
		detach_home(thread, attach, ret);
		return;
	}
	regs->rax = (unsigned long long)ret;
	regs->orig_rax = (unsigned long long)-1;
}

/**
 * fd_is_taken() - Is a segment being attached through the guest's descriptor @fd?
 */
static bool fd_is_taken(const struct guest *guest, int fd)
{
	for (const struct attach *a = guest->attaches; a; a = a->next)
		if (!a->addr && a->fd == fd)
			return true;
	return false;
}

/**
 * fd_choose() - A descriptor number for the mapping
 *
 * A mapping of a file uses the number that the file has at home, in another thread at the same moment perhaps.
 */
static int fd_choose(const struct thread *thread)
{
	struct rlimit limit;
	int fd = (int)FD_LIMIT - 1;

	if (!prlimit(thread->outer, RLIMIT_NOFILE, NULL, &limit) && limit.rlim_cur < FD_LIMIT)
		fd = (int)limit.rlim_cur - 1;
	while (fd >= 0 && fd_is_taken(thread->guest, fd))
		fd--;
	return fd;
}

/**
 * attach_install() - Give the guest the descriptor to map; 0 or negative errno, -EPROTO when there is no such object
 */
static int attach_install(struct thread *thread, struct attach *attach)
{
	struct session *session = thread->guest->session;
	int fd = objects_segment_fd(&session->objects, attach->object, attach->writable), err;

	if (fd < 0)
		return fd;
	if (fstat(fd, &attach->st) < 0)
		return -errno;
	attach->fd = fd_choose(thread);
	if (attach->fd < 0)
		return -ENOMEM;
	err = notify_addfd(listener_fd(thread->guest->listener), thread->call.notif, fd, attach->fd);
	return err ? -ENOMEM : 0;
}

void shm_attach_begin(struct thread *thread)
{
	call_send(thread, SYS_shmat, thread->call.arg, 0, NULL, 0);
}

void shm_attach_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	struct session *session = thread->guest->session;
	struct attach *attach;
	uint32_t kind;
	int err;

	if (ret < 0 && ret > -4096) {
		call_return(thread, ret);
		return;
	}
	attach = tail_len == SHMAT_ANSWER_LEN ? calloc(1, sizeof(*attach)) : NULL;
	if (!attach) {
		session_end(session, "the deputy sent a segment that is none, or there is no memory to note it");
		return;
	}
	memcpy(&attach->object, tail, sizeof(attach->object));
	memcpy(&attach->size, tail + 8, sizeof(attach->size));
	memcpy(&kind, tail + 16, sizeof(kind));
	attach->home = (uint64_t)ret;
	attach->fd = -1;
	attach->writable = kind == OBJECT_LIVE;
	attach->next = thread->guest->attaches;
	thread->guest->attaches = thread->attach = attach;
	err = attach_install(thread, attach);
	if (err == -EPROTO) {
		session_end(session, "the deputy attaches a segment that it has not sent");
	} else if (err) {
		detach_home(thread, attach, err);
	} else {
		call_park(thread, attach_map);
	}
}

/**
 * detach_unmap() - stop_action: the segment is unmapped, as much of it as is left
 */
static void detach_unmap(struct thread *thread, struct user_regs_struct *regs)
{
	struct attach *attach = thread->attach;
	uint64_t dev = (uint64_t)major(attach->st.st_dev) << 20 | minor(attach->st.st_dev);
	struct procmap *maps = NULL;
	int nr = procmaps_read(thread->outer, &maps);
	int64_t ret = -EINVAL;

	for (int i = 0; i < nr; i++) {
		const struct procmap *m = &maps[i];
		const uint64_t arg[6] = { m->start, m->end - m->start };

		if (m->inode == attach->st.st_ino && m->dev == dev && m->start >= attach->addr &&
		    m->end <= attach->addr + attach->size && m->start - attach->addr == m->offset)
			ret = here(thread, regs, SYS_munmap, arg);
	}
	free(maps);
	attach_remove(thread->guest, attach);
	thread->attach = NULL;
	regs->rax = (unsigned long long)ret;
	regs->orig_rax = (unsigned long long)-1;
}

void shm_detach_begin(struct thread *thread)
{
	struct guest *guest = thread->guest;
	uint64_t arg[6] = { 0 };

	for (struct attach *a = guest->attaches; a; a = a->next) {
		if (!a->addr || a->addr != thread->call.arg[0] || a->going)
			continue;
		a->going = true;
		thread->attach = a;
		arg[0] = a->home;
		object_leave(guest, a, a->object);
		call_send(thread, SYS_shmdt, arg, 0, NULL, 0);
		return;
	}
	call_return(thread, -EINVAL);
}

void shm_detach_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	struct attach *attach = thread->attach;
	struct object *object = object_find(&thread->guest->session->objects, attach->object);

	(void)tail;
	(void)tail_len;
	if (ret >= 0) {
		call_park(thread, detach_unmap);
		return;
	}
	attach->going = false;
	if (object && attach->writable)
		object->dirty = true;
	thread->attach = NULL;
	call_return(thread, ret);
}
