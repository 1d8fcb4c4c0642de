/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What image.c (mappings, content) and image_start.c (the last steps) share. */
#ifndef OM_REMOTE_IMAGE_IMPL_H
#define OM_REMOTE_IMAGE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "remote/batch.h"
#include "remote/guest.h"
#include "wire.h"

#define XSTATE_MAX 16384u

/**
 * struct image - An image under construction
 * @body:	BODY, without its mappings
 * @batch:	Calls on their way into the body
 * @vma:	Mappings, ascending, without overlap
 * @vma_nr:	Their number
 * @lifted:	For each: it was made writable for its content
 * @limits:	LIMITS, valid if @limited
 * @limited:	LIMITS has come
 * @xstate:	Extended register state for this CPU
 * @xstate_len:	Its length
 */
struct image {
	struct wire_body body;
	struct batch batch;
	struct wire_vma *vma;
	unsigned int vma_nr;
	bool *lifted;
	struct wire_limits limits;
	bool limited;
	uint8_t xstate[XSTATE_MAX];
	size_t xstate_len;
};

/* Give up: tell home @what failed and why (@err), and kill the body */
void image_fail(struct guest *guest, int err, const char *what);

#endif
