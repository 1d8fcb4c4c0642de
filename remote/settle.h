/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a fork of the remote becomes init: it empties its surroundings, for itself and for all that it bears. */
#ifndef OM_SETTLE_H
#define OM_SETTLE_H

#include "remote/init.h"

/**
 * struct init - The state of init
 * @command:		Its end of the socket pair
 * @setup:		What it was told first
 * @last_pid:		/proc/sys/kernel/ns_last_pid, or the negative errno of opening it
 * @timens_offsets:	/proc/self/timens_offsets, likewise
 * @fuse:		/dev/fuse, likewise, as long as it has not been handed over
 */
struct init {
	int command;
	struct init_setup setup;
	int last_pid;
	int timens_offsets;
	int fuse;
};

/* Do it, as init->setup says. Fills @reply. */
void settle(struct init *init, struct init_reply *reply);

#endif
