/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of /proc about guests: see remote/procfiles.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "remote/ahead.h"
#include "remote/calls.h"
#include "remote/procfiles.h"
#include "remote/proctext.h"
#include "remote/session.h"

/* Longest name that is looked at: /proc/NUMBER/task/NUMBER/smaps_rollup */
#define NAME_MAX_LEN 64
/* What is read of home's file; these are small ones */
#define HOME_MAX 8192u
/* Bytes that are written at once: what a slot takes */
#define PART_MAX (1u << 20)
/* Length that is sent in front of memory (sysplan.h) */
#define SPAN_HEAD sizeof(uint32_t)
/* Any address: nothing of the guest's memory is used */
#define SOME_ADDR 0x10000u
/* How often a step is made again that a signal has kept from beginning */
#define RETRY_MAX 3u

enum step { STEP_OPEN, STEP_READ, STEP_CREATE, STEP_WRITE, STEP_REOPEN, STEP_DUP };

/**
 * struct procfile - A file that a guest is opening
 * @file:	Which one
 * @tid:	Whose
 * @task:	It is about the thread alone
 * @step:	What home is doing
 * @retries:	How often it was asked for that again
 * @call_id:	The call that @tid waited for when home was asked
 * @fd:		What home has opened
 * @memfd:	What will take its place
 * @reader:	The same, open for reading only
 * @text:	Content, behind SPAN_HEAD bytes
 * @len:	Bytes of it
 * @done:	Bytes that are written
 */
struct procfile {
	const struct proctext_file *file;
	uint32_t tid;
	bool task;
	enum step step;
	unsigned int retries;
	uint64_t call_id;
	int fd;
	int memfd;
	int reader;
	uint8_t *text;
	size_t len;
	size_t done;
};

static void step_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len);

static const struct handler step_handler = { SYS_openat, NULL, step_result };

void procfiles_drop(struct thread *thread)
{
	if (thread->procfile)
		free(thread->procfile->text);
	free(thread->procfile);
	thread->procfile = NULL;
}

/**
 * name_take() - Take "self/", "thread-self/" or "NUMBER/" off a name
 * @self:	What the first two stand for
 * Return: the number, 0 when it begins with none of these
 */
static uint32_t name_take(const char **name, uint32_t self, uint32_t thread_self)
{
	static const char self_name[] = "self/", thread_name[] = "thread-self/";
	unsigned long number;
	char *end;

	if (!strncmp(*name, self_name, sizeof(self_name) - 1)) {
		*name += sizeof(self_name) - 1;
		return self;
	}
	if (!strncmp(*name, thread_name, sizeof(thread_name) - 1)) {
		*name += sizeof(thread_name) - 1;
		return thread_self;
	}
	if (**name < '1' || **name > '9')
		return 0;
	number = strtoul(*name, &end, 10);
	if (*end != '/' || number > INT32_MAX)
		return 0;
	*name = end + 1;
	return (uint32_t)number;
}

/**
 * name_parse() - Is it the name of a file about a guest? Then say which one, and whose
 */
static void name_parse(const struct thread *thread, const char *name, struct procfile *out)
{
	static const char proc[] = "/proc/", task[] = "task/";

	if (strncmp(name, proc, sizeof(proc) - 1))
		return;
	out->task = !strncmp(name + sizeof(proc) - 1, "thread-self/", 12);
	name += sizeof(proc) - 1;
	out->tid = name_take(&name, thread->guest->pid, thread->tid);
	if (out->tid && !strncmp(name, task, sizeof(task) - 1)) {
		name += sizeof(task) - 1;
		out->tid = name_take(&name, 0, 0);
		out->task = true;
	}
	if (out->tid && thread_by_tid(thread->guest->session, out->tid))
		out->file = proctext_find(name);
}

/**
 * name_read() - The beginning of the name that the thread opens
 */
static void name_read(const struct thread *thread, uint64_t addr, char out[NAME_MAX_LEN])
{
	struct iovec local = { out, NAME_MAX_LEN - 1 }, remote = { (void *)(uintptr_t)addr, NAME_MAX_LEN - 1 };
	ssize_t n = process_vm_readv(thread->outer, &local, 1, &remote, 1, 0);

	/* A name at the very end of its memory is not looked at, but for the part that is on one page */
	if (n < 0) {
		local.iov_len = remote.iov_len = 4096 - addr % 4096;
		n = local.iov_len < NAME_MAX_LEN ? process_vm_readv(thread->outer, &local, 1, &remote, 1, 0) : 0;
	}
	out[n > 0 ? n : 0] = '\0';
}

void procfiles_open_begin(struct thread *thread)
{
	const uint64_t *arg = thread->call.arg + (thread->call.nr == SYS_openat);
	struct procfile file = { .step = STEP_OPEN, .memfd = -1, .reader = -1 };
	char name[NAME_MAX_LEN];

	procfiles_drop(thread);
	if ((arg[1] & (O_ACCMODE | O_PATH | O_DIRECTORY)) == O_RDONLY) {
		name_read(thread, arg[0], name);
		name_parse(thread, name, &file);
	}
	if (file.file)
		thread->procfile = malloc(sizeof(file));
	if (thread->procfile)
		*thread->procfile = file;
	call_forward(thread);
}

/**
 * step_send() - Ask home for a step
 */
