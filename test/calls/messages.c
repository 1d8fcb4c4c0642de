/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sendmsg, recvmsg, sendmmsg, recvmmsg: vectors, names, flags, descriptors and credentials in transit. */
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "show.h"

#define IOV_MAX_TEST 1024

static char *big, *back;

/* Send @n descriptors along with one byte */
static long send_fds(int s, const int *fds, int n)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * 300)];
		struct cmsghdr align;
	} control;
	struct iovec v = {"F", 1};
	struct msghdr msg = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(sizeof(int) * n)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	memset(&control, 0, sizeof(control));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	return SYS(sendmsg, s, &msg, 0);
}

/* Receive with room for @room bytes of control data; print everything that came */
static int receive(int s, size_t room, int flags)
{
	union {
		char bytes[2048];
		struct cmsghdr align;
	} control;
	char byte[100];
	struct iovec v = {byte, sizeof(byte)};
	struct msghdr msg = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room};
	struct cmsghdr *c;
	int first = -1;

	memset(&control, 0x5a, sizeof(control));
	errno = 0;
	long r = SYS(recvmsg, s, &msg, flags);
	printf("recvmsg: %ld %s flags %#x controllen %zu\n", r, r < 0 ? show_errno(errno) : "", msg.msg_flags,
	       (size_t)msg.msg_controllen);
	if (r < 0)
		return -1;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		printf("  level %d type %d length %zu", c->cmsg_level, c->cmsg_type, (size_t)c->cmsg_len);
		if (c->cmsg_type == SCM_RIGHTS) {
			int n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int), *fd = (int *)CMSG_DATA(c);

			for (int i = 0; i < n; i++) {
				if (n < 5)
					printf(" fd %d (FD_CLOEXEC %d)", fd[i], fcntl(fd[i], F_GETFD));
				if (first < 0)
					first = fd[i];
				else
					close(fd[i]);
			}
		} else if (c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred *cred = (void *)CMSG_DATA(c);

			printf(" mine %d", cred->pid == getpid() && cred->uid == getuid() && cred->gid == getgid());
			if (CMSG_SPACE(sizeof(*cred)) <= room)
				printf(", then %#x", ((char *)c)[c->cmsg_len]);
		}
		printf("\n");
	}
	return first;
}

static void descriptors(void)
{
	int s[2], fds[300], fd;

	TITLE("SCM_RIGHTS");
	make_file("passed", 20, 4);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	fds[0] = MUST(open("passed", O_RDONLY));
	SHOW(lseek(fds[0], 5, SEEK_SET));
	SHOW(send_fds(s[0], fds, 1));
	fd = receive(s[1], 512, 0);
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(read(fd, back, 100));
	SHOW(lseek(fds[0], 0, SEEK_CUR));
	close(fd);
	SHOW(send_fds(s[0], fds, 1));
	fd = receive(s[1], 512, MSG_CMSG_CLOEXEC);
	close(fd);
	for (int i = 1; i < 300; i++)
		fds[i] = fds[0];
	fds[1] = s[0];
	fds[2] = 1;
	SHOW(send_fds(s[0], fds, 3));
	fd = receive(s[1], 512, 0);
	close(fd);
	TITLE("too little room");
	SHOW(send_fds(s[0], fds, 3));
	fd = receive(s[1], CMSG_LEN(sizeof(int)), 0);
	close(fd);
	SHOW(send_fds(s[0], fds, 3));
	receive(s[1], 0, 0);
	SHOW(send_fds(s[0], fds, 3));
	receive(s[1], 10, 0);
	SHOW(open("passed", O_RDONLY));
	close(6);
	TITLE("many");
	SHOW(send_fds(s[0], fds, 253));
	fd = receive(s[1], 2048, 0);
	close(fd);
	SHOW(send_fds(s[0], fds, 254));
	fds[1] = BADFD;
	SHOW(send_fds(s[0], fds, 2));
	receive(s[1], 512, MSG_DONTWAIT);
	TITLE("the last one closes");
	int p[2];
	MUST(pipe(p));
	SHOW(send_fds(s[0], &p[1], 1));
	close(p[1]);
	SHOW(poll(&(struct pollfd){p[0], POLLIN, 0}, 1, 0));
	close(s[1]);
	close(s[0]);
	SHOW(poll(&(struct pollfd){p[0], POLLIN, 0}, 1, 1000));
	SHOW(read(p[0], back, 1));
	close(p[0]);
	close(fds[0]);
}

