/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are opened again and again, and what changes in between: whoever opens one sees it as it is. */
#include <limits.h>

#include "show.h"

#define OFTEN 4 /* so often that somebody could think he knows the file */

static char buf[70000];

static void file_write(const char *name, const char *text)
{
	int fd = MUST(open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600));

	MUST(write(fd, text, strlen(text)));
	close(fd);
}

/* Open, look at, read and close a file */
static void look(const char *path)
{
	int fd = open(path, O_RDONLY), found;
	struct stat st, by_name;
	ssize_t n, more;

	if (fd < 0) {
		printf("  %s: %s, access %d, stat %d\n", strrchr(path, '/') + 1, strerror(errno), access(path, R_OK),
		       stat(path, &by_name));
		return;
	}
	MUST(fstat(fd, &st));
	n = read(fd, buf, sizeof(buf) - 20);
	n = n < 0 ? 0 : n;
	buf[n] = '\0';
	more = read(fd, buf + n, 10);
	found = MUST(stat(path, &by_name));
	printf("  %s: %zd of %lld \"%.20s\", then %zd, stat %d %lld, mode %o, links %d\n", strrchr(path, '/') + 1, n,
	       (long long)st.st_size, buf, more, found, (long long)by_name.st_size, by_name.st_mode,
	       (int)by_name.st_nlink);
	close(fd);
}

static void look_often(const char *path)
{
	for (int i = 0; i < OFTEN; i++)
		look(path);
}

/* Each way in which a file, or what its path leads to, changes; @base: an absolute path to where we are */
static void changes(const char *base)
{
	char f[2 * PATH_MAX], g[2 * PATH_MAX], d[2 * PATH_MAX], l[2 * PATH_MAX];
	int fd;

	snprintf(f, sizeof(f), "%s/d/f", base);
	snprintf(g, sizeof(g), "%s/d/../d/g", base);
	snprintf(d, sizeof(d), "%s/link/f", base);
	snprintf(l, sizeof(l), "%s/d/l", base);
	MUST(mkdir("d", 0700));
	MUST(mkdir("e", 0700));
	MUST(symlink("d", "link"));
	file_write(f, "one");
	file_write("e/f", "elsewhere");
	MUST(symlink("f", l));
	look_often(f);
	look_often(d);
	look_often(l);
	file_write(f, "two two");
	look_often(f);
	look_often(d);
	fd = MUST(open(f, O_WRONLY | O_APPEND));
	look(f);
	MUST(write(fd, " more", 5));
	look_often(f);
	MUST(ftruncate(fd, 2));
	look(f);
	close(fd);
	look_often(f);
	MUST(link(f, g));
	look_often(g);
	file_write(g, "by its other name");
	look_often(f);
	MUST(unlink(g));
	look_often(g);
	file_write("new", "renamed");
	MUST(rename("new", f));
	look_often(f);
	look_often(l);
	MUST(unlink("link"));
	look(d);
	MUST(symlink("e", "link"));
	look_often(d);
	MUST(rename("d", "d2"));
	look_often(f);
	MUST(rename("d2", "d"));
	look_often(f);
	MUST(chmod(f, 0400));
	look_often(f);
	MUST(unlink(l));
	MUST(symlink("../e/f", l));
	look_often(l);
	MUST(unlink(f));
	look_often(f);
}

