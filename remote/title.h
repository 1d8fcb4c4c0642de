/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ps shows of guests: see proctitle.h. */
#ifndef OM_REMOTE_TITLE_H
#define OM_REMOTE_TITLE_H

#include <stdint.h>

struct guest;
struct session;

/* The guest is about to start, with these addresses (BODY's mm) */
void title_begin(struct guest *guest, const uint8_t mm[static 96]);
/* It was forked */
void title_inherit(struct guest *guest, const struct guest *parent);
void title_clear(struct guest *guest);

/* Tell home what a guest has changed, or all have */
void title_sync(struct guest *guest);
void titles_sync(struct session *session);

#endif
