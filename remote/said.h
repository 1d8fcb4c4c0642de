/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When home has said something that holds as long as no guest has learned anything else, see remote/ahead.h: until there are
 * news, or SAID_MS have gone by, for there are clocks.
 */
#ifndef OM_REMOTE_SAID_H
#define OM_REMOTE_SAID_H

#include <stdbool.h>
#include <stdint.h>

#define SAID_MS 20

struct session;

/**
 * struct said - The moment at which home has said it
 * @news:	session->news then; 0: it has said nothing
 * @until_ns:	When it is too old
 * @promise:	It holds until that is retracted (promises.h); 0: it was not promised
 */
struct said {
	uint64_t news;
	uint64_t until_ns;
	uint64_t promise;
};

/* It is said now */
struct said said_now(const struct session *session);
/* Has nothing happened since? */
bool said_is_fresh(const struct said *said, const struct session *session);
/* Does it still hold, for that or because it was promised? */
bool said_holds(const struct said *said, const struct session *session);

#endif
