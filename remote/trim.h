/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TRIM: end objects that no guest maps, see deputy/trim.c. */
#ifndef OM_REMOTE_TRIM_H
#define OM_REMOTE_TRIM_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct session;

/* 0, or -EPROTO: the other side breaks the rules */
int trim(struct session *session, const struct wire_trim *msg, const uint8_t *tail, size_t tail_len);

#endif
