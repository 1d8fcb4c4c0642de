/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The deputy's life: talk with the tool, connect, trace, serve, end. See deputy/deputy.h for the theory of operation. */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cpu.h"
#include "deputy/absent.h"
#include "deputy/arguments.h"
#include "deputy/deputy.h"
#include "deputy/launch.h"
#include "deputy/listing.h"
#include "deputy/lost.h"
#include "deputy/monitor.h"
#include "deputy/object.h"
#include "deputy/outbox.h"
#include "deputy/pages.h"
#include "deputy/posted.h"
#include "deputy/promise.h"
#include "deputy/shm.h"
#include "deputy/signal.h"
#include "deputy/stats.h"
#include "deputy/stock.h"
#include "deputy/title.h"
#include "deputy/trace.h"
#include "deputy/usage.h"

void deputy_end_if_done(struct deputy *d)
{
	if (d->tasks || (d->channel && d->segments))
		return; /* what the last task left in shared memory may be still to come */
	if (!d->absent)
		uv_stop(&d->loop);
	else if (d->channel)
		lost_end(d, "");
}

/* STARTED: the image runs, or why it does not */
static void on_started(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct task *task = task_find(d, (pid_t)msg->started.pid);
	char why[280];

	if (!task)
		return;
	if (!task->started && !msg->started.error)
		usage_moved(task);
	task->started = true;
	if (msg->started.error) {
		snprintf(why, sizeof(why), "%.*s", (int)tail_len, (const char *)tail);
		task_end(d, task, tail_len ? why : "the node could not build the image");
	}
	if (d->err >= 0)
		close(d->err);
	d->err = -1;
}

/* GONE: the guest has died by the worker's doing */
static void on_gone(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct task *task = task_find(d, (pid_t)msg->gone.pid);
	char why[280];

	if (!task)
		return;
	snprintf(why, sizeof(why), "%.*s", (int)tail_len, (const char *)tail);
	task_end(d, task, tail_len ? why : "the task died on the node");
}

static void on_call(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	usage_call(d, msg->call.tid);
	if (!(msg->call.flags & WIRE_CALL_STREAMED))
		posted_call(d, &msg->call, tail, tail_len);
	else if (inflow_begin(d, &msg->call, tail_len))
		lost_end(d, "the worker sent a call that does not match the table");
}

static void on_data(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	if (inflow_take(d, &msg->data, tail, tail_len))
		lost_end(d, "the worker sent data that no call asks for");
}

static void on_interrupt(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	posted_interrupt(d, msg->interrupt.call);
}

static void on_taken(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	signal_taken(d, &msg->taken);
}

static void on_takes(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	signal_takes(d, &msg->takes);
}

static void on_pass(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	signal_pass(d, &msg->pass);
}

static void on_default(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	posted_default(d, &msg->default_);
}

static void on_title(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	if (title_told(d, &msg->title, tail, tail_len))
		lost_end(d, "the worker changed what is no argument");
}

/* What a task has used there */
static void on_usage(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	usage_told(d, &msg->usage);
	promises_age(d);
}

/* Guests have changed a file that they map shared */
static void on_write_back(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	int err = object_write_back(d, &msg->write_back, tail, tail_len);

	d->written_back++;
	if (err == -ENOSPC)
		held_unwritable(d, msg->write_back.object);
	else if (err)
		lost_end(d, "the worker changed a file that is not mapped for writing");
}

/* The answer to an offer */
static void on_want(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	if (object_wanted(d, &msg->want))
		lost_end(d, "the worker answered what it was not asked");
}

/* What an execve needs that is to come */
static void on_arguments(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	int err = arguments_add(d, &msg->arguments, tail, tail_len);

	if (err)
		lost_end(d, err == -EPROTO ? "the worker sent more arguments than a program can have" : "no memory");
}

/* The answer to TRIM */
static void on_trimmed(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	if (objects_trimmed(d, &msg->trimmed, tail, tail_len))
		lost_end(d, "the worker has ended objects that it was not asked for");
}

/* The answer to HELLO */
static void on_accept(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	(void)tail;
	(void)tail_len;
	memcpy(d->ticket, msg->accept.ticket, sizeof(d->ticket));
	channel_phase_set(d->channel, PH_RUN);
	d->opened = 1;
	uv_stop(&d->loop);
}

static void on_refuse(struct deputy *d, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	char why[280];

	snprintf(why, sizeof(why), "refused: %s%s%.*s", wire_refuse_text(msg->refuse.code), tail_len ? ": " : "",
		 (int)tail_len, (const char *)tail);
	lost_reason(d, why);
	d->opened = -1;
	uv_stop(&d->loop);
}

/* What the deputy does with each message of the worker */
static void (*const message_table[WIRE_TYPES])(struct deputy *, const union wire_any *, const uint8_t *, size_t) = {
	[WIRE_ACCEPT] = on_accept, [WIRE_REFUSE] = on_refuse,	    [WIRE_STARTED] = on_started,
	[WIRE_CALL] = on_call,	   [WIRE_INTERRUPT] = on_interrupt, [WIRE_DEFAULT] = on_default,
	[WIRE_PASS] = on_pass,	   [WIRE_GONE] = on_gone,	    [WIRE_TAKEN] = on_taken,
	[WIRE_TAKES] = on_takes,   [WIRE_USAGE] = on_usage,	    [WIRE_WRITE_BACK] = on_write_back,
	[WIRE_WANT] = on_want,	   [WIRE_ARGUMENTS] = on_arguments, [WIRE_TRIMMED] = on_trimmed,
	[WIRE_TITLE] = on_title,   [WIRE_DATA] = on_data,
};

