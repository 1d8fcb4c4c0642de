/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what home tells of promised files, and RETRACT, and reads of them. The input is a series of steps: what to do, a length
 * of two bytes, so many bytes. What a read gets is inside of what was told; after RETRACT there is nothing.
 */
#include <string.h>

#include "remote/promises.h"
#include "test/fuzz/fuzz.h"

/* A promise: its file, era, kind, whether all is told, and the block of its data, a byte each; then path and data */
static void take_step(struct promise_table *table, const uint8_t *data, size_t len)
{
	struct wire_ahead told = { 0 };
	size_t path_len = 0;
	uint64_t base;
	uint8_t *tail;

	if (len < 5)
		return;
	told.promise = (uint64_t)(data[1] % 4) << 32 | (data[0] & 1 ? data[0] * 3u : data[0]);
	told.traits = data[2] % 8;
	told.kind = data[2] / 8;
	told.whole = data[3] & 1;
	base = data[4] == UINT8_MAX ? UINT64_MAX : (uint64_t)data[4] * WIRE_PROMISE_BLOCK;
	/* Memory of its own, so that what is read behind its end shows */
	tail = malloc(len - 5 + !(len - 5));
	need(tail != NULL);
	memcpy(tail, data + 5, len - 5);
	if (promise_take(table, &told, base, tail, len - 5, &path_len))
		need(path_len <= len - 5 && path_len > 0 && tail[path_len - 1] == '\0');
	free(tail);
}

static void read_step(const struct promise_table *table, const uint8_t *data, size_t len)
{
	const uint8_t *found = NULL;
	uint64_t promise, pos, count;
	uint8_t *copy;
	ssize_t n;

	if (len < 5)
		return;
	promise = (uint64_t)(data[1] % 4) << 32 | data[0];
	pos = (uint64_t)data[2] * WIRE_PROMISE_BLOCK + data[3];
	count = data[4] == UINT8_MAX ? UINT64_MAX : data[4];
	n = promised_data(table, promise, pos, count, &found);
	need(n < 0 || promise_holds(table, promise));
	need(n <= 0 || (uint64_t)n <= count);
	copy = malloc(n > 0 ? (size_t)n : 1); /* all of it is read */
	need(copy != NULL);
	if (n > 0)
		memcpy(copy, found, (size_t)n);
	free(copy);
}

static void find_step(const struct promise_table *table, const uint8_t *data, size_t len)
{
	char *path = malloc(len + 1);

	need(path != NULL);
	memcpy(path, data, len);
	path[len] = '\0';
	if (promise_find(table, path))
		need(path[0] == '/');
	free(path);
}

static struct promise_table table;

static void step(uint8_t what, const uint8_t *bytes, size_t len)
{
	if (what % 8 == 0)
		promises_clear(&table, what / 8 % 4);
	else if (what % 8 < 4)
		take_step(&table, bytes, len);
	else if (what % 8 < 6)
		read_step(&table, bytes, len);
	else
		find_step(&table, bytes, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	steps_do(data, size, step);
	promises_clear(&table, 0);
	need(table.paths == 0 && table.bytes == 0);
	return 0;
}
