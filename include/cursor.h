/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Bounded reading and writing of little-endian bytes. A cursor that is asked for more than it has turns bad and stays
 * bad: reads give zeros, writes do nothing. So a parser reads all its fields in straight lines and asks once, at the end,
 * with cursor_done() or cursor_ok(). Nothing that comes from another process is parsed in any other way.
 */
#ifndef OM_CURSOR_H
#define OM_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct cursor - A place in bytes that are read
 * @at:		Next byte
 * @left:	Bytes from there to the end
 * @bad:	Someone asked for more than there was
 */
struct cursor {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/**
 * struct cursor_out - A place in a buffer that is written
 * @at:		Next byte
 * @left:	Room from there to the end
 * @bad:	Someone wrote more than there was room for
 */
struct cursor_out {
	uint8_t *at;
	size_t left;
	bool bad;
};

struct cursor cursor_from(const void *bytes, size_t len);
uint8_t cursor_u8(struct cursor *cur);
uint16_t cursor_u16(struct cursor *cur);
uint32_t cursor_u32(struct cursor *cur);
uint64_t cursor_u64(struct cursor *cur);
/* The next @len bytes in place, or NULL */
const uint8_t *cursor_take(struct cursor *cur, size_t len);
/* Copy the next @len bytes; zeros when there are not as many */
void cursor_copy(struct cursor *cur, void *out, size_t len);
/* Nobody has asked for too much */
bool cursor_ok(const struct cursor *cur);
/* ... and everything was read */
bool cursor_done(const struct cursor *cur);

struct cursor_out cursor_to(void *buf, size_t cap);
void cursor_put_u8(struct cursor_out *cur, uint8_t v);
void cursor_put_u16(struct cursor_out *cur, uint16_t v);
void cursor_put_u32(struct cursor_out *cur, uint32_t v);
void cursor_put_u64(struct cursor_out *cur, uint64_t v);
void cursor_put(struct cursor_out *cur, const void *bytes, size_t len);

#endif
