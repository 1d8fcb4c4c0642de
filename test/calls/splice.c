/* SPDX-License-Identifier: GPL-2.0-or-later */
/* splice, tee, vmsplice, sendfile, copy_file_range: with and without offsets, errors. */
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "show.h"

static char back[300000];

static void splices(void)
{
	int in = MUST(open("in", O_RDONLY)), out = MUST(open("out", O_RDWR | O_CREAT | O_TRUNC, 0644)), p[2];
	loff_t off = 1000, zero = 0, *last = edge(sizeof(loff_t));

	TITLE("splice");
	MUST(pipe2(p, O_NONBLOCK));
	SHOW(SYS(splice, in, &off, p[1], NULL, 5000, 0));
	SHOW_NUM(off);
	SHOW(SYS(splice, in, NULL, p[1], NULL, 100, SPLICE_F_MOVE | SPLICE_F_MORE));
	SHOW(lseek(in, 0, SEEK_CUR));
	SHOW(SYS(splice, p[0], NULL, out, NULL, 100000, SPLICE_F_NONBLOCK));
	SHOW(SYS(splice, p[0], NULL, out, NULL, 100000, SPLICE_F_NONBLOCK));
	show_file("out");
	SHOW(SYS(splice, in, NULL, p[1], NULL, 1 << 20, 0));
	SHOW(SYS(splice, in, NULL, p[1], NULL, 1 << 20, SPLICE_F_NONBLOCK));
	off = 50;
	SHOW(SYS(splice, p[0], NULL, out, &off, 10000, 0));
	SHOW_NUM(off);
	show_file("out");
	SHOW(SYS(splice, in, NULL, out, NULL, 100, 0));
	SHOW(SYS(splice, p[0], &off, out, NULL, 100, 0));
	SHOW(SYS(splice, in, BAD, p[1], NULL, 100, 0));
	*last = 5;
	SHOW(SYS(splice, p[0], NULL, out, last, 100, 0));
	SHOW(SYS(splice, p[0], NULL, out, (char *)last + 1, 100, 0));
	SHOW(SYS(splice, BADFD, NULL, p[1], NULL, 100, 0));
	SHOW(SYS(splice, in, NULL, BADFD, NULL, 100, 0));
	SHOW(SYS(splice, in, NULL, p[1], NULL, 0, 0));
	SHOW(SYS(splice, in, &zero, p[1], NULL, 10, 1 << 10));
	SHOW(fcntl(out, F_SETFL, O_APPEND));
	SHOW(SYS(splice, p[0], NULL, out, NULL, 100, 0));
	close(in);
	close(out);
	close(p[0]);
	close(p[1]);
}

static void tees(void)
{
	int a[2], b[2];
	struct iovec v[3] = {{"one", 3}, {"three", 5}, {BAD, 3}};
	struct iovec to[2] = {{back, 4}, {back + 100, 100}};
	char *big = pages(1 << 17);

	TITLE("vmsplice and tee");
	MUST(pipe2(a, O_NONBLOCK));
	MUST(pipe2(b, O_NONBLOCK));
	SHOW(SYS(vmsplice, a[1], v, 2, 0));
	SHOW(SYS(tee, a[0], b[1], 100, 0));
	SHOW(SYS(tee, a[0], b[1], 4, SPLICE_F_NONBLOCK));
	SHOW(read(b[0], back, 100));
	show_bytes("teed", back, 12);
	SHOW(SYS(vmsplice, a[0], to, 2, 0));
	show_bytes("first", back, 4);
	show_bytes("second", back + 100, 4);
	SHOW(SYS(tee, a[0], b[1], 100, 0));
	SHOW(SYS(vmsplice, a[1], v + 2, 1, 0));
	SHOW(SYS(vmsplice, a[1], v, 1025, 0));
	SHOW(SYS(vmsplice, a[1], BAD, 1, 0));
	SHOW(SYS(vmsplice, a[1], v, 0, 0));
	SHOW(SYS(vmsplice, 1, v, 1, 0));
	SHOW(SYS(vmsplice, BADFD, v, 1, 0));
	v[0] = (struct iovec){big, 1 << 17};
	SHOW(fcntl(a[1], F_SETFL, 0));
	SHOW(SYS(vmsplice, a[1], v, 1, 0)); /* no more than there is room for, without waiting for it */
	SHOW(SYS(vmsplice, a[1], v, 1, SPLICE_F_NONBLOCK));
	SHOW(SYS(tee, a[0], a[1], 10, 0));
	SHOW(SYS(tee, 0, b[1], 10, 0));
	SHOW(SYS(tee, BADFD, b[1], 10, 0));
	SHOW(SYS(tee, a[0], b[1], 0, 0));
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
}

