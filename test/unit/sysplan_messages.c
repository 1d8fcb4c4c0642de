// SPDX-License-Identifier: GPL-2.0-or-later
/* Forwarded messages: names, control data with descriptors, truncation, arrays of messages, transfers in parts. */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "test/unit/sysplan_drive.h"
#include "test/unit/unit.h"

static int pair[2];

static void begin(int type)
{
	home_begin();
	ck_assert_int_eq(socketpair(AF_UNIX, type, 0, pair), 0);
}

/**
 * struct other_end - Who takes or gives what is more than a socket holds, natively
 * @data:	What has come, in messages of up to @size bytes
 * @size:	.
 * @nr:		How many of them, up to an empty one, or how many to send
 * @msgs:	What is sent
 */
struct other_end {
	pthread_t thread;
	uint8_t *data;
	size_t size;
	unsigned int nr;
	struct mmsghdr *msgs;
};

static void *take_all(void *arg)
{
	struct other_end *other = arg;
	ssize_t n;

	while ((n = recv(pair[1], other->data, other->size, MSG_WAITALL)) > 0) {
		other->data += n;
		other->nr++;
	}
	return NULL;
}

static void *give_all(void *arg)
{
	struct other_end *other = arg;

	for (unsigned int i = 0; i < other->nr; i++)
		if (sendmsg(pair[0], &other->msgs[i].msg_hdr, 0) < 0)
			return NULL;
	return other;
}

START_TEST(message_plain)
{
	char a[8] = "", b[8] = "........";
	struct iovec out[2] = { { "abc", 3 }, { "defg", 4 } }, in[2] = { { a, 2 }, { b, 8 } };
	struct msghdr send = { .msg_iov = out, .msg_iovlen = 2 };
	struct msghdr recv = { .msg_iov = in, .msg_iovlen = 2, .msg_flags = -1, .msg_namelen = 77 };

	begin(SOCK_STREAM);
	ck_assert_int_eq(FORWARD(SYS_sendmsg, pair[0], &send, 0), 7);
	ck_assert_int_eq(FORWARD(SYS_recvmsg, pair[1], &recv, 0), 7);
	ck_assert_int_eq(memcmp(a, "ab", 2), 0);
	ck_assert_int_eq(memcmp(b, "cdefg...", 8), 0);
	ck_assert_int_eq(recv.msg_flags, 0);
	ck_assert_int_eq(recv.msg_namelen, 77); /* there is no name: left alone */
	ck_assert_int_eq(recv.msg_controllen, 0);
	ck_assert_ptr_eq(recv.msg_iov, in);
	ck_assert_int_eq(FORWARD(SYS_recvmsg, pair[1], &recv, MSG_DONTWAIT), -EAGAIN);
	SAME(SYS_recvmsg, -1, &recv, 0);
}
END_TEST

START_TEST(message_descriptors)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr head;
	} control = { 0 };
	struct iovec out = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &out, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct stat a, b;
	char byte;
	int fds[2] = { 0, 1 };

	begin(SOCK_STREAM);
	fds[0] = dup(pair[0]);
	fds[1] = dup(pair[1]);
	control.head = (struct cmsghdr){ CMSG_LEN(sizeof(fds)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.head), fds, sizeof(fds));
	ck_assert_int_eq(FORWARD(SYS_sendmsg, pair[0], &msg, 0), 1);

	memset(&control, 0x5a, sizeof(control));
	out = (struct iovec){ &byte, 1 };
	ck_assert_int_eq(FORWARD(SYS_recvmsg, pair[1], &msg, 0), 1);
	ck_assert_int_eq(control.head.cmsg_type, SCM_RIGHTS);
	ck_assert_ptr_eq(msg.msg_control, &control);
	memcpy(fds, CMSG_DATA(&control.head), sizeof(fds));
	ck_assert_int_eq(fstat(fds[0], &a), 0);
	ck_assert_int_eq(fstat(pair[0], &b), 0);
	ck_assert_int_eq(a.st_ino, b.st_ino);
}
END_TEST

