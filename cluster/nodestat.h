/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a node tells who asks for its status. */
#ifndef OM_CLUSTER_NODESTAT_H
#define OM_CLUSTER_NODESTAT_H

#include "wire.h"

/* Fill @out: name, version, CPUs, load, memory, time up. What the system does not tell is 0. */
void nodestat_read(const char *name, unsigned int guests, unsigned int guests_max, struct wire_status *out);

/* Bytes of memory, and how many of them a new program can have without swapping; 0 for what is not known */
void nodestat_memory(uint64_t *total, uint64_t *available);

#endif
