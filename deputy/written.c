/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * What a call has written to a file at home has to be in the guests' mappings of it when the call returns. Which file
 * that is the call's row does not say: a table does, for the calls that change contents. Most name a descriptor; for the
 * few that do not, all live objects are looked at.
 *
 * A file that is small is sent again as a whole. Of a large one only what the call has written is sent, where that can
 * be told; its times stay as they were known, so the next mapping looks at the rest.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "deputy/deputy.h"
#include "deputy/object.h"
#include "deputy/outbox.h"

/* Size from which on only what was written is sent */
#define LARGE_MIN (256u << 10)

/* Where a call writes */
enum reach {
	REACH_WHOLE,  /* anywhere */
	REACH_MAYBE,  /* anywhere, if the times of the file say so */
	REACH_POS,    /* up to the descriptor's position */
	REACH_OFFSET, /* from its fourth argument on, as many bytes as it returns */
	REACH_RESULT, /* likewise; the descriptor is what it returns */
	REACH_TRUNC,  /* likewise, but only if its flags (argument @arg) say so */
	REACH_SIZE,   /* nowhere: it changes the size alone */
	REACH_ALLOC,  /* from its third argument on, as many bytes as its fourth, as its second says; or see there */
	REACH_ANY,    /* to the end; of which file is not told */
};

/* Calls that change the content of a file: the argument that is its descriptor, and where they write */
static const struct {
	uint32_t nr;
	int arg;
	enum reach reach;
} writers[] = {
	{ SYS_write, 0, REACH_POS },	   { SYS_pwrite64, 0, REACH_OFFSET },
	{ SYS_writev, 0, REACH_POS },	   { SYS_pwritev, 0, REACH_OFFSET },
	{ SYS_pwritev2, 0, REACH_WHOLE },  { SYS_ftruncate, 0, REACH_SIZE },
	{ SYS_fallocate, 0, REACH_ALLOC }, { SYS_copy_file_range, 2, REACH_WHOLE },
	{ SYS_sendfile, 0, REACH_POS },	   { SYS_splice, 2, REACH_WHOLE },
	{ SYS_open, 1, REACH_TRUNC },	   { SYS_openat, 2, REACH_TRUNC },
	{ SYS_openat2, 0, REACH_RESULT },  { SYS_creat, 0, REACH_RESULT },
	{ SYS_truncate, 0, REACH_ANY },	   { SYS_ioctl, 0, REACH_MAYBE },
};

/* Position and flags of a descriptor */
static bool fdinfo_read(pid_t tid, int fd, uint64_t *pos, unsigned int *flags)
{
	char path[64], line[128];
	int found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)tid, fd);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (found < 2 && fgets(line, sizeof(line), file))
		found += sscanf(line, "pos: %" SCNu64, pos) == 1 || sscanf(line, "flags: %o", flags) == 1;
	fclose(file);
	return found == 2;
}

/* Where has fallocate written? */
static void range_allocated(const struct thread *thread, uint64_t *from, uint64_t *to)
{
	const int harmless = FALLOC_FL_KEEP_SIZE | FALLOC_FL_UNSHARE_RANGE;
	const int zeros = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | harmless;
	const uint64_t *a = thread->call.arg;
	int mode = (int)a[1];

	if (mode & ~zeros)
		return;
	*from = a[2] < *to ? a[2] : *to;
	if (!(mode & ~harmless))
		*to = *from;
	else if (a[3] < *to - *from)
		*to = *from + a[3];
}

/* Where has the call written? The whole file where that cannot be told. */
static void range_find(const struct thread *thread, int fd, enum reach reach, int64_t ret, const struct stat *st,
		       uint64_t *from, uint64_t *to)
{
	uint64_t pos = 0, end, size = (uint64_t)st->st_size;
	unsigned int flags = 0;

	*from = 0;
	*to = reach == REACH_SIZE ? 0 : size;
	if (reach == REACH_ALLOC)
		range_allocated(thread, from, to);
	if ((reach != REACH_POS && reach != REACH_OFFSET) || !fdinfo_read(thread->tid, fd, &pos, &flags))
		return;
	if (flags & O_APPEND) /* whatever offset was given */
		end = size;
	else
		end = reach == REACH_POS ? pos : thread->call.arg[3] + (uint64_t)ret;
	if (end > size || (uint64_t)ret > end)
		return;
	*from = end - (uint64_t)ret;
	*to = end;
}

/* Look at all live objects */
static bool all_refresh(struct deputy *d)
{
	bool changed = false;
	struct stat st;

	for (struct object *o = d->objects; o; o = o->next) {
		if (!o->live || fstat(o->fd, &st) || stat_same_content(&st, &o->st))
			continue;
		object_refresh(d, o, &st);
		changed = true;
	}
	return changed;
}

/* Send what a live object's file has from @from to @to; all of it if that is not much more */
static void range_send(struct deputy *d, struct object *o, const struct stat *st, uint64_t from, uint64_t to)
{
	if (st->st_size < LARGE_MIN || (!from && to && to == (uint64_t)st->st_size)) {
		object_refresh(d, o, st);
		return;
	}
	o->st.st_size = st->st_size;
	outbox_file(d, o, from, to, OUTBOX_ZEROS | OUTBOX_SIZE);
}

bool objects_written(struct deputy *d, const struct thread *thread, int64_t ret)
{
	size_t i, nr = sizeof(writers) / sizeof(*writers);
	enum reach reach;
	uint64_t from, to;
	bool sent = false;
	char path[64];
	struct stat st;
	bool known;
	int fd;

	for (i = 0; i < nr && writers[i].nr != thread->call.nr; i++)
		;
	if (i == nr)
		return false;
	reach = writers[i].reach;
	if (reach == REACH_ANY)
		return all_refresh(d);
	if (reach == REACH_TRUNC && !(thread->call.arg[writers[i].arg] & O_TRUNC))
		return false;
	fd = reach == REACH_TRUNC || reach == REACH_RESULT ? (int)ret : (int)thread->call.arg[writers[i].arg];
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)thread->tid, fd);
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	known = reach == REACH_WHOLE || reach == REACH_SIZE || reach == REACH_ALLOC ||
		((reach == REACH_POS || reach == REACH_OFFSET) && ret);
	for (struct object *o = d->objects; o; o = o->next) { /* more than one while some are being trimmed */
		/* Times are not fine enough to see by them what is known to have been written */
		if (!o->live || !stat_same_file(&o->st, &st) || (!known && stat_same_content(&o->st, &st)))
			continue;
		range_find(thread, fd, reach, ret, &st, &from, &to);
		range_send(d, o, &st, from, to);
		sent = true;
	}
	return sent;
}