/* Control data for which there is not enough room */
START_TEST(message_control_cut)
{
	char room[64], byte;
	struct iovec vec = { "x", 1 };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr head;
	} control = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct msghdr msg = {
		.msg_iov = &vec, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};

	begin(SOCK_DGRAM);
	memcpy(CMSG_DATA(&control.head), &pair[0], sizeof(int));
	for (size_t len = 0; len < sizeof(room); len++) {
		struct iovec in = { &byte, 1 };
		struct msghdr a = { .msg_iov = &in, .msg_iovlen = 1, .msg_control = room, .msg_controllen = len },
			      b = a;

		ck_assert_int_eq(FORWARD(SYS_sendmsg, pair[0], &msg, 0), 1);
		ck_assert_int_eq(FORWARD(SYS_recvmsg, pair[1], &a, 0), 1);
		ck_assert_int_eq(NATIVE(SYS_sendmsg, pair[0], &msg, 0), 1);
		ck_assert_int_eq(NATIVE(SYS_recvmsg, pair[1], &b, 0), 1);
		ck_assert_int_eq(a.msg_controllen, b.msg_controllen);
		ck_assert_int_eq(a.msg_flags, b.msg_flags);
		for (int fd = pair[1] + 1; fd < pair[1] + 8; fd++)
			close(fd);
	}
}
END_TEST

START_TEST(message_names)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, from;
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(any);
	char in[16] = "................";
	struct iovec out = { "dgram", 5 }, vec = { in, 3 };
	struct msghdr msg = { &any, sizeof(any), &out, 1, NULL, 0, 0 };

	home_begin();
	ck_assert_int_eq(FORWARD(SYS_bind, a, &any, sizeof(any)), 0);
	ck_assert_int_eq(FORWARD(SYS_getsockname, a, &any, &len), 0);
	ck_assert_int_eq(len, sizeof(any));
	ck_assert_int_eq(FORWARD(SYS_sendmsg, b, &msg, 0), 5);
	memset(&from, 0x5a, sizeof(from));
	msg = (struct msghdr){ &from, 5, &vec, 1, NULL, 0, 0 };
	/* The name is longer than its room, and so is the datagram */
	ck_assert_int_eq(FORWARD(SYS_recvmsg, a, &msg, 0), 3);
	ck_assert_int_eq(msg.msg_flags, MSG_TRUNC);
	ck_assert_int_eq(msg.msg_namelen, sizeof(from));
	ck_assert_int_eq(from.sin_family, AF_INET);
	ck_assert_int_eq(from.sin_zero[0], 0x5a);
	ck_assert_int_eq(memcmp(in, "dgr.............", 16), 0);
	/* With recvfrom, the returned length of a datagram may be more than what there is room for */
	ck_assert_int_eq(FORWARD(SYS_sendto, b, "datagram", 8, 0, &any, sizeof(any)), 8);
	len = sizeof(from);
	ck_assert_int_eq(FORWARD(SYS_recvfrom, a, in, 4, MSG_TRUNC, &from, &len), 8);
	ck_assert_int_eq(memcmp(in, "data............", 16), 0);
	ck_assert_int_eq(len, sizeof(from));
	ck_assert_int_eq(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	/* Lengths that the kernel refuses */
	msg = (struct msghdr){ &any, (socklen_t)-1, &out, 1, NULL, 0, 0 };
	SAME(SYS_sendmsg, b, &msg, 0);
	SAME(SYS_recvmsg, a, &msg, MSG_DONTWAIT);
	msg.msg_namelen = 1000;
	SAME(SYS_sendmsg, b, &msg, 0);
	len = (socklen_t)-1;
	SAME(SYS_getsockname, a, &from, &len);
	len = 1u << 30;
	SAME(SYS_getsockname, a, &from, &len);
}
END_TEST

START_TEST(message_impossible)
{
	struct iovec vec[2] = { { "abc", 3 }, { "d", SIZE_MAX } };
	struct msghdr msg = { .msg_iov = vec, .msg_iovlen = 2 };

	begin(SOCK_DGRAM);
	SAME(SYS_sendmsg, pair[0], &msg, 0);
	vec[1] = (struct iovec){ (void *)16, 1 };
	SAME(SYS_sendmsg, pair[0], &msg, 0);
	vec[1] = (struct iovec){ (void *)UINT64_MAX, 1 };
	SAME(SYS_sendmsg, pair[0], &msg, 0);
	msg.msg_iovlen = 1025;
	SAME(SYS_sendmsg, pair[0], &msg, 0);
	SAME(SYS_recvmsg, pair[0], &msg, MSG_DONTWAIT);
	msg.msg_iovlen = UINT64_MAX;
	SAME(SYS_sendmsg, pair[0], &msg, 0);
	msg = (struct msghdr){ .msg_iov = vec, .msg_iovlen = 1, .msg_control = (void *)16, .msg_controllen = 20 };
	SAME(SYS_sendmsg, pair[0], &msg, 0);
	msg.msg_controllen = 1ul << 20;
	SAME(SYS_sendmsg, pair[0], &msg, 0);
	msg.msg_controllen = 1ul << 40;
	SAME(SYS_sendmsg, pair[0], &msg, 0);
	msg = (struct msghdr){ .msg_iov = NULL, .msg_iovlen = 1 };
	SAME(SYS_sendmsg, pair[0], &msg, 0);
	msg.msg_iovlen = 0;
	SAME(SYS_sendmsg, pair[0], &msg, 0);
}
END_TEST

