/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * System V shared memory. A guest's shmat is made here, by its home process, anywhere in its address space: who may
 * attach, how many have, when a removed segment goes, and what happens to attachments at fork, exec and exit is the
 * kernel's affair, and true for everybody at home. What the guest maps on the worker is a live object, one for all
 * attachments of the segment in the family.
 *
 * The object's content comes from the home process's memory when the first of the family attaches. As long as it lives
 * the family alone has the segment, so nobody at home looks at the content, and nothing is compared call by call as it
 * is for files. It comes back once (WRITE_BACK, into the memory of a home process that has the segment attached for
 * writing), before the call that ends the last attachment for writing: shmdt, execve, exit_group, or a default action.
 * When there is no attachment left, FORGET gives the object up. What the worker had not sent by then (the process was
 * killed from outside) it sends in answer to that; the deputy then attaches the segment itself for a moment. An empty
 * WRITE_BACK says that this was all.
 *
 *	ATTACHED ──last attachment ends, FORGET──► LEAVING ──empty WRITE_BACK──► gone
 *
 * A segment that somebody outside the family has attached is refused with ENOMEM: memory would have to be shared across
 * nodes. Somebody who attaches later, while the family has it, is not noticed, and sees what was there when the family
 * came. A guest that unmaps a segment by other means than shmdt has it attached at home until it exits.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/outbox.h"
#include "deputy/shm.h"
#include "log.h"
#include "procmaps.h"
#include "usermem.h"

/* The answer to shmat: object, size, kind, as for mmap */
#define SHMAT_ANSWER_LEN 20
enum shmat_kind { SHMAT_WRITABLE = 2, SHMAT_READ_ONLY = 3 };

/* What call.home_arg keeps while a shmat is made: where it is attached, and with what error that is undone */
enum { HOME_ADDR, HOME_ERR };

/**
 * struct segment - A segment that the family has attached
 * @next:	Next one
 * @object:	Number of its object
 * @shmid:	Identifier, of which another segment may have had the number before
 * @ipc_ns:	IPC namespace that it is in
 * @cpid:	Who has created it
 * @size:	Bytes, in whole pages
 * @users:	Attachments; 0: it is leaving
 * @writable:	Some attachment could write
 */
struct segment {
	struct segment *next;
	uint64_t object;
	int shmid;
	ino_t ipc_ns;
	pid_t cpid;
	uint64_t size;
	unsigned int users;
	bool writable;
};

/**
 * struct attachment - A task has a segment attached
 * @next:	Next one of the task
 * @segment:	The segment
 * @addr:	Where, at home
 * @writable:	Not SHM_RDONLY
 */
struct attachment {
	struct attachment *next;
	struct segment *segment;
	uint64_t addr;
	bool writable;
};

/* IPC namespace of a process, 0 when that cannot be told */
static ino_t ipc_namespace(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", (int)pid);
	return stat(path, &st) ? 0 : st.st_ino;
}

/* The segment that the family has attached, or NULL */
static struct segment *segment_find(struct deputy *d, int shmid, ino_t ipc_ns, pid_t cpid)
{
	for (struct segment *s = d->segments; s; s = s->next) {
		if (s->users && s->shmid == shmid && s->ipc_ns == ipc_ns && s->cpid == cpid)
			return s;
	}
	return NULL;
}

/* Take a segment out of the list and free it */
static void segment_free(struct deputy *d, struct segment *segment)
{
	struct segment **at;

	for (at = &d->segments; *at != segment; at = &(*at)->next)
		;
	*at = segment->next;
	free(segment);
}

/* One attachment less */
static void segment_put(struct deputy *d, struct segment *segment)
{
	struct wire_forget msg = { segment->object };

	if (--segment->users)
		return;
	if (!d->channel || deputy_send(d, WIRE_FORGET, &msg, sizeof(msg), NULL, 0) < 0)
		segment_free(d, segment);
}

/* What /proc/sysvipc/shm says of a segment; false when it cannot be told, which is so for other namespaces */
static bool segment_look(int shmid, ino_t ipc_ns, unsigned long *attached, unsigned long long *memory)
{
	FILE *file = ipc_ns == ipc_namespace(getpid()) ? fopen("/proc/sysvipc/shm", "re") : NULL;
	unsigned long long rss, swap;
	bool found = false;
	char line[512];
	int id;

	/* key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap */
	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*d %d %*o %*u %*d %*d %lu %*u %*u %*u %*u %*u %*u %*u %llu %llu", &id, attached,
			       &rss, &swap) == 4 &&
			id == shmid;
	if (file)
		fclose(file);
	*memory = found ? rss + swap : 0;
	return found;
}