static void sendfiles(void)
{
	int in = MUST(open("in", O_RDONLY)), out = MUST(open("sent", O_RDWR | O_CREAT | O_TRUNC, 0644)), s[2], p[2];
	off_t off = 7;

	TITLE("sendfile");
	SHOW(SYS(sendfile, out, in, &off, 1000));
	SHOW_NUM(off);
	SHOW(SYS(sendfile, out, in, NULL, 1 << 20));
	SHOW(lseek(in, 0, SEEK_CUR));
	SHOW(SYS(sendfile, out, in, NULL, 1 << 20));
	show_file("sent");
	off = 1ull << 40;
	SHOW(SYS(sendfile, out, in, &off, 100));
	off = -1;
	SHOW(SYS(sendfile, out, in, &off, 100));
	SHOW(SYS(sendfile, out, in, BAD, 100));
	SHOW(SYS(sendfile, out, BADFD, NULL, 100));
	SHOW(SYS(sendfile, BADFD, in, NULL, 100));
	SHOW(SYS(sendfile, in, out, NULL, 100));
	SHOW(SYS(sendfile, out, in, NULL, -1));
	MUST(pipe(p));
	SHOW(SYS(sendfile, out, p[0], NULL, 100));
	off = 0;
	SHOW(SYS(sendfile, p[1], in, &off, 100));
	SHOW(read(p[0], back, 200));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	SHOW(SYS(sendfile, s[0], in, &off, 5000));
	SHOW(recv(s[1], back, sizeof(back), MSG_WAITALL | MSG_DONTWAIT));
	show_bytes("received", back, 5000);
	close(in);
	close(out);
}

static void copies(void)
{
	int in = MUST(open("in", O_RDONLY)), out = MUST(open("copied", O_RDWR | O_CREAT | O_TRUNC, 0644));
	int dir = MUST(open(".", O_RDONLY));
	loff_t from = 10, to = 20;

	TITLE("copy_file_range");
	SHOW(SYS(copy_file_range, in, &from, out, &to, 5000, 0));
	SHOW_NUM(from);
	SHOW_NUM(to);
	SHOW(SYS(copy_file_range, in, NULL, out, NULL, 1 << 20, 0));
	SHOW(SYS(copy_file_range, in, NULL, out, NULL, 1 << 20, 0));
	show_file("copied");
	from = 0, to = 5;
	SHOW(SYS(copy_file_range, out, &from, out, &to, 10, 0));
	to = 100000;
	SHOW(SYS(copy_file_range, out, &from, out, &to, 10, 0));
	SHOW(SYS(copy_file_range, in, NULL, out, NULL, 10, 1));
	SHOW(SYS(copy_file_range, in, BAD, out, NULL, 10, 0));
	SHOW(SYS(copy_file_range, in, NULL, out, BAD, 10, 0));
	SHOW(SYS(copy_file_range, dir, NULL, out, NULL, 10, 0));
	SHOW(SYS(copy_file_range, in, NULL, in, NULL, 10, 0));
	SHOW(SYS(copy_file_range, 0, NULL, out, NULL, 10, 0));
	SHOW(SYS(copy_file_range, BADFD, NULL, out, NULL, 10, 0));
	SHOW(SYS(copy_file_range, in, NULL, BADFD, NULL, 10, 0));
	close(in);
	close(out);
}

int main(void)
{
	make_file("in", 200000, 8);
	splices();
	tees();
	sendfiles();
	copies();
	return 0;
}
