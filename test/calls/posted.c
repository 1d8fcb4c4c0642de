/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes and reads on and on, and what comes in between: every byte, offset and error as if each had been waited for. */
#include <pthread.h>
#include <sys/resource.h>
#include <sys/sendfile.h>

#include "show.h"

static unsigned char buf[1 << 20], back[1 << 20];

static unsigned int sum_of(const char *name)
{
	unsigned int sum = 1;
	ssize_t n;
	int fd = open(name, O_RDONLY);

	while ((n = read(fd, back, sizeof(back))) > 0)
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 31 + back[i];
	close(fd);
	return sum;
}

static off_t size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) ? -1 : st.st_size;
}

static void pattern(size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
}

/* Many writes of one size */
static void sizes(void)
{
	static const size_t size[] = { 1, 7, 4096, 8191, 8192, 65536, 100001, 1 << 20 };

	for (size_t i = 0; i < sizeof(size) / sizeof(*size); i++) {
		int fd = MUST(open("w", O_WRONLY | O_CREAT | O_TRUNC, 0600)), whole = 0;

		for (int k = 0; k < 30; k++) {
			pattern(size[i], (unsigned int)k);
			whole += write(fd, buf, size[i]) == (ssize_t)size[i];
		}
		printf("%zu: %d whole, at %lld, ", size[i], whole, (long long)lseek(fd, 0, SEEK_CUR));
		printf("close %d, size %lld, sum %u\n", close(fd), (long long)size_of("w"), sum_of("w"));
	}
}

static void some_writes(int fd, int count)
{
	for (int k = 0; k < count; k++) {
		pattern(1000, (unsigned int)k + 77);
		write(fd, buf, 1000);
	}
}

/* What is written is there for whoever looks */
static void seen(void)
{
	int fd = MUST(open("w", O_RDWR | O_CREAT | O_TRUNC, 0600)), other, p[2];
	char c;

	some_writes(fd, 10);
	printf("stat %lld, ", (long long)size_of("w"));
	some_writes(fd, 5);
	printf("pread %zd %d, ", pread(fd, back, 1000, 14000), back[999]);
	some_writes(fd, 5);
	other = MUST(open("w", O_RDONLY));
	printf("other %zd, ", read(other, back, sizeof(back)));
	some_writes(fd, 3);
	printf("more %zd\n", read(other, back, sizeof(back)));
	MUST(pipe(p));
	some_writes(fd, 4);
	if (!fork()) {
		printf("child sees %lld at %lld\n", (long long)size_of("w"), (long long)lseek(fd, 0, SEEK_CUR));
		fflush(stdout);
		some_writes(fd, 3);
		write(p[1], "x", 1);
		_exit(0);
	}
	read(p[0], &c, 1);
	some_writes(fd, 2);
	wait(NULL);
	printf("after fork %lld at %lld\n", (long long)size_of("w"), (long long)lseek(fd, 0, SEEK_CUR));
	some_writes(fd, 3);
	SHOW(ftruncate(fd, 500));
	some_writes(fd, 3);
	printf("truncated %lld\n", (long long)size_of("w"));
	SHOW(lseek(fd, 100, SEEK_SET));
	some_writes(fd, 3);
	printf("sum %u\n", sum_of("w"));
	some_writes(fd, 3);
	SHOW(rename("w", "v"));
	some_writes(fd, 3);
	SHOW(unlink("v"));
	some_writes(fd, 3);
	SHOW(close(fd));
	SHOW(write(fd, "x", 1));
	close(other);
}

static void ways(void)
{
	int fd = MUST(open("w", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600)), copy, other;

	some_writes(fd, 5);
	other = MUST(open("w", O_WRONLY | O_APPEND));
	some_writes(other, 3);
	some_writes(fd, 2);
	write(other, "other", 5);
	write(fd, "fd", 2);
	printf("append %lld sum %u\n", (long long)size_of("w"), sum_of("w"));
	copy = MUST(dup(fd));
	some_writes(copy, 4);
	SHOW(fcntl(fd, F_SETFL, 0));
	SHOW(lseek(fd, 10, SEEK_SET));
	some_writes(copy, 2);
	some_writes(fd, 2);
	printf("dup %lld sum %u\n", (long long)size_of("w"), sum_of("w"));
	for (int k = 0; k < 10; k++)
		pwrite(fd, "0123456789", 10, 3000 * k);
	SHOW(pwrite(fd, "x", 1, -1));
	SHOW(lseek(fd, 0, SEEK_CUR));
	printf("pwrite %lld sum %u\n", (long long)size_of("w"), sum_of("w"));
	SHOW(SYS(write, fd, BAD, 10));
	SHOW(SYS(write, fd, BAD, 0));
	SHOW(SYS(write, fd, edge(100), 200));
	some_writes(fd, 2);
	dup2(other, fd);
	some_writes(fd, 3);
	printf("dup2 %lld sum %u\n", (long long)size_of("w"), sum_of("w"));
	close(other);
	close(copy);
	close(fd);
	SHOW(write(fd, "x", 1));
	fd = MUST(open("w", O_RDONLY));
	SHOW(write(fd, "x", 1));
	SHOW(write(fd, "x", 1));
	SHOW(write(fd, "x", 1));
	close(fd);
}

