/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Large reads one after the other, and what comes in between: each gets what is in the file then, from where the offset is. */
#include <sys/socket.h>

#include "show.h"

#define PIECE	 (256 << 10)
#define FILE_LEN (40 * PIECE + 12345)

static unsigned char buf[PIECE + 4096], other[PIECE];

static void file_make(const char *name, unsigned int seed)
{
	int fd = MUST(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600));

	for (size_t at = 0; at < FILE_LEN; at += PIECE) {
		size_t len = FILE_LEN - at < PIECE ? FILE_LEN - at : PIECE;

		for (size_t i = 0; i < len; i++)
			buf[i] = (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
		MUST(write(fd, buf, len));
	}
	close(fd);
}

static unsigned int sum_of(const unsigned char *data, ssize_t len)
{
	unsigned int sum = 1;

	for (ssize_t i = 0; i < len; i++)
		sum = sum * 31 + data[i];
	return sum;
}

static void look(int fd, size_t len)
{
	ssize_t n;

	memset(buf, 0, sizeof(buf));
	errno = 0;
	n = read(fd, buf, len);
	printf(" %zd %d %08x\n", n, n < 0 ? errno : 0, sum_of(buf, n));
}

static void looks(int fd, int count)
{
	for (int i = 0; i < count; i++)
		look(fd, PIECE);
}

static void whole(size_t len)
{
	int fd = MUST(open("f", O_RDONLY));
	unsigned int sum = 1;
	ssize_t n, calls = 0;

	for (; (n = read(fd, buf, len)) > 0; calls++)
		sum = sum * 31 + sum_of(buf, n);
	printf("%zu: %zd calls, %zd, at %lld, %08x\n", len, calls, n, (long long)lseek(fd, 0, SEEK_CUR), sum);
	close(fd);
}

/* What others have written is seen by the next read, and so is what the reader has written itself */
static void changed(void)
{
	int fd = MUST(open("f", O_RDWR)), w = MUST(open("f", O_WRONLY));

	printf("changed\n");
	looks(fd, 6);
	MUST(pwrite(w, "new", 3, 6 * PIECE + 100));
	looks(fd, 3);
	MUST(pwrite(fd, "own", 3, 10 * PIECE - 3));
	looks(fd, 6);
	MUST(write(fd, "here", 4));
	looks(fd, 4);
	if (!fork()) {
		MUST(pwrite(w, "child", 5, 20 * PIECE));
		_exit(0);
	}
	wait(NULL);
	looks(fd, 4);
	MUST(ftruncate(w, 24 * PIECE));
	looks(fd, 3);
	MUST(lseek(fd, 0, SEEK_SET));
	looks(fd, 4);
	MUST(ftruncate(w, 6 * PIECE + 10));
	looks(fd, 4);
	MUST(pwrite(w, "more", 4, 6 * PIECE + 10));
	looks(fd, 2);
	close(w);
	close(fd);
}

