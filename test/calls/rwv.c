/* SPDX-License-Identifier: GPL-2.0-or-later */
/* readv, writev, preadv, pwritev, preadv2, pwritev2: counts up to IOV_MAX, empty and bad members, flags. */
#include <limits.h>

#include "show.h"

static char *big, *back;

static void counts(void)
{
	static const int count[] = {0, 1, 2, 7, 63, 64, 65, 255, 1023, IOV_MAX, IOV_MAX + 1, -1};
	static struct iovec out[IOV_MAX + 1], in[IOV_MAX + 1];

	TITLE("counts");
	for (size_t i = 0; i < NELEM(count); i++) {
		int fd = MUST(open("vec", O_RDWR | O_CREAT | O_TRUNC, 0644)), n = count[i];
		size_t at = 0;

		fill(big, 1 << 20, i);
		for (int k = 0; k <= IOV_MAX; k++) {
			size_t len = (k * 37 + 11) % 400;

			out[k] = (struct iovec){big + at, len};
			in[IOV_MAX - k] = (struct iovec){back + at, len};
			at += len;
		}
		memset(back, 0, at);
		printf("count %d\n", n);
		SHOW(SYS(writev, fd, out, n));
		SHOW(lseek(fd, 0, SEEK_SET));
		SHOW(SYS(readv, fd, in, n));
		show_bytes("back", back, at);
		SHOW(SYS(pwritev, fd, out, n, 17, 0));
		SHOW(SYS(preadv, fd, in, n, 5, 0));
		show_bytes("back", back, at);
		close(fd);
	}
}

static void large(void)
{
	size_t part = (1 << 20) + 1;
	struct iovec v[3] = {{big, part}, {big + part, part}, {big + 2 * part, part}};
	struct iovec r[3] = {{back, part}, {back + part, part}, {back + 2 * part, part}};
	int fd = MUST(open("vec", O_RDWR | O_CREAT | O_TRUNC, 0644));

	TITLE("3 MiB + 3 in three");
	fill(big, 3 * part, 5);
	SHOW(SYS(writev, fd, v, 3));
	SHOW(SYS(lseek, fd, 0, SEEK_SET));
	SHOW(SYS(readv, fd, r, 3));
	show_bytes("back", back, 3 * part);
	SHOW(SYS(pwritev, fd, v, 3, 1, 0));
	SHOW(SYS(preadv, fd, r, 3, 2, 0));
	show_bytes("back", back, 3 * part);
	SHOW(SYS(lseek, fd, 0, SEEK_CUR));
	close(fd);
}

static void faults(void)
{
	int fd = MUST(open("vec", O_RDWR | O_CREAT | O_TRUNC, 0644));
	char *last = edge(10);
	struct iovec v[4], *list = edge(2 * sizeof(*list));

	TITLE("bad members");
	memcpy(last, "0123456789", 10);
	v[0] = (struct iovec){last, 10};
	v[1] = (struct iovec){BAD, 0};
	v[2] = (struct iovec){last + 5, 5};
	SHOW(SYS(writev, fd, v, 3));
	v[1].iov_len = 1;
	SHOW(SYS(writev, fd, v, 3));
	v[1] = (struct iovec){last + 5, 6};
	SHOW(SYS(writev, fd, v, 3));
	v[0] = (struct iovec){BAD, 3};
	SHOW(SYS(writev, fd, v, 3));
	v[1] = (struct iovec){last, -1};
	SHOW(SYS(writev, fd, v, 3));
	v[0] = (struct iovec){last, 5};
	v[1] = (struct iovec){last, 0x7ffffffffffffff0};
	SHOW(SYS(writev, fd, v, 2));
	v[1] = (struct iovec){KERNEL_BAD, 10};
	SHOW(SYS(writev, fd, v, 2));
	show_file("vec");
	SHOW(lseek(fd, 0, SEEK_SET));
	v[0] = (struct iovec){last, 4};
	v[1] = (struct iovec){BAD, 4};
	v[2] = (struct iovec){last + 6, 4};
	memset(last, 'x', 10);
	SHOW(SYS(readv, fd, v, 3));
	SHOW(lseek(fd, 0, SEEK_CUR));
	show_bytes("last", last, 10);
	v[0] = (struct iovec){last + 4, 7};
	SHOW(SYS(readv, fd, v, 1));
	show_bytes("last", last, 10);
	TITLE("bad lists");
	SHOW(SYS(readv, fd, BAD, 1));
	SHOW(SYS(readv, fd, BAD, 0));
	SHOW(SYS(readv, fd, NULL, 0));
	SHOW(SYS(writev, fd, KERNEL_BAD, 1));
	list[0] = list[1] = (struct iovec){last, 5};
	SHOW(SYS(writev, fd, list, 2));
	SHOW(SYS(writev, fd, list, 3));
	SHOW(SYS(readv, BADFD, list, 2));
	SHOW(SYS(writev, BADFD, BAD, 2));
	SHOW(SYS(preadv, fd, list, 2, -1, -1));
	SHOW(SYS(pwritev, fd, list, 2, -1, -1));
	SHOW(SYS(preadv, BADFD, list, 2, 0, 0));
	close(fd);
}

static void flags(void)
{
	int fd = MUST(open("vec", O_RDWR | O_CREAT | O_TRUNC, 0644)), p[2];
	struct iovec v = {big, 100};

	TITLE("preadv2 and pwritev2");
	SHOW(SYS(pwritev2, fd, &v, 1, -1, -1, 0));
	SHOW(SYS(lseek, fd, 0, SEEK_CUR));
	SHOW(SYS(pwritev2, fd, &v, 1, 10, 0, RWF_APPEND));
	SHOW(SYS(lseek, fd, 0, SEEK_END));
	SHOW(SYS(pwritev2, fd, &v, 1, 10, 0, RWF_DSYNC | RWF_SYNC));
	SHOW(SYS(preadv2, fd, &v, 1, -1, -1, 0));
	SHOW(SYS(preadv2, fd, &v, 1, 0, 0, RWF_HIPRI));
	SHOW(SYS(preadv2, fd, &v, 1, 0, 0, 1 << 20));
	SHOW(SYS(pwritev2, fd, &v, 1, -2, -1, 0));
	SHOW(SYS(preadv2, fd, &v, 1, 50, 0, 0));
	MUST(pipe(p));
	SHOW(SYS(preadv2, p[0], &v, 1, -1, -1, RWF_NOWAIT));
	SHOW(SYS(preadv, p[0], &v, 1, 0, 0));
	SHOW(SYS(pwritev, p[1], &v, 1, 0, 0));
	SHOW(SYS(pwritev2, p[1], &v, 1, -1, -1, 0));
	SHOW(SYS(preadv2, p[0], &v, 1, -1, -1, 0));
	close(fd);
}

int main(void)
{
	big = pages(4 << 20);
	back = pages(4 << 20);
	counts();
	large();
	faults();
	flags();
	return 0;
}
