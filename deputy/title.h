/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ps shows of a guest: see deputy/title.c. */
#ifndef OM_DEPUTY_TITLE_H
#define OM_DEPUTY_TITLE_H

#include <stddef.h>
#include <stdint.h>

struct deputy;
struct wire_title;

/* The worker says that it has changed; 0 or -EPROTO */
int title_told(struct deputy *d, const struct wire_title *msg, const uint8_t *text, size_t len);

#endif
