/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The om-remote processes of this node, one per arrival (and one per measurement, so that omd is never busy with other
 * people's bytes). omd hands each the socket and the session (include/handover.h) and from then on only watches for
 * its end.
 *
 * What an om-remote does before it looks at the arrival takes longer than all that follows until the guest runs: a new
 * program, the filter, namespaces. So one is kept ready (--ready says how many): it has its sandbox, and waits. An arrival takes one,
 * and another is started in its place. One that has ended while it waited is not replaced before somebody arrives, so a
 * program that cannot start costs a line for each arrival, not a loop. When none is ready, one is started for the arrival.
 *
 * A remote and what it started never outlive omd, and leave nothing:
 *  - it leads a session of its own, thus a process group. Before a dead remote is reaped its group is killed: while the
 *    zombie is there, its number cannot be somebody else's.
 *  - it is killed by the kernel when omd dies (PR_SET_PDEATHSIG). Guests hang on their remote in the same way.
 *  - omd is the subreaper of all below it, so that orphans come to omd and are reaped.
 *  - it gets nothing of omd but its three standard streams, the way to the cache, and a socket on which connections are
 *    handed to it: the arrival, and the second one of its session: who shows the ticket of a remote, which omd has made up
 *    for it, is handed to it.
 * When the node runs out of memory the kernel takes remotes and guests before omd (oom_score_adj).
 */
#ifndef OM_CLUSTER_REMOTES_H
#define OM_CLUSTER_REMOTES_H

#include <limits.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <uv.h>

#include "handover.h"

#define REMOTES_MAX	  1024 /* at a time */
#define REMOTES_READY_MAX 16   /* that wait for an arrival */
#define REMOTE_LABEL_SIZE 192  /* "flac of bob@home" */

/**
 * struct remote_entry - One om-remote
 * @next:	Next in the list
 * @pid:	Its process, which is also its process group and session
 * @ready:	It waits for an arrival
 * @guest:	It carries a guest (false: a measurement)
 * @join_fd:	Where connections are handed over; -1 when there can be no more
 * @ticket:	What its home has to show for that
 * @label:	What it is for, in the log
 */
struct remote_entry {
	struct remote_entry *next;
	pid_t pid;
	bool ready;
	bool guest;
	int join_fd;
	uint8_t ticket[WIRE_TICKET_LEN];
	char label[REMOTE_LABEL_SIZE];
};

struct cache;

/**
 * struct remotes - All of them
 * @path:	The program
 * @cache:	Contents that are kept for them, or NULL
 * @nofile:	Limit on descriptors that they get, as omd found it
 * @first:	List
 * @count:	Length of the list, but for those that wait for an arrival
 * @ready:	How many of these there are
 * @ready_max:	How many there should be
 * @guests:	How many of them carry a guest
 * @child:	SIGCHLD
 * @patience:	Runs while the last ones are asked to end
 * @ended:	Called once when the last has gone after remotes_end(), or NULL before
 * @ctx:	Its context
 */
struct remotes {
	char path[PATH_MAX];
	const struct cache *cache;
	struct rlimit nofile;
	struct remote_entry *first;
	unsigned int count;
	unsigned int ready;
	unsigned int ready_max;
	unsigned int guests;
	uv_signal_t child;
	uv_timer_t patience;
	void (*ended)(void *ctx);
	void *ctx;
};

/*
 * Find om-remote: next to our own binary, or in ../libexec/openmosix from there. Returns 0 or negative errno, with one
 * line in @why.
 */
int remotes_init(struct remotes *remotes, uv_loop_t *loop, const struct rlimit *nofile, char *why, size_t why_len);

/* Have as many ready as there should be; one that cannot be started is missed when it is needed */
void remotes_prepare(struct remotes *remotes);

/**
 * struct arrival - What a remote is for
 * @socket_fd:	The connection; remains the caller's
 * @block:	The session, but for its ticket
 * @guest:	It is for a guest
 * @label:	What it is for, in words
 */
struct arrival {
	int socket_fd;
	struct handover block;
	bool guest;
	char label[REMOTE_LABEL_SIZE];
};

/* Hand it to a remote. Returns 0, -EAGAIN when there are as many as there may be, or another negative errno. */
int remotes_start(struct remotes *remotes, struct arrival *arrival);

/* The one that has this ticket and waits for a second connection, or NULL */
struct remote_entry *remotes_find(struct remotes *remotes, const uint8_t ticket[static WIRE_TICKET_LEN]);

/* Hand it over, as @block and @socket_fd, which remains the caller's; 0 or negative errno */
int remotes_join(struct remote_entry *entry, struct handover *block, int socket_fd);

/* Ask all to end, insist after a while, call @ended when none is left (at once, if there is none) */
void remotes_end(struct remotes *remotes, void (*ended)(void *ctx), void *ctx);

/* Close the handles, after @ended */
void remotes_close(struct remotes *remotes);

#endif
