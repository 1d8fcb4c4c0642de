// SPDX-License-Identifier: GPL-2.0-or-later
/* A session with the omd of a node. */
#include <errno.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "nodefile.h"
#include "tools/omctl.h"

/**
 * say_refused() - Log why the node refuses
 * @session:	The session
 * @code:	enum wire_refuse
 * @tail:	What the node adds
 * @tail_len:	Its length
 */
static void say_refused(const struct omctl_session *session, uint32_t code, const uint8_t *tail, size_t tail_len)
{
	log_error("%s: refused: %s%s%.*s", session->node, wire_refuse_text(code), tail_len ? ": " : "", (int)tail_len,
		  (const char *)tail);
}

/**
 * on_message() - The node says something
 * @ctx:	The session
 * @type:	What
 * @msg:	The message
 * @tail:	Bytes behind it
 * @tail_len:	Their number
 */
static void on_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct omctl_session *session = ctx;

	if (type == WIRE_REFUSE) {
		say_refused(session, msg->refuse.code, tail, tail_len);
		omctl_session_end(session, EXIT_FAILED);
		return;
	}
	session->message(session, type, msg);
}

/**
 * on_closed() - The session has ended before the subcommand has what it wants
 * @ctx:	The session
 * @error:	0 or negative errno
 * @why:	One line
 */
static void on_closed(void *ctx, int error, const char *why)
{
	struct omctl_session *session = ctx;

	log_error("%s: %s", session->node, error ? why : "closed the connection");
	omctl_session_end(session, EXIT_FAILED);
}

static const struct channel_ops session_ops = { .message = on_message, .closed = on_closed };

/**
 * say_hello() - Say what the session is for
 * @session:	The session
 * @purpose:	enum wire_purpose
 *
 * Return: 0 or negative errno.
 */
static int say_hello(struct omctl_session *session, uint32_t purpose)
{
	struct wire_hello hello = { .purpose = purpose };
	const struct passwd *me = getpwuid(geteuid());

	if (gethostname((char *)hello.node, sizeof(hello.node) - 1) < 0)
		hello.node[0] = '\0';
	snprintf((char *)hello.user, sizeof(hello.user), "%s", me ? me->pw_name : "");
	snprintf((char *)hello.command, sizeof(hello.command), "omctl");
	return channel_send(session->ch, WIRE_HELLO, &hello, NULL, 0);
}

/**
 * say_unreached() - Log why there is no session
 * @session:	The session
 * @why:	Reason
 */
static void say_unreached(const struct omctl_session *session, const char *why)
{
	if (node_is_named(session->node, &session->addr, why))
		log_error("%s", why);
	else
		log_error("%s: %s", session->node, why);
}

int omctl_session_open(struct omctl_session *session, uint32_t purpose)
{
	struct session_keys keys;
	uint8_t key[KEY_LEN];
	char why[PATH_MAX + 128];
	uint64_t start_us;
	int fd, ret;

	if (node_lookup(session->node, &session->addr, why, sizeof(why)) < 0 ||
	    key_load(NULL, key, why, sizeof(why)) < 0) {
		log_error("%s", why);
		return EXIT_FAILED;
	}
	start_us = omctl_now_us();
	ret = channel_connect(&session->addr, key, CHANNEL_CONNECT_MS, &fd, &keys, why, sizeof(why));
	session->setup_us = omctl_now_us() - start_us;
	sodium_memzero(key, sizeof(key));
	if (ret < 0) {
		say_unreached(session, why);
		return EXIT_FAILED;
	}
	ret = uv_loop_init(&session->loop);
	if (ret < 0) {
		close(fd);
		session_keys_wipe(&keys);
		log_error("event loop: %s", uv_strerror(ret));
		return EXIT_FAILED;
	}
	session->ch = channel_open(&session->loop, fd, &keys, WIRE_HOME, &session_ops, session);
	ret = session->ch ? say_hello(session, purpose) : -errno;
	session_keys_wipe(&keys);
	if (ret < 0) {
		log_error("%s: %s", session->node, strerror(-ret));
		return EXIT_FAILED;
	}
	session->status = EXIT_FAILED;
	return 0;
}

int omctl_session_run(struct omctl_session *session)
{
	uv_run(&session->loop, UV_RUN_DEFAULT);
	uv_loop_close(&session->loop);
	return session->status;
}

void omctl_session_end(struct omctl_session *session, int status)
{
	session->status = status;
	channel_close(session->ch);
	session->ch = NULL;
}
