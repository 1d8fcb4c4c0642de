/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are what they were until home says otherwise: see remote/promises.h. Who is answered from that is in reopens.c. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pathsteps.h"
#include "remote/promises.h"

#define PATHS_MAX 1024u
#define BYTES_MAX (16u << 20)

/**
 * struct piece - Some of a file's data
 * @next:	Next piece of the file
 * @base:	Where it is
 * @len:	Bytes of it
 * @last:	The file ends with it
 * @data:	The data
 */
struct piece {
	struct piece *next;
	uint64_t base;
	size_t len;
	bool last;
	uint8_t data[];
};

/**
 * struct promised - A file
 * @pieces:	Its data, as far as they were told
 */
struct promised {
	struct piece *pieces;
};

const struct promised_path *promise_find(const struct promise_table *table, const char *path)
{
	const struct promised_path *p = table->bucket[path_hash(path, strlen(path)) % PROMISE_BUCKETS];

	while (p && strcmp(p->path, path) != 0)
		p = p->next;
	return p;
}

bool promise_holds(const struct promise_table *table, uint64_t promise)
{
	return promise && promise >> 32 == table->era && table->file[(uint32_t)promise % PROMISES_MAX];
}

/**
 * path_add() - That was told of what that path leads to
 */
static void path_add(struct promise_table *table, const struct wire_ahead *told, const char *path)
{
	struct promised_path **at = &table->bucket[path_hash(path, strlen(path)) % PROMISE_BUCKETS], *p;
	bool named = told->traits & WIRE_AHEAD_NAMED;

	while (*at && strcmp((*at)->path, path) != 0)
		at = &(*at)->next;
	p = *at;
	if (!p) {
		p = path[0] && table->paths < PATHS_MAX ? calloc(1, sizeof(*p) + strlen(path) + 1) : NULL;
		if (!p)
			return;
		strcpy(p->path, path);
		*at = p;
		table->paths++;
	}
	if (!p->opened)
		p->told = *told;
	p->opened |= !named;
	p->mode |= named ? told->kind : R_OK;
}

/**
 * piece_find() - The data at @pos, or NULL
 */
static const struct piece *piece_find(const struct promised *file, uint64_t pos)
{
	const struct piece *piece = file->pieces;

	while (piece && (pos < piece->base || pos - piece->base > piece->len ||
			 (pos - piece->base == piece->len && !piece->last)))
		piece = piece->next;
	return piece;
}

/**
 * piece_add() - Keep some of a file's data
 */
static void piece_add(struct promise_table *table, struct promised *file, uint64_t base, const uint8_t *data,
		      size_t len, bool last)
{
	struct piece *piece;

	if (piece_find(file, base) || table->bytes + len > BYTES_MAX)
		return;
	piece = malloc(sizeof(*piece) + len);
	if (!piece)
		return;
	*piece = (struct piece){ .next = file->pieces, .base = base, .len = len, .last = last };
	memcpy(piece->data, data, len);
	file->pieces = piece;
	table->bytes += len;
}

bool promise_take(struct promise_table *table, const struct wire_ahead *told, uint64_t base, const uint8_t *tail,
		  size_t len, size_t *path_len)
{
	const char *path = (const char *)tail;
	uint32_t at = (uint32_t)told->promise;
	struct promised *file;

	*path_len = strnlen(path, len) + 1;
	if (*path_len > len || *path_len > WIRE_LISTING_PATH_MAX + 1 || (path[0] && path[0] != '/') ||
	    at >= PROMISES_MAX)
		return false;
	if (!table->era)
		table->era = (uint32_t)(told->promise >> 32); /* the first one */
	if (told->promise >> 32 != table->era)
		return true;
	if (told->traits & WIRE_AHEAD_NAMED) {
		path_add(table, told, path);
		return true;
	}
	if (!table->file[at])
		table->file[at] = calloc(1, sizeof(*file));
	file = table->file[at];
	if (!file)
		return true;
	path_add(table, told, path);
	if (base != UINT64_MAX)
		piece_add(table, file, base, tail + *path_len, len - *path_len, told->whole);
	return true;
}

ssize_t promised_data(const struct promise_table *table, uint64_t promise, uint64_t pos, uint64_t count,
		      const uint8_t **data)
{
	const struct piece *piece =
		promise_holds(table, promise) ? piece_find(table->file[(uint32_t)promise], pos) : NULL;
	uint64_t rest = piece ? piece->len - (pos - piece->base) : 0;

	if (!piece || (count > rest && !piece->last))
		return -1;
	*data = piece->data + (pos - piece->base);
	return (ssize_t)(count < rest ? count : rest);
}

bool promises_have_room(const struct promise_table *table)
{
	return table->bytes + WIRE_PROMISE_BLOCK <= BYTES_MAX;
}

/**
 * promised_free() - Forget a file
 */
static void promised_free(struct promised *file)
{
	while (file && file->pieces) {
		struct piece *piece = file->pieces;

		file->pieces = piece->next;
		free(piece);
	}
	free(file);
}

void promises_clear(struct promise_table *table, uint32_t era)
{
	for (unsigned int i = 0; i < PROMISE_BUCKETS; i++) {
		while (table->bucket[i]) {
			struct promised_path *p = table->bucket[i];

			table->bucket[i] = p->next;
			free(p);
		}
	}
	for (unsigned int i = 0; i < PROMISES_MAX; i++)
		promised_free(table->file[i]);
	*table = (struct promise_table){ .era = era };
}
