/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in directories of home: see remote/listing.h. Which calls ask for that is in lookups.c. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "plainpath.h"
#include "remote/listing.h"

#define LISTINGS_MAX 1024u

/**
 * struct listing - What is in a directory
 * @next:	Next in the bucket
 * @nr:		Entries
 * @entry:	Where their names are, in alphabetical order; in front of each is its kind
 * @path:	The directory, and behind its end the entries
 */
struct listing {
	struct listing *next;
	size_t nr;
	const char **entry;
	char path[];
};

/**
 * listing_find() - The listing of the directory whose path is the first @len bytes of @path, or NULL
 */
static const struct listing *listing_find(const struct listing_table *table, const char *path, size_t len)
{
	const struct listing *l = table->bucket[plainpath_hash(path, len) % LISTING_BUCKETS];

	while (l && (strncmp(l->path, path, len) != 0 || l->path[len]))
		l = l->next;
	return l;
}

/**
 * listing_free() - Take one out of its bucket
 */
static void listing_free(struct listing_table *table, struct listing **at)
{
	struct listing *l = *at;

	*at = l->next;
	free(l->entry);
	free(l);
	table->nr--;
}

/**
 * below_drop() - Drop all listings of @path and what is below it
 */
static void below_drop(struct listing_table *table, const char *path, size_t len)
{
	for (unsigned int i = 0; i < LISTING_BUCKETS; i++) {
		struct listing **at = &table->bucket[i];

		while (*at) {
			const char *own = (*at)->path;

			if (len == 1 || (!strncmp(own, path, len) && (!own[len] || own[len] == '/')))
				listing_free(table, at);
			else
				at = &(*at)->next;
		}
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/**
 * entries_index() - Find the entries between @at and @end, each a kind and a name that ends there; 0 or -EPROTO
 */
static int entries_index(struct listing *l, const char *at, const char *end)
{
	for (l->nr = 0; at < end; l->nr++) {
		size_t left = (size_t)(end - at), len = strnlen(at + 1, left - 1);

		if (!len || len + 1 >= left || memchr(at + 1, '/', len))
			return -EPROTO;
		l->entry[l->nr] = at + 1;
		at += len + 2;
	}
	qsort(l->entry, l->nr, sizeof(*l->entry), by_name);
	return 0;
}

int listing_add(struct listing_table *table, const struct wire_listing *msg, const uint8_t *tail, size_t len)
{
	const char *path = (const char *)tail;
	struct listing *l, **bucket, **at;
	int err;

	if (!msg->path_len || msg->path_len > WIRE_LISTING_PATH_MAX || msg->path_len >= len || path[0] != '/' ||
	    strnlen(path, len) != msg->path_len)
		return -EPROTO;
	bucket = &table->bucket[plainpath_hash(path, msg->path_len) % LISTING_BUCKETS];
	for (at = bucket; *at && strcmp((*at)->path, path) != 0; at = &(*at)->next)
		;
	if (*at)
		listing_free(table, at); /* it is told anew */
	if (table->nr == LISTINGS_MAX)
		return 0;
	l = malloc(sizeof(*l) + len);
	if (!l)
		return 0;
	memcpy(l->path, tail, len);
	l->entry = calloc(len / 3 + 1, sizeof(*l->entry)); /* an entry has three bytes or more */
	err = l->entry ? entries_index(l, l->path + msg->path_len + 1, l->path + len) : 0;
	if (err || !l->entry) {
		free(l->entry);
		free(l);
		return err;
	}
	l->next = *bucket;
	*bucket = l;
	table->nr++;
	return 0;
}

int listing_stale(struct listing_table *table, const struct wire_stale *msg, const uint8_t *tail, size_t len)
{
	if (!len || msg->path_len != len || len > WIRE_LISTING_PATH_MAX + NAME_MAX + 1 || tail[0] != '/' ||
	    memchr(tail, '\0', len))
		return -EPROTO;
	below_drop(table, (const char *)tail, len);
	return 0;
}

void listings_clear(struct listing_table *table)
{
	below_drop(table, "/", 1);
}

/**
 * entry_look() - What a listing says of a name that begins at @name and is @len bytes long; @last: nothing comes
 * behind it
 */
static int entry_look(const struct listing *l, const char *name, size_t len, bool last)
{
	size_t low = 0, high = l->nr;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const char *entry = l->entry[middle];
		int order = strncmp(entry, name, len);

		if (!order && !entry[len]) {
			unsigned char kind = (unsigned char)entry[-1];

			if (kind == DT_LNK || (!last && kind == DT_DIR))
				return 1;
			return last ? 0 : -ENOTDIR;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -ENOENT;
}

/**
 * path_look() - What looking for a plain path would give, see listing_look()
 */
static int path_look(const struct listing_table *table, const char *path)
{
	size_t len = strlen(path), end = len;

	while (end) {
		const struct listing *l;
		size_t slash = end;

		while (path[slash - 1] != '/')
			slash--;
		l = listing_find(table, path, slash > 1 ? slash - 1 : 1);
		if (l)
			return entry_look(l, path + slash, end - slash, end == len);
		end = slash - 1;
	}
	return 1;
}

/**
 * on_the_way() - plainpath_make()'s question
 */
static int on_the_way(void *ctx, const char *dir)
{
	const struct listing_table *table = ctx;
	int err;

	if (listing_find(table, dir, strlen(dir)))
		return 0;
	err = path_look(table, dir);
	return err ? err : 1;
}

int listing_look(const struct listing_table *table, const char *path)
{
	char plain[WIRE_LISTING_PATH_MAX + 1];
	size_t len = strlen(path);
	int err = table->nr ? plainpath_make(path, plain, on_the_way, (void *)table) : 1;

	if (err)
		return err;
	err = path_look(table, plain);
	/* What it is matters, if a slash or dot is at the end */
	return err || (path[len - 1] != '/' && path[len - 1] != '.') ? err : 1;
}
