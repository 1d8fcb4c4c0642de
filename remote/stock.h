/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Who reads a file in large pieces waits for each of them: it is read at home, encrypted, sent, decrypted, and written into the
 * guest, one after the other. So home sends what the next reads will probably get before they are made (deputy/stock.c), and
 * here it is kept, in memory that the channel gives up, until a RESULT says that it is the data of a call, or other
 * content comes with the same number. The call is made at home all the same, and home compares: what is here is never more
 * than another copy of what the call has read.
 */
#ifndef OM_REMOTE_STOCK_H
#define OM_REMOTE_STOCK_H

#include <stddef.h>
#include <stdint.h>

struct session;
struct wire_result;
struct wire_stock;

/* The content of one piece; within its message */
void stock_take(struct session *session, const struct wire_stock *msg, const uint8_t *data, size_t len);
/* A RESULT refers to it: hand the call its data. 0, or -EPROTO: there is no such content */
int stock_result(struct session *session, const struct wire_result *msg, const uint8_t *tail, size_t tail_len);
/* Free what is not in use */
void stock_trim(struct session *session);
/* Free everything */
void stock_clear(struct session *session);

#endif
