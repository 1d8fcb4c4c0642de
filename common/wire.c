// SPDX-License-Identifier: GPL-2.0-or-later
/* Encode and decode the messages of wire.def; see include/wire.h for the theory of operation. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "cursor.h"
#include "usermem.h"
#include "wire.h"

/* Columns of wire.def as values */
#define FROM_HOME   WIRE_HOME
#define FROM_WORKER WIRE_WORKER
#define FROM_ANY    WIRE_ANY

/* One encoder per row: its fields in straight lines */
#define U8(n)	    cursor_put_u8(out, msg->n);
#define U32(n)	    cursor_put_u32(out, msg->n);
#define I32(n)	    cursor_put_u32(out, msg->n);
#define U64(n)	    cursor_put_u64(out, msg->n);
#define I64(n)	    cursor_put_u64(out, msg->n);
#define FIX(n, len) cursor_put(out, msg->n, len);
#define ARGS(n, nr)                                                                                                    \
	for (size_t i = 0; i < (nr); i++)                                                                              \
		cursor_put_u64(out, msg->n[i]);
#define TAIL(max)
#define MSG(name, sender, phase, fields)                                                                               \
	static void encode_##name(struct cursor_out *out, const void *any)                                             \
	{                                                                                                              \
		const struct WIRE_TAG(name) *msg = any;                                                                \
		fields                                                                                                 \
	}
#include "wire.def"
#undef MSG
#undef U8
#undef U32
#undef I32
#undef U64
#undef I64
#undef FIX
#undef ARGS

/* One decoder per row */
#define U8(n)	    msg->n = cursor_u8(in);
#define U32(n)	    msg->n = cursor_u32(in);
#define I32(n)	    msg->n = (int32_t)cursor_u32(in);
#define U64(n)	    msg->n = cursor_u64(in);
#define I64(n)	    msg->n = (int64_t)cursor_u64(in);
#define FIX(n, len) cursor_copy(in, msg->n, len);
#define ARGS(n, nr)                                                                                                    \
	for (size_t i = 0; i < (nr); i++)                                                                              \
		msg->n[i] = cursor_u64(in);
#define MSG(name, sender, phase, fields)                                                                               \
	static void decode_##name(struct cursor *in, union wire_any *any)                                              \
	{                                                                                                              \
		struct WIRE_TAG(name) *msg = &any->WIRE_MEMBER(name);                                                  \
		fields                                                                                                 \
	}
#include "wire.def"
#undef MSG
#undef U8
#undef U32
#undef I32
#undef U64
#undef I64
#undef FIX
#undef ARGS
#undef TAIL

/* Sizes: the fields' sum in one pass, the tail's maximum in another */
#define U8(n)	    +1
#define U32(n)	    +4
#define I32(n)	    +4
#define U64(n)	    +8
#define I64(n)	    +8
#define FIX(n, len) +(len)
#define ARGS(n, nr) +8 * (nr)
#define TAIL(max)
#define MSG(name, sender, phase, fields) SIZE_##name = 2 fields,
enum {
#include "wire.def"
};
#undef MSG
#undef U8
#undef U32
#undef I32
#undef U64
#undef I64
#undef FIX
#undef ARGS
#undef TAIL

#define U8(n)
#define U32(n)
#define I32(n)
#define U64(n)
#define I64(n)
#define FIX(n, len)
#define ARGS(n, nr)
#define TAIL(max)			 +(max)
#define MSG(name, sender, phase, fields) TAIL_MAX_##name = 0 fields,
enum {
#include "wire.def"
};
#undef MSG

