/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * A read of the kernel is made up of pieces. Where a piece that it needs is under way already, or was fetched ahead, that is
 * taken; the rest is fetched. The kernel keeps what it gets, so a piece that has been read is dropped.
 *
 * The kernel itself reads ahead only a little, and asks again when that is used. That is right for a fault that stands
 * alone. But over a network a reader that goes on and on would wait for a round trip each time, so what comes next is
 * fetched before it is asked for: for each sequential reader a window, which begins small and doubles with each read
 * that follows the one before. A read that follows none halves all of the file's. What is fetched ahead is bounded; what
 * nobody has come for in a long time makes room.
 *
 * What is stale is not found any more. A read that waits for such a piece gets it all the same: the kernel has the
 * pages locked that it is for, and forgets them when they are unlocked, before it says that the hole is punched.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "remote/pager.h"

#define WINDOW_MIN (64u << 10)
#define WINDOW_MAX (4u << 20)
/* The least that is fetched ahead at once: a quarter of the window, between these */
#define CRUMB_MIN WINDOW_MIN
#define CRUMB_MAX WIRE_FETCH_MAX
/* Of all files, and the reads after which it was in vain */
#define AHEAD_MAX  (16u << 20)
#define VAIN_READS 1024u

/**
 * piece_new() - A new piece, which is fetched; NULL when it cannot be
 * @at:		Where it goes in the file's list, which is sorted by offset
 */
static struct piece *piece_new(struct pager *pager, struct pager_file *file, struct piece **at, uint64_t offset,
			       uint32_t len, bool ahead)
{
	struct piece *piece = calloc(1, sizeof(*piece));

	if (!piece)
		return NULL;
	*piece = (struct piece){ .file = file, .offset = offset, .len = len, .ahead = ahead, .born = pager->reads };
	if (!pager_fetch(pager, piece)) {
		free(piece);
		return NULL;
	}
	piece->next = *at;
	*at = piece;
	pager->ahead_bytes += ahead ? len : 0;
	return piece;
}

/**
 * piece_free() - Free a piece that is in no list
 */
static void piece_free(struct pager *pager, struct piece *piece)
{
	pager->ahead_bytes -= piece->ahead ? piece->len : 0;
	free(piece->data);
	free(piece);
}

/**
 * piece_unlink() - Take the piece at @at off its file's list; one that is under way lives on for those who wait for it
 */
static void piece_unlink(struct pager *pager, struct piece **at)
{
	struct piece *piece = *at;

	*at = piece->next;
	piece->file = NULL;
	if (!piece->fetch)
		piece_free(pager, piece);
}

/**
 * read_end() - Answer a read that has all it needs
 */
static void read_end(struct pager_read *read)
{
	fuse_reply(read->unique, read->error, read->data, read->error ? 0 : read->len);
	free(read);
}

/**
 * read_fill() - Give a read what it needs of a piece: @len bytes are there, behind them are zeros
 */
static void read_fill(struct pager_read *read, struct piece *piece, int error, const uint8_t *data, size_t len)
{
	uint64_t from = read->offset > piece->offset ? read->offset : piece->offset;
	uint64_t read_end_at = read->offset + read->len, piece_end = piece->offset + piece->len;
	uint64_t to = read_end_at < piece_end ? read_end_at : piece_end;
	uint64_t there = piece->offset + len;

	if (error)
		read->error = error;
	else if (there > from)
		memcpy(read->data + (from - read->offset), data + (from - piece->offset),
		       (there < to ? there : to) - from);
	read->missing -= (uint32_t)(to - from);
	piece->used += (uint32_t)(to - from);
}

/**
 * part_add() - Let a read wait for a piece
 */
static int part_add(struct pager_read *read, struct piece *piece)
{
	struct part *part = malloc(sizeof(*part));

	if (!part)
		return -ENOMEM;
	*part = (struct part){ piece->parts, read };
	piece->parts = part;
	return 0;
}

/**
 * read_from() - Take a part of a read from where it can be had
 * @offset:	Where the part begins
 *
 * Return: where the next part begins, or negative errno.
 */
static int64_t read_from(struct pager *pager, struct pager_file *file, struct pager_read *read, uint64_t offset)
{
	uint64_t end = read->offset + read->len, next;
	struct piece **at = &file->pieces, *piece;
	int err = 0;

	while (*at && (*at)->offset + (*at)->len <= offset)
		at = &(*at)->next;
	piece = *at;
	if (!piece || piece->offset > offset) {
		next = piece && piece->offset < end ? piece->offset : end;
		if (next - offset > WIRE_FETCH_MAX)
			next = offset + WIRE_FETCH_MAX;
		piece = piece_new(pager, file, at, offset, (uint32_t)(next - offset), false);
		if (!piece)
			return -EIO;
	}
	next = piece->offset + piece->len;
	if (piece->fetch) {
		err = part_add(read, piece);
	} else {
		read_fill(read, piece, 0, piece->data, piece->len);
		if (piece->used >= piece->len)
			piece_unlink(pager, at);
	}
	return err ? err : (int64_t)next;
}

/**
 * stream_of() - The reader who reads at @offset: one who goes on there, else the one that has not read for the longest
 */