/* Has no page of the segment ever been touched? Looking would touch them all. */
static bool segment_is_empty(const struct segment *segment)
{
	unsigned long long memory;
	unsigned long attached;

	return segment_look(segment->shmid, segment->ipc_ns, &attached, &memory) && !memory;
}

/* A segment that is new to the worker: announce it, and send what is in it */
static struct segment *segment_new(struct deputy *d, const struct thread *thread, const struct shmid_ds *ds)
{
	struct segment *segment = calloc(1, sizeof(*segment));
	uint64_t addr = thread->call.home_arg[HOME_ADDR];
	struct wire_object msg = { .flags = WIRE_OBJECT_LIVE };

	if (!segment)
		return NULL;
	segment->object = ++d->next_object;
	segment->shmid = (int)thread->call.arg[0];
	segment->ipc_ns = ipc_namespace(thread->tid);
	segment->cpid = ds->shm_cpid;
	segment->size = (ds->shm_segsz + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
	segment->next = d->segments;
	d->segments = segment;
	msg.object = segment->object;
	msg.size = segment->size;
	snprintf((char *)msg.name, sizeof(msg.name), "SYSV%08x", (unsigned int)ds->shm_perm.__key);
	deputy_send(d, WIRE_OBJECT, &msg, sizeof(msg), NULL, 0);
	if (!segment_is_empty(segment))
		outbox_segment(d, segment->object, thread->tid, addr, addr + segment->size);
	return segment;
}

/* How often has process @pid attached segment @shmid? */
static unsigned int process_attached(pid_t pid, int shmid)
{
	struct procmap *maps = NULL;
	int nr = procmaps_read(pid, &maps);
	unsigned int found = 0;

	for (int i = 0; i < nr; i++)
		found += maps[i].inode == (uint64_t)shmid && !strncmp(maps[i].path, "/SYSV", 5);
	free(maps);
	return found;
}

/* Is process @pid one that we trace? Newborns are from their first moment, before we know of them. */
static bool process_is_traced(pid_t pid)
{
	char path[64], line[128];
	int tracer = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file) && sscanf(line, "TracerPid: %d", &tracer) != 1)
		;
	if (file)
		fclose(file);
	return tracer == getpid();
}

/* Is it a call that makes processes? */
static bool is_fork(uint32_t nr)
{
	return nr == SYS_clone || nr == SYS_fork || nr == SYS_vfork;
}

/*
 * How often does the task have the segment, at most: as we know, by calls that are being made, or in truth? A child that is
 * being made has it as often, before the child can be seen.
 */
static unsigned int task_attached(const struct task *task, const struct segment *segment, int shmid)
{
	unsigned int known = 0, times = 1, found = process_attached(task->pid, shmid);

	for (const struct attachment *a = task->attachments; a; a = a->next)
		known += a->segment == segment;
	for (const struct thread *t = task->threads; t; t = t->sibling) {
		known += t->call.id && t->call.nr == SYS_shmat;
		times += t->call.id && is_fork(t->call.nr);
	}
	return (known > found ? known : found) * times;
}

/*
 * Does somebody outside the family have the segment, that the family may have as @segment? The kernel's answer to the
 * task may be old: forks and exits have been made since.
 */
static bool is_foreign(struct deputy *d, struct task *task, const struct shmid_ds *ds, int shmid,
		       const struct segment *segment)
{
	unsigned long attached = ds->shm_nattch, own = 0;
	unsigned long long memory;
	struct dirent *entry;
	DIR *proc;

	if (attached <= (segment ? segment->users : 0) + 1)
		return false;
	if (!segment_look(shmid, ipc_namespace(task->pid), &attached, &memory))
		attached = ds->shm_nattch;
	for (task = d->tasks; task; task = task->next)
		own += task_attached(task, segment, shmid);
	proc = opendir("/proc");
	while (proc && attached > own && (entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && !task_find(d, pid) && process_is_traced(pid))
			own += process_attached(pid, shmid);
	}
	if (proc)
		closedir(proc);
	return attached > own;
}

