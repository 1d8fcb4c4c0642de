/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files of /proc say of a guest: see remote/proctext.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "remote/proctext.h"
#include "remote/session.h"

/* No text becomes longer */
#define TEXT_MAX (64u << 20)
/* Fields of stat, counted from 1 (proc_pid_stat(5)) */
#define STAT_STATE  3
#define STAT_FIELDS 64
/* How the kernel shows the memfd of an arena (spawn.c) */
#define ARENA_PATH "/memfd:openmosix"

/**
 * struct proctext_file - A file
 * @name:	Its name
 * @make:	Makes home's text and this node's into one
 */
struct proctext_file {
	const char *name;
	int (*make)(struct proctext *out, const struct proctext_about *about, const char *home, const char *here);
};

/**
 * text_add() - Append @len bytes
 */
static int text_add(struct proctext *text, const char *bytes, size_t len)
{
	size_t cap = text->cap;
	uint8_t *more;

	if (len > TEXT_MAX - text->len)
		return -EFBIG;
	while (cap < text->len + len)
		cap = cap ? cap * 2 : 4096;
	if (cap != text->cap) {
		more = realloc(text->bytes, text->skip + cap);
		if (!more)
			return -ENOMEM;
		text->bytes = more;
		text->cap = cap;
	}
	memcpy(text->bytes + text->skip + text->len, bytes, len);
	text->len += len;
	return 0;
}

/**
 * text_read() - Append a file, and a NUL that is not counted
 */
static int text_read(struct proctext *text, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	char chunk[16384];
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0 && !err) {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			err = text_add(text, chunk, (size_t)n);
		else if (n < 0)
			err = -errno;
	}
	close(fd);
	if (!err)
		err = text_add(text, "", 1);
	text->len -= !err;
	return err;
}

/**
 * line_end() - Behind the end of the line that begins at @at
 */
static const char *line_end(const char *at)
{
	const char *end = strchr(at, '\n');

	return end ? end + 1 : at + strlen(at);
}

/**
 * sleeps_here() - Whether the thread sleeps in a call that is made on this node; one on its way home it cannot be
 */
static bool sleeps_here(pid_t outer)
{
	unsigned long long nr, arg[6];
	struct proctext text = { 0 };
	char path[64];
	bool sleeps = false;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)outer);
	if (!text_read(&text, path) && sscanf((char *)text.bytes, "%llu %llx %llx %llx %llx %llx %llx", &nr, &arg[0],
					      &arg[1], &arg[2], &arg[3], &arg[4], &arg[5]) == 7) {
		const uint64_t values[6] = { arg[0], arg[1], arg[2], arg[3], arg[4], arg[5] };

		sleeps = sysdef_is_local((int64_t)nr, values);
	}
	free(text.bytes);
	return sleeps;
}

/**
 * state_of() - The state of a process, as one character; @home and @here are what the two nodes say
 */
static char state_of(const struct proctext_about *about, char home, char here)
{
	if (about->self)
		return 'R';
	if (home == 't') { /* home's processes are traced: it is stopped, or looked at for a moment */
		home = 'R';
		if (about->thread->guest->frozen)
			home = 'T';
		else if (about->waits)
			home = 'S';
	}
	if (about->waits || about->thread->guest->frozen || !strchr("RSD", home))
		return home;
	if (strchr("SD", here) && about->thread->state == THREAD_RUNNING &&
	    (here == 'D' || about->thread->trace == TRACE_CALL || sleeps_here(about->thread->outer)))
		return here;
	return 'R';
}

/**
 * plain_make() - It is about memory alone
 */
static int plain_make(struct proctext *out, const struct proctext_about *about, const char *home, const char *here)
{
	(void)about;
	(void)home;
	return text_add(out, here, strlen(here));
}

/**
 * is_mapping() - Does the line begin with a range of addresses?
 */
static bool is_mapping(const char *line)
{
	size_t digits = strspn(line, "0123456789abcdef");

	return digits && line[digits] == '-';
}

/**
 * arena_start() - Where the arena begins that the guest was built with (executor.h); it has no business in there
 * Return: its address, behind the page with the code; 0: there is none
 */
static uint64_t arena_start(const char *here)
{
	const char *at = strstr(here, ARENA_PATH);

	while (at && at > here && at[-1] != '\n')
		at--;
	return at ? strtoull(at, NULL, 16) : 0;
}

/**
 * mapping_add() - Append the line of a mapping; objects have the names of home's files
 * @end:	Its end
 */
static int mapping_add(struct proctext *out, const struct proctext_about *about, const char *line, const char *end)
{
	const char *path = memchr(line, '/', (size_t)(end - line)), *name = NULL;
	unsigned int major, minor;
	unsigned long inode;
	int err;

	if (!path)
		return text_add(out, line, (size_t)(end - line));
	if (sscanf(line, "%*s %*s %*s %x:%x %lu", &major, &minor, &inode) == 3)
		name = objects_name(&about->thread->guest->session->objects, makedev(major, minor), inode);
	err = text_add(out, line, (size_t)(path - line));
	if (!err && name)
		err = text_add(out, name, strlen(name));
	return err ? err : text_add(out, "\n", 1);
}

/**
 * maps_make() - A line for each mapping, with details of it behind in smaps
 */