static struct stream *stream_of(struct pager_file *file, uint64_t offset)
{
	struct stream *oldest = file->stream;

	for (int i = 0; i < PAGER_STREAMS; i++) {
		struct stream *stream = &file->stream[i];

		if (stream->next == offset) {
			stream->window = stream->window ? 2 * stream->window : WINDOW_MIN;
			if (stream->window > WINDOW_MAX)
				stream->window = WINDOW_MAX;
			return stream;
		}
		if (stream->used < oldest->used)
			oldest = stream;
	}
	for (int i = 0; i < PAGER_STREAMS; i++)
		file->stream[i].window /= 2;
	*oldest = (struct stream){ 0 };
	return oldest;
}

/**
 * ahead_trim() - Much was fetched ahead: drop what was in vain
 */
static void ahead_trim(struct pager *pager)
{
	for (unsigned int i = 0; i < PAGER_BUCKETS; i++) {
		for (struct pager_file *file = pager->file[i]; file; file = file->next) {
			struct piece **at = &file->pieces;

			while (*at) {
				if ((*at)->ahead && !(*at)->fetch && (*at)->born + VAIN_READS < pager->reads)
					piece_unlink(pager, at);
				else
					at = &(*at)->next;
			}
		}
	}
}

/**
 * ahead_fetch() - Fetch what a sequential reader will read next
 */
static void ahead_fetch(struct pager *pager, struct pager_file *file, struct stream *stream)
{
	uint64_t target = stream->next + stream->window;
	uint32_t crumb = stream->window / 4;

	if (crumb < CRUMB_MIN || crumb > CRUMB_MAX)
		crumb = crumb < CRUMB_MIN ? CRUMB_MIN : CRUMB_MAX;
	if (target > file->size)
		target = file->size;
	if (stream->ahead < stream->next)
		stream->ahead = stream->next;
	if (pager->ahead_bytes + WINDOW_MAX > AHEAD_MAX)
		ahead_trim(pager);
	while (stream->ahead < target && pager_has_room(pager)) {
		struct piece **at = &file->pieces;
		uint64_t end = target;

		if (end - stream->ahead > WIRE_FETCH_MAX)
			end = stream->ahead + WIRE_FETCH_MAX;
		if (end < file->size && end - stream->ahead < crumb)
			break;
		while (*at && (*at)->offset + (*at)->len <= stream->ahead)
			at = &(*at)->next;
		if (*at && (*at)->offset <= stream->ahead) {
			stream->ahead = (*at)->offset + (*at)->len;
			continue;
		}
		if (*at && (*at)->offset < end)
			end = (*at)->offset;
		if (pager->ahead_bytes + (end - stream->ahead) > AHEAD_MAX ||
		    !piece_new(pager, file, at, stream->ahead, (uint32_t)(end - stream->ahead), true))
			break;
		stream->ahead = end;
	}
}

void pieces_read(struct pager *pager, struct pager_file *file, uint64_t unique, uint64_t offset, uint32_t len)
{
	struct pager_read *read = calloc(1, sizeof(*read) + len);
	struct stream *stream;
	uint64_t at = offset, end = offset + len;

	pager->reads++;
	if (!read) {
		fuse_reply(unique, -ENOMEM, NULL, 0);
		return;
	}
	*read = (struct pager_read){ .unique = unique, .offset = offset, .len = len, .missing = len };
	while (at < end) {
		int64_t next = read_from(pager, file, read, at);

		if (next < 0) {
			read->error = (int)next;
			read->missing -= (uint32_t)(end - at);
			break;
		}
		at = (uint64_t)next;
	}
	stream = stream_of(file, offset);
	stream->next = end;
	stream->used = pager->reads;
	ahead_fetch(pager, file, stream);
	if (!read->missing)
		read_end(read);
} /* NOLINT(clang-analyzer-unix.Malloc): what is missing are parts of pieces, and those refer to it */

void pieces_arrived(struct pager *pager, struct piece *piece, int error, const uint8_t *data, size_t len)
{
	struct piece **at;

	while (piece->parts) {
		struct part *part = piece->parts;

		piece->parts = part->next;
		read_fill(part->read, piece, error, data, len);
		if (!part->read->missing)
			read_end(part->read);
		free(part);
	}
	if (!piece->file) {
		piece_free(pager, piece);
		return;
	}
	if (!error && piece->used < piece->len)
		piece->data = calloc(1, piece->len);
	if (piece->data) {
		memcpy(piece->data, data, len);
		return;
	}
	at = &piece->file->pieces;
	while (*at != piece)
		at = &(*at)->next;
	piece_unlink(pager, at);
}

void pieces_stale(struct pager *pager, struct pager_file *file, uint64_t from, uint64_t to)
{
	struct piece **at = &file->pieces;

	while (*at) {
		if ((*at)->offset < to && (*at)->offset + (*at)->len > from)
			piece_unlink(pager, at);
		else
			at = &(*at)->next;
	}
	for (int i = 0; i < PAGER_STREAMS; i++)
		if (file->stream[i].ahead > from)
			file->stream[i].ahead = from;
}
