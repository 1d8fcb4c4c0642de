/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first steps of a body: from a fork of init, with all its privileges, to a thread that waits in the parasite. */
#ifndef OM_NEWBORN_H
#define OM_NEWBORN_H

#include <stdbool.h>
#include <stdint.h>

#include "executor.h"
#include "remote/init.h"

/**
 * struct newborn_report - Where the remote finds how far a newborn has come; the first thing in slot 0's data
 * @stage:	What it is doing, in words; same place in remote and newborn (both are the same program)
 * @error:	Negative errno once @stage has failed
 * @ready:	All is done
 */
struct newborn_report {
	const char *stage;
	int error;
	bool ready;
};

/* Run in the child. @arena is mapped; its executor's side is not. */
void newborn_run(const struct init_setup *setup, const struct arena *arena) __attribute__((noreturn));

#endif
