/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a node tells who asks for its status. */
#ifndef OM_CLUSTER_NODESTAT_H
#define OM_CLUSTER_NODESTAT_H

#include "wire.h"

/* Fill @out: name, version, CPUs, load, memory, time up. What the system does not tell is 0. */
void nodestat_read(const char *name, unsigned int guests, unsigned int guests_max, struct wire_status *out);

#endif
