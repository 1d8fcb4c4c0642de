/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * From an accepted connection to what it is for. omd makes the handshake itself, so that whoever does not know the key
 * never costs this node a process, and hardly any memory:
 *
 *   idle connection            struct conn and a poll handle: a third of a KiB
 *   has sent a byte            and a struct handshake: another two thirds
 *   has proved the key         and a channel, until its HELLO is there
 *
 * Then it leaves: to an om-remote (arrival, measurement) with its session, or closed after an answer (status,
 * refusal). Up to the proof it is the business of intake.c, after that of purpose.c.
 * How long it may take and which connection goes when there are too many is cluster/halfopen.h's business.
 *
 * Strangers are told nothing but what the handshake says. In the log they get one line, and no more lines than
 * cluster/loglimit.h lets through. What is printed of a peer's own words is printable.
 */
#ifndef OM_CLUSTER_INTAKE_H
#define OM_CLUSTER_INTAKE_H

#include <stdbool.h>
#include <uv.h>

#include "cluster/halfopen.h"
#include "cluster/loglimit.h"
#include "cluster/remotes.h"
#include "key.h"

#define INTAKE_HALFOPEN_MAX 16384 /* connections in all, if there are descriptors for them */
#define INTAKE_TIMEOUT_MS   10000 /* for the handshake, and again for HELLO */

/**
 * struct intake - All connections that are still omd's
 * @loop:	Event loop
 * @name:	The node's name
 * @key:	The cluster's key
 * @table:	The connections
 * @timer:	Runs while there are any
 * @remotes:	Where arrivals go
 * @complaints:	Bound on log lines about strangers
 */
struct intake {
	uv_loop_t *loop;
	const char *name;
	uint8_t key[KEY_LEN];
	struct halfopen_table table;
	uv_timer_t timer;
	struct remotes *remotes;
	struct loglimit complaints;
};

/* @name and @remotes are referred to, @key is copied. At most @count_max connections. */
void intake_init(struct intake *intake, uv_loop_t *loop, const char *name, const uint8_t key[static KEY_LEN],
		 unsigned int count_max, struct remotes *remotes);
/* From the next connection on */
void intake_key_set(struct intake *intake, const uint8_t key[static KEY_LEN]);

/* Take a new connection: a non-blocking descriptor */
void intake_take(struct intake *intake, int fd);
/* End the connection that can best be spared; false when there is none */
bool intake_spare(struct intake *intake);

/* End them all, and overwrite the key */
void intake_close(struct intake *intake);

#endif
