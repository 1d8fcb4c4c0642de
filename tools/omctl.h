/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What omctl's subcommands share: the table that drives dispatch and help, and a session with a node's omd. */
#ifndef OM_OMCTL_H
#define OM_OMCTL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "channel.h"
#include "node.h"

/**
 * struct omctl_command - A subcommand
 * @name:	First argument
 * @usage:	What follows it
 * @help:	One line
 * @run:	Gets its own argv (argv[0] is @name); returns the exit status
 */
struct omctl_command {
	const char *name;
	const char *usage;
	const char *help;
	int (*run)(int argc, char **argv);
};

int omctl_keygen(int argc, char **argv);
int omctl_status(int argc, char **argv);
int omctl_ping(int argc, char **argv);

/* Log that the arguments are wrong, with the usage of the subcommand @name; returns the exit status for that */
int omctl_misused(const char *name);
/* Parse a decimal number from @min to @max; false when it is none */
bool omctl_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/**
 * struct omctl_session - A session with the omd of a node
 * @node:	The node as it was given
 * @addr:	Its address
 * @loop:	Event loop
 * @ch:		The channel
 * @setup_us:	Time that connecting and the handshake took
 * @status:	What the subcommand exits with
 * @message:	The subcommand's part: what it gets but for REFUSE; sets @status and ends the session with
 *		omctl_session_end() when it has what it wants
 */
struct omctl_session {
	const char *node;
	struct node_addr addr;
	uv_loop_t loop;
	struct channel *ch;
	uint64_t setup_us;
	int status;
	void (*message)(struct omctl_session *session, enum wire_type type, const union wire_any *msg);
};

/* Connect to @session->node and say HELLO with @purpose. Returns 0, or the exit status, logged. */
int omctl_session_open(struct omctl_session *session, uint32_t purpose);
/* Let the session run until it ends; returns the exit status */
int omctl_session_run(struct omctl_session *session);
/* From the message callback: that was all, exit with @status */
void omctl_session_end(struct omctl_session *session, int status);

/* Microseconds on a clock that only goes forward */
uint64_t omctl_now_us(void);
/* Print a fixed field of a message: printable characters up to its end; as a JSON string when @json */
void omctl_print_field(const uint8_t *field, size_t size, bool json);

#endif
