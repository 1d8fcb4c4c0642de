/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The image of a stopped process goes to the worker in three parts: what it looks like (BODY: registers, mappings,
 * signal mask; LIMITS), the files it maps (OBJECT), and the memory that is its own (PAGES: what pagemap shows as
 * present and not of a file, so a freshly executed program costs its stack and a page or two). START ends it.
 *
 * All of it is gathered before anything is sent: a process that cannot be described stays at home untouched. Should it
 * not become an executor behind that, DROP takes the guest back.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/fdlist.h"
#include "deputy/home.h"
#include "deputy/lost.h"
#include "deputy/object.h"
#include "deputy/outbox.h"
#include "deputy/rlimits.h"
#include "deputy/ship.h"
#include "deputy/slots.h"
#include "procmaps.h"
#include "proctitle.h"
#include "usermem.h"

#define ARENA_WISHED                                                                                                   \
	0x6f0000000000ull /* between where the kernel puts programs and where it puts libraries and stacks */
#define ARENA_STEP    0x10000000000ull
#define VMAS_MAX      (WIRE_PAGES_MAX / WIRE_VMA_SIZE)
#define PAGEMAP_BATCH 512u

/**
 * struct image - What is gathered
 * @maps:	The mappings
 * @nr:		Their number
 * @body:	The message that describes it
 * @limits:	The limits
 */
struct image {
	struct procmap *maps;
	int nr;
	struct wire_body body;
	struct wire_limits limits;
};

/* Mappings that the kernel makes for every process: the worker's kernel makes its own */
static bool map_is_special(const struct procmap *map)
{
	return !strncmp(map->path, "[vvar", 5) || !strcmp(map->path, "[vdso]") || !strcmp(map->path, "[vsyscall]");
}

/* Find room for the arena that no mapping, nor the growth of the stack or the heap, comes near to */
static int arena_place(const struct image *im, uint64_t *addr)
{
	uint64_t size = arena_size(ARENA_SLOTS);

	for (uint64_t at = ARENA_WISHED; at > ARENA_STEP; at -= ARENA_STEP) {
		bool free_room = true;

		for (int i = 0; i < im->nr && free_room; i++)
			free_room = im->maps[i].end + ARENA_STEP / 16 <= at ||
				    at + size + ARENA_STEP / 16 <= im->maps[i].start;
		if (free_room) {
			*addr = at;
			return 0;
		}
	}
	return -ENOMEM;
}

/* The addresses that prctl(PR_SET_MM_MAP) wants, in its order, from /proc/PID/stat (proc_pid_stat(5)) */
static int mm_gather(pid_t pid, uint8_t out[96])
{
	/* Fields 26, 27, 28 and 45-51, counted from 1; brk is where the heap ends: nowhere yet, at its start */
	static const struct {
		int field, at;
	} fields[] = { { 26, 0 }, { 27, 1 }, { 45, 2 }, { 46, 3 }, { 47, 4 }, { 47, 5 },
		       { 28, 6 }, { 48, 7 }, { 49, 8 }, { 50, 9 }, { 51, 10 } };
	uint64_t value[64] = { 0 }, mm[12] = { 0 };
	char path[64], text[2048], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	at = strrchr(text, ')'); /* the name may hold anything, blanks too */
	if (!at || strlen(at) < 4)
		return -EINVAL;
	at += 4; /* ") S": field 3; behind it field 4 */
	for (int i = 4; i < 53 && *at; i++)
		value[i] = strtoull(at, &at, 10);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		mm[fields[i].at] = value[fields[i].field];
	memcpy(out, mm, sizeof(mm));
	return 0;
}

/* The resource limits, in the order of their numbers; @capabilities: those that it has */
static int limits_gather(pid_t pid, uint64_t capabilities, struct wire_limits *out)
{
	out->pid = (uint32_t)pid;
	for (unsigned int i = 0; i < 16; i++) {
		struct rlimit limit;
		uint64_t pair[2];
		int err = rlimit_read(pid, i, &limit);

		if (err)
			return err;
		if (i == RLIMIT_MEMLOCK && (capabilities >> CAP_IPC_LOCK & 1))
			limit.rlim_cur = limit.rlim_max = RLIM_INFINITY; /* no limit for this one */
		pair[0] = limit.rlim_cur;
		pair[1] = limit.rlim_max;
		memcpy(out->limits + 16 * i, pair, sizeof(pair));
	}
	return 0;
}

