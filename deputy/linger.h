/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Active waiting for the call that may follow the one that was answered: see deputy/linger.c. */
#ifndef OM_DEPUTY_LINGER_H
#define OM_DEPUTY_LINGER_H

struct deputy;

/* Before the loop sleeps, look for it */
void linger_prepare(struct deputy *d);

#endif
