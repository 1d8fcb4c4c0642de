/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that change between their open and what follows it; closes whose effect somebody waits for. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "show.h"

static char buf[200000];

static void file_write(const char *name, char c, size_t len)
{
	int fd = MUST(open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600));

	memset(buf, c, len);
	MUST(write(fd, buf, len));
	close(fd);
}

static void show_rest(int fd)
{
	ssize_t n, total = 0, runs = 0;
	char last = 0;

	memset(buf, '-', sizeof(buf));
	while ((n = read(fd, buf, 50000)) > 0) {
		total += n;
		for (ssize_t i = 0; i < n; i++) {
			runs += buf[i] != last;
			last = buf[i];
		}
	}
	printf("  %zd bytes, %zd runs, end %c, then %zd\n", total, runs, last ? last : '-', n);
}

/* Every size at an edge, read in pieces */
static void sizes(void)
{
	static const size_t size[] = { 0, 1, 4095, 4096, 4097, 65535, 65536, 65537, 150000 };
	struct stat st;

	for (size_t i = 0; i < sizeof(size) / sizeof(*size); i++) {
		int fd;

		file_write("f", 'a', size[i]);
		fd = MUST(open("f", O_RDONLY));
		fstat(fd, &st);
		printf("size %zu: stat %lld, read %zd, at %lld, pread %zd\n", size[i], (long long)st.st_size,
		       read(fd, buf, 1000), (long long)lseek(fd, 0, SEEK_CUR), pread(fd, buf, 3000, 2000));
		show_rest(fd);
		printf("  at %lld\n", (long long)lseek(fd, 0, SEEK_CUR));
		SHOW(close(fd));
		SHOW(close(fd));
	}
}

/* The offset is where the reads have brought it, for whoever shares it */
static void offsets(void)
{
	int fd, copy, status;

	file_write("f", 'b', 1000);
	fd = MUST(open("f", O_RDONLY));
	copy = MUST(dup(fd));
	printf("read %zd, copy at %lld\n", read(fd, buf, 300), (long long)lseek(copy, 0, SEEK_CUR));
	close(fd);
	fd = MUST(open("f", O_RDONLY));
	read(fd, buf, 123);
	if (!fork()) {
		printf("child at %lld\n", (long long)lseek(fd, 0, SEEK_CUR));
		read(fd, buf, 200);
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
	printf("parent at %lld\n", (long long)lseek(fd, 0, SEEK_CUR));
	close(fd);
	close(copy);
}

/* What others write after the open is read */
static void changes(void)
{
	int fd, out, p[2];
	char c;

	file_write("f", 'c', 100);
	fd = MUST(open("f", O_RDONLY));
	file_write("f", 'd', 200);
	show_rest(fd);
	close(fd);

	fd = MUST(open("f", O_RDONLY));
	out = MUST(open("f", O_WRONLY | O_APPEND));
	write(out, "xyz", 3);
	show_rest(fd);
	write(out, "more", 4);
	show_rest(fd);
	close(out);
	close(fd);

	MUST(pipe(p));
	fd = MUST(open("f", O_RDONLY));
	if (!fork()) {
		file_write("f", 'e', 50);
		write(p[1], "!", 1);
		_exit(0);
	}
	read(p[0], &c, 1);
	show_rest(fd);
	wait(NULL);
	close(fd);
}

static volatile int go, done;
static volatile int watched;

/* Tells by memory alone that it has changed the file */
static void *changer(void *arg UNUSED)
{
	for (int round = 1; round <= 20; round++) {
		while (go < round)
			;
		file_write("g", 'A' + round, 300);
		done = round;
	}
	return NULL;
}

static void shared_news(void)
{
	pthread_t t;
	int good = 0;
	char first;

	file_write("g", 'A', 300);
	pthread_create(&t, NULL, changer, NULL);
	for (int round = 1; round <= 20; round++) {
		int fd = MUST(open("g", O_RDONLY));

		go = round;
		while (done < round)
			;
		good += read(fd, &first, 1) == 1 && first == 'A' + round;
		close(fd);
	}
	pthread_join(t, NULL);
	printf("saw what a thread had written %d times of 20\n", good);
}

/* Closes by one thread, whose lock or number the other one waits for */
static void *closer(void *arg UNUSED)
{
	for (int round = 1; round <= 20; round++) {
		while (go < round)
			;
		close(watched);
		done = round;
	}
	return NULL;
}

static void shared_close(void)
{
	pthread_t t;
	int good = 0;

	go = done = 0;
	pthread_create(&t, NULL, closer, NULL);
	for (int round = 1; round <= 20; round++) {
		int first = MUST(open("g", O_RDONLY)), other = MUST(open("g", O_RDONLY));

		flock(first, LOCK_EX);
		watched = first;
		go = round;
		while (done < round)
			;
		good += !flock(other, LOCK_EX | LOCK_NB) && dup(other) == first;
		close(first);
		close(other);
	}
	pthread_join(t, NULL);
	printf("saw what a thread had closed %d times of 20\n", good);
}

static void flags(void)
{
	int fd = MUST(open("g", O_RDONLY | O_CLOEXEC | O_NONBLOCK));

	SHOW(fcntl(fd, F_GETFL));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(fd, F_SETFD, 0));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(fd, F_SETFD, 5));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
	SHOW(posix_fadvise(fd, 0, 0, 77));
	SHOW(posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL));
	close(fd);
	fd = MUST(open("g", O_PATH));
	SHOW(fcntl(fd, F_GETFL));
	SHOW(read(fd, buf, 1));
	SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL));
	SHOW(close(fd));
	fd = MUST(open("g", O_RDONLY));
	SHOW(read(fd, NULL, 10));
	SHOW(read(fd, (void *)8, 10));
	SHOW(SYS(fstat, fd, 8));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(read(fd, buf, 10));
	SHOW(SYS(newfstatat, fd, "", buf, AT_EMPTY_PATH));
	SHOW(SYS(newfstatat, fd, "x", buf, AT_EMPTY_PATH));
	SHOW(close(fd));
	SHOW(read(fd, buf, 10));
	fd = MUST(open(".", O_RDONLY));
	SHOW(read(fd, buf, 10));
	SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL));
	SHOW(close(fd));
}

