// SPDX-License-Identifier: GPL-2.0-or-later
/* Bounded reading and writing of little-endian bytes; see include/cursor.h for the theory of operation. */
#include <endian.h>
#include <string.h>

#include "cursor.h"

/**
 * cursor_from() - Start reading
 * @bytes:	First byte
 * @len:	Their number
 */
struct cursor cursor_from(const void *bytes, size_t len)
{
	return (struct cursor){ .at = bytes, .left = len };
}

/**
 * cursor_take() - Take bytes in place
 * @cur:	Cursor
 * @len:	Bytes wanted
 *
 * Return: the first of them, or NULL and the cursor is bad from now on.
 */
const uint8_t *cursor_take(struct cursor *cur, size_t len)
{
	const uint8_t *at = cur->at;

	if (cur->bad || len > cur->left) {
		cur->bad = true;
		cur->left = 0;
		return NULL;
	}
	cur->at += len;
	cur->left -= len;
	return at;
}

/**
 * cursor_copy() - Copy bytes out
 * @cur:	Cursor
 * @out:	Destination, all zeros when there are not enough
 * @len:	Bytes wanted
 */
void cursor_copy(struct cursor *cur, void *out, size_t len)
{
	const uint8_t *at = cursor_take(cur, len);

	if (!at)
		memset(out, 0, len);
	else if (len > 0)
		memcpy(out, at, len);
}

/**
 * cursor_u8() - Read one byte
 * @cur:	Cursor
 */
uint8_t cursor_u8(struct cursor *cur)
{
	uint8_t v;

	cursor_copy(cur, &v, sizeof(v));
	return v;
}

/**
 * cursor_u16() - Read 16 bits
 * @cur:	Cursor
 */
uint16_t cursor_u16(struct cursor *cur)
{
	uint16_t v;

	cursor_copy(cur, &v, sizeof(v));
	return le16toh(v);
}

/**
 * cursor_u32() - Read 32 bits
 * @cur:	Cursor
 */
uint32_t cursor_u32(struct cursor *cur)
{
	uint32_t v;

	cursor_copy(cur, &v, sizeof(v));
	return le32toh(v);
}

/**
 * cursor_u64() - Read 64 bits
 * @cur:	Cursor
 */
uint64_t cursor_u64(struct cursor *cur)
{
	uint64_t v;

	cursor_copy(cur, &v, sizeof(v));
	return le64toh(v);
}

/**
 * cursor_ok() - Was everything that was read there?
 * @cur:	Cursor
 */
bool cursor_ok(const struct cursor *cur)
{
	return !cur->bad;
}

/**
 * cursor_done() - Was everything that was read there, and is nothing left?
 * @cur:	Cursor
 */
bool cursor_done(const struct cursor *cur)
{
	return !cur->bad && cur->left == 0;
}

/**
 * cursor_to() - Start writing
 * @buf:	Buffer
 * @cap:	Its size
 */
struct cursor_out cursor_to(void *buf, size_t cap)
{
	return (struct cursor_out){ .at = buf, .left = cap };
}

/**
 * cursor_put() - Write bytes
 * @cur:	Cursor
 * @bytes:	What
 * @len:	How many; without room for all of them nothing is written and the cursor is bad from now on
 */
void cursor_put(struct cursor_out *cur, const void *bytes, size_t len)
{
	if (cur->bad || len > cur->left) {
		cur->bad = true;
		cur->left = 0;
		return;
	}
	if (len > 0)
		memcpy(cur->at, bytes, len);
	cur->at += len;
	cur->left -= len;
}

/**
 * cursor_put_u8() - Write one byte
 * @cur:	Cursor
 * @v:		Value
 */
void cursor_put_u8(struct cursor_out *cur, uint8_t v)
{
	cursor_put(cur, &v, sizeof(v));
}

/**
 * cursor_put_u16() - Write 16 bits
 * @cur:	Cursor
 * @v:		Value
 */
void cursor_put_u16(struct cursor_out *cur, uint16_t v)
{
	v = htole16(v);
	cursor_put(cur, &v, sizeof(v));
}

/**
 * cursor_put_u32() - Write 32 bits
 * @cur:	Cursor
 * @v:		Value
 */
void cursor_put_u32(struct cursor_out *cur, uint32_t v)
{
	v = htole32(v);
	cursor_put(cur, &v, sizeof(v));
}

/**
 * cursor_put_u64() - Write 64 bits
 * @cur:	Cursor
 * @v:		Value
 */
void cursor_put_u64(struct cursor_out *cur, uint64_t v)
{
	v = htole64(v);
	cursor_put(cur, &v, sizeof(v));
}