/* Note that the task has the segment attached; 0 or negative errno */
static int attachment_add(struct task *task, struct segment *segment, uint64_t addr, bool writable)
{
	struct attachment *a = malloc(sizeof(*a));

	if (!a)
		return -ENOMEM;
	*a = (struct attachment){ task->attachments, segment, addr, writable };
	task->attachments = a;
	segment->users++;
	segment->writable |= writable;
	return 0;
}

/* The attachment at @addr, or NULL, by what points to it */
static struct attachment **attachment_find(struct task *task, uint64_t addr)
{
	struct attachment **at = &task->attachments;

	while (*at && (*at)->addr != addr)
		at = &(*at)->next;
	return at;
}

/* Forget an attachment */
static void attachment_remove(struct deputy *d, struct attachment **at)
{
	struct attachment *a = *at;

	*at = a->next;
	segment_put(d, a->segment);
	free(a);
}

int shm_inherit(struct task *child, const struct task *parent)
{
	int err = 0;

	for (const struct attachment *a = parent->attachments; a && !err; a = a->next)
		err = attachment_add(child, a->segment, a->addr, a->writable);
	return err;
}

void shm_forget(struct deputy *d, struct task *task)
{
	while (task->attachments)
		attachment_remove(d, &task->attachments);
}

/*
 * Put a batch of one call into the slot and post it. The calls here do not wait, and none of them is left half done for a
 * signal: one that was taken out before it began (-EINTR) is posted again.
 */
static void call_one(struct deputy *d, struct thread *thread, long nr, uint64_t a0, uint64_t a1, uint64_t a2,
		     void (*finish)(struct deputy *, struct thread *, int64_t ret))
{
	thread->call.whole = true;
	executor_begin(thread->arena, (unsigned int)thread->slot, 0);
	executor_add(thread->arena, (unsigned int)thread->slot, nr, a0, a1, a2, 0, 0, 0);
	call_post(d, thread, finish);
}

/* It was attached, but cannot be used, and is detached again */
static void shmat_undone(struct deputy *d, struct thread *thread, int64_t ret)
{
	if (ret == -EINTR)
		call_one(d, thread, SYS_shmdt, thread->call.home_arg[HOME_ADDR], 0, 0, shmat_undone);
	else
		call_answer(d, thread, (int64_t)thread->call.home_arg[HOME_ERR], NULL, 0);
}

/* It is attached, but cannot be used */
static void shmat_undo(struct deputy *d, struct thread *thread, int64_t err)
{
	thread->call.home_arg[HOME_ERR] = (uint64_t)err;
	shmat_undone(d, thread, -EINTR);
}

/* It is attached, and stays so: say what it is */
static void shmat_answer(struct deputy *d, struct thread *thread, const struct shmid_ds *ds)
{
	bool writable = !(thread->call.arg[2] & SHM_RDONLY);
	uint32_t kind = writable ? SHMAT_WRITABLE : SHMAT_READ_ONLY;
	uint64_t addr = thread->call.home_arg[HOME_ADDR];
	int shmid = (int)thread->call.arg[0];
	struct segment *segment = segment_find(d, shmid, ipc_namespace(thread->tid), ds->shm_cpid);
	uint8_t tail[SHMAT_ANSWER_LEN];

	if (is_foreign(d, thread->task, ds, shmid, segment)) {
		snprintf(thread->task->why, sizeof(thread->task->why), "segment %d is shared with a process elsewhere",
			 shmid);
		log_warn("task %d: %s", (int)thread->task->pid, thread->task->why);
		shmat_undo(d, thread, -ENOMEM);
		return;
	}
	if (!segment)
		segment = segment_new(d, thread, ds);
	if (!segment || attachment_add(thread->task, segment, addr, writable)) {
		shmat_undo(d, thread, -ENOMEM);
		return;
	}
	memcpy(tail, &segment->object, 8);
	memcpy(tail + 8, &segment->size, 8);
	memcpy(tail + 16, &kind, 4);
	call_answer_ordered(d, thread, (int64_t)addr, tail, sizeof(tail));
}

