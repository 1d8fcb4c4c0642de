/* SPDX-License-Identifier: GPL-2.0-or-later */
/* getdents64, getdents: all entries of directories of any size through buffers of any size. */
#include <dirent.h>

#include "show.h"

static char *names[6000];
static int nr;

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Read a directory through a buffer of @size and print what was seen, sorted */
static void list(const char *path, size_t size)
{
	char *buf = edge(size);
	uint32_t hash = 0;
	long n, pos;
	int fd = MUST(open(path, O_RDONLY | O_DIRECTORY));

	nr = 0;
	while ((n = SYS(getdents64, fd, buf, size)) > 0) {
		for (pos = 0; pos < n;) {
			struct dirent64 *d = (void *)(buf + pos);
			char text[300];

			snprintf(text, sizeof(text), "%s %d", d->d_name, d->d_type);
			names[nr++] = strdup(text);
			pos += d->d_reclen;
		}
	}
	qsort(names, nr, sizeof(*names), compare);
	for (int i = 0; i < nr; i++) {
		if (nr < 12)
			printf("  %s\n", names[i]);
		hash = hash * 31 + show_hash(names[i], strlen(names[i]));
		free(names[i]);
	}
	printf("%s through %zu: %d entries, hash %08x, then %ld\n", path, size, nr, hash, n);
	SHOW(SYS(getdents64, fd, buf, size));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW_TRUE(SYS(getdents64, fd, buf, size) > 0);
	close(fd);
}

/* The old call: the type sits in the last byte of the record */
static void old(const char *path)
{
	struct old {
		unsigned long ino, off;
		unsigned short reclen;
		char name[];
	};
	char buf[4096];
	int fd = MUST(open(path, O_RDONLY)), count = 0;
	long n, pos;

	while ((n = SYS(getdents, fd, buf, sizeof(buf))) > 0) {
		for (pos = 0; pos < n; count++) {
			struct old *d = (void *)(buf + pos);

			if (!strcmp(d->name, "file"))
				printf("type of file %d\n", buf[pos + d->reclen - 1]);
			pos += d->reclen;
		}
	}
	printf("getdents: %d entries\n", count);
	SHOW(SYS(getdents, fd, BAD, 100));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(SYS(getdents, fd, BAD, 100));
	SHOW(SYS(getdents, fd, buf, 10));
	SHOW(SYS(getdents, BADFD, buf, 100));
	close(fd);
}

/* Read a directory to its end and beyond: how many calls find something, and how many then do not */
static void to_end(int fd)
{
	char buf[8192];

	printf("  %d", SYS(getdents64, fd, buf, sizeof(buf)) > 0);
	for (int i = 0; i < 3; i++)
		printf(" %ld", SYS(getdents64, fd, buf, sizeof(buf)));
	printf("\n");
}

/* The end of a directory, until there is more, or the descriptor is another, or somebody else reads with it */
static void ends(void)
{
	char buf[8192];
	int fd, other;

	TITLE("the end");
	MUST(mkdir("growing", 0755));
	fd = MUST(open("growing", O_RDONLY | O_DIRECTORY));
	to_end(fd);
	to_end(fd);
	MUST(lseek(fd, 0, SEEK_SET));
	to_end(fd);
	make_file("growing/file", 1, 1);
	MUST(lseek(fd, 0, SEEK_SET));
	to_end(fd);
	MUST(lseek(fd, 0, SEEK_SET));
	SHOW_TRUE(SYS(getdents64, fd, buf, sizeof(buf)) > 0);
	SHOW(SYS(getdents64, fd, BAD, 10));
	SHOW(SYS(getdents64, fd, buf, 0));
	SHOW(SYS(getdents64, fd, KERNEL_BAD, 100));
	other = MUST(dup(fd));
	MUST(lseek(other, 0, SEEK_SET));
	to_end(fd);
	MUST(lseek(fd, 0, SEEK_SET));
	SHOW_TRUE(SYS(getdents64, fd, buf, sizeof(buf)) > 0);
	MUST(lseek(other, 0, SEEK_SET));
	to_end(other);
	to_end(fd);
	close(other);
	MUST(lseek(fd, 0, SEEK_SET));
	SHOW_TRUE(SYS(getdents64, fd, buf, sizeof(buf)) > 0);
	close(fd);
	SHOW(SYS(getdents64, fd, buf, sizeof(buf)));
	fd = MUST(open("growing", O_RDONLY | O_DIRECTORY));
	to_end(fd);
	MUST(lseek(fd, 0, SEEK_SET));
	fflush(stdout);
	SHOW_TRUE(SYS(getdents64, fd, buf, sizeof(buf)) > 0);
	fflush(stdout);
	if (!fork()) {
		MUST(lseek(fd, 0, SEEK_SET));
		_exit(0);
	}
	MUST(wait(NULL));
	to_end(fd);
	unlink("growing/file");
	MUST(lseek(fd, 0, SEEK_SET));
	SHOW_TRUE(SYS(getdents64, fd, buf, sizeof(buf)) > 0);
	MUST(rmdir("growing"));
	SHOW(SYS(getdents64, fd, buf, sizeof(buf)));
	close(fd);
}

int main(void)
{
	char path[300], buf[100];
	int fd;

	MUST(mkdir("empty", 0755));
	MUST(mkdir("kinds", 0755));
	make_file("kinds/file", 1, 1);
	MUST(mkdir("kinds/dir", 0755));
	MUST(mkfifo("kinds/fifo", 0644));
	MUST(symlink("file", "kinds/link"));
	MUST(mkdir("many", 0755));
	for (int i = 0; i < 1200; i++) {
		snprintf(path, sizeof(path), "many/%0*d", i % 200 + 1, i);
		fd = MUST(open(path, O_CREAT | O_WRONLY, 0644));
		close(fd);
	}
	list("empty", 4096);
	list("kinds", 4096);
	list("kinds", 40);
	list("many", 280);
	list("many", 4096);
	list("many", 32768);
	list("many", 2 << 20);
	old("kinds");

	TITLE("errors");
	fd = MUST(open("kinds", O_RDONLY));
	SHOW(SYS(getdents64, fd, BAD, 4096));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(SYS(getdents64, fd, buf, 0));
	SHOW(SYS(getdents64, fd, buf, 10));
	SHOW(SYS(getdents64, fd, buf, 23));
	SHOW(SYS(getdents64, fd, KERNEL_BAD, 100));
	SHOW(SYS(getdents64, 1, buf, 100));
	SHOW(SYS(getdents64, BADFD, buf, 100));
	SHOW_TRUE(SYS(getdents64, fd, edge(64), 4096) > 0);
	close(fd);
	fd = MUST(open("kinds", O_PATH));
	SHOW(SYS(getdents64, fd, buf, 100));
	close(fd);
	TITLE("a directory that is gone");
	fd = MUST(open("empty", O_RDONLY));
	SHOW(rmdir("empty"));
	SHOW(SYS(getdents64, fd, buf, 100));
	ends();
	TITLE("of the kernel");
	fd = MUST(open("/proc/self/task", O_RDONLY));
	SHOW_TRUE(SYS(getdents64, fd, buf, 100) > 0);
	SHOW(SYS(getdents64, fd, buf, 100));
	return 0;
}
