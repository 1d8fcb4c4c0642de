/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What guests use of the node: see remote/usage.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "remote/session.h"
#include "remote/usage.h"

/* Fields of /proc/PID/stat, counted from 1 (proc_pid_stat(5)) */
#define FIELD_AFTER_NAME 4
#define FIELD_UTIME	 14
#define FIELD_STIME	 15
#define FIELD_RSS	 24

/**
 * file_read() - A small file in /proc as text: 0 or negative errno
 */
static int file_read(const char *path, char *out, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, out + len, cap - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && len < cap - 1);
	close(fd);
	if (!len)
		return -ESRCH;
	out[len] = '\0';
	return 0;
}

int usage_read(pid_t pid, uint64_t *utime, uint64_t *stime, uint64_t *rss)
{
	uint64_t value[FIELD_RSS + 1] = { 0 };
	char path[64], text[1024], *at;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	err = file_read(path, text, sizeof(text));
	if (err)
		return err;
	at = strrchr(text, ')'); /* the name may hold anything */
	if (!at || strlen(at) < 5)
		return -EINVAL;
	at += 4; /* behind the state, which is one character */
	for (int i = FIELD_AFTER_NAME; i <= FIELD_RSS && *at; i++)
		value[i] = strtoull(at, &at, 10);
	*utime = value[FIELD_UTIME];
	*stime = value[FIELD_STIME];
	*rss = value[FIELD_RSS];
	return 0;
}

void usage_tell(struct guest *guest)
{
	uint64_t tick_us = 1000000u / (uint64_t)sysconf(_SC_CLK_TCK), page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct wire_usage msg = { .pid = guest->pid };
	uint64_t now[3];

	if (guest->state != GUEST_LIVE || usage_read(guest->outer, &now[0], &now[1], &now[2]) ||
	    !memcmp(now, guest->usage, sizeof(now)))
		return;
	memcpy(guest->usage, now, sizeof(now));
	msg.utime_us = now[0] * tick_us;
	msg.stime_us = now[1] * tick_us;
	msg.rss_bytes = now[2] * page;
	session_send(guest->session, WIRE_USAGE, &msg);
}

uint64_t usage_cpu_limit(pid_t pid)
{
	struct rlimit limit;

	return prlimit(pid, RLIMIT_CPU, NULL, &limit) < 0 ? RLIM_INFINITY : limit.rlim_max;
}

uint64_t usage_oom_kills(void)
{
	static const char name[] = "\noom_kill ";
	char text[16384];
	const char *at;

	if (file_read("/proc/vmstat", text, sizeof(text)))
		return 0;
	at = strstr(text, name);
	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}
