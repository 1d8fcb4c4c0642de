/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * om-remote is started by omd, and serves one arrival. It is the one process of the worker that knows the session: it owns
 * the connection, and outside the sandbox it watches over the guests in it. The steps are in an order that matters:
 *
 *	1. the sandbox, whose processes are copies of this one, before there is anything to keep secret
 *	2. the connection, its keys and the HELLO, from omd: now, or when somebody arrives
 *	3. accept or refuse: the sandbox failed, or this CPU lacks what the image may use
 *	4. the clocks of the sandbox, before the first guest
 *	5. serve until the connection ends; then nothing is left of the guests
 *
 * A connection for measuring (ECHO) needs no sandbox and is served by echo.c. Started by itself, with another task, it is
 * the pager (pager.h).
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "handover.h"
#include "log.h"
#include "remote/cache.h"
#include "remote/echo.h"
#include "remote/notify.h"
#include "remote/pager.h"
#include "remote/sandbox.h"
#include "remote/limits.h"
#include "remote/session.h"

#define WHY_MAX 200

/**
 * struct refusal - Why an arrival is refused; code 0: it is not
 * @code:	enum wire_refuse
 * @why:	One line
 */
struct refusal {
	uint32_t code;
	char why[WHY_MAX];
};

/**
 * sandbox_open() - Start the sandbox, or as much of it as this system allows
 */
static struct sandbox *sandbox_open(struct refusal *refusal)
{
	struct sandbox *sandbox = NULL;
	int err = sandbox_start(&sandbox, 0, refusal->why, sizeof(refusal->why));

	if (err == -EPERM) {
		log_warn("%s; guests run without namespaces", refusal->why);
		err = sandbox_start(&sandbox, SANDBOX_NO_NAMESPACES, refusal->why, sizeof(refusal->why));
	}
	if (err)
		refusal->code = WIRE_REFUSE_SANDBOX;
	return sandbox;
}

/**
 * self_check() - What must hold on this machine before anything else
 */
static void self_check(void)
{
	const struct rlimit none = { 0, 0 };
	char why[WHY_MAX];

	setrlimit(RLIMIT_CORE, &none); /* no key in a core file */
	if (sysdef_check(why, sizeof(why)))
		die(EXIT_FAILED, "table of system calls: %s", why);
	if (notify_check())
		die(EXIT_FAILED, "this kernel's seccomp notifications are not those that this was built for");
}

/**
 * cpu_compare() - Refuse an image that may use what this CPU lacks
 */
static void cpu_compare(struct session *session, const struct wire_hello *hello, struct refusal *refusal)
{
	char names[WHY_MAX - 8];

	cpu_decode(hello->cpu, &session->cpu_home);
	cpu_collect(&session->cpu_here);
	if (refusal->code || !cpu_missing(&session->cpu_home, &session->cpu_here, names, sizeof(names)))
		return;
	refusal->code = WIRE_REFUSE_CPU;
	snprintf(refusal->why, sizeof(refusal->why), "%s", names);
}

/**
 * clock_ns() - Nanoseconds of a clock
 */
static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/**
 * clock_offset() - What guests have to add to a clock of this node for home's
 * @home_ns:	What home's clock said at some time before
 * @age_ns:	How long ago that was, at least
 * @more_ns:	And how much longer, at most: the time that HELLO has travelled is not known, but how long omd has waited for it
 *
 * Ahead of home's by as much as that can be, rather than behind: who looks at a clock when a timer of home has rung finds that it
 * has. If it can be this node's own clock, it is: home is on the same machine.
 */
static int64_t clock_offset(clockid_t clock, uint64_t home_ns, uint64_t age_ns, uint64_t more_ns)
{
	int64_t least = (int64_t)(home_ns + age_ns - clock_ns(clock)), most = least + (int64_t)more_ns;

	return least <= 0 && most >= 0 ? 0 : most;
}

/**
 * clocks_set() - Let the guests' clocks continue home's
 */
static void clocks_set(struct sandbox *sandbox, const struct wire_hello *hello, const struct handover *block)
{
	uint64_t more = block->at_ns - block->sent_ns, age = clock_ns(CLOCK_MONOTONIC) - block->at_ns;
	int64_t mono = clock_offset(CLOCK_MONOTONIC, hello->clock_mono_ns, age, more);
	int64_t boot = clock_offset(CLOCK_BOOTTIME, hello->clock_boot_ns, age, more);
	int err = sandbox_configure(sandbox, mono, boot);

	if (err)
		log_warn("guests see this node's monotonic clock: %s", strerror(-err));
}

/**
 * accept_send() - Tell the other side that it is welcome
 */
static void accept_send(struct channel *channel, const struct cpu_features *cpu,
			const uint8_t ticket[static WIRE_TICKET_LEN], unsigned int phase)
{
	struct wire_accept msg = { 0 };

	cpu_encode(cpu, msg.cpu);
	memcpy(msg.ticket, ticket, sizeof(msg.ticket));
	gethostname((char *)msg.node, sizeof(msg.node) - 1);
	channel_send(channel, WIRE_ACCEPT, &msg, NULL, 0);
	channel_phase_set(channel, phase);
}