/* The offset is moved in between, by the reader, by a copy of the descriptor, by another process; or the file is another */
static void moved(void)
{
	int fd = MUST(open("f", O_RDONLY)), copy = MUST(dup(fd)), g = MUST(open("g", O_RDONLY)), p[2];

	printf("moved\n");
	looks(fd, 6);
	SHOW(lseek(fd, 100, SEEK_CUR));
	looks(fd, 5);
	SHOW(lseek(copy, -PIECE, SEEK_CUR));
	looks(fd, 5);
	look(copy, 1000);
	looks(fd, 5);
	if (!fork()) {
		look(fd, PIECE);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	looks(fd, 5);
	SHOW(lseek(fd, 0, SEEK_SET));
	looks(fd, 5);
	MUST(dup2(g, fd));
	looks(fd, 5);
	MUST(pipe(p));
	MUST(write(p[1], "in a pipe", 9));
	MUST(dup2(p[0], fd));
	look(fd, PIECE);
	MUST(dup2(copy, fd));
	looks(fd, 4);
	close(fd);
	look(fd, PIECE);
	close(copy);
	close(g);
}

/* Sizes that change, memory that is not there, descriptors that cannot be read */
static void odd(void)
{
	unsigned char *edge = mmap(NULL, PIECE + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = MUST(open("f", O_RDONLY)), w;

	printf("odd\n");
	looks(fd, 5);
	look(fd, PIECE / 2);
	look(fd, PIECE + 4096);
	look(fd, 40000);
	looks(fd, 4);
	look(fd, 0);
	looks(fd, 3);
	MUST(mprotect(edge + PIECE, 4096, PROT_NONE));
	SHOW(read(fd, edge + PIECE / 2, PIECE / 2 + 4096));
	SHOW(lseek(fd, 0, SEEK_CUR));
	looks(fd, 4);
	SHOW(read(fd, edge + PIECE, 4096 * 16));
	SHOW(lseek(fd, 0, SEEK_CUR));
	looks(fd, 4);
	w = MUST(open("f", O_WRONLY));
	MUST(dup2(w, fd));
	look(fd, PIECE);
	close(w);
	close(fd);
	munmap(edge, PIECE + 4096);
}

/* Pipes give what they have, packets one by one, and an end */
static void pipes(void)
{
	unsigned int sum = 0;
	size_t total = 0;
	int p[2], q[2];
	ssize_t n;

	printf("pipes\n");
	MUST(pipe2(p, O_DIRECT));
	MUST(write(p[1], "abc", 3));
	MUST(write(p[1], "defgh", 5));
	looks(p[0], 2);
	close(p[0]);
	close(p[1]);
	MUST(pipe(q));
	MUST(write(q[1], "some", 4));
	look(q[0], PIECE);
	MUST(fcntl(q[0], F_SETFL, O_NONBLOCK));
	look(q[0], PIECE);
	MUST(fcntl(q[0], F_SETFL, 0));
	if (!fork()) {
		for (int i = 0; i < 8; i++)
			MUST(write(q[1], other, PIECE));
		_exit(0);
	}
	close(q[1]);
	while ((n = read(q[0], buf, PIECE)) > 0) {
		total += (size_t)n;
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 31 + buf[i];
	}
	wait(NULL);
	printf("%zu %08x\n", total, sum);
	look(q[0], PIECE);
	close(q[0]);
}

/* Six readers in turn: more than there are places for */
static void many(void)
{
	int fd[6];

	printf("many\n");
	for (int i = 0; i < 6; i++)
		fd[i] = MUST(open(i % 2 ? "f" : "g", O_RDONLY));
	for (int k = 0; k < 8; k++)
		for (int i = 0; i < 6; i++)
			look(fd[i], PIECE);
	for (int i = 0; i < 6; i++)
		close(fd[i]);
}

/* Two processes share an offset: each piece goes to one of them */
static void shared(void)
{
	int fd = MUST(open("f", O_RDONLY)), talk[2];
	unsigned int sum = 0;
	char token = 't';

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, talk));
	if (!fork()) {
		for (int i = 0; i < 8; i++) {
			MUST(read(talk[1], &token, 1));
			sum += sum_of(other, read(fd, other, PIECE));
			MUST(write(talk[1], &token, 1));
		}
		MUST(write(talk[1], &sum, sizeof(sum)));
		_exit(0);
	}
	for (int i = 0; i < 8; i++) {
		looks(fd, 2);
		MUST(write(talk[0], &token, 1));
		MUST(read(talk[0], &token, 1));
	}
	MUST(read(talk[0], &sum, sizeof(sum)));
	wait(NULL);
	printf("shared: %08x\n", sum);
	close(fd);
}

int main(void)
{
	static const size_t size[] = { 32768, 32769, 65536, 100000, 131072, PIECE, PIECE + 1 };

	file_make("f", 1);
	file_make("g", 2);
	for (size_t i = 0; i < sizeof(size) / sizeof(*size); i++)
		whole(size[i]);
	moved();
	odd();
	many();
	shared();
	for (size_t i = 0; i < PIECE; i++)
		other[i] = (unsigned char)(i * 7 % 251);
	pipes();
	changed();
	unlink("f");
	unlink("g");
	return 0;
}
