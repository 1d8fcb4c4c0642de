/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The node's own vvar and vdso in a guest's body, and how to move them to where the image expects a vDSO.
 *
 * The kernel maps one to three [vvar*] areas and the [vdso] behind each other. Code in [vdso] addresses the data by its
 * distance, so all of them move together. AT_SYSINFO_EHDR of the body is vdso_ehdr().
 */
#ifndef OM_VDSO_H
#define OM_VDSO_H

#include <stdint.h>
#include <sys/types.h>

#include "executor.h"

#define VDSO_RANGES_MAX 4

/**
 * struct vdso_range - One of the kernel's special mappings
 * @start:	First address
 * @end:	Address after the last
 */
struct vdso_range {
	uint64_t start, end;
};

/**
 * struct vdso_map - The special mappings of a process, in the order of their addresses
 * @nr:		Number of ranges; 0: the process has no vDSO
 * @ehdr:	Index of [vdso], the one that begins with the ELF header
 * @range:	The ranges
 */
struct vdso_map {
	unsigned int nr;
	unsigned int ehdr;
	struct vdso_range range[VDSO_RANGES_MAX];
};

/* Look the ranges up in /proc/@pid/maps. 0 or negative errno; a process without vDSO is no error. */
int vdso_find(pid_t pid, struct vdso_map *out);

/* First address, address after the last, and the bytes between (all ranges and what lies between them) */
uint64_t vdso_start(const struct vdso_map *map);
uint64_t vdso_end(const struct vdso_map *map);
uint64_t vdso_size(const struct vdso_map *map);

/* Address of the ELF header: what AT_SYSINFO_EHDR says. 0 without vDSO. */
uint64_t vdso_ehdr(const struct vdso_map *map);

/*
 * Add to the batch begun on @slot of @arena the calls that move all ranges so that the ELF header comes to @ehdr, and
 * update @map to the new addresses. Whatever else the body has mapped there is unmapped by the move, so call it before
 * the image is mapped; only the arena is spared. The areas behind each other take vdso_size() bytes from @ehdr -
 * (vdso_ehdr() - vdso_start()) on. Returns the number of calls added (0: it is there already), -EEXIST when the arena
 * is in the way, -EINVAL for an address that is not in user space or not on a page, -ENOSPC when the batch is full.
 */
int vdso_move_calls(const struct arena *arena, unsigned int slot, struct vdso_map *map, uint64_t ehdr);

#endif