/**
 * refuse() - Tell the other side that it is not, and wait until it has gone
 */
static void refuse(struct session *session, const struct refusal *refusal)
{
	struct wire_refuse msg = { .code = refusal->code };

	log_warn("refused: %s: %s", wire_refuse_text(refusal->code), refusal->why);
	session_send_text(session, WIRE_REFUSE, &msg, refusal->why);
	channel_finish(session->channel);
}

/**
 * struct arrival - What omd has handed over
 * @fd:		The connection
 * @block:	What omd knows of it
 */
struct arrival {
	int fd;
	struct handover block;
};

/**
 * channel_take() - Open the channel on what omd has handed over
 */
static struct channel *channel_take(uv_loop_t *loop, struct arrival *arrival, const struct channel_ops *ops, void *ctx)
{
	struct handover *block = &arrival->block;
	struct channel *channel = channel_open(loop, arrival->fd, &block->keys, WIRE_WORKER, ops, ctx);

	handover_wipe(block);
	if (!channel)
		die(EXIT_FAILED, "cannot open the connection: %s", strerror(errno));
	if (block->leftover_len && channel_feed(channel, block->leftover, block->leftover_len))
		die(EXIT_FAILED, "cannot take over what the connection has received");
	return channel;
}

/**
 * serve_echo() - A connection for measuring
 */
static void serve_echo(struct session *session, struct arrival *arrival)
{
	struct echo echo = { .loop = &session->loop, .bytes = calloc(1, WIRE_DATA_MAX) };

	sandbox_stop(session->sandbox);
	if (!echo.bytes)
		die(EXIT_FAILED, "no memory");
	echo.channel = channel_take(&session->loop, arrival, &echo_channel_ops, &echo);
	cpu_collect(&session->cpu_here);
	accept_send(echo.channel, &session->cpu_here, arrival->block.ticket, PH_ECHO);
	uv_run(&session->loop, UV_RUN_DEFAULT);
	channel_close(echo.channel);
	uv_run(&session->loop, UV_RUN_DEFAULT);
	free(echo.bytes);
}

/**
 * serve_arrival() - A task wants to run here
 */
static void serve_arrival(struct session *session, struct arrival *arrival, const struct wire_hello *hello,
			  struct refusal *refusal)
{
	session->channel = channel_take(&session->loop, arrival, &session_channel_ops, session);
	aspin_init(&session->linger);
	cpu_compare(session, hello, refusal);
	if (session_start(session))
		die(EXIT_FAILED, "cannot start the session");
	if (refusal->code) {
		refuse(session, refusal);
	} else {
		clocks_set(session->sandbox, hello, &arrival->block);
		log_info("arrival of %.*s from %.*s", (int)sizeof(hello->command), (const char *)hello->command,
			 (int)sizeof(hello->node), (const char *)hello->node);
		accept_send(session->channel, &session->cpu_here, arrival->block.ticket, PH_RUN);
	}
	session_run(session);
}

/**
 * arrival_await() - Wait for the arrival that this process is for, under a name that says so
 */
static void arrival_await(struct arrival *arrival)
{
	int err;

	prctl(PR_SET_NAME, HANDOVER_READY_NAME, 0, 0, 0);
	err = handover_receive(HANDOVER_LINK_FD, &arrival->block, &arrival->fd);
	prctl(PR_SET_NAME, "om-remote", 0, 0, 0);
	if (err == -EPIPE)
		exit(0); /* nobody has come */
	if (err)
		die(EXIT_FAILED, "cannot take over the connection (om-remote is started by omd): %s", strerror(-err));
}

int main(int argc, char **argv)
{
	struct refusal refusal = { 0 };
	struct session *session;
	struct arrival *arrival;
	enum wire_type type;
	union wire_any hello;
	const uint8_t *tail;
	size_t tail_len;

	log_init("om-remote");
	if (argc == 2 && !strcmp(argv[1], "pager"))
		pager_run();
	session = calloc(1, sizeof(*session));
	arrival = calloc(1, sizeof(*arrival));
	cache_open();
	self_check();
	limits_own();
	if (!session || !arrival)
		die(EXIT_FAILED, "no memory");
	session->sandbox = sandbox_open(&refusal);
	if (uv_loop_init(&session->loop) || sodium_init() < 0)
		die(EXIT_FAILED, "cannot prepare the session");
	arrival_await(arrival);
	if (wire_decode(arrival->block.hello, arrival->block.hello_len, WIRE_HOME, PH_OPEN, &hello, &type, &tail,
			&tail_len) ||
	    type != WIRE_HELLO)
		die(EXIT_FAILED, "cannot begin the session");
	if (hello.hello.purpose == WIRE_PURPOSE_ECHO)
		serve_echo(session, arrival);
	else
		serve_arrival(session, arrival, &hello.hello, &refusal);
	uv_loop_close(&session->loop);
	free(arrival);
	free(session);
	return 0;
}
