/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resource limits of a sandbox: see remote/limits.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"
#include "remote/guest.h"
#include "remote/limits.h"

/* A body's score for the out-of-memory killer: 1000 would be "always, whatever its size" */
#define OOM_SCORE_ADJ "800"
/* Default of fs.nr_open, for where it cannot be read */
#define NR_OPEN_DEFAULT 1048576

#define AS_ALLOWED RLIM_INFINITY
/* What the administrator wants the threads of a session to be at most */
#define THREADS_ENV "OPENMOSIX_THREADS_MAX"

/**
 * struct limit_rule - What a guest's limit becomes: both values are the lesser of the old hard limit and @max
 * @resource:	RLIMIT_*
 * @max:	Upper bound, AS_ALLOWED for none
 */
struct limit_rule {
	int resource;
	rlim_t max;
};

static const struct limit_rule rules[] = {
	/* 1 and not 0: a core_pattern that is a pipe obeys only 1. A guest's memory is not the node's to keep. */
	{ RLIMIT_CORE, 1 },
	/* Home and the remote decide about forks (limits_threads()); this is for who gets past them */
	{ RLIMIT_NPROC, THREADS_MAX },
	/* A file mapping is made under the descriptor number that the guest names, which home's limit allowed */
	{ RLIMIT_NOFILE, AS_ALLOWED },
	/* Nothing of these is local, or to be had without privileges */
	{ RLIMIT_MSGQUEUE, 0 },
	{ RLIMIT_NICE, 0 },
	{ RLIMIT_RTPRIO, 0 },
	/* The task's own follow from home */
	{ RLIMIT_AS, AS_ALLOWED },
	{ RLIMIT_CPU, AS_ALLOWED },
	{ RLIMIT_DATA, AS_ALLOWED },
	{ RLIMIT_FSIZE, AS_ALLOWED },
	{ RLIMIT_SIGPENDING, AS_ALLOWED },
	{ RLIMIT_STACK, AS_ALLOWED },
};

/**
 * number_read() - Content of a small file in /proc as a number, or @otherwise
 */
static long number_read(const char *path, long otherwise)
{
	char text[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return otherwise;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return otherwise;
	text[n] = '\0';
	return strtol(text, NULL, 10);
}

/**
 * oom_prefer() - Make @init, and what it bears, the out-of-memory killer's first choice
 *
 * Needs no privilege, and the sandbox works without.
 */
static void oom_prefer(pid_t init)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)init);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, OOM_SCORE_ADJ, strlen(OOM_SCORE_ADJ)) < 0)
		log_debug("%s: %s", path, strerror(errno));
	close(fd);
}

/**
 * limit_raise() - Raise a limit of @init, as far as allowed: CAP_SYS_RESOURCE it takes
 */
static void limit_raise(pid_t init, __rlimit_resource_t resource, rlim_t to)
{
	struct rlimit now, want = { to, to };

	if (prlimit(init, resource, NULL, &now) < 0 || now.rlim_max >= to)
		return;
	if (prlimit(init, resource, &want, NULL) < 0)
		log_debug("limit %d stays at %ju: %s", (int)resource, (uintmax_t)now.rlim_max, strerror(errno));
}

void limits_own(void)
{
	struct rlimit nofile;

	if (getrlimit(RLIMIT_NOFILE, &nofile) < 0)
		return;
	nofile.rlim_cur = nofile.rlim_max;
	setrlimit(RLIMIT_NOFILE, &nofile);
}

void limits_prepare(pid_t init)
{
	oom_prefer(init);
	limit_raise(init, RLIMIT_NOFILE, (rlim_t)number_read("/proc/sys/fs/nr_open", NR_OPEN_DEFAULT));
	/* Memory that is locked is taken as any other; how much may be is home's to say */
	limit_raise(init, RLIMIT_MEMLOCK, RLIM_INFINITY);
}

unsigned int limits_threads(void)
{
	long most = 2 * THREADS_MAX, pids = number_read("/proc/sys/kernel/pid_max", most),
	     threads = number_read("/proc/sys/kernel/threads-max", most);

	const char *text = getenv(THREADS_ENV);
	char *end = NULL;
	long wanted = text ? strtol(text, &end, 10) : LONG_MAX;

	most = pids < most ? pids : most;
	most = (threads < most ? threads : most) / 2;
	if (text && (end == text || *end || wanted < 1))
		log_warn("%s=%s is no number of threads", THREADS_ENV, text);
	else if (wanted < most)
		most = wanted;
	return (unsigned int)most;
}

int limits_apply(void)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct rlimit limit;

		if (getrlimit((unsigned int)rules[i].resource, &limit) < 0)
			return -errno;
		if (limit.rlim_max > rules[i].max)
			limit.rlim_max = rules[i].max;
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit((unsigned int)rules[i].resource, &limit) < 0)
			return -errno;
	}
	return 0;
}