/* The kernel has said what it is that was attached */
static void shmat_told(struct deputy *d, struct thread *thread, int64_t ret)
{
	struct shmid_ds ds;

	if (ret == -EINTR) {
		call_one(d, thread, SYS_shmctl, thread->call.arg[0], IPC_STAT,
			 arena_data_addr(thread->arena, (unsigned int)thread->slot), shmat_told);
		return;
	}
	if (ret < 0) {
		shmat_undo(d, thread, ret);
		return;
	}
	memcpy(&ds, arena_data(thread->arena, (unsigned int)thread->slot), sizeof(ds));
	shmat_answer(d, thread, &ds);
}

/*
 * The kernel has attached it, or said why not. It attaches where there is room; the guest's address is the worker's
 * affair. SHM_EXEC goes along because the kernel wants a permission for it: nothing here ever jumps to what it holds.
 */
static void shmat_made(struct deputy *d, struct thread *thread, int64_t ret)
{
	const uint64_t *a = thread->call.arg;

	if (ret == -EINTR) {
		call_one(d, thread, SYS_shmat, a[0], 0, a[2] & (SHM_RDONLY | SHM_EXEC), shmat_made);
	} else if (ret < 0 && ret > -4096) {
		call_answer(d, thread, ret, NULL, 0);
	} else {
		thread->call.home_arg[HOME_ADDR] = (uint64_t)ret;
		shmat_told(d, thread, -EINTR);
	}
}

/* What the kernel says of the address before it looks at anything else */
static bool address_is_valid(uint64_t addr, uint64_t flags)
{
	if (addr % PAGE_BYTES && !(flags & SHM_RND))
		return false;
	return addr / PAGE_BYTES || !(flags & SHM_REMAP);
}

int shm_attach(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	if (!address_is_valid(thread->call.arg[1], thread->call.arg[2]))
		return -EINVAL;
	shmat_made(d, thread, -EINTR);
	return 0;
}

/* It is detached, or not */
static void shmdt_made(struct deputy *d, struct thread *thread, int64_t ret)
{
	struct attachment **at = attachment_find(thread->task, thread->call.arg[0]);

	if (ret == -EINTR) {
		call_one(d, thread, SYS_shmdt, thread->call.arg[0], 0, 0, shmdt_made);
		return;
	}
	call_answer_ordered(d, thread, ret, NULL, 0);
	if (ret >= 0 && *at)
		attachment_remove(d, at);
}

/* The address is the one at home, which the answer to shmat told */
int shm_detach(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	if (!*attachment_find(thread->task, thread->call.arg[0]))
		return -EINVAL;
	shmdt_made(d, thread, -EINTR);
	return 0;
}

/* Write to a segment through a process that has it attached; false when there is none */
static bool write_attached(struct deputy *d, const struct segment *segment, uint64_t offset, const uint8_t *data,
			   size_t len)
{
	for (struct task *task = d->tasks; task; task = task->next) {
		for (struct attachment *a = task->attachments; a; a = a->next) {
			if (a->segment == segment && a->writable &&
			    !tracee_write(task->pid, a->addr + offset, data, len))
				return true;
		}
	}
	return false;
}

/* Write to a segment that the family does not have any more; if it does not exist either, nobody can miss that */
static void write_alone(const struct segment *segment, uint64_t offset, const uint8_t *data, size_t len)
{
	struct shmid_ds ds;
	uint8_t *map;

	if (segment->ipc_ns != ipc_namespace(getpid()) || shmctl(segment->shmid, IPC_STAT, &ds) ||
	    ds.shm_cpid != segment->cpid || ds.shm_segsz + PAGE_BYTES <= segment->size)
		return;
	map = shmat(segment->shmid, NULL, 0);
	if (map == (void *)-1)
		return;
	memcpy(map + offset, data, len);
	shmdt(map);
}

int shm_write_back(struct deputy *d, const struct wire_write_back *msg, const uint8_t *data, size_t len)
{
	struct segment *s;

	for (s = d->segments; s && s->object != msg->object; s = s->next)
		;
	if (!s || (!len && s->users))
		return -EPROTO;
	if (!len) {
		segment_free(d, s);
		return 0;
	}
	if (!s->writable || msg->offset > s->size || len > s->size - msg->offset)
		return -EPROTO;
	if (!write_attached(d, s, msg->offset, data, len))
		write_alone(s, msg->offset, data, len);
	return 0;
}

void shm_free(struct deputy *d)
{
	while (d->segments)
		segment_free(d, d->segments);
}