/* A file of the kernel's, which is different each time, and one that is never at its end */
static void special(void)
{
	int fd = MUST(open("/proc/self/stat", O_RDONLY));

	SHOW_TRUE(read(fd, buf, sizeof(buf)) > 10);
	SHOW(read(fd, buf, sizeof(buf)));
	SHOW(close(fd));
	fd = MUST(open("/dev/zero", O_RDONLY));
	SHOW(read(fd, buf, 1000));
	SHOW(close(fd));
}

/* One file is read, another is written and asked for its place, as encoders do; then others have a hand in that */
static void encoder(void)
{
	int in, out, status;
	long sum = 0;
	ssize_t n;

	file_write("f", 'e', 90000);
	in = MUST(open("f", O_RDONLY));
	out = MUST(open("h", O_RDWR | O_CREAT | O_TRUNC, 0600));
	while ((n = read(in, buf, 4096)) > 0) {
		sum += lseek(out, 0, SEEK_CUR);
		MUST((int)write(out, buf, (size_t)n / 2));
		if (sum == 0)
			file_write("f", 'E', 80000);
	}
	printf("sum of places %ld, last byte %c\n", sum, buf[0]);
	SHOW(lseek(in, 0, SEEK_CUR));
	SHOW(lseek(in, 0, SEEK_SET));
	MUST((int)read(in, buf, 4096));
	for (int i = 0; i < 20; i++) {
		if (!fork()) {
			MUST((int)lseek(out, i * 10, SEEK_SET));
			file_write("f", (char)('a' + i), 80000);
			_exit(0);
		}
		MUST(wait(&status));
		n = lseek(out, 0, SEEK_CUR);
		MUST((int)read(in, buf, 100));
		printf(" %zd%c", n, buf[0]);
	}
	printf("\n");
	close(in);
	close(out);
}

int main(void)
{
	sizes();
	offsets();
	changes();
	encoder();
	shared_news();
	shared_close();
	flags();
	special();
	return 0;
}
