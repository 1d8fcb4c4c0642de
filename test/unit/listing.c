/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the remote makes of LISTING and STALE (remote/listing.h), also of such as no home sends. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "remote/listing.h"
#include "test/unit/unit.h"

static struct listing_table table;
static struct path_end end;

/* What following links to @path's end gives */
static int look(const char *path)
{
	return listing_look(&table, path, true, &end);
}

/* A string with all its bytes, and how many they are without the end that C gives it */
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static int add(uint32_t path_len, const uint8_t *tail, size_t len)
{
	struct wire_listing msg = { path_len };

	return listing_add(&table, &msg, tail, len);
}

static int stale(uint32_t path_len, const uint8_t *tail, size_t len)
{
	struct wire_stale msg = { path_len };

	return listing_stale(&table, &msg, tail, len);
}

/* Kinds as d_type: 4 a directory, 8 a file, 10 a symbolic link (octal 12) */
START_TEST(listing_says_what_is_there)
{
	ck_assert_int_eq(add(4, BYTES("/usr\0"
				      "\4lib\0"
				      "\10file\0"
				      "\12link\0\0")),
			 0);
	ck_assert_int_eq(look("/usr/lib"), PATH_DIR);
	ck_assert_int_eq(look("/usr/lib/x"), PATH_UNKNOWN);
	ck_assert_int_eq(look("/usr/file"), PATH_OTHER);
	ck_assert_int_eq(look("/usr/file/x"), -ENOTDIR);
	ck_assert_int_eq(look("/usr/link"), PATH_UNKNOWN);
	ck_assert_int_eq(look("/usr/li"), -ENOENT);
	ck_assert_int_eq(look("/usr/none/x"), -ENOENT);
	ck_assert_int_eq(look("/us/lib"), PATH_UNKNOWN);
	ck_assert_int_eq(stale(3, BYTES("/us")), 0);
	ck_assert_int_eq(look("/usr/none"), -ENOENT);
	ck_assert_int_eq(stale(4, BYTES("/usr")), 0);
	ck_assert_int_eq(look("/usr/none"), PATH_UNKNOWN);
	ck_assert_uint_eq(table.nr, 0);
}
END_TEST

/* The way through links, as far as they are told */
START_TEST(listing_links_are_followed)
{
	ck_assert_int_eq(add(1, BYTES("/\0"
				      "\12lib\0usr/lib\0"
				      "\12loop\0loop\0"
				      "\12hidden\0\0"
				      "\4usr\0")),
			 0);
	ck_assert_int_eq(look("/lib/x"), PATH_UNKNOWN);
	ck_assert_int_eq(look("/usr/../none"), PATH_UNKNOWN); /* may one search /usr? */
	ck_assert_int_eq(add(8, BYTES("/usr/lib\0"
				      "\12up\0../lib/f\0"
				      "\12there\0/usr/lib/none\0"
				      "\10f\0")),
			 0);
	ck_assert_int_eq(look("/lib/x"), -ENOENT);
	ck_assert_int_eq(look("/lib/f"), PATH_OTHER);
	ck_assert_str_eq(end.at, "/usr/lib/f");
	ck_assert_int_eq(look("/lib/f/x"), -ENOTDIR);
	ck_assert_int_eq(look("/lib/up"), PATH_OTHER);
	ck_assert_int_eq(look("/lib/there"), -ENOENT);
	ck_assert_int_eq(look("/lib/../lib/x"), -ENOENT);
	ck_assert_int_eq(look("/usr/../none"), -ENOENT);
	ck_assert_int_eq(look("/loop"), PATH_UNKNOWN);
	ck_assert_int_eq(look("/hidden/x"), PATH_UNKNOWN);
	ck_assert_int_eq(listing_look(&table, "/lib", false, &end), PATH_LINK);
	ck_assert_str_eq(end.target, "usr/lib");
	ck_assert_int_eq(listing_look(&table, "/lib/", false, &end), PATH_UNKNOWN);
	/* What is above one that is gone is known no more */
	ck_assert_int_eq(stale(8, BYTES("/usr/lib")), 0);
	ck_assert_int_eq(look("/usr/../none"), PATH_UNKNOWN);
	ck_assert_uint_eq(table.ways, 0);
	ck_assert_int_eq(stale(1, BYTES("/")), 0);
}
END_TEST

START_TEST(listing_can_be_empty_and_replaced)
{
	ck_assert_int_eq(add(1, BYTES("/\0")), 0);
	ck_assert_int_eq(look("/a"), -ENOENT);
	ck_assert_int_eq(add(1, BYTES("/\0\10a\0")), 0);
	ck_assert_uint_eq(table.nr, 1);
	ck_assert_int_eq(look("/a"), PATH_OTHER);
	listings_clear(&table);
}
END_TEST

