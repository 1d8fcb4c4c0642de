// SPDX-License-Identifier: GPL-2.0-or-later
/* Encoding and decoding of the rows of wire.def, all of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cursor.h"
#include "test/unit/sim.h"
#include "test/unit/unit.h"
#include "wire.h"

/**
 * struct row - A row of wire.def, read a second time and independently of wire.c
 * @name:	Name
 * @size:	Bytes of number and fields
 * @tail_max:	Longest tail
 * @from:	Who may send it
 * @phases:	In which phases
 */
struct row {
	const char *name;
	size_t size, tail_max;
	unsigned int from, phases;
};

#define HOME	    WIRE_HOME
#define WORKER	    WIRE_WORKER
#define ANY	    WIRE_ANY
#define U8(n)	    +1
#define U32(n)	    +4
#define I32(n)	    +4
#define U64(n)	    +8
#define I64(n)	    +8
#define FIX(n, len) +len
#define ARGS(n, nr) +8 * nr
/* One sum holds both: the size in its lower half, the tail's maximum in the upper */
#define TAIL(max)			 +((size_t)(max) << 32)
#define MSG(name, sender, phase, fields) { #name, (size_t)2 fields, 0, sender, phase },
static struct row rows[WIRE_TYPES] = {
	{ NULL, 0, 0, 0, 0 },
#include "wire.def"
};
#undef MSG

/**
 * read_rows() - Take sizes and tails apart
 */
static void read_rows(void)
{
	for (int t = 1; t < WIRE_TYPES; t++) {
		rows[t].tail_max = rows[t].size >> 32;
		rows[t].size &= 0xffffffff;
	}
}

/**
 * put_pattern() - A message of a type whose fields have bytes that can be told apart
 * @type:	Type
 * @tail_len:	Length of its tail
 *
 * Return: allocated; rows[type].size + @tail_len bytes.
 */
static uint8_t *put_pattern(int type, size_t tail_len)
{
	size_t len = rows[type].size + tail_len;
	uint8_t *bytes = malloc(len);

	sim_pattern(bytes, len, type);
	bytes[0] = type & 0xff;
	bytes[1] = type >> 8;
	return bytes;
}

START_TEST(wire_every_row_survives_the_way)
{
	read_rows();
	for (int t = 1; t < WIRE_TYPES; t++) {
		size_t tails[] = { 0, 1, 77, rows[t].tail_max };

		ck_assert_str_eq(wire_name(t), rows[t].name);
		ck_assert_uint_eq(wire_size(t), rows[t].size);
		ck_assert_uint_eq(wire_tail_max(t), rows[t].tail_max);
		for (int i = 0; i < 4; i++) {
			uint8_t again[WIRE_FIXED_MAX], *bytes;
			const uint8_t *tail;
			enum wire_type type;
			union wire_any msg;
			size_t tail_len;

			if (tails[i] > rows[t].tail_max)
				continue;
			bytes = put_pattern(t, tails[i]);
			ck_assert_int_eq(wire_decode(bytes, rows[t].size + tails[i], rows[t].from, rows[t].phases, &msg,
						     &type, &tail, &tail_len),
					 0);
			ck_assert_int_eq(type, t);
			ck_assert_ptr_eq(tail, bytes + rows[t].size);
			ck_assert_uint_eq(tail_len, tails[i]);
			/* any bytes make some message, and that message makes these bytes */
			ck_assert_int_eq(wire_encode(t, &msg, again, sizeof(again)), rows[t].size);
			ck_assert_int_eq(memcmp(again, bytes, rows[t].size), 0);
			free(bytes);
		}
	}
}
END_TEST

/**
 * decode() - Decode and forget
 * @bytes:	Message
 * @len:	Its length
 * @from:	Sender
 * @phase:	Phase
 */
static int decode(const uint8_t *bytes, size_t len, unsigned int from, unsigned int phase)
{
	const uint8_t *tail;
	enum wire_type type;
	union wire_any msg;
	size_t tail_len;

	return wire_decode(bytes, len, from, phase, &msg, &type, &tail, &tail_len);
}

