/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The image of a task arrives as a sequence of messages, which are applied to a body of the sandbox as they come:
 *
 *	BODY	 a body with the right number; its vDSO moved to where home has its own; all mappings made
 *	LIMITS	 remembered
 *	XSTATE	 remembered, in the layout of this CPU
 *	PAGES	 written
 *	START	 protections, addresses of the image, name, ignored signals, limits, registers, signal mask; it runs
 *
 * Up to START the body executes nothing but the parasite, and all signals but SIGTRAP are blocked. Mappings are made
 * with their final protection, so that nothing is accounted that home did not account; one that content arrives for
 * although it is not writable is made writable for that time.
 *
 * What the other side says about the body's memory can hurt that body only. A body that cannot be built is killed, and
 * STARTED says why. Messages about a guest that is not being built are remnants of such a one, and dropped.
 */
#ifndef OM_REMOTE_IMAGE_H
#define OM_REMOTE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct guest;
struct session;

/* 0, or -EPROTO: the other side breaks the rules */
int image_begin(struct session *session, const struct wire_body *msg, const uint8_t *tail, size_t tail_len);
int image_limits(struct session *session, const struct wire_limits *msg);
int image_xstate(struct session *session, const struct wire_xstate *msg, const uint8_t *tail, size_t tail_len);
int image_pages(struct session *session, const struct wire_pages *msg, const uint8_t *tail, size_t tail_len);
int image_start(struct session *session, const struct wire_start *msg);

/* The guest, which has been killed, will probably have a new program: prepare for its BODY. The guest is gone then. */
void image_foresee(struct guest *guest);

/* Free what a guest under construction holds */
void image_free(struct guest *guest);

#endif
