/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a private mapping sees of what is written to its file later: pages that it has not copied change, others do not. */
#include <sys/sendfile.h>

#include "try.h"

#define PAGE 4096ul
#define RW   (PROT_READ | PROT_WRITE)

static char *map(const char *name, size_t len, int flags)
{
	int fd = MUST(open(name, O_RDONLY));
	char *p = mmap(NULL, len, RW, flags, fd, 0);

	if (p == MAP_FAILED)
		show_die("mmap", __LINE__);
	close(fd);
	return p;
}

/* Every way to write to a file of @size bytes that is mapped through another descriptor */
static void ways(const char *name, size_t size)
{
	struct iovec iov[2] = { { "vec", 3 }, { "tor", 3 } };
	int fd, other, p[2];
	off_t at = 0;
	char *m;

	make_file(name, size, 7);
	make_file("other", 3 * PAGE, 8);
	m = map(name, size, MAP_PRIVATE);
	m[2 * PAGE] = '!';
	show_bytes("mapped", m, size);
	fd = MUST(open(name, O_RDWR));
	other = MUST(open("other", O_RDONLY));
	SHOW(write(fd, "first", 5));
	show_bytes("write", m, 5);
	SHOW(pwrite(fd, "fifth", 5, 4 * PAGE + 5));
	show_bytes("pwrite", m + 4 * PAGE, 12);
	SHOW(pwrite(fd, "copied", 6, 2 * PAGE));
	show_bytes("over a copied page", m + 2 * PAGE, 6);
	SHOW(pwrite(fd, "across", 6, 2 * PAGE - 3));
	show_bytes("across its start", m + 2 * PAGE - 3, 6);
	MUST(lseek(fd, 6 * PAGE, SEEK_SET));
	SHOW(writev(fd, iov, 2));
	SHOW(pwritev(fd, iov, 2, 7 * PAGE));
	show_bytes("writev", m + 6 * PAGE, 6);
	show_bytes("pwritev", m + 7 * PAGE, 6);
	SHOW(lseek(fd, 8 * PAGE, SEEK_SET));
	SHOW(sendfile(fd, other, &at, 3000));
	show_bytes("sendfile", m + 8 * PAGE, 3001);
	MUST(pipe(p));
	MUST(write(p[1], "spliced", 7));
	SHOW(splice(p[0], NULL, fd, NULL, 7, 0));
	show_bytes("splice", m + 8 * PAGE, 3010);
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3 * PAGE + 10, PAGE));
	show_bytes("punched", m + 3 * PAGE, 2 * PAGE);
	for (int i = 0; i < 100; i++) /* faster than the clock of the file's times */
		MUST(pwrite(fd, &i, sizeof(i), 9 * PAGE));
	show_bytes("often", m + 9 * PAGE, 4);
	show_bytes("whole", m, size);
	close(fd);
	fd = MUST(open(name, O_WRONLY | O_APPEND));
	SHOW(pwrite(fd, "appended", 8, 0));
	show_bytes("appended", m + size - size % PAGE, size % PAGE + 8);
	close(fd);
	munmap(m, size);
	close(other);
	close(p[0]);
	close(p[1]);
}

/* By another process, and through shared memory */
static void others(void)
{
	char *m, *s;
	int fd;

	TITLE("by others");
	make_file("data", 40960, 2);
	m = map("data", 40960, MAP_PRIVATE);
	show_bytes("mapped", m, 40960);
	if (!MUST(fork())) {
		fd = MUST(open("data", O_WRONLY));
		MUST(pwrite(fd, "child", 5, 100));
		_exit(0);
	}
	SHOW_OK(wait(NULL));
	show_bytes("child has written", m + 100, 5);
	if (!MUST(fork()))
		execlp("dd", "dd", "if=/dev/zero", "of=data", "bs=1", "seek=200", "count=9", "conv=notrunc", "status=none", NULL);
	SHOW_OK(wait(NULL));
	show_bytes("a program has written", m + 190, 30);
	fd = MUST(open("data", O_RDWR));
	s = mmap(NULL, 40960, RW, MAP_SHARED, fd, 0);
	memcpy(s + 5 * PAGE, "shared", 6);
	show_bytes("through shared memory", m + 5 * PAGE, 6);
	memcpy(m + 5 * PAGE, "PRIVATE", 7);
	show_bytes("not the other way", s + 5 * PAGE, 7);
	memcpy(s + 5 * PAGE, "SHARED", 6);
	show_bytes("copied", m + 5 * PAGE, 7);
	munmap(s, 40960);
	munmap(m, 40960);
	close(fd);
}

static void ends(void)
{
	volatile char *m;
	int fd;

	TITLE("resized");
	make_file("data", 5 * PAGE, 3);
	m = map("data", 8 * PAGE, MAP_PRIVATE);
	m[4 * PAGE] = 'x';
	fd = MUST(open("data", O_RDWR));
	SHOW(ftruncate(fd, 3 * PAGE));
	for (int i = 2; i < 6; i++) {
		printf("page %d\n", i);
		if (!sigsetjmp(back, 1))
			printf("  %02x\n", (unsigned char)m[i * PAGE]);
	}
	SHOW(ftruncate(fd, 8 * PAGE));
	SHOW(pwrite(fd, "grown", 5, 7 * PAGE));
	show_bytes("grown", (char *)m + 3 * PAGE, 5 * PAGE);
	close(fd);
	close(MUST(open("data", O_WRONLY | O_TRUNC)));
	if (!sigsetjmp(back, 1))
		printf("  %02x\n", (unsigned char)m[0]);
	make_file("data", 100, 9);
	show_bytes("made again", (char *)m, 200);
	SHOW(truncate("data", 50));
	show_bytes("truncated", (char *)m, 200);
	munmap((char *)m, 8 * PAGE);
}

/* Written on and on before and after it is mapped, and another file next to it */
static void streamed(void)
{
	int fd = MUST(open("stream", O_RDWR | O_CREAT | O_TRUNC, 0644)), late = 0;
	int other = MUST(open("beside", O_RDWR | O_CREAT | O_TRUNC, 0644));
	volatile char *m = NULL;

	TITLE("streamed");
	MUST(ftruncate(fd, 8192));
	for (int i = 0; i < 1000; i++) {
		char byte = (char)(1 + i % 100);

		if (i == 200)
			m = map("stream", 8192, MAP_PRIVATE);
		MUST(write(fd, &byte, 1));
		for (int j = 0; j < 3; j++)
			MUST(write(other, &byte, 1));
		if (m && m[i] != byte)
			late++;
	}
	SHOW_NUM(late);
	show_bytes("all", (char *)m, 8192);
	munmap((char *)m, 8192);
	close(fd);
	close(other);
}

int main(void)
{
	handle_info(SIGBUS, on_fault, 0);
	streamed();
	TITLE("a small file");
	ways("small", 50000);
	TITLE("a large file");
	ways("large", 1000000);
	others();
	ends();
	return 0;
}
