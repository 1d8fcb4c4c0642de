/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages that the worker fetches as they are touched: see deputy/pages.c for the theory of operation. */
#ifndef OM_DEPUTY_PAGES_H
#define OM_DEPUTY_PAGES_H

#include <stdbool.h>
#include <stdint.h>

struct deputy;

/* Is there a connection for them, or may there be one? */
bool pages_possible(const struct deputy *d);
/* An object is to be fetched: objects_joined() now or later, when there is a connection or will be none */
void pages_join(struct deputy *d);
/* The session has ended */
void pages_close(struct deputy *d);
/* Add what the connection has received and sent */
void pages_stats_add(const struct deputy *d, uint64_t *rx_bytes, uint64_t *tx_bytes);

#endif
