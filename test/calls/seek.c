// SPDX-License-Identifier: GPL-2.0-or-later
/* Places in files: what is asked of them right after an open, between reads and writes, and by whoever shares the open. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include "show.h"

static char buf[70000];

/* A file of @size bytes, each of which tells where it is */
static void file_make(const char *name, size_t size)
{
	int fd = MUST(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600));

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i % 251);
	for (size_t at = 0; at < size; at += sizeof(buf))
		MUST((int)write(fd, buf, size - at < sizeof(buf) ? size - at : sizeof(buf)));
	close(fd);
}

/* Read @len bytes: how many came, and the sum of them */
static void show_read(int fd, size_t len)
{
	ssize_t n = read(fd, buf, len);
	long sum = 0;

	for (ssize_t i = 0; i < n; i++)
		sum += (unsigned char)buf[i];
	printf("  read %zd, sum %ld\n", n, sum);
}

static void walk(size_t size, int flags)
{
	static const struct {
		off_t offset;
		int whence;
		size_t len;
	} steps[] = {
		{ 0, SEEK_SET, 10 },	   { 100, SEEK_SET, 100 },   { 100, SEEK_SET, 100 },  { -50, SEEK_CUR, 10 },
		{ 0, SEEK_CUR, 0 },	   { 3000, SEEK_CUR, 2000 }, { -1, SEEK_SET, 1 },     { -100000, SEEK_CUR, 1 },
		{ 0, SEEK_END, 1 },	   { -10, SEEK_END, 20 },    { 1 << 20, SEEK_SET, 5 }, { 5, SEEK_SET, 60000 },
		{ 0x80000000LL, SEEK_SET, 1 }, { 0, SEEK_CUR, 1 },   { 7, 99, 1 },	      { 4096, SEEK_SET, 1 },
		{ 0, SEEK_DATA, 3 },	   { 0, SEEK_HOLE, 3 },	     { 1, SEEK_SET, 1 },
	};
	struct stat st;
	int fd;

	file_make("f", size);
	fd = MUST(open("f", flags));
	printf("size %zu\n", size);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		SHOW(lseek(fd, steps[i].offset, steps[i].whence));
		show_read(fd, steps[i].len);
	}
	SHOW(fstat(fd, &st));
	printf("  of %lld\n", (long long)st.st_size);
	close(fd);
	SHOW(lseek(fd, 0, SEEK_SET));
}

/* One open, two descriptors, two processes */
static void shared(void)
{
	int fd, copy, status;

	file_make("f", 5000);
	fd = MUST(open("f", O_RDONLY));
	copy = MUST(dup(fd));
	SHOW(lseek(copy, 1000, SEEK_SET));
	show_read(fd, 10);
	SHOW(lseek(fd, 2000, SEEK_SET));
	show_read(copy, 10);
	show_read(fd, 10);
	fflush(stdout);
	if (!fork()) {
		SHOW(lseek(fd, 3000, SEEK_SET));
		fflush(stdout);
		_exit(0);
	}
	MUST(wait(&status));
	show_read(fd, 10);
	SHOW(lseek(copy, 0, SEEK_CUR));
	MUST(dup2(MUST(open("/dev/zero", O_RDONLY)), fd));
	SHOW(lseek(fd, 77, SEEK_SET));
	close(fd);
	close(copy);
}

/* Written here and there, as a linker does */
static void scattered(void)
{
	int fd = MUST(open("g", O_RDWR | O_CREAT | O_TRUNC, 0600));

	for (int i = 0; i < 40; i++) {
		MUST((int)lseek(fd, (i * 37 % 40) * 100, SEEK_SET));
		MUST((int)lseek(fd, (i * 37 % 40) * 100, SEEK_SET));
		memset(buf, 'A' + i % 26, 60);
		MUST((int)write(fd, buf, 60));
		if (i % 8 == 0) {
			MUST((int)lseek(fd, 0, SEEK_SET));
			show_read(fd, 5000);
		}
	}
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(lseek(fd, 0, SEEK_SET));
	show_read(fd, 10000);
	close(fd);
	fd = MUST(open("g", O_WRONLY | O_APPEND));
	SHOW(lseek(fd, 10, SEEK_SET));
	SHOW(write(fd, "tail", 4));
	SHOW(lseek(fd, 0, SEEK_CUR));
	close(fd);
}

/* What the import of a Python module does; and is it a terminal? */
static void asked(void)
{
	struct stat st;
	int fd;

	file_make("f", 3000);
	fd = MUST(open("f", O_RDONLY | O_CLOEXEC));
	SHOW(fstat(fd, &st));
	SHOW(isatty(fd));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(fstat(fd, &st));
	show_read(fd, 3001);
	show_read(fd, 1);
	SHOW(isatty(fd));
	SHOW(SYS(ioctl, fd, TCGETS, 0));
	SHOW(ioctl(fd, TIOCGWINSZ, buf));
	SHOW(ioctl(fd, FIONREAD, buf));
	close(fd);
	SHOW(isatty(fd));
	fd = MUST(open(".", O_RDONLY));
	SHOW(isatty(fd));
	close(fd);
	fd = MUST(open("f", O_PATH));
	SHOW(isatty(fd));
	close(fd);
	fd = MUST(open("/dev/null", O_RDWR));
	SHOW(isatty(fd));
	close(fd);
	fd = MUST(posix_openpt(O_RDWR | O_NOCTTY));
	SHOW(isatty(fd));
	close(fd);
	fd = MUST(open("f", O_RDWR));
	SHOW(isatty(fd));
	MUST(dup2(MUST(posix_openpt(O_RDWR | O_NOCTTY)), fd));
	SHOW(isatty(fd));
	close(fd);
}

/* What has no places, or others */
static void others(void)
{
	int p[2], fd;

	MUST(pipe(p));
	SHOW(lseek(p[0], 0, SEEK_SET));
	close(p[0]);
	close(p[1]);
	fd = MUST(open(".", O_RDONLY | O_DIRECTORY));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(lseek(fd, -1, SEEK_SET));
	close(fd);
	fd = MUST(open("/proc/self/stat", O_RDONLY));
	SHOW(lseek(fd, 5, SEEK_SET));
	close(fd);
	fd = MUST(open("f", O_PATH));
	SHOW(lseek(fd, 0, SEEK_SET));
	close(fd);
}

int main(void)
{
	walk(0, O_RDONLY);
	walk(300, O_RDONLY);
	walk(5000, O_RDONLY);
	walk(200000, O_RDONLY);
	walk(5000, O_RDWR);
	shared();
	scattered();
	asked();
	others();
	return 0;
}