START_TEST(message_parts)
{
	size_t len = 3u << 20;
	uint8_t *data = malloc(len), *in = malloc(len);
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr head;
	} control = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec vec[2] = { { data, 1000 }, { data + 1000, len - 1000 } }, room;
	struct mmsghdr whole = {
		{ .msg_iov = vec, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof(control) }, 0
	};
	struct msghdr msg = whole.msg_hdr;
	struct other_end taker = { .data = in, .size = len }, giver = { .msgs = &whole, .nr = 1 };
	void *given;

	begin(SOCK_STREAM);
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 31 + i / 509);
	memcpy(CMSG_DATA(&control.head), &pair[0], sizeof(int));
	pthread_create(&taker.thread, NULL, take_all, &taker);
	ck_assert_int_eq(FORWARD(SYS_sendmsg, pair[0], &msg, 0), len);
	ck_assert_int_eq(home_calls, 3);
	ck_assert_int_eq(msg.msg_controllen, sizeof(control));
	close(pair[0]);
	pthread_join(taker.thread, NULL);
	ck_assert_int_eq(memcmp(in, data, len), 0);

	memset(in, 0, len);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	memcpy(CMSG_DATA(&control.head), &pair[0], sizeof(int));
	pthread_create(&giver.thread, NULL, give_all, &giver);
	for (size_t got = 0; got < len;) {
		union {
			char bytes[CMSG_SPACE(sizeof(int))];
			struct cmsghdr head;
		} came;

		room = (struct iovec){ in + got, len - got };
		msg = (struct msghdr){
			.msg_iov = &room, .msg_iovlen = 1, .msg_control = &came, .msg_controllen = sizeof(came)
		};
		int64_t n = FORWARD(SYS_recvmsg, pair[1], &msg, 0);

		ck_assert_int_gt(n, 0);
		/* The descriptor went with the first part only */
		ck_assert_int_eq(msg.msg_controllen > 0, got == 0);
		got += (size_t)n;
	}
	pthread_join(giver.thread, &given);
	ck_assert_ptr_eq(given, &giver);
	ck_assert_int_eq(memcmp(in, data, len), 0);
	free(data);
	free(in);
}
END_TEST

START_TEST(messages)
{
	struct iovec out[3] = { { "one", 3 }, { "three", 5 }, { "", 0 } }, in[4];
	struct mmsghdr send[3] = { { { .msg_iov = &out[0], .msg_iovlen = 1 }, 99 },
				   { { .msg_iov = &out[1], .msg_iovlen = 1 }, 99 },
				   { { .msg_iov = &out[2], .msg_iovlen = 1 }, 99 } };
	char text[4][8];
	struct mmsghdr recv[4];

	begin(SOCK_DGRAM);
	ck_assert_int_eq(FORWARD(SYS_sendmmsg, pair[0], send, 3, 0), 3);
	ck_assert_int_eq(send[0].msg_len, 3);
	ck_assert_int_eq(send[1].msg_len, 5);
	ck_assert_int_eq(send[2].msg_len, 0);
	memset(text, '.', sizeof(text));
	memset(recv, 0, sizeof(recv));
	for (int i = 0; i < 4; i++) {
		in[i] = (struct iovec){ text[i], 4 };
		recv[i] = (struct mmsghdr){ { .msg_iov = &in[i], .msg_iovlen = 1, .msg_flags = 0x77 }, 88 };
	}
	ck_assert_int_eq(FORWARD(SYS_recvmmsg, pair[1], recv, 4, MSG_DONTWAIT, 0), 3);
	ck_assert_int_eq(memcmp(text, "one.....thre............", 24), 0);
	ck_assert_int_eq(recv[0].msg_len, 3);
	ck_assert_int_eq(recv[1].msg_len, 4);
	ck_assert_int_eq(recv[1].msg_hdr.msg_flags, MSG_TRUNC);
	ck_assert_int_eq(recv[2].msg_len, 0);
	ck_assert_int_eq(recv[3].msg_len, 88);
	ck_assert_int_eq(recv[3].msg_hdr.msg_flags, 0x77);
	SAME(SYS_recvmmsg, pair[1], recv, 4, MSG_DONTWAIT, 0);
	SAME(SYS_sendmmsg, pair[1], recv, 0, 0);
	SAME(SYS_sendmmsg, pair[1], NULL, 2, 0);
	SAME(SYS_sendmmsg, pair[1], 16, 2, 0);
	SAME(SYS_sendmmsg, -1, send, 3, 0);
}
END_TEST