static void creds(void)
{
	int s[2];

	TITLE("SCM_CREDENTIALS");
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	SHOW(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)));
	SHOW(send(s[0], "x", 1, 0));
	receive(s[1], 512, 0);
	struct ucred cred = {getpid(), getuid(), getgid()};
	char control[CMSG_SPACE(sizeof(cred))] = "";
	struct iovec v = {"C", 1};
	struct msghdr msg = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(cred));
	memcpy(CMSG_DATA(c), &cred, sizeof(cred));
	SHOW(SYS(sendmsg, s[0], &msg, 0));
	receive(s[1], 512, 0);
	cred.uid = 4242;
	memcpy(CMSG_DATA(c), &cred, sizeof(cred));
	SHOW(SYS(sendmsg, s[0], &msg, 0));
	receive(s[1], 512, MSG_DONTWAIT);
	c->cmsg_type = 77;
	SHOW(SYS(sendmsg, s[0], &msg, 0));
	c->cmsg_len = 3;
	SHOW(SYS(sendmsg, s[0], &msg, 0));
	c->cmsg_len = 3000;
	SHOW(SYS(sendmsg, s[0], &msg, 0));
	close(s[0]);
	close(s[1]);
}

/* Datagrams of the largest size, as libuv has room for them */
static void twenty(void)
{
	enum { NR = 20, ROOM = 65536 };
	static char room[NR][ROOM];
	struct mmsghdr in[NR] = {};
	struct iovec v[NR];
	struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(self);
	int s = MUST(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));

	TITLE("recvmmsg of twenty");
	MUST(bind(s, (void *)&self, len));
	MUST(getsockname(s, (void *)&self, &len));
	MUST(connect(s, (void *)&self, len));
	for (int i = 0; i < NR; i++) {
		v[i] = (struct iovec){room[i], ROOM};
		in[i].msg_hdr = (struct msghdr){.msg_iov = &v[i], .msg_iovlen = 1};
	}
	for (int i = 0; i < NR; i++)
		MUST(write(s, "0123456789abcdefghij", i + 1));
	SHOW(SYS(recvmmsg, s, in, NR, 0, NULL));
	for (int i = 0; i < NR; i++)
		printf("%u: %.*s\n", in[i].msg_len, (int)in[i].msg_len, room[i]);
	SHOW(SYS(recvmmsg, s, in, NR, 0, NULL));
	close(s);
}

static void vectors(void)
{
	static struct iovec v[IOV_MAX_TEST + 1];
	struct msghdr msg = {.msg_iov = v, .msg_iovlen = 3};
	struct sockaddr_un name;
	int s[2];

	TITLE("vectors");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	fill(big, 1 << 20, 5);
	v[0] = (struct iovec){"one", 3};
	v[1] = (struct iovec){BAD, 0};
	v[2] = (struct iovec){"three", 5};
	SHOW(SYS(sendmsg, s[0], &msg, 0));
	v[0] = (struct iovec){back, 4};
	v[2] = (struct iovec){back + 10, 100};
	msg.msg_name = &name;
	msg.msg_namelen = sizeof(name);
	SHOW(SYS(recvmsg, s[1], &msg, 0));
	SHOW_NUM(msg.msg_namelen);
	SHOW_NUM(msg.msg_flags);
	show_bytes("first", back, 4);
	show_bytes("second", back + 10, 4);
	msg = (struct msghdr){.msg_iov = v, .msg_iovlen = IOV_MAX_TEST};
	for (int i = 0; i <= IOV_MAX_TEST; i++)
		v[i] = (struct iovec){big + i * 90, 90};
	SHOW(SYS(sendmsg, s[0], &msg, MSG_DONTWAIT));
	SHOW(recv(s[1], back, 200000, 0));
	show_bytes("back", back, 90 * IOV_MAX_TEST);
	msg.msg_iovlen = IOV_MAX_TEST + 1;
	SHOW(SYS(sendmsg, s[0], &msg, MSG_DONTWAIT));
	SHOW(SYS(recvmsg, s[1], &msg, MSG_DONTWAIT));
	msg.msg_iovlen = 0;
	SHOW(SYS(sendmsg, s[0], &msg, 0));
	TITLE("errors");
	msg.msg_iovlen = 1;
	v[0] = (struct iovec){BAD, 5};
	SHOW(SYS(sendmsg, s[0], &msg, 0));
	SHOW(write(s[0], "hello", 5));
	SHOW(SYS(recvmsg, s[1], &msg, 0));
	SHOW(SYS(recvmsg, s[1], BAD, 0));
	SHOW(SYS(sendmsg, s[1], BAD, 0));
	SHOW(SYS(sendmsg, BADFD, &msg, 0));
	SHOW(SYS(recvmsg, BADFD, &msg, 0));
	SHOW(SYS(sendmsg, 0, &msg, 0));
	v[0] = (struct iovec){back, 100};
	msg.msg_control = BAD;
	msg.msg_controllen = 100;
	SHOW(SYS(sendmsg, s[0], &msg, 0));
	SHOW(SYS(recvmsg, s[1], &msg, MSG_DONTWAIT));
	msg.msg_control = NULL;
	msg.msg_controllen = 0;
	msg.msg_name = BAD;
	msg.msg_namelen = 10;
	SHOW(SYS(sendmsg, s[0], &msg, 0));
	msg.msg_namelen = -1;
	SHOW(SYS(sendmsg, s[0], &msg, 0));
	msg.msg_name = NULL;
	msg.msg_iov = BAD;
	SHOW(SYS(sendmsg, s[0], &msg, 0));
	close(s[0]);
	close(s[1]);
}

