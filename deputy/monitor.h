/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * Monitors ask the deputies themselves, so they need no daemon. Each deputy listens on a stream socket of its own,
 * deputy-PID.sock in the runtime directory (include/rundir.h), mode 0600 in a directory that is the user's alone, and
 * takes clients that run as its own user or as root. A client sends `status\n`; it gets a report (include/report.h),
 * then the end of the stream. There is nothing else to be had, and nothing that changes anything.
 *
 * The deputy never waits for a client: reports are made from its own tables, in microseconds per task; what a client's
 * socket does not take waits in memory; and a client that does not send its line within MONITOR_CLIENT_MS, or then does
 * not take its report within as long, is dropped. MONITOR_CLIENTS_MAX are served at a moment, further ones wait in the
 * socket's queue.
 *
 * The socket gets its name when it is listened on. So a socket in the directory that refuses connections is that of a
 * deputy that was killed, and may be removed by anybody who finds it.
 *
 * A deputy that cannot have its socket does its work without.
 */
#ifndef OM_DEPUTY_MONITOR_H
#define OM_DEPUTY_MONITOR_H

#include <stddef.h>

#define MONITOR_CLIENTS_MAX 8	  /* at a moment */
#define MONITOR_BACKLOG	    64	  /* that may wait */
#define MONITOR_CLIENT_MS   2000u /* to say what they want, and again to take it */

struct deputy;
struct monitor;

/* Listen. NULL with errno set when that is not possible. */
struct monitor *monitor_open(struct deputy *d);
/* Remove the socket and stop listening; NULL is allowed. The memory goes when the loop has let go of the handles. */
void monitor_close(struct monitor *monitor);

/* The report, to be freed; NULL with errno set when there is no memory */
char *monitor_report(struct deputy *d, size_t *len);

#endif