/* An array that ends in memory which is not there: what comes before is done */
START_TEST(messages_partly_there)
{
	uint8_t *edge = island(1) + PAGE;
	struct mmsghdr *at = (struct mmsghdr *)(edge - 2 * sizeof(struct mmsghdr) - 8);
	struct iovec vec = { "x", 1 };

	begin(SOCK_DGRAM);
	at[0] = at[1] = (struct mmsghdr){ { .msg_iov = &vec, .msg_iovlen = 1 }, 0 };
	SAME(SYS_sendmmsg, pair[0], at, 3, 0);
	SAME(SYS_sendmmsg, pair[0], at, 2, 0);
	at[1].msg_hdr.msg_iov = (void *)16;
	SAME(SYS_sendmmsg, pair[0], at, 2, 0);
	SAME(SYS_sendmmsg, pair[0], (uint8_t *)at + 2 * sizeof(*at), 1, 0);
}
END_TEST

/* More messages than one call can carry: some are done, and that is a success */
START_TEST(messages_many)
{
	static struct mmsghdr msgs[1100];
	static struct iovec vec[1100];
	size_t len = 100000;
	uint8_t *data = calloc(1, len), *in = malloc(20 * len);
	struct iovec out = { data, len };
	struct mmsghdr whole[20];
	struct other_end taker = { .data = in, .size = len }, giver = { .msgs = whole, .nr = 20 };
	void *given;
	int64_t n;

	begin(SOCK_DGRAM);
	for (int i = 0; i < 20; i++)
		msgs[i] = whole[i] = (struct mmsghdr){ { .msg_iov = &out, .msg_iovlen = 1 }, 0 };
	pthread_create(&taker.thread, NULL, take_all, &taker);
	n = FORWARD(SYS_sendmmsg, pair[0], msgs, 20, 0);
	ck_assert_int_gt(n, 5);
	ck_assert_int_lt(n, 20);
	ck_assert_int_eq(send(pair[0], "", 0, 0), 0);
	pthread_join(taker.thread, NULL);
	ck_assert_int_eq(taker.nr, n);
	pthread_create(&giver.thread, NULL, give_all, &giver);
	for (int i = 0; i < 20; i++) {
		vec[i] = (struct iovec){ in + (size_t)i * len, len };
		msgs[i] = (struct mmsghdr){ { .msg_iov = &vec[i], .msg_iovlen = 1 }, 0 };
	}
	n = FORWARD(SYS_recvmmsg, pair[1], msgs, 20, 0, 0);
	ck_assert_int_gt(n, 5);
	ck_assert_int_lt(n, 20);
	ck_assert_int_eq(msgs[n - 1].msg_len, len);
	for (; n < 20; n++)
		ck_assert_int_eq(recv(pair[1], in, len, 0), len);
	pthread_join(giver.thread, &given);
	ck_assert_ptr_eq(given, &giver);
	/* More outputs than usual, and more messages than a kernel takes */
	for (int i = 0; i < 1100; i++) {
		vec[i] = (struct iovec){ in + i, 1 };
		msgs[i] = (struct mmsghdr){ { .msg_iov = &vec[i], .msg_iovlen = 1 }, 0 };
	}
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(send(pair[0], "y", 1, MSG_DONTWAIT), 1);
	ck_assert_int_eq(FORWARD(SYS_recvmmsg, pair[1], msgs, 1100, MSG_DONTWAIT, 0), 10);
	ck_assert_int_eq(in[9], 'y');
	free(data);
	free(in);
}
END_TEST

UNIT(sysplan_messages)
{
	tcase_add_test(tc, message_plain);
	tcase_add_test(tc, message_descriptors);
	tcase_add_test(tc, message_control_cut);
	tcase_add_test(tc, message_names);
	tcase_add_test(tc, message_impossible);
	tcase_add_test(tc, message_parts);
	tcase_add_test(tc, messages);
	tcase_add_test(tc, messages_partly_there);
	tcase_add_test(tc, messages_many);
}
