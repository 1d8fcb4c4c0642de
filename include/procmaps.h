/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Read /proc/PID/maps and /proc/PID/pagemap. */
#ifndef OM_PROCMAPS_H
#define OM_PROCMAPS_H

#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct procmap - One line of /proc/PID/maps
 * @start:	First address
 * @end:	Address after the last
 * @prot:	PROT_* bits
 * @shared:	1 for a shared mapping
 * @offset:	Offset in the file
 * @dev:	Device as the kernel prints it (major << 20 | minor)
 * @inode:	Inode, 0 when there is no file
 * @path:	Path or [name]; empty for anonymous memory
 */
struct procmap {
	uint64_t start, end;
	uint32_t prot;
	uint32_t shared;
	uint64_t offset;
	uint64_t dev;
	uint64_t inode;
	char path[256];
};

/* All mappings of @pid in *@out (malloc'ed, caller frees); returns their number or negative errno */
int procmaps_read(pid_t pid, struct procmap **out);

/* Bits of one pagemap entry (Documentation/admin-guide/mm/pagemap.rst) */
#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_SWAPPED (1ull << 62)
#define PAGEMAP_FILE	(1ull << 61)

/* Open the pagemap of @pid; the descriptor, the caller's to close, or negative errno */
int pagemap_open(pid_t pid);
/* Read the entries of @pages pages from @addr on; 0 or negative errno */
int pagemap_read(int fd, uint64_t addr, size_t pages, uint64_t *out);

#endif