START_TEST(wire_every_row_is_refused_where_it_does_not_belong)
{
	read_rows();
	for (int t = 1; t < WIRE_TYPES; t++) {
		struct row *row = &rows[t];
		uint8_t *bytes = put_pattern(t, row->tail_max + 1);

		for (unsigned int from = WIRE_HOME; from <= WIRE_WORKER; from++)
			for (unsigned int phase = 1; phase <= PH_ANY; phase <<= 1)
				ck_assert_int_eq(decode(bytes, row->size, from, phase), !(row->from & from) ? -EPERM
											: !(row->phases & phase)
												? -EPROTO
												: 0);
		ck_assert_int_eq(decode(bytes, row->size, row->from, 0), -EPROTO);
		for (size_t len = 2; len < row->size; len++)
			ck_assert_int_eq(decode(bytes, len, row->from, row->phases), -EBADMSG);
		ck_assert_int_eq(decode(bytes, row->size + row->tail_max, row->from, row->phases), 0);
		ck_assert_int_eq(decode(bytes, row->size + row->tail_max + 1, row->from, row->phases), -EBADMSG);
		free(bytes);
	}
}
END_TEST

START_TEST(wire_unknown_numbers_are_refused)
{
	uint8_t bytes[64] = { 0 }, out[WIRE_FIXED_MAX];
	union wire_any msg = { 0 };

	for (unsigned int t = 0; t <= 0xffff; t++) {
		if (t > WIRE_NONE && t < WIRE_TYPES)
			continue;
		bytes[0] = t & 0xff;
		bytes[1] = t >> 8;
		ck_assert_int_eq(decode(bytes, sizeof(bytes), WIRE_ANY, PH_ANY), -ENOMSG);
	}
	ck_assert_int_eq(decode(bytes, 0, WIRE_ANY, PH_ANY), -EBADMSG);
	ck_assert_int_eq(decode(bytes, 1, WIRE_ANY, PH_ANY), -EBADMSG);
	ck_assert_int_eq(wire_encode(WIRE_NONE, &msg, out, sizeof(out)), -ENOMSG);
	ck_assert_int_eq(wire_encode(WIRE_TYPES, &msg, out, sizeof(out)), -ENOMSG);
	ck_assert_int_eq(wire_encode(WIRE_CALL, &msg, out, wire_size(WIRE_CALL) - 1), -ENOSPC);
	ck_assert_int_eq(wire_encode(WIRE_CALL, &msg, out, wire_size(WIRE_CALL)), wire_size(WIRE_CALL));
	ck_assert_str_eq(wire_name(-1), "?");
	ck_assert_uint_eq(wire_size(WIRE_TYPES), 0);
	ck_assert_uint_eq(wire_tail_max(WIRE_NONE), 0);
}
END_TEST

START_TEST(wire_layout_is_that_of_the_document)
{
	/* RESULT: call 0x1122334455667788, ret -2, flags 1 */
	static const uint8_t want[] = { 0x00, 0,    0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0xfe,
					0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,	0,    0,    0 };
	struct wire_result msg = { .call = 0x1122334455667788, .ret = -2, .flags = WIRE_RESULT_REGULAR };
	uint8_t out[64];

	ck_assert_int_eq(wire_encode(WIRE_RESULT, &msg, out, sizeof(out)), sizeof(want));
	ck_assert_uint_eq(out[0], WIRE_RESULT);
	ck_assert_int_eq(memcmp(out + 1, want + 1, sizeof(want) - 1), 0);
}
END_TEST

START_TEST(wire_every_row_is_in_the_document)
{
	FILE *f = fopen("PROTOCOL.md", "r");
	static char text[65536];

	/* Where the tests run without their sources there is nothing to compare */
	if (!f)
		return;
	ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, f), 0);
	fclose(f);
	read_rows();
	for (int t = 1; t < WIRE_TYPES; t++) {
		char first[40], second[40];

		snprintf(first, sizeof(first), "\n| %s", rows[t].name);
		snprintf(second, sizeof(second), ", %s |", rows[t].name);
		ck_assert_msg(strstr(text, first) || strstr(text, second), "PROTOCOL.md does not mention %s",
			      rows[t].name);
	}
}
END_TEST