static void many(void)
{
	struct mmsghdr out[6], in[6];
	struct iovec ov[6], iv[6];
	struct timespec ts = {0, 20000000};
	char text[6][16];
	int s[2];

	TITLE("sendmmsg and recvmmsg");
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	memset(out, 0, sizeof(out));
	memset(in, 0, sizeof(in));
	for (int i = 0; i < 6; i++) {
		ov[i] = (struct iovec){text[i], snprintf(text[i], 16, "message %d%.*s", i, i, "......")};
		iv[i] = (struct iovec){back + i * 100, 10};
		out[i].msg_hdr = (struct msghdr){.msg_iov = &ov[i], .msg_iovlen = 1};
		in[i].msg_hdr = (struct msghdr){.msg_iov = &iv[i], .msg_iovlen = 1};
	}
	SHOW(SYS(sendmmsg, s[0], out, 5, 0));
	for (int i = 0; i < 6; i++)
		printf("  sent %u\n", out[i].msg_len);
	SHOW(SYS(recvmmsg, s[1], in, 3, 0, NULL));
	SHOW(SYS(recvmmsg, s[1], in + 3, 3, MSG_DONTWAIT, NULL));
	for (int i = 0; i < 6; i++) {
		printf("  got %u flags %#x\n", in[i].msg_len, in[i].msg_hdr.msg_flags);
		show_bytes("  text", back + i * 100, in[i].msg_len);
	}
	SHOW(SYS(recvmmsg, s[1], in, 3, MSG_DONTWAIT, NULL));
	SHOW(SYS(sendmmsg, s[0], out, 2, 0));
	SHOW(SYS(recvmmsg, s[1], in, 6, MSG_WAITFORONE, NULL));
	SHOW(SYS(sendmmsg, s[0], out, 1, 0));
	SHOW(SYS(recvmmsg, s[1], in, 1, 0, &ts));
	SHOW_TRUE(ts.tv_sec == 0 && ts.tv_nsec < 20000000);
	ov[2].iov_base = BAD;
	SHOW(SYS(sendmmsg, s[0], out, 5, 0));
	SHOW(SYS(sendmmsg, s[0], out + 2, 1, 0));
	SHOW(SYS(sendmmsg, s[0], BAD, 1, 0));
	SHOW(SYS(sendmmsg, s[0], out, 0, 0));
	SHOW(SYS(recvmmsg, s[1], BAD, 1, MSG_DONTWAIT, NULL));
	SHOW(SYS(recvmmsg, s[1], in, 2, MSG_DONTWAIT, BAD));
	ts.tv_nsec = 1000000000;
	SHOW(SYS(recvmmsg, s[1], in, 2, MSG_DONTWAIT, &ts));
	SHOW(SYS(recvmmsg, BADFD, in, 2, 0, NULL));
	SHOW(SYS(sendmmsg, BADFD, out, 2, 0));
	close(s[0]);
	close(s[1]);
}

int main(void)
{
	big = pages(2 << 20);
	back = pages(2 << 20);
	descriptors();
	creds();
	twenty();
	vectors();
	many();
	return 0;
}
