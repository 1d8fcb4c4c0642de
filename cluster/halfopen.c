// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections that have not yet said what they want; see cluster/halfopen.h for the theory of operation. */
#include <assert.h>
#include <stddef.h>

#include "cluster/halfopen.h"

void halfopen_init(struct halfopen_table *table, unsigned int count_max, uint64_t timeout_ms)
{
	assert(count_max > 0);
	*table = (struct halfopen_table){ .count_max = count_max, .timeout_ms = timeout_ms };
}

/**
 * list_append() - Put an entry at the end of a state's list
 * @table:	The table
 * @entry:	The entry, in no list
 * @state:	The state it enters
 * @now_ms:	The time
 */
static void list_append(struct halfopen_table *table, struct halfopen *entry, enum halfopen_state state,
			uint64_t now_ms)
{
	struct halfopen *last = table->last[state];

	*entry = (struct halfopen){ .prev = last, .since_ms = now_ms, .state = state };
	*(last ? &last->next : &table->first[state]) = entry;
	table->last[state] = entry;
}

/**
 * list_unlink() - Take an entry out of its list
 * @table:	The table
 * @entry:	The entry
 */
static void list_unlink(struct halfopen_table *table, struct halfopen *entry)
{
	*(entry->prev ? &entry->prev->next : &table->first[entry->state]) = entry->next;
	*(entry->next ? &entry->next->prev : &table->last[entry->state]) = entry->prev;
	entry->prev = entry->next = NULL;
}

struct halfopen *halfopen_add(struct halfopen_table *table, struct halfopen *entry, uint64_t now_ms)
{
	struct halfopen *victim = table->count >= table->count_max ? halfopen_victim(table) : NULL;

	list_append(table, entry, HALFOPEN_STRANGER, now_ms);
	table->count++;
	return victim;
}

void halfopen_remove(struct halfopen_table *table, struct halfopen *entry)
{
	assert(table->count > 0);
	list_unlink(table, entry);
	table->count--;
}

void halfopen_trust(struct halfopen_table *table, struct halfopen *entry, uint64_t now_ms)
{
	assert(entry->state == HALFOPEN_STRANGER);
	list_unlink(table, entry);
	list_append(table, entry, HALFOPEN_TRUSTED, now_ms);
}

struct halfopen *halfopen_victim(const struct halfopen_table *table)
{
	for (int state = 0; state < HALFOPEN_STATES; state++)
		if (table->first[state])
			return table->first[state];
	return NULL;
}

struct halfopen *halfopen_expired(const struct halfopen_table *table, uint64_t now_ms)
{
	for (int state = 0; state < HALFOPEN_STATES; state++) {
		struct halfopen *first = table->first[state];

		if (first && now_ms - first->since_ms >= table->timeout_ms)
			return first;
	}
	return NULL;
}

int64_t halfopen_wait_ms(const struct halfopen_table *table, uint64_t now_ms)
{
	int64_t wait_ms = -1;

	for (int state = 0; state < HALFOPEN_STATES; state++) {
		const struct halfopen *first = table->first[state];
		int64_t left_ms;

		if (!first)
			continue;
		left_ms = (int64_t)(first->since_ms + table->timeout_ms - now_ms);
		if (left_ms < 0)
			left_ms = 0;
		if (wait_ms < 0 || left_ms < wait_ms)
			wait_ms = left_ms;
	}
	return wait_ms;
}
