/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a tool becomes a task with a deputy: see deputy/launch.c. */
#ifndef OM_DEPUTY_LAUNCH_H
#define OM_DEPUTY_LAUNCH_H

#include <stddef.h>
#include <stdint.h>

#include "node.h"

/* Where the programs go that the family executes later (omrun --children) */
enum children { CHILDREN_FOLLOW, CHILDREN_HOME, CHILDREN_BEST };

/**
 * struct deputy_options - What a tool asks of its deputy
 * @prog:	The tool's name
 * @node:	The node's name as the user gave it
 * @addr:	Its address
 * @key:	The cluster key
 * @command:	Name of the program, for the node's administrator
 * @children:	Where the programs go that it executes later
 * @stays:	Why the program stays at home; NULL: it goes to the node
 */
struct deputy_options {
	const char *prog;
	const char *node;
	struct node_addr addr;
	uint8_t key[32];
	const char *command;
	enum children children;
	const char *stays;
};
int deputy_launch(const struct deputy_options *opt, char *why, size_t why_len);

/* Leave the tool's terminal, files and limits behind; *@talk may get another number. Returns a copy of its stderr, or -1 */
int deputy_detach(int *talk);

#endif
