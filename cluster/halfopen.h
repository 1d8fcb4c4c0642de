/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Connections that have not yet said what they want, and which of them must go. No sockets and no clock in here: the
 * caller says what time it is.
 *
 *   accept ──► STRANGER ── proved the key ──► TRUSTED ── said HELLO ──► leaves the table
 *                 │                              │
 *                 └── time is up, or pushed out ─┴── time is up, or pushed out when there is no stranger
 *
 * Each state has a list in the order of entry. All entries of a state have the same time, so the first of a list is the
 * first to expire and the oldest: one timer does for all, and every operation is O(1) with ten connections and with ten
 * thousand.
 *
 * The table has a maximum. A newcomer beyond it pushes out the oldest stranger: who has waited longest without proving
 * that he knows the key is least likely to be honest, for the proof is in the first message that an honest peer sends.
 * So a flood of idle connections takes places from itself, and an honest peer is served as long as fewer than the
 * maximum arrive within his round trip. Who has proved the key is never pushed out by strangers, unless all
 * others have proved it too.
 */
#ifndef OM_HALFOPEN_H
#define OM_HALFOPEN_H

#include <stdint.h>

enum halfopen_state { HALFOPEN_STRANGER, HALFOPEN_TRUSTED, HALFOPEN_STATES };

/**
 * struct halfopen - One connection; a member of the caller's own struct
 * @prev:	Neighbour that entered the state before
 * @next:	Neighbour that entered the state after
 * @since_ms:	When it entered the state
 * @state:	Which list it is in
 */
struct halfopen {
	struct halfopen *prev, *next;
	uint64_t since_ms;
	enum halfopen_state state;
};

/**
 * struct halfopen_table - All of them
 * @first:	Oldest of each state
 * @last:	Newest of each state
 * @count:	Number in both states
 * @count_max:	Its maximum, at least 1
 * @timeout_ms:	Time that an entry has in each state
 */
struct halfopen_table {
	struct halfopen *first[HALFOPEN_STATES];
	struct halfopen *last[HALFOPEN_STATES];
	unsigned int count;
	unsigned int count_max;
	uint64_t timeout_ms;
};

void halfopen_init(struct halfopen_table *table, unsigned int count_max, uint64_t timeout_ms);

/*
 * Enter a stranger. The table may then be one above its maximum: the entry that has to go is returned (the caller ends
 * it and removes it), or NULL.
 */
struct halfopen *halfopen_add(struct halfopen_table *table, struct halfopen *entry, uint64_t now_ms);
void halfopen_remove(struct halfopen_table *table, struct halfopen *entry);

/* The peer has proved that it knows the key */
void halfopen_trust(struct halfopen_table *table, struct halfopen *entry, uint64_t now_ms);

/* The entry to give up first: the oldest stranger, else the oldest of the others, else NULL */
struct halfopen *halfopen_victim(const struct halfopen_table *table);

/* An entry whose time is up, or NULL */
struct halfopen *halfopen_expired(const struct halfopen_table *table, uint64_t now_ms);

/* Milliseconds until the next entry's time is up (0: already), or -1 when the table is empty */
int64_t halfopen_wait_ms(const struct halfopen_table *table, uint64_t now_ms);

#endif