/* Limits stop the very write that they are for */
static void limits(void)
{
	struct rlimit limit = { 20000, RLIM_INFINITY };
	int fd = MUST(open("w", O_RDWR | O_CREAT | O_TRUNC, 0600));

	signal(SIGXFSZ, SIG_IGN);
	some_writes(fd, 5);
	SHOW(setrlimit(RLIMIT_FSIZE, &limit));
	pattern(6000, 1);
	SHOW(write(fd, buf, 6000));
	SHOW(write(fd, buf, 6000));
	SHOW(write(fd, buf, 6000));
	SHOW(write(fd, buf, 6000));
	limit.rlim_cur = RLIM_INFINITY;
	SHOW(setrlimit(RLIMIT_FSIZE, &limit));
	some_writes(fd, 5);
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(fsync(fd));
	SHOW(close(fd));
}

/* Small reads from one end to the other, with things in between */
static void reads(void)
{
	int fd = MUST(open("w", O_RDWR | O_CREAT | O_TRUNC, 0600)), in;
	unsigned int sum = 1;
	ssize_t n = 0, total = 0;

	pattern(300000, 5);
	write(fd, buf, 300000);
	in = MUST(open("w", O_RDONLY));
	for (int k = 0; (n = read(in, back, 1000 + (size_t)k % 13)) > 0; k++) {
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 31 + back[i];
		total += n;
		switch (k) {
		case 50: pwrite(fd, "changed", 7, total + 10); break;
		case 60: lseek(in, -5000, SEEK_CUR); break;
		case 80: ftruncate(fd, 200000); break;
		case 100: printf("at %lld, ", (long long)lseek(in, 0, SEEK_CUR)); break;
		case 120: pread(in, back, 1000, 5); sum += back[999]; break;
		case 130: printf("sent %zd, ", sendfile(fd, in, NULL, 2000)); break;
		case 150: printf("size %lld, ", (long long)size_of("w")); break;
		}
	}
	printf("total %zd, sum %u\n", total, sum);
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(write(fd, "tail", 4));
	SHOW(read(in, back, 1000));
	SHOW(read(in, back, 1000));
	close(in);
	in = MUST(open("w", O_RDONLY));
	for (int k = 0; k < 40; k++) {
		n = read(in, back, 100);
		if (k % 4 == 3)
			write(fd, back, (size_t)n);
	}
	printf("sum %u\n", sum_of("w"));
	while ((n = read(in, back, 30000)) > 0)
		;
	SHOW(n);
	SHOW(close(in));
	SHOW(close(fd));
}

static void *writer(void *arg)
{
	for (int k = 0; k < 50; k++)
		write(*(int *)arg, "a thread's line, as long as all others\n", 39);
	return NULL;
}

static void threads(void)
{
	int fd = MUST(open("w", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600));
	pthread_t t[4];

	some_writes(fd, 10);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, writer, &fd);
	writer(&fd);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	some_writes(fd, 10);
	printf("threads %lld\n", (long long)size_of("w"));
	some_writes(fd, 10); /* and nobody closes it */
}

/* What was written before a crash is there after it */
static void crashes(void)
{
	static const int how[] = { SIGSEGV, SIGABRT, SIGTERM, SIGKILL };

	for (size_t i = 0; i < sizeof(how) / sizeof(*how); i++) {
		int status, fd;
		pid_t pid = fork();

		if (!pid) {
			execl("/proc/self/exe", "posted", "crash", how[i] == SIGSEGV ? "0" : how[i] == SIGABRT ? "1" :
			      how[i] == SIGTERM ? "2" : "3", NULL);
			_exit(1);
		}
		wait(&status);
		fd = open("c", O_RDONLY);
		printf("signal %d: %lld bytes\n", WTERMSIG(status), (long long)lseek(fd, 0, SEEK_END));
		close(fd);
		unlink("c");
	}
}

static int crash(int how)
{
	int fd = MUST(open("c", O_WRONLY | O_CREAT | O_TRUNC, 0600));
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	some_writes(fd, 200);
	if (how == 0)
		*(volatile char *)8 = 1;
	else if (how == 1)
		abort();
	else
		raise(how == 2 ? SIGTERM : SIGKILL);
	return 0;
}

/* What takes everything, wherever it is from, until the descriptor is another */
static void null_device(void)
{
	int fd = MUST(open("/dev/null", O_WRONLY)), file;

	for (int k = 0; k < 6; k++)
		SHOW(write(fd, buf, 5000));
	SHOW(SYS(write, fd, BAD, 10));
	SHOW(SYS(write, fd, edge(10), 5000));
	SHOW(SYS(write, fd, KERNEL_BAD, 10));
	SHOW(write(fd, buf, 0));
	SHOW(pwrite(fd, buf, 10, 5));
	SHOW(pwrite(fd, buf, 10, -5));
	SHOW(write(fd, buf, 10));
	SHOW(lseek(fd, 0, SEEK_CUR));
	file = MUST(open("w", O_WRONLY | O_CREAT | O_TRUNC, 0600));
	MUST(dup2(file, fd));
	some_writes(fd, 3);
	SHOW(lseek(file, 0, SEEK_CUR));
	close(fd);
	close(file);
	SHOW(size_of("w"));
	fd = MUST(open("/dev/null", O_RDONLY));
	SHOW(write(fd, buf, 10));
	SHOW(write(fd, buf, 10));
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc > 2)
		return crash(atoi(argv[2]));
	setvbuf(stdout, NULL, _IOLBF, 0);
	sizes();
	seen();
	ways();
	limits();
	reads();
	threads();
	crashes();
	null_device();
	return 0;
}