static int maps_make(struct proctext *out, const struct proctext_about *about, const char *home, const char *here)
{
	uint64_t arena = arena_start(here);
	bool hidden = false;
	int err = 0;

	(void)home;
	for (const char *end; *here && !err; here = end) {
		end = line_end(here);
		if (is_mapping(here)) {
			const char *path = strstr(here, ARENA_PATH);

			hidden = (path && path < end) || (arena && strtoull(strchr(here, '-') + 1, NULL, 16) == arena);
			err = hidden ? 0 : mapping_add(out, about, here, end);
		} else if (!hidden) {
			err = text_add(out, here, (size_t)(end - here));
		}
	}
	return err;
}

/**
 * key_find() - The line of @text that begins with the key of the one at @line, or NULL
 */
static const char *key_find(const char *text, const char *line)
{
	size_t len = strcspn(line, ":\n") + 1;

	while (*text && strncmp(text, line, len) != 0)
		text = line_end(text);
	return *text ? text : NULL;
}

/**
 * is_ours() - A line of status that this node knows better
 */
static bool is_ours(const char *line)
{
	static const char *const keys[] = { "Vm", "Rss", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strncmp(line, keys[i], strlen(keys[i])))
			return true;
	return false;
}

/**
 * status_make() - Lines of keys and values
 */
static int status_make(struct proctext *out, const struct proctext_about *about, const char *home, const char *here)
{
	static const char state_key[] = "State:\t", tracer_key[] = "TracerPid:\t";
	static const struct {
		char state;
		const char *text;
	} states[] = {
		{ 'R', "State:\tR (running)\n" },
		{ 'S', "State:\tS (sleeping)\n" },
		{ 'D', "State:\tD (disk sleep)\n" },
		{ 'T', "State:\tT (stopped)\n" },
	};
	int err = 0;

	for (const char *line = home; *line && !err; line = line_end(line)) {
		const char *ours = is_ours(line) || !strncmp(line, state_key, 7) ? key_find(here, line) : NULL;
		const char *from = ours && is_ours(line) ? ours : line;
		size_t len = (size_t)(line_end(from) - from);

		if (!strncmp(line, state_key, sizeof(state_key) - 1) && ours) {
			char state = state_of(about, line[sizeof(state_key) - 1], ours[sizeof(state_key) - 1]);

			for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
				if (states[i].state == state) {
					from = states[i].text;
					len = strlen(from);
				}
			}
		} else if (!strncmp(line, tracer_key, sizeof(tracer_key) - 1)) {
			from = "TracerPid:\t0\n"; /* that is us */
			len = strlen(from);
		}
		err = text_add(out, from, len);
	}
	return err;
}

/**
 * fields_split() - The fields of stat from STAT_STATE on
 * @text:	The text, which is changed
 * Return: how many; @field is filled from index STAT_STATE on
 */
static int fields_split(char *text, char *field[STAT_FIELDS])
{
	char *at = strrchr(text, ')'), *save = NULL; /* the name may hold anything */
	int nr = STAT_STATE;

	if (!at)
		return 0;
	*at++ = '\0';
	for (at = strtok_r(at, " \n", &save); at && nr < STAT_FIELDS; at = strtok_r(NULL, " \n", &save))
		field[nr++] = at;
	return nr;
}

/**
 * stat_make() - One line of fields
 */
static int stat_make(struct proctext *out, const struct proctext_about *about, const char *home, const char *here)
{
	enum { FROM_HOME, FROM_HERE, FROM_BOTH };
	/* Faults, times, sizes */
	static const uint8_t from[STAT_FIELDS] = {
		[10] = FROM_HERE, [12] = FROM_HERE, [14] = FROM_BOTH,
		[15] = FROM_BOTH, [23] = FROM_HERE, [24] = FROM_HERE,
	};
	char *copy[2] = { strdup(home), strdup(here) }, *field[2][STAT_FIELDS], text[64];
	int nr = 0, err = copy[0] && copy[1] ? 0 : -ENOMEM;

	if (!err) {
		nr = fields_split(copy[0], field[0]);
		err = nr > 24 && fields_split(copy[1], field[1]) == nr ? 0 : -EINVAL;
	}
	if (!err)
		err = text_add(out, copy[0], strlen(copy[0]));
	if (!err)
		err = text_add(out, ")", 1);
	for (int i = STAT_STATE; i < nr && !err; i++) {
		if (i == STAT_STATE)
			snprintf(text, sizeof(text), " %c", state_of(about, *field[0][i], *field[1][i]));
		else if (from[i] == FROM_BOTH)
			snprintf(text, sizeof(text), " %llu",
				 strtoull(field[0][i], NULL, 10) + strtoull(field[1][i], NULL, 10));
		else
			snprintf(text, sizeof(text), " %s", field[from[i] == FROM_HERE][i]);
		err = text_add(out, text, strlen(text));
	}
	if (!err)
		err = text_add(out, "\n", 1);
	free(copy[0]);
	free(copy[1]);
	return err;
}

static const struct proctext_file files[] = {
	{ "maps", maps_make },	 { "smaps", maps_make },    { "smaps_rollup", plain_make },
	{ "statm", plain_make }, { "status", status_make }, { "stat", stat_make },
};

const struct proctext_file *proctext_find(const char *name)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}

int proctext_make(struct proctext *out, const struct proctext_file *file, const struct proctext_about *about,
		  const char *home)
{
	struct proctext here = { 0 };
	int outer = (int)about->thread->outer, err;
	char path[64];

	if (about->task)
		snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)about->thread->guest->outer, outer,
			 file->name);
	else
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)about->thread->guest->outer, file->name);
	err = text_read(&here, path);
	if (!err)
		err = file->make(out, about, home, (const char *)here.bytes);
	free(here.bytes);
	return err;
}
