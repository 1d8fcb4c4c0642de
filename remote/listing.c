/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in directories of home: see remote/listing.h. Which calls ask for that is in lookups.c. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "pathsteps.h"
#include "remote/listing.h"

#define LISTINGS_MAX 1024u
#define WAYS_MAX     4096u

/**
 * struct listing - What is in a directory
 * @next:	Next in the bucket
 * @nr:		Entries
 * @entry:	Where their names are, in alphabetical order; in front of each is its kind, behind a link's its target. NULL:
 *		it is only known to be a directory, on the way to one that was told
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
	const struct listing *l = table->bucket[path_hash(path, len) % LISTING_BUCKETS];

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
	if (l->entry)
		table->nr--;
	else
		table->ways--;
	free(l->entry);
	free(l);
}

/**
 * ways_add() - The directories above @path are known to be that
 */
static void ways_add(struct listing_table *table, const char *path)
{
	for (size_t len = strlen(path); len > 1 && table->ways < WAYS_MAX;) {
		struct listing *way, **bucket;

		while (path[len - 1] != '/')
			len--;
		len -= len > 1;
		if (listing_find(table, path, len))
			continue;
		way = calloc(1, sizeof(*way) + len + 1);
		if (!way)
			return;
		memcpy(way->path, path, len);
		bucket = &table->bucket[path_hash(path, len) % LISTING_BUCKETS];
		way->next = *bucket;
		*bucket = way;
		table->ways++;
	}
}

/**
 * below_drop() - Drop all listings of @path and what is below it, and ways that lead to no other
 */
static void below_drop(struct listing_table *table, const char *path, size_t len)
{
	for (unsigned int i = 0; i < LISTING_BUCKETS; i++) {
		struct listing **at = &table->bucket[i];

		while (*at) {
			if (!(*at)->entry || path_is_below((*at)->path, path, len))
				listing_free(table, at);
			else
				at = &(*at)->next;
		}
	}
	for (unsigned int i = 0; i < LISTING_BUCKETS; i++)
		for (const struct listing *l = table->bucket[i]; l; l = l->next)
			if (l->entry)
				ways_add(table, l->path);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/**
 * entries_index() - Find the entries between @at and @end, each a kind and a name, a link's target behind it; 0 or -EPROTO
 */
static int entries_index(struct listing *l, const char *at, const char *end)
{
	for (l->nr = 0; at < end; l->nr++) {
		const char *name = at + 1, *stop = memchr(name, '\0', (size_t)(end - name));

		if (!stop || stop == name || memchr(name, '/', (size_t)(stop - name)))
			return -EPROTO;
		if (*at == DT_LNK)
			stop = memchr(stop + 1, '\0', (size_t)(end - stop) - 1);
		if (!stop)
			return -EPROTO;
		l->entry[l->nr] = name;
		at = stop + 1;
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
	bucket = &table->bucket[path_hash(path, msg->path_len) % LISTING_BUCKETS];
	for (at = bucket; *at && strcmp((*at)->path, path) != 0; at = &(*at)->next)
		;
	if (*at)
		listing_free(table, at); /* it is told anew, or at last */
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
	ways_add(table, l->path);
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
 * entry_find() - What a listing has of that name, or NULL
 */
static const char *entry_find(const struct listing *l, const char *name)
{
	size_t low = 0, high = l->nr;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(l->entry[middle], name);

		if (!order)
			return l->entry[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/**
 * told() - path_steps()'s question: it knows what is in directories that were told, and what leads to them
 */
static int told(void *ctx, const char *dir, const char *at, char target[static PATHSTEPS_MAX])
{
	const struct listing *l = listing_find(ctx, dir, strlen(dir));
	const char *entry, *to;

	if (!at)
		return l ? PATH_DIR : PATH_UNKNOWN;
	if (!l || !l->entry)
		return listing_find(ctx, at, strlen(at)) ? PATH_DIR : PATH_UNKNOWN;
	entry = entry_find(l, strrchr(at, '/') + 1);
	if (!entry)
		return -ENOENT;
	if (entry[-1] != DT_LNK)
		return entry[-1] == DT_DIR ? PATH_DIR : PATH_OTHER;
	to = entry + strlen(entry) + 1;
	if (strlen(to) < PATHSTEPS_MAX)
		strcpy(target, to);
	return PATH_LINK;
}

int listing_look(const struct listing_table *table, const char *path, bool follow, struct path_end *end)
{
	size_t len = strlen(path);
	int kind = table->nr ? path_steps(path, follow, end, told, (void *)table) : PATH_UNKNOWN;

	/* What it is matters, if a slash or dot is at the end */
	return kind > PATH_UNKNOWN && (path[len - 1] == '/' || path[len - 1] == '.') ? PATH_UNKNOWN : kind;
}