static const struct {
	uint32_t path_len;
	const uint8_t *tail;
	size_t len;
} broken[] = {
	{ 0, BYTES("") },
	{ 0, BYTES("/a\0") },
	{ 2, BYTES("/a") },   /* no end */
	{ 3, BYTES("/a\0") }, /* longer than it is */
	{ 1, BYTES("/a\0") }, /* shorter */
	{ UINT32_MAX, BYTES("/a\0") },
	{ 2, BYTES("aa\0") },	   /* not from the root */
	{ 2, BYTES("/a\0\10") },   /* no name */
	{ 2, BYTES("/a\0\10\0") }, /* an empty one */
	{ 2, BYTES("/a\0\10n") },  /* without its end */
	{ 2, BYTES("/a\0\10n\0\10") },
	{ 2, BYTES("/a\0\10n/m\0") }, /* more than a name */
	{ 2, BYTES("/a\0\12n\0") },   /* a link without its target */
	{ 2, BYTES("/a\0\12n\0t") },
};

START_TEST(listing_that_is_broken_is_refused)
{
	ck_assert_int_eq(add(broken[_i].path_len, broken[_i].tail, broken[_i].len), -EPROTO);
	ck_assert_uint_eq(table.nr, 0);
}
END_TEST

START_TEST(listing_path_has_a_greatest_length)
{
	uint8_t tail[WIRE_LISTING_PATH_MAX + 3] = "/";

	memset(tail + 1, 'a', WIRE_LISTING_PATH_MAX);
	ck_assert_int_eq(add(WIRE_LISTING_PATH_MAX + 1, tail, WIRE_LISTING_PATH_MAX + 2), -EPROTO);
	tail[WIRE_LISTING_PATH_MAX] = '\0';
	ck_assert_int_eq(add(WIRE_LISTING_PATH_MAX, tail, WIRE_LISTING_PATH_MAX + 1), 0);
	listings_clear(&table);
}
END_TEST

/* As many entries as a message has room for, each as short as it can be */
START_TEST(listing_of_the_greatest_size_is_taken)
{
	static uint8_t tail[WIRE_LISTING_MAX];
	size_t len = 3;

	memcpy(tail, "/a", 3);
	for (; len + 3 <= sizeof(tail); len += 3)
		memcpy(tail + len, "\10n", 3);
	ck_assert_int_eq(add(2, tail, len), 0);
	ck_assert_int_eq(look("/a/n"), PATH_OTHER);
	ck_assert_int_eq(look("/a/m"), -ENOENT);
	listings_clear(&table);
}
END_TEST

START_TEST(listing_flood_is_bounded)
{
	char tail[16];

	for (int i = 0; i < 5000; i++) {
		int len = snprintf(tail, sizeof(tail), "/%d", i);

		ck_assert_int_eq(add((uint32_t)len, (uint8_t *)tail, (size_t)len + 1), 0);
	}
	ck_assert_uint_le(table.nr, 1024);
	for (int i = 0; i < 300; i++) {
		char deep[WIRE_LISTING_PATH_MAX + 1] = "";

		snprintf(deep, sizeof(deep), "/%d", i);
		for (size_t len = strlen(deep); len + 2 < sizeof(deep); len += 2)
			strcpy(deep + len, "/d");
		ck_assert_int_eq(add((uint32_t)strlen(deep), (uint8_t *)deep, strlen(deep) + 1), 0);
	}
	ck_assert_uint_le(table.ways, 4096);
	/* What there was no room for is asked of home */
	ck_assert_int_eq(look("/4999/x"), PATH_UNKNOWN);
	ck_assert_int_eq(stale(1, BYTES("/")), 0);
	ck_assert_uint_eq(table.nr, 0);
}
END_TEST

START_TEST(listing_stale_that_is_broken_is_refused)
{
	static uint8_t tail[1024] = "/";

	ck_assert_int_eq(stale(0, BYTES("")), -EPROTO);
	ck_assert_int_eq(stale(1, BYTES("a")), -EPROTO);
	ck_assert_int_eq(stale(1, BYTES("/a")), -EPROTO);
	ck_assert_int_eq(stale(3, BYTES("/a")), -EPROTO);
	ck_assert_int_eq(stale(4, BYTES("/a\0b")), -EPROTO);
	ck_assert_int_eq(stale(sizeof(tail), tail, sizeof(tail)), -EPROTO);
	ck_assert_int_eq(stale(2, BYTES("/a")), 0); /* of which there is none */
}
END_TEST

UNIT(listing)
{
	tcase_add_test(tc, listing_says_what_is_there);
	tcase_add_test(tc, listing_links_are_followed);
	tcase_add_test(tc, listing_can_be_empty_and_replaced);
	tcase_add_loop_test(tc, listing_that_is_broken_is_refused, 0, sizeof(broken) / sizeof(*broken));
	tcase_add_test(tc, listing_path_has_a_greatest_length);
	tcase_add_test(tc, listing_of_the_greatest_size_is_taken);
	tcase_add_test(tc, listing_flood_is_bounded);
	tcase_add_test(tc, listing_stale_that_is_broken_is_refused);
}