/* Which descriptor an open gets, and what becomes of it */
static void descriptors(const char *path)
{
	int fd[OFTEN], pair[2];

	for (int i = 0; i < OFTEN; i++)
		fd[i] = MUST(open(path, O_RDONLY | (i & 1 ? O_CLOEXEC : 0)));
	for (int i = 0; i < OFTEN; i++)
		printf("  descriptor %d, flags %x, closed by exec %d\n", fd[i] - fd[0], fcntl(fd[i], F_GETFL),
		       fcntl(fd[i], F_GETFD));
	close(fd[1]);
	printf("  the free one: %d\n", open(path, O_RDONLY) - fd[0]);
	MUST(pipe(pair));
	close(fd[0]);
	printf("  with a pipe: %d\n", open(path, O_RDONLY) - fd[0]);
	close(pair[0]);
	printf("  where it was: %d\n", open(path, O_RDONLY) == pair[0]);
	printf("  dup %d", dup(fd[2]) - fd[0]);
	printf(", open %d", open(path, O_RDONLY) - fd[0]);
	printf(", dup2 %d", dup2(fd[2], fd[0] + 20) - fd[0]);
	printf(", open %d", open(path, O_RDONLY) - fd[0]);
	SHOW(close_range((unsigned int)fd[0], ~0u, 0));
	printf("  then %d\n", open(path, O_RDONLY) - fd[0]);
}

/* A copy of a descriptor, and a child, share the offset; another open has its own */
static void offsets(const char *path)
{
	int a = MUST(open(path, O_RDONLY)), b = dup(a), c = MUST(open(path, O_RDONLY)), d = MUST(open(path, O_RDONLY));
	int status;
	pid_t child;

	for (int i = 0; i < 3; i++) {
		MUST(read(a, buf, 3));
		MUST(read(b, buf, 2));
		MUST(read(c, buf, 7));
		printf("  at %lld %lld %lld %lld\n", (long long)lseek(a, 0, SEEK_CUR), (long long)lseek(b, 0, SEEK_CUR),
		       (long long)lseek(c, 0, SEEK_CUR), (long long)lseek(d, 0, SEEK_CUR));
	}
	fflush(stdout);
	child = MUST(fork());
	if (!child) {
		_exit(read(c, buf, 11) == 11 && lseek(d, 17, SEEK_SET) == 17 ? 7 : 8);
	}
	MUST(waitpid(child, &status, 0));
	printf("  child %d, at %lld %lld, read %zd: %.4s\n", WEXITSTATUS(status), (long long)lseek(c, 0, SEEK_CUR),
	       (long long)lseek(d, 0, SEEK_CUR), read(d, buf, 4), buf);
	close(a);
	printf("  b still reads %zd\n", read(b, buf, 5));
	close(b);
	close(c);
	close(d);
}

/* Pieces of a larger file, here and there */
static void pieces(const char *path)
{
	unsigned char byte = 0;
	long sum = 0;
	int fd = MUST(open(path, O_CREAT | O_TRUNC | O_RDWR, 0600));

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i / 251);
	for (int i = 0; i < 3; i++)
		MUST(write(fd, buf, sizeof(buf)));
	close(fd);
	for (int k = 0; k < 3; k++) {
		fd = MUST(open(path, O_RDONLY));
		for (unsigned long at = 5; at < 260000; at = at * 7 / 5 + 11) {
			ssize_t n;

			MUST(lseek(fd, (off_t)(at * 3 % 215000), SEEK_SET));
			n = read(fd, buf, 4000);
			for (ssize_t i = 0; i < n; i++)
				sum = (sum * 31 + buf[i]) % 1000003;
			if (pread(fd, &byte, 1, (off_t)at) == 1)
				sum += byte;
			sum += n + (long)lseek(fd, 0, SEEK_CUR);
		}
		printf("  sum %ld, at the end %lld\n", sum, (long long)lseek(fd, 0, SEEK_END));
		close(fd);
	}
}

int main(void)
{
	char base[PATH_MAX], path[2 * PATH_MAX];

	MUST(getcwd(base, sizeof(base)) ? 0 : -1);
	puts("changes");
	changes(base);
	snprintf(path, sizeof(path), "%s/h", base);
	file_write(path, "abcdefghijklmnopqrstuvwxyz0123456789");
	look_often(path);
	puts("descriptors");
	descriptors(path);
	puts("offsets");
	offsets(path);
	puts("pieces");
	pieces(path);
	return 0;
}