/* Note what nobody needs at home when the program runs on the worker: all but the stack, with the arguments that ps shows */
static void program_note(const struct image *im, struct task *task)
{
	task->program_nr = 0;
	for (int i = 0; i < im->nr; i++) {
		const struct procmap *map = &im->maps[i];
		struct range *last = task->program_nr ? &task->program[task->program_nr - 1] : NULL;

		if (!strcmp(map->path, "[stack]") || !strcmp(map->path, "[vsyscall]"))
			continue;
		if (last && last->end == map->start)
			last->end = map->end;
		else if (task->program_nr < PROGRAM_RANGES_MAX)
			task->program[task->program_nr++] = (struct range){ map->start, map->end };
	}
}

/* Describe the stopped process; 0 or negative errno */
static int image_gather(struct image *im, struct task *task, struct thread *thread)
{
	struct user_regs_struct regs;
	struct sigstate sig = { 0 };
	uint64_t mask;
	char path[64];
	int err, fd;

	im->nr = procmaps_read(task->pid, &im->maps);
	if (im->nr < 0)
		return im->nr;
	if ((size_t)im->nr > VMAS_MAX)
		return -E2BIG;
	im->body.pid = (uint32_t)task->pid;
	im->body.tid = (uint32_t)thread->tid;
	im->body.arena_size = arena_size(ARENA_SLOTS);
	err = arena_place(im, &im->body.arena_addr);
	if (!err)
		err = tracee_regs_get(thread->tid, &regs);
	if (!err)
		err = tracee_sigstate(thread->tid, &sig);
	if (!err)
		err = home_mask_get(thread->tid, &mask);
	if (!err)
		err = mm_gather(task->pid, im->body.mm);
	if (!err)
		err = limits_gather(task->pid, sig.capabilities, &im->limits);
	if (err)
		return err;
	task->title_len = title_range(im->body.mm, &task->title_at);
	program_note(im, task);
	static_assert(sizeof(regs) == sizeof(im->body.regs), "the wire carries the kernel's struct");
	regs.rax = 0; /* the stop is within execve, which returns 0 */
	memcpy(im->body.regs, &regs, sizeof(regs));
	im->body.sigmask = mask;
	im->body.sigignored = sig.ignored;
	for (int i = 0; i < im->nr; i++) {
		if (!strcmp(im->maps[i].path, "[vdso]"))
			im->body.vdso = im->maps[i].start;
	}
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)task->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t n = read(fd, im->body.comm, sizeof(im->body.comm) - 1);

		if (n > 0)
			im->body.comm[n - 1] = '\0'; /* the newline */
		close(fd);
	}
	return 0;
}

/* Open the file of a mapping: the kernel's own link if it lets us, else by name if that is still the same file */
static int map_open(pid_t pid, const struct procmap *map)
{
	char path[96];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid, map->start, map->end);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	for (int i = 0; i < 2; i++) {
		fd = open(i ? map->path : path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_ino == map->inode)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -ENOENT;
}

/* Send the pages of a mapping that are the process's own (all of them when there is no object to map instead) */
static int map_ship_own(struct deputy *d, pid_t pid, int pagemap, const struct procmap *map, bool all)
{
	/* Below an own page of zeros there may be a page of the file that is none: the end of .data, the start of .bss */
	unsigned int flags = map->inode && !all ? OUTBOX_ZEROS : 0;
	uint64_t entry[PAGEMAP_BATCH], from = 0;
	int err = 0;

	if (all)
		return outbox_memory(d, pid, map->start, map->end, flags);
	for (uint64_t at = map->start; at < map->end && !err; at += PAGEMAP_BATCH * (uint64_t)PAGE_BYTES) {
		uint64_t left = (map->end - at) / PAGE_BYTES;
		size_t n = left < PAGEMAP_BATCH ? left : PAGEMAP_BATCH;

		err = pagemap_read(pagemap, at, n, entry);
		for (size_t i = 0; i < n && !err; i++) {
			bool own = entry[i] & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED) && !(entry[i] & PAGEMAP_FILE);

			if (own && !from)
				from = at + i * PAGE_BYTES;
			if (!own && from) {
				err = outbox_memory(d, pid, from, at + i * PAGE_BYTES, flags);
				from = 0;
			}
		}
	}
	return !err && from ? outbox_memory(d, pid, from, map->end, flags) : err;
}

/* Of the same file, and shared or private alike? */
static bool map_is_akin(const struct procmap *a, const struct procmap *b)
{
	return a->inode == b->inode && a->dev == b->dev && a->shared == b->shared && !strcmp(a->path, b->path);
}

