/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a session waits for what comes next: see remote/sleep.h. */
#include <poll.h>

#include "remote/calls.h"
#include "remote/listener.h"
#include "remote/session.h"
#include "remote/sleep.h"

#define CALLS_MAX 16 /* in a row, before the loop has its turn: 0.2 ms when they are answered here */

/**
 * call_comes() - Sleep until there is something to do
 * Return: true when that is a call from the listener that had the last one
 */
static bool call_comes(struct session *session)
{
	struct pollfd sources[] = {
		{ .fd = uv_backend_fd(&session->loop), .events = POLLIN },
		{ .fd = session->hot ? listener_fd(session->hot) : -1, .events = POLLIN },
	};

	if (session->unwatched)
		return false;
	uv_update_time(&session->loop);
	if (poll(sources, sizeof(sources) / sizeof(*sources), uv_backend_timeout(&session->loop)) <= 0)
		return false;
	if (sources[1].revents & ~POLLIN)
		session->hot = NULL; /* nobody is left who makes calls there */
	return session->hot && sources[1].revents;
}

/**
 * said_nr() - How many calls home was told of
 */
static uint64_t said_nr(const struct session *session)
{
	return session->serial + session->posts;
}

void session_turn(struct session *session)
{
	while (!session->ended) {
		uint64_t said;

		session->unwatched = false;
		uv_run(&session->loop, UV_RUN_NOWAIT);
		said = said_nr(session);
		for (int i = 0; i < CALLS_MAX && said == said_nr(session) && !session->ended && call_comes(session);
		     i++)
			call_serve(session, listener_fd(session->hot));
	}
}