#define MSG(name, sender, phase, fields)                                                                               \
	static_assert(SIZE_##name <= WIRE_FIXED_MAX, #name " has too many fields");                                    \
	static_assert(SIZE_##name + TAIL_MAX_##name <= WIRE_MESSAGE_MAX, #name " is too long");
#include "wire.def"
#undef MSG

/**
 * struct wire_row - A row of wire.def at run time
 * @name:	Name in capitals
 * @from:	Who sends it
 * @phases:	In which phases
 * @size:	Bytes of number and fields
 * @tail_max:	Longest tail
 * @encode:	Write the fields
 * @decode:	Read the fields
 */
struct wire_row {
	const char *name;
	enum wire_sender from;
	unsigned int phases;
	size_t size;
	size_t tail_max;
	void (*encode)(struct cursor_out *out, const void *any);
	void (*decode)(struct cursor *in, union wire_any *any);
};

static const struct wire_row wire_rows[WIRE_TYPES] = {
#define MSG(name, sender, phase, fields)                                                                               \
	[WIRE_##name] = { #name, FROM_##sender, phase, SIZE_##name, TAIL_MAX_##name, encode_##name, decode_##name },
#include "wire.def"
#undef MSG
};

static const char *const refuse_text[] = {
	[WIRE_REFUSE_INTERNAL] = "it has a problem of its own",
	[WIRE_REFUSE_VERSION] = "no common version",
	[WIRE_REFUSE_PURPOSE] = "it does not know what is asked of it",
	[WIRE_REFUSE_CPU] = "its CPU lacks features that the program uses",
	[WIRE_REFUSE_BUSY] = "it has all the guests it can take",
	[WIRE_REFUSE_BLOCKED] = "it takes no guests",
	[WIRE_REFUSE_MEMORY] = "it has not the memory",
	[WIRE_REFUSE_SANDBOX] = "its system forbids what a safe guest needs",
	[WIRE_REFUSE_TICKET] = "no session of it has that ticket",
};

/**
 * wire_row() - Find the row of a number
 * @type:	Any number
 *
 * Return: the row, or NULL when there is none.
 */
static const struct wire_row *wire_row(unsigned int type)
{
	return type > WIRE_NONE && type < WIRE_TYPES ? &wire_rows[type] : NULL;
}

/**
 * wire_size() - Bytes of the fixed part of a message
 * @type:	Its type
 */
size_t wire_size(enum wire_type type)
{
	const struct wire_row *row = wire_row(type);

	return row ? row->size : 0;
}

/**
 * wire_tail_max() - Longest tail of a message
 * @type:	Its type
 */
size_t wire_tail_max(enum wire_type type)
{
	const struct wire_row *row = wire_row(type);

	return row ? row->tail_max : 0;
}

/**
 * wire_name() - Name of a message, for people
 * @type:	Any number
 */
const char *wire_name(enum wire_type type)
{
	const struct wire_row *row = wire_row(type);

	return row ? row->name : "?";
}

/**
 * wire_refuse_text() - What a REFUSE means, for people
 * @code:	Any number
 */
const char *wire_refuse_text(uint32_t code)
{
	if (code >= sizeof(refuse_text) / sizeof(refuse_text[0]) || !refuse_text[code])
		return "it gave a reason that this version does not know";
	return refuse_text[code];
}

/**
 * wire_encode() - Write number and fields
 * @type:	Type of @msg
 * @msg:	struct wire_NAME
 * @out:	Destination
 * @cap:	Its size
 *
 * Return: length, or -ENOMSG, -ENOSPC.
 */
int wire_encode(enum wire_type type, const void *msg, uint8_t *out, size_t cap)
{
	const struct wire_row *row = wire_row(type);
	struct cursor_out cur = cursor_to(out, cap);

	if (!row)
		return -ENOMSG;
	if (cap < row->size)
		return -ENOSPC;
	cursor_put_u16(&cur, type);
	row->encode(&cur, msg);
	assert(!cur.bad && cur.at == out + row->size);
	return (int)row->size;
}

/**
 * wire_decode() - Turn the other side's bytes into a message, or refuse them
 * @in:		The whole message
 * @len:	Its length
 * @from:	Which side sent it
 * @phase:	Phase of the session
 * @out:	The message
 * @type:	Its type, or whatever number it bears
 * @tail:	The bytes behind the fields, in @in
 * @tail_len:	Their number
 */
int wire_decode(const uint8_t *in, size_t len, enum wire_sender from, unsigned int phase, union wire_any *out,
		enum wire_type *type, const uint8_t **tail, size_t *tail_len)
{
	struct cursor cur = cursor_from(in, len);
	const struct wire_row *row;

	*type = cursor_u16(&cur);
	row = wire_row(*type);
	if (!row)
		return cursor_ok(&cur) ? -ENOMSG : -EBADMSG;
	if (!(row->from & from))
		return -EPERM;
	if (!(row->phases & phase))
		return -EPROTO;
	if (len < row->size || len - row->size > row->tail_max)
		return -EBADMSG;
	row->decode(&cur, out);
	assert(cursor_ok(&cur));
	*tail = cur.at;
	*tail_len = cur.left;
	return 0;
}

/**
 * wire_vma_encode() - Write a mapping
 * @vma:	The mapping
 * @out:	Its bytes
 */
void wire_vma_encode(const struct wire_vma *vma, uint8_t out[static WIRE_VMA_SIZE])
{
	struct cursor_out cur = cursor_to(out, WIRE_VMA_SIZE);

	cursor_put_u64(&cur, vma->start);
	cursor_put_u64(&cur, vma->end);
	cursor_put_u32(&cur, vma->prot);
	cursor_put_u32(&cur, vma->flags);
	cursor_put_u64(&cur, vma->object);
	cursor_put_u64(&cur, vma->offset);
	assert(!cur.bad);
}

/* Pages are at least this large, and user memory ends at most there (5-level paging) */
#define VMA_END_MAX (1ull << 56)

/**
 * wire_vma_decode() - Read a mapping
 * @in:		Its bytes
 * @out:	The mapping
 *
 * Return: 0, or -EPROTO when the addresses or the offset are impossible.
 */
int wire_vma_decode(const uint8_t in[static WIRE_VMA_SIZE], struct wire_vma *out)
{
	struct cursor cur = cursor_from(in, WIRE_VMA_SIZE);

	out->start = cursor_u64(&cur);
	out->end = cursor_u64(&cur);
	out->prot = cursor_u32(&cur);
	out->flags = cursor_u32(&cur);
	out->object = cursor_u64(&cur);
	out->offset = cursor_u64(&cur);
	if (out->start >= out->end || out->end > VMA_END_MAX)
		return -EPROTO;
	if ((out->start | out->end | out->offset) % PAGE_BYTES != 0)
		return -EPROTO;
	if (out->offset > INT64_MAX - (out->end - out->start))
		return -EPROTO;
	return 0;
}
