/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * mremap(2) with MREMAP_FIXED moves one area at a time and unmaps what is at its destination. So when source and
 * destination do not overlap, the areas can go in any order. When they do, an area could overwrite one that has not
 * moved yet, and mremap refuses to move an area onto itself; then everything goes to a free place first and from there
 * to where it belongs. Such a place is easily found: only the arena and the vDSO are mapped.
 *
 * In a time namespace [vvar] decides by the process that takes the page fault, not by its address: it behaves the same
 * anywhere. The kernel follows [vdso] (its .mremap callback), so signal return and vsyscall keep working.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "procmaps.h"
#include "remote/vdso.h"
#include "usermem.h"

/* Candidates for the intermediate place, far apart: source, destination and arena each take at most one of the four */
#define SCRATCH_FIRST 0x10000000ull
#define SCRATCH_STEP  0x100000000000ull
#define SCRATCH_NR    4u

int vdso_find(pid_t pid, struct vdso_map *out)
{
	struct procmap *maps = NULL;
	int nr = procmaps_read(pid, &maps), err = 0;

	if (nr < 0)
		return nr;
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < nr && !err; i++) {
		bool is_code = !strcmp(maps[i].path, "[vdso]");

		if (!is_code && strncmp(maps[i].path, "[vvar", 5) != 0)
			continue;
		if (out->nr == VDSO_RANGES_MAX) {
			err = -EOVERFLOW;
			break;
		}
		if (is_code)
			out->ehdr = out->nr;
		out->range[out->nr++] = (struct vdso_range){ maps[i].start, maps[i].end };
	}
	free(maps);
	return err;
}

uint64_t vdso_start(const struct vdso_map *map)
{
	return map->nr ? map->range[0].start : 0;
}

uint64_t vdso_end(const struct vdso_map *map)
{
	return map->nr ? map->range[map->nr - 1].end : 0;
}

uint64_t vdso_size(const struct vdso_map *map)
{
	return vdso_end(map) - vdso_start(map);
}

uint64_t vdso_ehdr(const struct vdso_map *map)
{
	return map->nr ? map->range[map->ehdr].start : 0;
}

/**
 * overlaps() - Whether [@a, @a + @a_len) and [@b, @b + @b_len) share an address
 */
static bool overlaps(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a < b + b_len && b < a + a_len;
}

/**
 * scratch_find() - A place for the ranges that touches neither where they are, nor where they go, nor the arena
 */
static uint64_t scratch_find(const struct arena *arena, const struct vdso_map *map, uint64_t target)
{
	uint64_t size = vdso_size(map), at = SCRATCH_FIRST;

	for (unsigned int i = 0; i < SCRATCH_NR; i++, at += SCRATCH_STEP) {
		if (!overlaps(at, size, vdso_start(map), size) && !overlaps(at, size, target, size) &&
		    !overlaps(at, size, arena->addr, arena_size(arena->slots)))
			break;
	}
	return at;
}

/**
 * hop_add() - Add the calls that move all ranges so that they start at @target; number of calls or negative errno
 */
static int hop_add(const struct arena *arena, unsigned int slot, struct vdso_map *map, uint64_t target)
{
	uint64_t delta = target - vdso_start(map);

	for (unsigned int i = 0; i < map->nr; i++) {
		struct vdso_range *range = &map->range[i];
		uint64_t size = range->end - range->start;
		int added = executor_add(arena, slot, SYS_mremap, range->start, size, size,
					 MREMAP_MAYMOVE | MREMAP_FIXED, range->start + delta, 0);

		if (added < 0)
			return added;
		range->start += delta;
		range->end += delta;
	}
	return (int)map->nr;
}

int vdso_move_calls(const struct arena *arena, unsigned int slot, struct vdso_map *map, uint64_t ehdr)
{
	uint64_t size = vdso_size(map), lead = vdso_ehdr(map) - vdso_start(map), target = ehdr - lead;
	struct vdso_map moved = *map;
	int first = 0, second;

	if (!map->nr || vdso_ehdr(map) == ehdr)
		return 0;
	if (ehdr % PAGE_BYTES || ehdr < lead + PAGE_BYTES || target > USER_END - size)
		return -EINVAL;
	if (overlaps(target, size, arena->addr, arena_size(arena->slots)))
		return -EEXIST;
	if (overlaps(target, size, vdso_start(map), size))
		first = hop_add(arena, slot, &moved, scratch_find(arena, map, target));
	if (first < 0)
		return first;
	second = hop_add(arena, slot, &moved, target);
	if (second < 0)
		return second;
	*map = moved;
	return first + second;
}
