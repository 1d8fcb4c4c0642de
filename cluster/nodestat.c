// SPDX-License-Identifier: GPL-2.0-or-later
/* What a node tells who asks for its status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "cluster/nodestat.h"

/* The kernel's unit of load averages in struct sysinfo */
#define LOAD_UNIT (1ull << SI_LOAD_SHIFT)

/**
 * load_milli() - A load average in thousandths
 * @load:	As in struct sysinfo
 */
static uint32_t load_milli(unsigned long load)
{
	return (uint32_t)((load * 1000ull + LOAD_UNIT / 2) / LOAD_UNIT);
}

/**
 * memory_available() - Memory that a new program can have without swapping
 *
 * struct sysinfo knows free memory only, and the page cache fills that on any machine that has run for a while.
 *
 * Return: bytes, 0 when it is not known.
 */
static uint64_t memory_available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[128];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	fclose(file);
	return kib << 10;
}

void nodestat_memory(uint64_t *total, uint64_t *available)
{
	struct sysinfo info;

	*total = sysinfo(&info) < 0 ? 0 : (uint64_t)info.totalram * info.mem_unit;
	*available = memory_available();
}

void nodestat_read(const char *name, unsigned int guests, unsigned int guests_max, struct wire_status *out)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct sysinfo info;

	*out = (struct wire_status){ .guests = guests, .guests_max = guests_max };
	snprintf((char *)out->node, sizeof(out->node), "%s", name);
	snprintf((char *)out->version, sizeof(out->version), "%s", OM_VERSION);
	out->cpus = cpus > 0 ? (uint32_t)cpus : 0;
	nodestat_memory(&out->memory_total_bytes, &out->memory_available_bytes);
	if (sysinfo(&info) < 0)
		return;
	out->load_1_milli = load_milli(info.loads[0]);
	out->load_5_milli = load_milli(info.loads[1]);
	out->load_15_milli = load_milli(info.loads[2]);
	out->uptime_s = (uint64_t)info.uptime;
}