/*
 * Turn one mapping into its row of BODY; 1 when it has no object although it has a file (its pages go instead).
 * @before: the row of the mapping before it, which is of the same file, or NULL.
 */
static int map_describe(struct deputy *d, pid_t pid, const struct procmap *map, const struct wire_vma *before,
			struct wire_vma *vma)
{
	struct object *object;
	int fd, err;

	*vma = (struct wire_vma){
		map->start, map->end, map->prot, map->shared ? MAP_SHARED : MAP_PRIVATE, WIRE_OBJECT_ANONYMOUS, 0
	};
	if (!strcmp(map->path, "[stack]"))
		vma->flags |= WIRE_VMA_STACK;
	if (!map->inode) {
		vma->flags |= MAP_ANONYMOUS;
		return 0;
	}
	vma->offset = map->offset;
	if (before && before->object != WIRE_OBJECT_ANONYMOUS) {
		vma->object = before->object;
		return 0;
	}
	fd = map_open(pid, map);
	if (fd < 0) {
		vma->flags |= MAP_ANONYMOUS;
		vma->offset = 0;
		return 1;
	}
	err = object_of_fd(d, fd, map->shared, &object);
	if (!err)
		vma->object = object->id;
	return err;
}

/* Send what was gathered. What the worker has to be asked about leaves at once, all else together. */
static int image_send(struct deputy *d, struct task *task, struct image *im)
{
	struct wire_start start = { .pid = (uint32_t)task->pid };
	uint8_t *rows = malloc((size_t)im->nr * WIRE_VMA_SIZE), *content = calloc((size_t)im->nr, 1);
	int err = rows && content ? 0 : -ENOMEM, pagemap = pagemap_open(task->pid);
	const struct procmap *last = NULL;
	struct wire_vma vma = { 0 };
	size_t nr = 0;

	if (!err && pagemap < 0)
		err = pagemap;
	for (int i = 0; i < im->nr && !err; i++) {
		const struct wire_vma before = vma;

		if (map_is_special(&im->maps[i]))
			continue;
		err = map_describe(d, task->pid, &im->maps[i], last && map_is_akin(last, &im->maps[i]) ? &before : NULL,
				   &vma);
		last = &im->maps[i];
		if (err > 0) {
			content[i] = 1;
			err = 0;
		}
		if (!err)
			wire_vma_encode(&vma, rows + nr++ * WIRE_VMA_SIZE);
	}
	if (!err && !d->channel)
		err = -EPIPE; /* the session has ended meanwhile */
	if (!err)
		channel_cork(d->channel);
	if (!err)
		err = deputy_send(d, WIRE_BODY, &im->body, sizeof(im->body), rows, nr * WIRE_VMA_SIZE);
	if (!err)
		err = deputy_send(d, WIRE_LIMITS, &im->limits, sizeof(im->limits), NULL, 0);
	for (int i = 0; i < im->nr && !err; i++) {
		if (!map_is_special(&im->maps[i]) && im->maps[i].prot)
			err = map_ship_own(d, task->pid, pagemap, &im->maps[i], content[i]);
	}
	fdlist_read(task->pid, start.fds);
	if (!err)
		err = deputy_send(d, WIRE_START, &start, sizeof(start), NULL, 0);
	if (d->channel)
		channel_uncork(d->channel);
	if (pagemap >= 0)
		close(pagemap);
	free(content);
	free(rows);
	return err;
}

/*
 * While the worker makes a body of it, and begins to run it, the process becomes an executor. What the guest does before
 * that cannot be seen by anybody: its first call is made by the executor. So it does no harm should there be none.
 */
int ship_image(struct deputy *d, struct task *task, struct thread *thread)
{
	struct wire_drop drop = { (uint32_t)task->pid };
	struct image im = { 0 };
	int err = image_gather(&im, task, thread);

	if (err)
		goto out;
	err = image_send(d, task, &im);
	/* Where the worker is gone it ends as all its family does, and only an executor can say why */
	if (!err || err == -EPIPE)
		err = home_enter(task, thread, im.body.arena_addr, im.body.vdso);
	if (err && !task->arena_nr) {
		deputy_send(d, WIRE_DROP, &drop, sizeof(drop), NULL, 0);
		goto out;
	}
	task->migrated = true;
	d->stats.images++;
	if (!d->channel)
		lost_task_end(d, task);
out:
	free(im.maps);
	return err;
}
