/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as LISTING and STALE, and paths to look for. The input is a series of steps: what to do, a length of two
 * bytes, so many bytes. What a listing has names of is never said to be missing, as long as it is not stale.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "remote/listing.h"
#include "test/fuzz/fuzz.h"

/* Is it such a path as home looks up, and does nothing at its end say what it must be? */
static int is_plain(const char *path)
{
	size_t len = strlen(path);

	return len < PATHSTEPS_MAX && path[0] == '/' && path[len - 1] != '/' && path[len - 1] != '.' &&
	       !strstr(path, "//") && !strstr(path, "/./") && !strstr(path, "/../");
}

/* Each name of a listing that was taken is there, if it can be looked for at all */
static void names_check(const struct listing_table *table, const uint8_t *tail, size_t path_len, size_t len)
{
	char path[WIRE_LISTING_PATH_MAX + 300];
	size_t dir_len = path_len > 1 ? path_len : 0;
	struct path_end end;

	for (size_t at = path_len + 1; at < len;) {
		bool link = tail[at] == DT_LNK;
		size_t name_len = strlen((const char *)tail + at + 1);

		if (dir_len + 1 + name_len < sizeof(path)) {
			memcpy(path, tail, dir_len);
			path[dir_len] = '/';
			memcpy(path + dir_len + 1, tail + at + 1, name_len + 1);
			/* Other listings may say of what is above it that it is none, or another directory */
			if (is_plain(path) && table->nr == 1)
				need(listing_look(table, path, false, &end) > PATH_UNKNOWN);
		}
		at += name_len + 2;
		if (link)
			at += strlen((const char *)tail + at) + 1;
	}
}

/* LISTING: the first byte is the length of the path */
static void listing_step(struct listing_table *table, const uint8_t *data, size_t len)
{
	struct wire_listing msg = { .path_len = len ? data[0] : 0 };
	unsigned int before = table->nr;
	uint8_t *tail;
	int err;

	if (!len)
		return;
	/* Memory of its own, so that what is read behind its end shows */
	tail = malloc(len);
	need(tail != NULL);
	memcpy(tail, data + 1, len - 1);
	err = listing_add(table, &msg, tail, len - 1);
	need(err == 0 || err == -EPROTO);
	need(table->nr <= before + 1);
	if (!err && table->nr > before)
		names_check(table, tail, msg.path_len, len - 1);
	free(tail);
}

static void stale_step(struct listing_table *table, const uint8_t *data, size_t len)
{
	struct wire_stale msg = { .path_len = (uint32_t)len };
	int err = listing_stale(table, &msg, data, len);

	need(err == 0 || err == -EPROTO);
	need(err || len > 1 || table->nr == 0); /* all is below / */
}

static void look_step(const struct listing_table *table, const uint8_t *data, size_t len)
{
	char *path = malloc(len + 1);
	struct path_end end;
	int kind;

	need(path != NULL);
	memcpy(path, data, len);
	path[len] = '\0';
	for (int follow = 0; follow < 2; follow++) {
		kind = listing_look(table, path, follow, &end);
		need(kind == PATH_UNKNOWN ||
		     (table->nr && ((kind > 0 && kind <= PATH_OTHER) || kind == -ENOENT || kind == -ENOTDIR)));
		need(!follow || kind != PATH_LINK);
		need(kind <= PATH_UNKNOWN || strlen(end.at) < sizeof(end.at));
	}
	free(path);
}

static struct listing_table table;

static void step(uint8_t what, const uint8_t *bytes, size_t len)
{
	if (what % 3 == 0)
		listing_step(&table, bytes, len);
	else if (what % 3 == 1)
		stale_step(&table, bytes, len);
	else
		look_step(&table, bytes, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	steps_do(data, size, step);
	listings_clear(&table);
	need(table.nr == 0 && table.ways == 0);
	return 0;
}
