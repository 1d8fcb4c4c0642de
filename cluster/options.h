/* SPDX-License-Identifier: GPL-2.0-or-later */
/* omd's command line. */
#ifndef OM_CLUSTER_OPTIONS_H
#define OM_CLUSTER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "nodefile.h"

/**
 * struct omd_options - What the command line says
 * @listen:	Address and port to listen on; an empty host stands for all addresses of the machine
 * @name:	The node's name: --name, else the host name
 * @key:	Path of the key, or NULL for the usual places
 * @cache_bytes: Most that the cache of file contents may take; 0: none
 * @cache_set:	@cache_bytes was given
 * @ready:	How many om-remotes wait for an arrival
 */
struct omd_options {
	struct node_addr listen;
	char name[NODEFILE_NAME_MAX + 1];
	const char *key;
	uint64_t cache_bytes;
	bool cache_set;
	unsigned int ready;
};

/* Parse; returns -1 to go on, or the status to exit with (help was printed, or one line about what is wrong) */
int omd_options_parse(int argc, char **argv, struct omd_options *out);

#endif
