/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are copied: copy_file_range up to the end and beyond, FICLONE, fadvise64, and the closes of what was written. */
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "show.h"

static int from, to;

static void reopen(const char *source, const char *target)
{
	from = MUST(open(source, O_RDONLY));
	to = MUST(open(target, O_WRONLY | O_CREAT | O_TRUNC, 0600));
}

static void done(void)
{
	SHOW(close(to));
	SHOW(close(from));
}

static void append(const char *name, const char *text)
{
	int fd = MUST(open(name, O_WRONLY | O_APPEND));

	MUST(write(fd, text, strlen(text)));
	close(fd);
}

#define COPY() SHOW(copy_file_range(from, NULL, to, NULL, 100, 0))

static void ends(void)
{
	TITLE("up to the end, and on");
	reopen("source", "target");
	COPY();
	COPY();
	append("source", "more");
	COPY();
	COPY();
	COPY();

	TITLE("the end, and back");
	SHOW(lseek(from, 0, SEEK_SET));
	COPY();
	COPY();
	SHOW(lseek(from, 2, SEEK_SET));
	SHOW(lseek(to, 0, SEEK_SET));
	COPY();
	COPY();
	SHOW(lseek(to, 0, SEEK_CUR));
	done();
	show_file("target");

	TITLE("the end, and other arguments");
	reopen("source", "target");
	COPY();
	SHOW(copy_file_range(from, NULL, to, NULL, 0, 0));
	SHOW(copy_file_range(from, NULL, to, NULL, 100, 1));
	SHOW(copy_file_range(from, NULL, from, NULL, 100, 0));
	SHOW(copy_file_range(from, NULL, 99, NULL, 100, 0));
	COPY();
	SHOW(copy_file_range(from, &(off_t){ 1 }, to, NULL, 100, 0));
	COPY();
	SHOW(copy_file_range(from, NULL, to, &(off_t){ 1 }, 100, 0));
	COPY();
	close(to);
	COPY();
	close(from);
	COPY();
}

/* Descriptors that come again are other files */
static void others(void)
{
	TITLE("another source, another target");
	for (int i = 0; i < 3; i++) {
		reopen("source", "target");
		COPY();
		COPY();
		done();
		reopen("source2", "target2");
		COPY();
		COPY();
		close(from);
		from = MUST(open("source", O_RDONLY));
		COPY();
		COPY();
		done();
		show_file("target2");
	}

	TITLE("a target that is the source");
	from = MUST(open("target", O_RDONLY));
	to = MUST(open("target", O_WRONLY | O_APPEND));
	SHOW(copy_file_range(from, NULL, to, NULL, 100, 0));
	close(to);
	to = MUST(open("target", O_WRONLY));
	SHOW(lseek(to, 0, SEEK_END));
	for (int i = 0; i < 4; i++) {
		SHOW(write(to, "abc", 3));
		SHOW(copy_file_range(from, NULL, to, NULL, 3, 0));
	}
	done();
}

static void limited(void)
{
	struct rlimit limit = { 8, RLIM_INFINITY };

	TITLE("as long as it may be");
	handle(SIGXFSZ, SIG_IGN, 0);
	setrlimit(RLIMIT_FSIZE, &limit);
	reopen("source", "target");
	for (int i = 0; i < 3; i++)
		COPY();
	done();
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void clones(void)
{
	int fd;

	TITLE("FICLONE");
	for (int i = 0; i < 3; i++) {
		reopen("source", "target");
		SHOW(ioctl(to, FICLONE, from));
		SHOW(ioctl(from, FICLONE, to));
		SHOW(ioctl(to, FICLONE, to));
		SHOW(ioctl(to, FICLONE, 99));
		SHOW(ioctl(99, FICLONE, from));
		fd = MUST(open("target", O_WRONLY | O_APPEND));
		SHOW(ioctl(fd, FICLONE, from));
		close(fd);
		fd = MUST(open(".", O_RDONLY | O_DIRECTORY));
		SHOW(ioctl(to, FICLONE, fd));
		close(fd);
		fd = MUST(open("/proc/self/stat", O_RDONLY));
		SHOW(ioctl(to, FICLONE, fd));
		close(fd);
		done();
	}
}

static void advice(void)
{
	TITLE("fadvise64");
	reopen("source", "target");
	for (int i = -1; i < 8; i++) {
		SHOW(SYS(fadvise64, from, 0, 0, i));
		SHOW(SYS(fadvise64, to, 0, 100, i));
	}
	SHOW(SYS(fadvise64, from, 0, -1, POSIX_FADV_NORMAL));
	SHOW(SYS(fadvise64, from, -1, 0, POSIX_FADV_NORMAL));
	done();
	SHOW(SYS(fadvise64, from, 0, 0, POSIX_FADV_NORMAL));
}

/* Who learns of a close finds it done */
static void closes(void)
{
	int fd, status, pipes[2];
	char byte;
	pid_t pid;

	TITLE("a lock goes with the close");
	MUST(pipe(pipes));
	fd = MUST(open("target", O_RDWR));
	MUST(flock(fd, LOCK_EX));
	pid = MUST(fork());
	if (!pid) {
		close(fd);
		MUST(read(pipes[0], &byte, 1));
		fd = MUST(open("target", O_RDWR));
		_exit(flock(fd, LOCK_EX | LOCK_NB) ? errno : 0);
	}
	SHOW(close(fd));
	SHOW(close(fd));
	MUST(write(pipes[1], "", 1));
	MUST(waitpid(pid, &status, 0));
	SHOW(WEXITSTATUS(status));

	TITLE("a program is not busy any more");
	for (int i = 0; i < 3; i++) {
		fd = MUST(open("script", O_WRONLY | O_CREAT | O_TRUNC, 0700));
		for (int k = 0; k < 3; k++)
			MUST(write(fd, "#!/bin/true\n", 12));
		SHOW(close(fd));
		pid = MUST(fork());
		if (!pid) {
			execl("./script", "script", NULL);
			_exit(errno);
		}
		MUST(waitpid(pid, &status, 0));
		SHOW(WEXITSTATUS(status));
	}
}

int main(void)
{
	int fd = MUST(open("source", O_WRONLY | O_CREAT, 0600));

	MUST(write(fd, "some bytes", 10));
	close(fd);
	fd = MUST(open("source2", O_WRONLY | O_CREAT, 0600));
	MUST(write(fd, "other", 5));
	close(fd);
	ends();
	others();
	limited();
	clones();
	advice();
	closes();
	return 0;
}
