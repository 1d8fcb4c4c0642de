/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The family's processes and threads at home; deputy/deputy.h shows the states of a thread. */
#ifndef OM_DEPUTY_TASK_H
#define OM_DEPUTY_TASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "deputy/call.h"
#include "deputy/posted.h"
#include "deputy/usage.h"

struct aio_event;
struct arena;
struct arguments;
struct attachment;
struct deputy;
struct growth;
struct held;
struct home_arena;
struct sent;

#define TASK_BUCKETS	   4096 /* hash buckets of threads by id */
#define CALL_BUCKETS	   4096 /* threads by the number of the call that they make */
#define PROGRAM_RANGES_MAX 8	/* of what an exec maps, without gaps; what is more stays */

enum thread_state { TH_NATIVE, TH_BORN, TH_IDLE, TH_BUSY, TH_HELD, TH_NR };

/**
 * struct thread - A thread at home
 * @tid:	Its id, the same on both sides
 * @task:	Its process
 * @next:	Next in the hash chain
 * @sibling:	Next thread of the process
 * @caller_next: Next in the chain of callers
 * @caller:	The number by which it is there, 0 = it is not
 * @state:	See the diagram in deputy/deputy.h
 * @arena:	The arena that its slot is in
 * @slot:	Its slot, or -1
 * @call:	The call it makes
 * @posted:	Calls that were posted, oldest first
 * @posted_nr:	Their number
 * @posted_made: How many of them begin the batch that is being made
 * @growth:	Arena that it is mapping, or NULL
 * @newborn_arena: Where the child that it is making will have its slot
 * @newborn_slot: That slot, or -1
 * @acting:	Signal whose default action is being made to happen, 0 = none
 * @passed:	Signals blocked at home until the call has finished (verdict PASS)
 * @inflight:	Signals sent to the guest and not yet taken by it: blocked at home
 * @takes:	Signals that signalfds are for, and that it takes all the same
 * @acted:	The signal @acting has been let through
 * @arguments:	Many arguments of the execve that it makes, or NULL
 * @waits:	It waits for children with SIGCHLD blocked, see times.c
 * @exits:	It makes its last call
 * @held_code:	HELD: what the call would have returned
 */
struct thread {
	pid_t tid;
	struct task *task;
	struct thread *next, *sibling, *caller_next;
	uint64_t caller;
	enum thread_state state;
	struct arena *arena;
	int slot;
	struct call call;
	struct posted posted[POSTED_MAX];
	unsigned int posted_nr, posted_made;
	struct growth *growth;
	struct arena *newborn_arena;
	int newborn_slot;
	int acting;
	uint64_t passed;
	uint64_t inflight;
	uint64_t takes;
	struct arguments *arguments;
	bool acted, waits, exits;
	int64_t held_code;
};

/**
 * struct range - Some of an address space
 * @start:	Where it begins
 * @end:	Where it ends
 */
struct range {
	uint64_t start, end;
};

/**
 * struct task - A process of the family
 * @pid:	Its id, the same on both sides
 * @threads:	Its threads
 * @parent:	The process that has forked it, 0: not one of the family
 * @next:	Next process of the family
 * @prev:	What points to it
 * @arenas:	The arenas in its address space
 * @arena_nr:	Their number; 0 while it runs natively
 * @passed_on:	The one of them that its children get, or NULL
 * @code:	Address of the parasite in it
 * @pidfd:	For taking copies of its descriptors, -1 as long as none was taken
 * @migrated:	Its user code is on the worker
 * @started:	The worker has said so
 * @stopped:	In a group stop
 * @ending:	It is to say why (deputy.lost) and exit
 * @usage:	As the worker has told last
 * @past:	What its bodies before the present one have used, see usage.c
 * @reaped:	Time of its children that it has waited for
 * @tally:	What is counted for monitors
 * @why:	Why it cannot move, empty = it can
 * @aio:	Events of asynchronous I/O that the guest has not asked for yet
 * @kept:	Signals that stay pending at home, for a signalfd
 * @catches_child: It has a handler for SIGCHLD
 * @exits_nr:	Threads that make their last call, and are not the leader
 * @sent:	Signals that a new program would have to get, see sent.c
 * @execing:	The thread that makes an execve, or NULL
 * @exec_mask:	The signal mask that its new program begins with
 * @exec_ignored: The signals that it ignores then
 * @title_at:	Where the strings of its arguments are, see proctitle.h
 * @title_len:	Their length
 * @program:	What its program has mapped here, and nobody uses, see fork.c
 * @program_nr:	How many ranges that are
 * @held:	Files that it maps through descriptors that can write, see held.c
 * @attachments: Segments of shared memory that it has attached, see shm.c
 * @ids_known:	@ids_ours says whether its user and group ids are the deputy's (it may be in a user namespace of its own)
 * @ids_ours:	See there
 * @late_error:	Why a posted write has failed, 0 = none has
 * @late_fd:	Its descriptor
 * @err_dev:	Device and inode of descriptor 2 when it was started, to know whose ear it is
 * @err_ino:	.
 */
struct task {
	pid_t pid;
	pid_t parent;
	struct thread *threads;
	struct task *next, **prev;
	struct home_arena **arenas;
	unsigned int arena_nr;
	struct home_arena *passed_on;
	uint64_t code;
	int pidfd;
	bool migrated, started, stopped, ending;
	struct usage usage, past, reaped;
	struct tally tally;
	char why[96];
	struct aio_event *aio;
	uint64_t kept;
	bool catches_child;
	unsigned int exits_nr;
	struct sent *sent;
	struct thread *execing;
	uint64_t exec_mask, exec_ignored;
	uint64_t title_at;
	uint32_t title_len;
	struct range program[PROGRAM_RANGES_MAX];
	unsigned int program_nr;
	struct held *held;
	struct attachment *attachments;
	bool ids_known, ids_ours;
	int late_error, late_fd;
	dev_t err_dev;
	ino_t err_ino;
};

struct task *task_add(struct deputy *d, pid_t pid);
struct thread *thread_add(struct deputy *d, struct task *task, pid_t tid);
struct thread *thread_find(struct deputy *d, pid_t tid);
struct task *task_find(struct deputy *d, pid_t pid);
struct thread *caller_find(struct deputy *d, uint64_t call); /* who makes it; NULL when it has been answered */
void caller_set(struct deputy *d, struct thread *thread, uint64_t call);
void thread_remove(struct deputy *d, struct thread *thread);
void task_remove(struct deputy *d, struct task *task);
int task_fd_copy(struct task *task, int fd); /* a copy of its descriptor, or negative errno */
/* The number of the process that a pidfd of @task refers to; 0: it has been reaped, or negative errno */
int64_t task_pidfd_number(const struct task *task, int fd);
void thread_state_set(struct thread *thread, enum thread_state state);

#endif