/* A message has come */
static void channel_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail,
			    size_t tail_len)
{
	struct deputy *d = ctx;

	if (message_table[type])
		message_table[type](d, msg, tail, tail_len);
	else
		lost_end(d, "the node sent a message that a deputy does not take");
	deputy_end_if_done(d);
}

/* The session has ended */
static void channel_closed(void *ctx, int error, const char *why)
{
	struct deputy *d = ctx;
	char text[128];

	(void)error;
	snprintf(text, sizeof(text), "connection to the node lost: %s", why);
	if (!d->opened) {
		snprintf(d->lost, sizeof(d->lost), "%s", text);
		d->opened = -1;
		uv_stop(&d->loop);
	}
	lost_end(d, text);
	deputy_end_if_done(d);
}

/* The channel's queue is empty */
static void channel_drained(void *ctx)
{
	outbox_pump(ctx);
}

static const struct channel_ops deputy_channel_ops = { channel_message, channel_closed, channel_drained };

/* SIGCHLD: something happened to a home thread */
static void on_child(void *ctx)
{
	struct deputy *d = ctx;

	trace_drain(d);
	deputy_end_if_done(d);
}

/* Nanoseconds of a clock */
static uint64_t clock_read_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Say HELLO and wait for the answer; false with the reason in d->lost */
static bool session_open(struct deputy *d, const struct deputy_options *opt)
{
	struct wire_hello hello = { .purpose = WIRE_PURPOSE_ARRIVAL };
	const struct passwd *pw = getpwuid(getuid());
	struct cpu_features cpu;

	cpu_collect(&cpu);
	cpu_encode(&cpu, hello.cpu);
	gethostname((char *)hello.node, sizeof(hello.node) - 1);
	snprintf((char *)hello.user, sizeof(hello.user), "%s", pw ? pw->pw_name : "?");
	snprintf((char *)hello.command, sizeof(hello.command), "%s", opt->command);
	hello.clock_mono_ns = clock_read_ns(CLOCK_MONOTONIC);
	hello.clock_boot_ns = clock_read_ns(CLOCK_BOOTTIME);
	if (channel_send(d->channel, WIRE_HELLO, &hello, NULL, 0) < 0)
		return false;
	uv_run(&d->loop, UV_RUN_DEFAULT);
	return d->opened > 0;
}

/* Connect to the node and have it accept us */
static bool node_open(struct deputy *d, const struct deputy_options *opt)
{
	struct session_keys keys;
	int fd;

	if (channel_connect(&opt->addr, opt->key, CHANNEL_CONNECT_MS, &fd, &keys, d->lost, sizeof(d->lost)) < 0)
		return false;
	d->channel = channel_open(&d->loop, fd, &keys, WIRE_HOME, &deputy_channel_ops, d);
	if (!d->channel) {
		snprintf(d->lost, sizeof(d->lost), "no memory");
		return false;
	}
	return session_open(d, opt);
}

/* Trace the tool: from now on every exec of it stops */
static bool target_seize(struct deputy *d, pid_t target)
{
	if (!task_add(d, target) || ptrace(PTRACE_SEIZE, target, 0, PTRACE_O_TRACEEXEC) < 0) {
		snprintf(d->lost, sizeof(d->lost),
			 "cannot trace the program (%s); see proc_sys_kernel_yama(5), ptrace(2)", strerror(errno));
		return false;
	}
	return true;
}

int deputy_run(const struct deputy_options *opt, pid_t target, int talk)
{
	struct deputy *d = calloc(1, sizeof(*d));
	struct monitor *monitor = NULL;
	pid_t self = getpid();
	bool ready;
	char go;

	if (!d)
		return 1;
	d->piece = malloc(PIECE_MAX);
	if (!d->piece) {
		free(d);
		return 1;
	}
	prctl(PR_SET_NAME, "om-deputy");
	d->options = opt;
	d->prog = opt->prog;
	d->children = opt->children;
	snprintf(d->node, sizeof(d->node), "%s", opt->node);
	d->err = deputy_detach(&talk);
	if (hashes_path(d->hashes, sizeof(d->hashes)))
		d->hashes[0] = '\0';
	if (uv_loop_init(&d->loop) || send(talk, &self, sizeof(self), MSG_NOSIGNAL) < 0 || recv(talk, &go, 1, 0) != 1)
		return 1;
	if (childwatch_open(&d->watch, &d->loop, on_child, d))
		return 1;
	posted_init(d);
	aspin_init(&d->linger);
	if (opt->stays)
		ready = !absent_add(d, target, opt->stays);
	else
		ready = node_open(d, opt) && target_seize(d, target);
	if (ready)
		monitor = monitor_open(d);
	send(talk, d->lost, strlen(d->lost) + 1, MSG_NOSIGNAL);
	close(talk);
	if (!ready)
		return 1;
	uv_run(&d->loop, UV_RUN_DEFAULT);
	monitor_close(monitor);
	pages_close(d);
	stats_write(d);
	outbox_clear(d);
	stock_clear(d);
	inflow_clear(d);
	listings_free(d);
	objects_free(d);
	shm_free(d);
	free(d->piece);
	free(d);
	return 0;
}