START_TEST(wire_vma_is_checked)
{
	static const struct {
		struct wire_vma vma;
		int err;
	} cases[] = {
		{ { 0x1000, 0x2000, 5, 2, 7, 0x3000 }, 0 },
		{ { 0x2000, 0x2000, 5, 2, 7, 0 }, -EPROTO },
		{ { 0x3000, 0x2000, 5, 2, 7, 0 }, -EPROTO },
		{ { 0x1001, 0x2000, 5, 2, 7, 0 }, -EPROTO },
		{ { 0x1000, 0x2008, 5, 2, 7, 0 }, -EPROTO },
		{ { 0x1000, 0x2000, 5, 2, 7, 0x10 }, -EPROTO },
		{ { 0x1000, 0x2000, 5, 2, 7, 1ull << 63 }, -EPROTO },
		{ { 0x1000, 0x2000, 5, 2, 7, INT64_MAX & ~0xfffull }, -EPROTO },
		{ { 0x1000, (1ull << 56) + 0x1000, 5, 2, 7, 0 }, -EPROTO },
		{ { 0, 0x7ffffffff000, 0, WIRE_VMA_STACK, 0, 0 }, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[WIRE_VMA_SIZE];
		struct wire_vma out;

		wire_vma_encode(&cases[i].vma, bytes);
		ck_assert_int_eq(wire_vma_decode(bytes, &out), cases[i].err);
		ck_assert_int_eq(memcmp(&out, &cases[i].vma, sizeof(out)), 0);
	}
}
END_TEST

START_TEST(wire_refusals_have_words)
{
	for (uint32_t code = WIRE_REFUSE_INTERNAL; code <= WIRE_REFUSE_SANDBOX; code++)
		ck_assert_str_ne(wire_refuse_text(code), wire_refuse_text(UINT32_MAX));
	ck_assert_str_eq(wire_refuse_text(0), wire_refuse_text(UINT32_MAX));
}
END_TEST

START_TEST(cursor_turns_bad_and_stays_bad)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
	struct cursor in = cursor_from(bytes, sizeof(bytes));
	struct cursor_out out;
	uint8_t buf[5], copy[4] = { 9, 9, 9, 9 };

	ck_assert_uint_eq(cursor_u8(&in), 1);
	ck_assert_uint_eq(cursor_u16(&in), 0x0302);
	ck_assert_uint_eq(cursor_u32(&in), 0x07060504);
	ck_assert(cursor_ok(&in) && !cursor_done(&in));
	ck_assert_uint_eq(cursor_u32(&in), 0);
	ck_assert(!cursor_ok(&in) && !cursor_done(&in));
	ck_assert_uint_eq(cursor_u8(&in), 0);
	ck_assert_ptr_null(cursor_take(&in, 0));
	cursor_copy(&in, copy, sizeof(copy));
	ck_assert_uint_eq(copy[0] | copy[3], 0);

	in = cursor_from(bytes, 8);
	ck_assert_uint_eq(cursor_u64(&in), 0x0807060504030201);
	ck_assert(cursor_done(&in));
	ck_assert_ptr_null(cursor_take(&in, SIZE_MAX));

	out = cursor_to(buf, sizeof(buf));
	cursor_put_u32(&out, 0x04030201);
	ck_assert(!out.bad);
	cursor_put_u16(&out, 0x0605);
	ck_assert(out.bad);
	cursor_put_u8(&out, 1);
	ck_assert_int_eq(memcmp(buf, bytes, 4), 0);
}
END_TEST

UNIT(wire)
{
	tcase_add_test(tc, wire_every_row_survives_the_way);
	tcase_add_test(tc, wire_every_row_is_refused_where_it_does_not_belong);
	tcase_add_test(tc, wire_unknown_numbers_are_refused);
	tcase_add_test(tc, wire_layout_is_that_of_the_document);
	tcase_add_test(tc, wire_every_row_is_in_the_document);
	tcase_add_test(tc, wire_vma_is_checked);
	tcase_add_test(tc, wire_refusals_have_words);
	tcase_add_test(tc, cursor_turns_bad_and_stays_bad);
}
