/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads of a paged file, answers of home in any order, and what becomes stale meanwhile, as the input says. Each read is
 * answered once, with what is at its place in the file or with an error that home has said; nothing is lost.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "remote/pager.h"
#include "test/fuzz/fuzz.h"

#define FILE_SIZE  (6u << 20)
#define ZEROS_FROM (FILE_SIZE - 300000)
#define READ_MAX   (128u << 10)
#define READS_MAX  4096u

static uint8_t content[FILE_SIZE];
static struct pager pager;
static struct pager_file file;
static uint64_t read_offset[READS_MAX];
static uint32_t read_len[READS_MAX];
static bool answered[READS_MAX];
static unsigned int reads, errors;

/* Make what is in the file; at its end there are zeros, which home does not send */
static void content_make(void)
{
	if (content[0])
		return;
	for (size_t at = 0; at < ZEROS_FROM; at++)
		content[at] = (uint8_t)(1 + at % 251 + (at >> 12) % 5);
}

/* In place of pager.c and pager_fuse.c */
bool pager_has_room(const struct pager *p)
{
	return p->fetching_nr + READ_MAX / 4096 <= WIRE_FETCHES_MAX;
}

bool pager_fetch(struct pager *p, struct piece *piece)
{
	need(piece->len && piece->len <= WIRE_FETCH_MAX);
	need(piece->offset + piece->len <= FILE_SIZE);
	if (p->fetching_nr == WIRE_FETCHES_MAX)
		return false;
	piece->fetch = ++p->fetches;
	p->fetching[p->fetching_nr++] = piece;
	return true;
}

void fuse_reply(uint64_t unique, int error, const void *data, size_t len)
{
	need(unique < reads && !answered[unique]);
	answered[unique] = true;
	if (error) {
		need(errors && error == -EIO && !len);
		return;
	}
	need(len == read_len[unique] && !memcmp(data, content + read_offset[unique], len));
}

/* Home answers a fetch that is under way */
static void answer(unsigned int which, bool fails)
{
	struct piece *piece;
	size_t len;

	if (!pager.fetching_nr)
		return;
	which %= pager.fetching_nr;
	piece = pager.fetching[which];
	pager.fetching[which] = pager.fetching[--pager.fetching_nr];
	len = piece->len;
	while (len >= 4096 && piece->offset + len >= ZEROS_FROM + 4096)
		len -= 4096;
	piece->fetch = 0;
	errors += fails;
	pieces_arrived(&pager, piece, fails ? -EIO : 0, content + piece->offset, fails ? 0 : len);
}

static void read_step(uint64_t offset, uint32_t len)
{
	if (reads == READS_MAX || !len || !pager_has_room(&pager))
		return;
	read_offset[reads] = offset;
	read_len[reads] = len;
	answered[reads] = false;
	reads++;
	pieces_read(&pager, &file, reads - 1, offset, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t next;

	content_make();
	memset(&pager, 0, sizeof(pager));
	file = (struct pager_file){ .size = FILE_SIZE };
	pager.file[0] = &file;
	reads = errors = 0;
	next = 0;
	for (; size >= 4; data += 4, size -= 4) {
		uint64_t offset = (uint64_t)(data[1] | data[2] << 8) % (FILE_SIZE / 4096) * 4096;
		uint32_t len = (1 + data[3] % 32u) * 4096;

		if (offset + len > FILE_SIZE)
			len = (uint32_t)(FILE_SIZE - offset);
		switch (data[0] % 6) {
		case 0:
			read_step(offset, len);
			break;
		case 1: /* and on */
			next = next + len <= FILE_SIZE ? next : 0;
			read_step(next, len);
			next += len;
			break;
		case 2:
		case 3:
			answer(data[1], false);
			break;
		case 4:
			answer(data[1], data[2] < 32);
			break;
		case 5:
			pieces_stale(&pager, &file, offset, offset + len);
			break;
		}
	}
	while (pager.fetching_nr)
		answer(0, false);
	for (unsigned int i = 0; i < reads; i++)
		need(answered[i]);
	pieces_stale(&pager, &file, 0, UINT64_MAX);
	need(!file.pieces && !pager.ahead_bytes);
	return 0;
}
