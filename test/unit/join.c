/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tickets: which om-remote gets a second connection, and that it is one connection. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/remotes.h"
#include "test/unit/unit.h"

START_TEST(join_finds_whose_ticket_it_is)
{
	struct remote_entry other = { .join_fd = -1, .ticket = "the first's" };
	struct remote_entry first = { .next = &other, .join_fd = 99, .ticket = "the first's" };
	struct remotes remotes = { .first = &first };
	uint8_t ticket[WIRE_TICKET_LEN] = "the first's";

	ck_assert_ptr_eq(remotes_find(&remotes, ticket), &first);
	for (unsigned int i = 0; i < sizeof(ticket); i++) {
		ticket[i] ^= 1;
		ck_assert_ptr_null(remotes_find(&remotes, ticket));
		ticket[i] ^= 1;
	}
	/* One that has been used is good for nobody */
	first.join_fd = -1;
	ck_assert_ptr_null(remotes_find(&remotes, ticket));
	remotes.first = NULL;
	ck_assert_ptr_null(remotes_find(&remotes, ticket));
}
END_TEST

START_TEST(join_hands_over_once)
{
	static struct handover block = { .leftover = "behind it", .leftover_len = 9 }, got;
	struct remote_entry entry = { 0 };
	int pair[2], carried[2], fd;
	char byte;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, carried), 0);
	entry.join_fd = pair[0];
	ck_assert_int_eq(remotes_join(&entry, &block, carried[1]), 0);
	ck_assert_int_eq(entry.join_fd, -1);
	close(carried[1]);
	ck_assert_int_eq(handover_receive(pair[1], &got, &fd), 0);
	ck_assert_mem_eq(&got, &block, sizeof(got));
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_int_eq(read(carried[0], &byte, 1), 1);
	/* There is nothing behind it */
	ck_assert_int_eq(recv(pair[1], &byte, 1, 0), 0);
	close(fd);
	close(carried[0]);
	/* A remote that has gone */
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, carried), 0);
	entry.join_fd = carried[0];
	close(carried[1]);
	ck_assert_int_eq(remotes_join(&entry, &block, pair[1]), -EPIPE);
	ck_assert_int_eq(entry.join_fd, -1);
	close(pair[1]);
}
END_TEST

UNIT(join)
{
	tcase_add_test(tc, join_finds_whose_ticket_it_is);
	tcase_add_test(tc, join_hands_over_once);
}