static void step_send(struct thread *thread, enum step step)
{
	static const uint8_t name[] = "\5\0\0\0proc";
	struct procfile *file = thread->procfile;
	uint32_t part = file->len - file->done < PART_MAX ? (uint32_t)(file->len - file->done) : PART_MAX;
	uint64_t cloexec = thread->call.arg[1 + (thread->call.nr == SYS_openat)] & O_CLOEXEC;
	const uint64_t args[][6] = {
		[STEP_READ] = { (uint64_t)file->fd, SOME_ADDR, HOME_MAX, 0 },
		[STEP_CREATE] = { SOME_ADDR, 1 /* MFD_CLOEXEC */ },
		[STEP_WRITE] = { (uint64_t)file->memfd, SOME_ADDR, part, file->done },
		[STEP_REOPEN] = { (uint64_t)AT_FDCWD, SOME_ADDR, O_RDONLY | O_CLOEXEC },
		[STEP_DUP] = { (uint64_t)file->reader, (uint64_t)file->fd, cloexec },
	};
	const uint32_t home_max = HOME_MAX;
	struct {
		uint32_t len;
		char name[32];
	} path;
	uint8_t *data = file->text + file->done;

	file->step = step;
	thread->call.handler = &step_handler;
	switch (step) {
	case STEP_READ:
		call_send(thread, SYS_pread64, args[step], 0, &home_max, sizeof(home_max));
		break;
	case STEP_CREATE:
		call_send(thread, SYS_memfd_create, args[step], 0, name, SPAN_HEAD + sizeof("proc"));
		break;
	case STEP_WRITE:
		memcpy(data, &part, SPAN_HEAD); /* over what has been sent */
		call_send(thread, SYS_pwrite64, args[step], 0, data, SPAN_HEAD + part);
		break;
	case STEP_REOPEN:
		path.len = (uint32_t)snprintf(path.name, sizeof(path.name), "/proc/self/fd/%d", file->memfd) + 1;
		call_send(thread, SYS_openat, args[step], 0, &path, SPAN_HEAD + path.len);
		break;
	default:
		call_send(thread, SYS_dup3, args[step], 0, NULL, 0);
	}
}

/**
 * close_post() - Have home close a descriptor that the guest does not know of
 */
static void close_post(struct thread *thread, int fd)
{
	const uint64_t arg[6] = { (uint64_t)fd };

	if (fd >= 0)
		call_post(thread, SYS_close, arg, NULL, 0, 0);
}

/**
 * open_return() - The guest's call returns
 */
static void open_return(struct thread *thread)
{
	int fd = thread->procfile->fd;

	close_post(thread, thread->procfile->reader);
	close_post(thread, thread->procfile->memfd);
	procfiles_drop(thread);
	call_return(thread, fd);
}

/**
 * content_make() - Make up the content, now that home has said what it says; false when that is not possible
 */
static bool content_make(struct thread *thread, const char *home)
{
	struct procfile *file = thread->procfile;
	const struct thread *about = thread_by_tid(thread->guest->session, file->tid);
	struct proctext text = { .skip = SPAN_HEAD };
	struct proctext_about who = { .thread = about, .task = file->task, .self = about == thread };

	if (!about || about->guest->state != GUEST_LIVE)
		return false;
	who.waits = about->state == THREAD_CALLING && about->call.id && about->call.id == file->call_id;
	if (proctext_make(&text, file->file, &who, home) < 0) {
		free(text.bytes);
		return false;
	}
	file->text = text.bytes;
	file->len = text.len;
	return true;
}

/**
 * read_done() - Home has read its file
 */
static void read_done(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	char home[HOME_MAX + 1];
	size_t len = ret > 0 && tail_len > SPAN_HEAD ? tail_len - SPAN_HEAD : 0;

	if (len > HOME_MAX)
		len = HOME_MAX;
	memcpy(home, tail + (len ? SPAN_HEAD : 0), len);
	home[len] = '\0';
	if (len && content_make(thread, home))
		step_send(thread, STEP_CREATE);
	else
		open_return(thread);
}

/**
 * step_result() - Home has made a step
 */
static void step_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	struct procfile *file = thread->procfile;

	if (call_is_restart(ret) && file->retries++ < RETRY_MAX) {
		step_send(thread, file->step);
		return;
	}
	switch (file->step) {
	case STEP_READ:
		read_done(thread, ret, tail, tail_len);
		return;
	case STEP_CREATE:
		file->memfd = (int)ret;
		if (ret < 0)
			open_return(thread);
		else
			step_send(thread, STEP_WRITE);
		return;
	case STEP_WRITE:
		file->done += ret > 0 ? (size_t)ret : 0;
		if (ret > 0 && file->done < file->len)
			step_send(thread, STEP_WRITE);
		else if (file->done == file->len)
			step_send(thread, STEP_REOPEN);
		else
			open_return(thread);
		return;
	case STEP_REOPEN:
		file->reader = (int)ret;
		if (ret < 0)
			open_return(thread);
		else
			step_send(thread, STEP_DUP);
		return;
	default:
		open_return(thread);
	}
}

void procfiles_open_result(struct thread *thread, int64_t ret, const uint8_t *tail, size_t tail_len)
{
	struct procfile *file = thread->procfile;
	const struct thread *about;

	if (!file || ret < 0 || ret > INT32_MAX || tail_len) {
		procfiles_drop(thread);
		call_complete(thread, ret, 0, tail, tail_len);
		return;
	}
	ahead_drop(thread);
	about = thread_by_tid(thread->guest->session, file->tid);
	file->call_id = about && about->state == THREAD_CALLING ? about->call.id : 0;
	file->fd = (int)ret;
	step_send(thread, STEP_READ);
}
