/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The deputy is the detached helper of one omrun. It owns a task family: the home processes that it traces, and the one
 * encrypted connection to the remote that runs their user code. It is a single-threaded event loop with two sources:
 *
 *   SIGCHLD -> trace.c   ptrace stops of home threads: exec, signals, group stops, finished calls, deaths
 *   channel -> deputy.c  messages of the remote, dispatched by a table: CALL, INTERRUPT, PASS, DEFAULT, ...
 *
 * A home thread is in one of these states:
 *
 *   NATIVE ----made by a guest's clone-----> BORN ----first stop-----+
 *      |                                                             V
 *      +-------exec stop, image shipped----> IDLE <---result taken---+
 *      ^                                      |                      |
 *      +------comes home (32-bit, refusal)----+----call posted---> BUSY ---signal during call---> HELD
 *                                                                    ^                             |
 *                                                                    +------------verdict----------+
 *
 * In IDLE and BUSY the thread runs the parasite (include/parasite.h). A call that finishes within SPIN_US is answered at
 * once; a longer one makes the thread trap when it is done. In HELD the thread sits in its signal-delivery stop until
 * the remote has said what the guest makes of the signal.
 *
 * Whatever the remote sends is treated as hostile: it can make the calls that the table describes, as the user whose
 * task it is, in the processes of this family, and nothing else.
 */
#ifndef OM_DEPUTY_H
#define OM_DEPUTY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "aspin.h"
#include "channel.h"
#include "childwatch.h"
#include "deputy/inflow.h"
#include "deputy/launch.h"
#include "deputy/stats.h"
#include "deputy/stock.h"
#include "deputy/task.h"
#include "deputy/times.h"
#include "executor.h"
#include "sysplan.h"
#include "tracee.h"
#include "wire.h"

#define PIECE_MAX  (256u << 10) /* bytes of content in one message */
#define STRAYS_MAX 4096		/* newborns at a moment */

struct absent;
struct dirs;
struct promises;
struct held;
struct object;
struct outbox_item;
struct pages;
struct pipes;
struct segment;

/**
 * struct deputy - The deputy
 * @loop:	Event loop
 * @options:	What the tool asked for
 * @channel:	The connection, or NULL when it is gone
 * @ticket:	With which a second one may be opened
 * @pages:	That, or NULL; see pages.c
 * @watch:	SIGCHLD
 * @node:	Name of the worker node, for messages
 * @prog:	Name of the tool that started it ("omrun"), for messages
 * @err:	The tool's stderr until the image runs, -1 afterwards
 * @children:	Where later programs go
 * @opened:	1 the node has accepted us, -1 it has not, 0 not yet known
 * @tasks:	The processes of the family
 * @threads:	Their threads by id
 * @callers:	Threads by the number of the call that they have begun last
 * @outbox:	What waits to be sent in order
 * @outbox_last: Its end
 * @piece:	Buffer for content on its way
 * @iov:	Pieces of a result on its way
 * @stock:	What was sent ahead, by number
 * @pipes:	Pipes in which there will be something to send ahead, or NULL
 * @inflow:	The write whose data are coming
 * @fresh:	Room for a read whose data are compared with that, or NULL
 * @strays:	Newborns that stopped before their parents told of them; of those that have died since, the negative
 * @stray_nr:	Their number
 * @dead:	The tasks that died last
 * @dead_next:	Where the next one goes
 * @objects:	Mapped files
 * @live_nr:	How many of them can change
 * @shared_nr:	How many of these guests may write to
 * @watches:	A member has asked to be told what is done to files: no reads but the family's own
 * @next_object: Number for the next one
 * @mapped:	Counts mappings
 * @fresh_nr:	Objects made since the worker was asked last which can end
 * @fresh_bytes: Bytes of these
 * @trim_ms:	When it was asked
 * @unheld_nr:	Shared objects whose last holder has gone since then
 * @trimming:	It has been asked, and has not answered
 * @written_back: How many WRITE_BACKs have come
 * @seen:	How many of them the worker knows that content has seen
 * @gone:	Objects that have ended, and may still be named in the outbox
 * @hashes:	Where known contents are remembered, empty = nowhere
 * @segments:	Segments of shared memory
 * @absent:	Members that run at home, untraced
 * @absent_nr:	Their number
 * @dirs:	Directories that the worker is told of, or NULL (listing.h)
 * @promises:	Files that the worker opens by itself, or NULL (promise.h)
 * @listings_off: It is told of none any more
 * @linger:	Active waiting for the next call
 * @answered:	A call was answered since the loop has slept
 * @poster:	The thread that has posted calls, or NULL
 * @merged:	How many of them are in front of a call that it makes
 * @broken:	What has become of a posted call that it could not, or NULL
 * @held:	Calls that wait for the posted ones, oldest first
 * @held_end:	Where the next one goes
 * @held_bytes:	Memory of the held calls
 * @draining:	They are being made
 * @held_timer:	Tries again
 * @prepare:	Makes posted calls before the loop sleeps
 * @lost:	Why the connection was lost, or a task ended, empty = no such thing
 * @told_dev:	Device and inode of the stderr that was told last why all end
 * @told_ino:	.
 */
struct deputy {
	uv_loop_t loop;
	const struct deputy_options *options;
	struct channel *channel;
	uint8_t ticket[WIRE_TICKET_LEN];
	struct pages *pages;
	struct childwatch watch;
	char node[64];
	const char *prog;
	int err;
	enum children children;
	int opened;
	struct task *tasks;
	struct thread *threads[TASK_BUCKETS];
	struct thread *callers[CALL_BUCKETS];
	struct outbox_item *outbox, *outbox_last;
	uint8_t *piece;
	struct iovec iov[SYSPLAN_IOV_MAX];
	struct stock stock[WIRE_STOCKS_MAX];
	struct pipes *pipes;
	struct inflow inflow;
	uint8_t *fresh;
	pid_t strays[STRAYS_MAX];
	unsigned int stray_nr;
	struct dead dead[DEAD_MAX];
	unsigned int dead_next;
	struct object *objects;
	unsigned int live_nr, shared_nr;
	bool watches;
	uint64_t next_object, mapped, fresh_bytes;
	unsigned int fresh_nr, unheld_nr;
	uint64_t trim_ms;
	bool trimming;
	uint64_t written_back, seen;
	struct object *gone;
	char hashes[PATH_MAX];
	struct segment *segments;
	struct absent *absent;
	unsigned int absent_nr;
	struct stats stats;
	struct dirs *dirs;
	struct promises *promises;
	bool listings_off;
	struct aspin linger;
	bool answered;
	struct thread *poster;
	unsigned int merged;
	const char *broken;
	struct held *held, **held_end;
	size_t held_bytes;
	bool draining;
	uv_timer_t held_timer;
	uv_prepare_t prepare;
	char lost[128];
	dev_t told_dev;
	ino_t told_ino;
};

/* The deputy's life, from the talk with its tool to the end of the family; returns its exit status */
int deputy_run(const struct deputy_options *opt, pid_t target, int talk);
void deputy_end_if_done(struct deputy *d); /* nobody is left to look after */

#endif
