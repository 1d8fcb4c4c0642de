/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pager's process and its connection: see remote/pager.h. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "fdpass.h"
#include "handover.h"
#include "log.h"
#include "remote/pager.h"

/* Fetches that one read of the kernel can need, and those ahead of it */
#define ROOM 32u

static void on_device(uv_poll_t *poll, int status, int events);

bool pager_has_room(const struct pager *pager)
{
	return pager->fetching_nr + ROOM <= WIRE_FETCHES_MAX;
}

bool pager_fetch(struct pager *pager, struct piece *piece)
{
	struct wire_fetch msg = { .object = piece->file->object, .offset = piece->offset, .len = piece->len };

	if (!pager->channel || pager->fetching_nr == WIRE_FETCHES_MAX)
		return false;
	do
		msg.fetch = ++pager->fetches;
	while (pager->fetching[msg.fetch % WIRE_FETCHES_MAX]);
	if (channel_send(pager->channel, WIRE_FETCH, &msg, NULL, 0))
		return false;
	piece->fetch = msg.fetch;
	pager->fetching[msg.fetch % WIRE_FETCHES_MAX] = piece;
	pager->fetching_nr++;
	return true;
}

/**
 * device_watch() - Listen to the kernel, unless too much is under way
 */
static void device_watch(struct pager *pager)
{
	bool pause = !pager_has_room(pager);

	if (pause == pager->paused)
		return;
	pager->paused = pause;
	if (pause)
		uv_poll_stop(&pager->device);
	else
		uv_poll_start(&pager->device, UV_READABLE, on_device);
}

/**
 * on_device() - The kernel asks
 */
static void on_device(uv_poll_t *poll, int status, int events)
{
	struct pager *pager = poll->data;

	(void)events;
	if (pager->channel)
		channel_cork(pager->channel);
	if (status || !fuse_serve(pager))
		uv_stop(&pager->loop);
	if (pager->channel)
		channel_uncork(pager->channel);
	device_watch(pager);
}

/**
 * on_message() - FETCHED
 */
static void on_message(void *ctx, enum wire_type type, const union wire_any *msg, const uint8_t *tail, size_t tail_len)
{
	struct pager *pager = ctx;
	struct piece *piece = pager->fetching[msg->fetched.fetch % WIRE_FETCHES_MAX];

	if (type != WIRE_FETCHED || !piece || piece->fetch != msg->fetched.fetch || tail_len > piece->len) {
		log_warn("the deputy's %s: it was not asked for that", wire_name(type));
		uv_stop(&pager->loop);
		return;
	}
	pager->fetching[piece->fetch % WIRE_FETCHES_MAX] = NULL;
	pager->fetching_nr--;
	piece->fetch = 0;
	pieces_arrived(pager, piece, msg->fetched.error ? -EIO : 0, tail, tail_len);
	device_watch(pager);
}

/**
 * on_closed() - The connection has ended, and so has the pager
 */
static void on_closed(void *ctx, int error, const char *why)
{
	struct pager *pager = ctx;

	if (error)
		log_warn("the connection for pages: %s", why);
	uv_stop(&pager->loop);
}

static const struct channel_ops ops = { on_message, on_closed, NULL };

/**
 * on_join() - omd hands over the connection, or has gone
 */
static void on_join(uv_poll_t *poll, int status, int events)
{
	struct pager *pager = poll->data;
	struct wire_accept accept = { 0 };
	struct handover block;
	int fd, err = fdpass_receive(PAGER_JOIN_FD, &block, sizeof(block), &fd, MSG_DONTWAIT);

	(void)status;
	(void)events;
	if (err == -EAGAIN)
		return;
	uv_poll_stop(&pager->join); /* there is no other */
	if (err || fd < 0)
		return;
	pager->channel = channel_open(&pager->loop, fd, &block.keys, WIRE_WORKER, &ops, pager);
	handover_wipe(&block);
	if (!pager->channel ||
	    (block.leftover_len && channel_feed(pager->channel, block.leftover, block.leftover_len))) {
		log_warn("cannot take over the connection for pages");
		uv_stop(&pager->loop);
		return;
	}
	gethostname((char *)accept.node, sizeof(accept.node) - 1);
	channel_send(pager->channel, WIRE_ACCEPT, &accept, NULL, 0);
	channel_phase_set(pager->channel, PH_PAGES);
}

void pager_run(void)
{
	static struct pager pager;

	/* The remote's death is ours; if it has died already, so has the file system */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_NAME, "om-pager", 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	pager.device.data = pager.join.data = &pager;
	if (uv_loop_init(&pager.loop) || uv_poll_init(&pager.loop, &pager.device, PAGER_DEVICE_FD) ||
	    uv_poll_init(&pager.loop, &pager.join, PAGER_JOIN_FD))
		die(EXIT_FAILED, "the pager cannot start (it is started by om-remote)");
	uv_poll_start(&pager.device, UV_READABLE, on_device);
	uv_poll_start(&pager.join, UV_READABLE, on_join);
	uv_run(&pager.loop, UV_RUN_DEFAULT);
	_exit(0); /* the kernel takes what is left; and who comes to kill us shall not find a leak checker at work */
}
