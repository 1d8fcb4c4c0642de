// SPDX-License-Identifier: GPL-2.0-or-later
/* channel_connect() and what it says about nodes of all kinds; a child process is the node. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "test/unit/unit.h"

static const uint8_t key[KEY_LEN] = "01234567890123456789012345678901";
static const uint8_t other_key[KEY_LEN] = "01234567890123456789012345678902";

/**
 * struct node - A node of some kind
 * @key:	Its key
 * @version:	Its version, and the lowest
 * @says:	What it says instead of a handshake
 * @says_len:	Length of that
 * @silent:	It says nothing, and does not close
 * @reset:	It resets the connection instead of closing it
 */
struct node {
	const uint8_t *key;
	unsigned int version;
	const char *says;
	size_t says_len;
	bool silent;
	bool reset;
};

/**
 * serve() - Be the node, for one connection
 * @fd:		Connection
 * @node:	Node
 */
static void serve(int fd, const struct node *node)
{
	struct handshake hs;
	uint8_t byte;
	int ret = 0;

	if (node->silent) {
		/* until the other side has given up */
		while (read(fd, &byte, 1) > 0)
			;
		return;
	}
	if (node->says) {
		ck_assert_int_eq(write(fd, node->says, node->says_len), (ssize_t)node->says_len);
		return;
	}
	handshake_init(&hs, HANDSHAKE_WORKER, node->key);
	hs.version = hs.lowest = node->version;
	handshake_start(&hs);
	while (ret == 0 && read(fd, &byte, 1) == 1) {
		const uint8_t *out;
		size_t len;

		ret = handshake_feed(&hs, &byte, 1);
		out = handshake_output(&hs, &len);
		/* in two pieces */
		if (len > 20 && write(fd, out, 20) == 20)
			handshake_sent(&hs, 20);
		out = handshake_output(&hs, &len);
		if (len > 0 && write(fd, out, len) == (ssize_t)len)
			handshake_sent(&hs, len);
	}
	if (ret == HANDSHAKE_DONE && write(fd, handshake_keys(&hs)->tx_key, KEY_LEN) < 0)
		_exit(1);
}

/**
 * try() - Connect to a node
 * @node:	Node; NULL for nobody
 * @timeout_ms:	Patience
 * @why:	Reason
 * @why_len:	Its size
 *
 * Return: what channel_connect() returned.
 */
static int try(const struct node *node, int timeout_ms, char *why, size_t why_len)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = -1, ret;
	struct node_addr addr = { .host = "127.0.0.1" };
	struct session_keys keys;
	socklen_t len = sizeof(sin);
	pid_t pid = -1;

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&sin, &len), 0);
	addr.port = ntohs(sin.sin_port);
	if (node) {
		ck_assert_int_eq(listen(listener, 1), 0);
		pid = fork();
		if (pid == 0) {
			struct linger now = { .l_onoff = 1, .l_linger = 0 };

			fd = accept(listener, NULL, NULL);
			if (node->reset)
				setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
			serve(fd, node);
			close(fd);
			_exit(0);
		}
	}
	close(listener);
	why[0] = '\0';
	ret = channel_connect(&addr, key, timeout_ms, &fd, &keys, why, why_len);
	if (ret == 0) {
		uint8_t worker_tx[KEY_LEN];

		ck_assert_int_eq(recv(fd, worker_tx, KEY_LEN, 0) == KEY_LEN || errno == EAGAIN, 1);
		close(fd);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return ret;
}

START_TEST(connect_to_a_node)
{
	struct node node = { .key = key, .version = HANDSHAKE_VERSION };
	char why[300];

	ck_assert_int_eq(try(&node, 5000, why, sizeof(why)), 0);
}
END_TEST

START_TEST(connect_to_nobody)
{
	char why[300];

	ck_assert_int_eq(try(NULL, 5000, why, sizeof(why)), -ECONNREFUSED);
	ck_assert_ptr_nonnull(strstr(why, "127.0.0.1"));
	ck_assert_ptr_nonnull(strstr(why, "refused"));
}
END_TEST

START_TEST(connect_with_another_key)
{
	struct node node = { .key = other_key, .version = HANDSHAKE_VERSION };
	char why[300];

	ck_assert_int_eq(try(&node, 5000, why, sizeof(why)), -EKEYREJECTED);
	ck_assert_ptr_nonnull(strstr(why, "the node has another key"));
	node.reset = true;
	ck_assert_int_eq(try(&node, 5000, why, sizeof(why)), -EKEYREJECTED);
}
END_TEST

START_TEST(connect_to_another_version)
{
	struct node node = { .key = key, .version = 7 };
	char why[300];

	ck_assert_int_eq(try(&node, 5000, why, sizeof(why)), -EPROTONOSUPPORT);
	ck_assert_ptr_nonnull(strstr(why, "speaks protocol versions 7 to 7, this one speaks 1 to 1"));
}
END_TEST

START_TEST(connect_to_something_else)
{
	struct node node = { .says = "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", .says_len = 32 };
	char why[300];

	ck_assert_int_eq(try(&node, 5000, why, sizeof(why)), -EPROTO);
	ck_assert_ptr_nonnull(strstr(why, "does not speak openMosix's protocol"));
	node.says_len = 5;
	ck_assert_int_eq(try(&node, 5000, why, sizeof(why)), -ECONNRESET);
	node.says_len = 0;
	ck_assert_int_eq(try(&node, 5000, why, sizeof(why)), -ECONNRESET);
}
END_TEST

START_TEST(connect_to_one_who_does_not_answer)
{
	struct node node = { .silent = true };
	char why[300];

	ck_assert_int_eq(try(&node, 100, why, sizeof(why)), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(why, "does not answer"));
}
END_TEST

START_TEST(connect_to_an_unknown_host)
{
	struct node_addr addr = { .host = "no-such-host.invalid", .port = 1 };
	struct session_keys keys;
	char why[300];
	int fd, err;

	err = channel_connect(&addr, key, 5000, &fd, &keys, why, sizeof(why));
	/* where there is no name service at all it cannot know that the host is unknown */
	ck_assert(err == -ENXIO || err == -EAGAIN);
	ck_assert_ptr_nonnull(strstr(why, "no-such-host.invalid"));
}
END_TEST

UNIT(connect)
{
	tcase_add_test(tc, connect_to_a_node);
	tcase_add_test(tc, connect_to_nobody);
	tcase_add_test(tc, connect_with_another_key);
	tcase_add_test(tc, connect_to_another_version);
	tcase_add_test(tc, connect_to_something_else);
	tcase_add_test(tc, connect_to_one_who_does_not_answer);
	tcase_add_test(tc, connect_to_an_unknown_host);
}
