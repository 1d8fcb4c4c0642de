/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sched_*: policies, affinity, yielding; membarrier, getcpu, NUMA calls. */
#include <linux/membarrier.h>
#include <linux/mempolicy.h>
#include <sched.h>

#include "show.h"

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static void policies(void)
{
	struct sched_param p = {0};
	struct timespec ts = {-1, -1};

	TITLE("policies");
	SHOW(SYS(sched_getscheduler, 0));
	SHOW(SYS(sched_getparam, 0, &p));
	SHOW_NUM(p.sched_priority);
	SHOW(SYS(sched_setscheduler, 0, SCHED_BATCH, &p));
	SHOW(SYS(sched_getscheduler, getpid()));
	SHOW(SYS(sched_setscheduler, 0, SCHED_OTHER, &p));
	p.sched_priority = 5;
	SHOW(SYS(sched_setscheduler, 0, SCHED_OTHER, &p));
	SHOW(SYS(sched_setparam, 0, &p));
	SHOW(SYS(sched_setscheduler, 0, 99, &p));
	SHOW(SYS(sched_setscheduler, 0, SCHED_OTHER, BAD));
	SHOW(SYS(sched_getparam, 0, BAD));
	SHOW(SYS(sched_getscheduler, -1));
	SHOW(SYS(sched_getscheduler, 0x7ffffff0));
	SHOW(SYS(sched_getparam, 0x7ffffff0, &p));
	for (int i = 0; i < 8; i++)
		printf("policy %d: %ld to %ld\n", i, SYS(sched_get_priority_min, i), SYS(sched_get_priority_max, i));
	SHOW(SYS(sched_rr_get_interval, 0, &ts));
	SHOW_TRUE(ts.tv_sec == 0);
	SHOW(SYS(sched_rr_get_interval, 0, BAD));
	SHOW(SYS(sched_rr_get_interval, -1, &ts));
	SHOW(SYS(sched_yield));
}

static void attributes(void)
{
	struct attr a = {.size = 48};

	TITLE("attributes");
	SHOW(SYS(sched_getattr, 0, &a, sizeof(a), 0));
	printf("  size %u policy %u flags %llu nice %d priority %u\n", a.size, a.policy, (long long)a.flags, a.nice,
	       a.priority);
	SHOW(SYS(sched_getattr, 0, &a, 48, 0));
	SHOW_NUM(a.size);
	SHOW(SYS(sched_getattr, 0, &a, 10, 0));
	SHOW(SYS(sched_getattr, 0, &a, 5000, 0));
	SHOW(SYS(sched_getattr, 0, BAD, 48, 0));
	SHOW(SYS(sched_getattr, 0, &a, 48, 1));
	a = (struct attr){.size = 48, .policy = SCHED_IDLE};
	SHOW(SYS(sched_setattr, 0, &a, 0));
	SHOW(SYS(sched_getscheduler, 0));
	a = (struct attr){.size = 48, .policy = SCHED_OTHER, .nice = 3};
	SHOW(SYS(sched_setattr, 0, &a, 0));
	SHOW(SYS(sched_setattr, 0, &a, 1));
	SHOW(SYS(sched_setattr, 0, BAD, 0));
	a.policy = 99;
	SHOW(SYS(sched_setattr, 0, &a, 0));
	a.size = 3;
	SHOW(SYS(sched_setattr, 0, &a, 0));
	SHOW_NUM(a.size);
}

static void affinity(void)
{
	unsigned long set[64], own[64], none[64] = {0};
	unsigned int cpu = -1, node = -1;
	long n;

	TITLE("affinity");
	memset(own, 0, sizeof(own));
	n = SYS(sched_getaffinity, 0, sizeof(own), own);
	SHOW_TRUE(n > 0 && n % 8 == 0);
	SHOW(__builtin_popcountl(own[0]) > 0);
	SHOW(SYS(sched_setaffinity, 0, sizeof(own), own));
	SHOW(SYS(sched_setaffinity, 0, sizeof(none), none));
	SHOW(SYS(sched_setaffinity, 0, 8, BAD));
	SHOW(SYS(sched_getaffinity, 0, 8, BAD));
	SHOW(SYS(sched_getaffinity, 0, 3, set));
	SHOW(SYS(sched_getaffinity, 0, 0, set));
	SHOW(SYS(sched_getaffinity, 0x7ffffff0, sizeof(set), set));
	SHOW(SYS(getcpu, &cpu, &node, NULL));
	SHOW_TRUE(cpu < 4096 && node < 1024);
	SHOW(SYS(getcpu, BAD, NULL, NULL));
	SHOW(SYS(getcpu, NULL, NULL, NULL));
	SHOW_TRUE(sched_getcpu() >= 0);
	TITLE("processors chosen");
	for (unsigned int i = 0; i < 64; i++) {
		memset(set, 0, sizeof(set));
		set[0] = 1ul << i;
		if (own[0] & set[0] && !SYS(sched_setaffinity, gettid(), sizeof(set), set))
			SHOW_TRUE(sched_getcpu() == (int)i);
	}
	SHOW(SYS(sched_setaffinity, 0, sizeof(own), own));
}

static void barriers(void)
{
	TITLE("membarrier");
	SHOW_TRUE(SYS(membarrier, MEMBARRIER_CMD_QUERY, 0, 0) > 0);
	SHOW(SYS(membarrier, MEMBARRIER_CMD_QUERY, 99, 0));
	SHOW(SYS(membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	SHOW(SYS(membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
	SHOW(SYS(membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	SHOW(SYS(membarrier, 1 << 30, 0, 0));
}

static void numa(void)
{
	unsigned long mask[16] = {1};
	char *p = pages(4096);
	void *list[1] = {p};
	int mode = -1, status = -5;

	TITLE("memory policies");
	p[0] = 1;
	SHOW(SYS(get_mempolicy, &mode, NULL, 0, NULL, 0));
	SHOW_NUM(mode);
	SHOW(SYS(get_mempolicy, &mode, mask, 1024, p, MPOL_F_ADDR));
	SHOW(SYS(get_mempolicy, &mode, mask, 1024, BAD, MPOL_F_ADDR));
	SHOW(SYS(get_mempolicy, BAD, NULL, 0, NULL, 0));
	SHOW(SYS(get_mempolicy, &mode, mask, 1, NULL, 0));
	mask[0] = 1;
	SHOW(SYS(mbind, p, 4096, MPOL_BIND, mask, 64, 0));
	SHOW(SYS(mbind, p, 4096, 99, mask, 64, 0));
	SHOW(SYS(mbind, p + 1, 4096, MPOL_BIND, mask, 64, 0));
	SHOW(SYS(set_mempolicy, MPOL_DEFAULT, NULL, 0));
	SHOW(SYS(set_mempolicy, MPOL_INTERLEAVE, mask, 64));
	SHOW(SYS(set_mempolicy, 99, mask, 64));
	SHOW(SYS(set_mempolicy, MPOL_DEFAULT, NULL, 0));
	SHOW(SYS(move_pages, 0, 1, list, NULL, &status, 0));
	SHOW_NUM(status);
	SHOW(SYS(move_pages, 0, 1, BAD, NULL, &status, 0));
	SHOW(SYS(migrate_pages, 0x7ffffff0, 64, mask, mask));
}

int main(void)
{
	policies();
	attributes();
	affinity();
	barriers();
	numa();
	return 0;
}
