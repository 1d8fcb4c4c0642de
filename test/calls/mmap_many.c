/* SPDX-License-Identifier: GPL-2.0-or-later */
/* More files than anybody keeps at hand, mapped one after the other; what stays mapped stays what it is. */
#include "show.h"

#define FILES 1300
#define KEPT  (FILES / 100)
#define PAGE  4096ul

static char *kept[KEPT];
static char name[KEPT][16];

static char *map(const char *file, int flags)
{
	int fd = MUST(open(file, O_RDWR));
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		show_die("mmap", __LINE__);
	close(fd);
	return p;
}

/* Write to every file that is still mapped, and see it there */
static void look(const char *what, int nr)
{
	uint32_t hash = 0;
	int late = 0;

	for (int i = 0; i < nr; i++) {
		int fd = MUST(open(name[i], O_RDWR));

		MUST(pwrite(fd, what, strlen(what), PAGE + (size_t)i));
		late += !!memcmp(kept[i] + PAGE + i, what, strlen(what));
		hash = hash * 31 + show_hash(kept[i], 2 * PAGE);
		close(fd);
	}
	printf("%s: %d late, hash %08x\n", what, late, hash);
}

int main(void)
{
	char byte[PAGE], *shared, *again;
	long sum = 0;
	int fd;

	make_file("shared", 2 * PAGE, 1);
	shared = map("shared", MAP_SHARED);
	for (int i = 0; i < FILES; i++) {
		char *p;

		fill(byte, sizeof(byte), (unsigned int)i);
		fd = MUST(open("file", O_RDWR | O_CREAT | O_TRUNC, 0644));
		MUST(write(fd, byte, sizeof(byte)));
		MUST(ftruncate(fd, 2 * PAGE));
		close(fd);
		p = map("file", MAP_PRIVATE);
		sum += show_hash(p, 2 * PAGE) & 0xffff;
		if (i % 100) {
			munmap(p, 2 * PAGE);
			MUST(unlink("file"));
		} else {
			snprintf(name[i / 100], sizeof(name[0]), "kept%d", i / 100);
			MUST(rename("file", name[i / 100]));
			kept[i / 100] = p;
		}
		if (i % 500 == 499)
			look("in between", i / 100 + 1);
	}
	SHOW_NUM(sum);
	look("at the end", KEPT);
	/* The oldest one again, and by other means */
	again = map(name[0], MAP_PRIVATE);
	fd = MUST(open(name[0], O_RDWR));
	MUST(pwrite(fd, "both", 4, 0));
	show_bytes("old mapping", kept[0], 4);
	show_bytes("new mapping", again, 4);
	close(fd);
	shared[5] = '!';
	fd = MUST(open("shared", O_RDONLY));
	SHOW(pread(fd, byte, 10, 0));
	show_bytes("shared", byte, 10);
	if (!MUST(fork())) {
		munmap(again, 2 * PAGE);
		look("in a child", KEPT);
		exit(0);
	}
	MUST(wait(NULL));
	look("in the parent", KEPT);
	return 0;
}
