/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The guests of a session: processes (struct guest) and their threads (struct thread). Both are found by the numbers
 * that the task has at home (inner), which messages carry, and threads also by the number that the worker's kernel
 * gave them (outer), which waitpid and notifications carry.
 *
 * A thread is at any time in one of these states; thread_move() is the only function that changes it.
 *
 *	              START, resumed            call received
 *	  BUILDING ──────────────────► RUNNING ───────────────► CALLING
 *	     │                         │  ▲  ▲                    │ │
 *	     │                    stop │  │  └────────────────────┘ │
 *	     │                         ▼  │ resumed    answered     │
 *	     │                        STOPPED                       │
 *	     │                         │                            │
 *	     └─────────────────────────┴──► DEAD ◄──────────────────┘
 *
 * BUILDING: stopped in the parasite, or making one of its batches. RUNNING: executes the task's own code, or a call
 * of the worker's own kernel. CALLING: waits in a system call for our answer; no stop can be seen, only death.
 * STOPPED: in a ptrace stop, for as long as its guest is frozen, or its crash has not been dealt with at home, or
 * home makes a fork for it.
 *
 * A guest that was dropped keeps its struct until the kernel has reported the death of all its threads; its number at
 * home is not found any more.
 */
#ifndef OM_REMOTE_GUEST_H
#define OM_REMOTE_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "remote/actions.h"
#include "remote/fdmap.h"
#include "remote/places.h"
#include "remote/said.h"
#include "remote/sandbox.h"
#include "sysplan.h"

struct session;
struct listener;
struct image;
struct queued;
struct home_timer;
struct handler;
struct attach;
struct again;
struct ahead;
struct born;
struct early;
struct procfile;
struct ownfilter;
struct returns;
struct thread;

/* A call's number names its thread by index, which is less than this */
#define THREADS_MAX 65536u

enum thread_state { THREAD_BUILDING, THREAD_RUNNING, THREAD_CALLING, THREAD_STOPPED, THREAD_DEAD, THREAD_STATES };

enum guest_state {
	GUEST_BUILDING, /* its image is coming */
	GUEST_LIVE,	/* started */
	GUEST_DYING,	/* dropped, or of no use; killed, but not reaped yet */
};

/* How far a call with a temporary signal mask is on its way to become an rt_sigsuspend */
enum suspend_state {
	SUSPEND_NONE,
	SUSPEND_WANTED, /* a signal waits that only the temporary mask lets through: when home gives the call back */
	SUSPEND_MADE,	/* it is in rt_sigsuspend */
};

/* How far the tracing of a call's end is: of rt_sigtimedwait, or of a clone, to put right what they say; of others */
enum exit_trace {
	TRACE_NONE,
	TRACE_ENTRY, /* resumed to stop at the entry of the call */
	TRACE_CALL,  /* in the call, or about to be: will stop at its end */
	TRACE_CLONE, /* in clone: will stop at its end */
	TRACE_MASK,  /* in a call that sets the signal mask, likewise (keeps.h) */
};

/* Descriptors that are kept an account of, and of what (known.h) */
#define KNOWN_FDS 1024u
enum known {
	KNOWN_QUIET,	/* open for reading a file or a directory: to close it changes nothing */
	KNOWN_SEEKABLE, /* of a regular file in which every place can be gone to */
	KNOWN_PRIVATE, /* opened by this process, and shared with no other: its place is what the process has made of it */
	KNOWN_PUNCTUAL, /* opened by this process, and all that was written to it has been made: there is no error to come */
	KNOWN_SINGLE, /* KNOWN_PRIVATE, not for appending, and there is no other descriptor of the same open (places.h) */
	KNOWN_FD_FLAGS, /* whether it is closed by an exec */
	KNOWN_CLOEXEC,	/* it is; if the former is known */
	KNOWN_NR,
};
/* Descriptors that may have credit at a time (writes.c) */
#define CREDITS 4u

/* What is done with a thread that was brought to a stop on its way out of a call; @regs are set afterwards */
typedef void (*stop_action)(struct thread *thread, struct user_regs_struct *regs);

/**
 * struct call - The call that a thread waits in
 * @id:		Its number on the wire; 0: not sent
 * @notif:	The kernel's cookie of the notification
 * @nr:		System call
 * @arg:	Arguments as the guest made the call
 * @handler:	Special treatment, or NULL
 * @plan:	How its memory travels; valid if @planned
 * @planned:	@plan has to be released
 * @interrupted: INTERRUPT was sent
 * @silent:	Its result is no news: the process could know it
 * @closes:	The guest's @closes when it was sent
 * @written:	How many WRITE_BACKs were sent before it
 */
struct call {
	uint64_t id;
	uint64_t notif;
	uint32_t nr;
	uint64_t arg[6];
	const struct handler *handler;
	struct sysplan plan;
	bool planned;
	bool interrupted;
	bool silent;
	uint64_t closes;
	uint64_t written;
};

/**
 * struct credit - How much is sure to be written (writes.c)
 * @fd:		Descriptor
 * @given:	Bytes that home gave last
 * @left:	Bytes that are left
 * @asks:	The number of the posted write that asks for more, 0: none does
 * @since:	Bytes posted behind it
 * @dev:	Device and inode of the file
 * @ino:	.
 * @era:	What home has looked at before it gave any holds as long as session->write_era is this
 */
struct credit {
	int fd;
	uint64_t given, left;
	uint64_t asks, since;
	uint64_t dev, ino;
	uint64_t era;
};

/**
 * struct mapped - What the thread has mapped last (mappings.c)
 * @said:	When that was
 * @object:	Object
 * @kind:	enum object_kind
 * @fd:		Descriptor that it was mapped through
 */
struct mapped {
	struct said said;
	uint64_t object;
	uint32_t kind;
	int fd;
};

/**
 * struct thread - A thread of a guest
 * @guest:	Its process
 * @next:	Next thread of the process
 * @hash_next:	Next in the table by outer number
 * @tid_next:	Next in the table by inner number
 * @index:	Its place in the session's array
 * @tid:	Number at home and in the guest
 * @outer:	Number as the remote sees it
 * @state:	enum thread_state
 * @call:	The call that it makes, or made last; its id is 0 when home is not busy with it
 * @answered:	The restart code with which its last call was answered, 0 when it was none
 * @at_stop:	What to do at the stop that it is on its way to, or NULL
 * @suspend:	enum suspend_state
 * @mask_addr:	Where the temporary mask of such a call is
 * @saved:	Registers that the change into rt_sigsuspend overwrote: rdi, rsi, orig_rax
 * @trace:	enum exit_trace
 * @waiting:	Signals that the traced call waits for
 * @takes:	Signals that signalfds are for, and that it takes as home knows (keeps.h)
 * @returns:	Signals that go home because of its signalfd, or NULL (returns.c)
 * @newborn:	What the traced clone has to return
 * @filters:	Its own filters, NULL: none (ownfilter.h)
 * @filter_new:	The one that it is installing, or NULL
 * @strict:	Is in strict mode
 * @attach:	Segment that it attaches or detaches, or NULL
 * @ahead:	What home has said ahead, newest first (ahead.c)
 * @again:	What it has asked last, or NULL (again.h)
 * @mapped:	What it has mapped last
 * @clones:	Device of the files of its FICLONE (reflink.c)
 * @copied_fd:	The file that copy_file_range has got to the end of
 * @copied_to:	The one that it was copied to
 * @copied:	When that was said
 * @ended_fd:	The directory that has no more entries
 * @ended:	When that was said
 * @procfile:	File of /proc that it is opening, or NULL (procfiles.h)
 * @reading:	The descriptor of its last read that went home
 * @sequential:	How many such reads it has made without a seek
 * @sought:	It has made a seek since
 * @defaulted:	Stopped until home has dealt with a default action
 * @exiting:	Makes its last call
 * @born:	Its first stop is still to come, see fork.c
 * @early:	The child that it has, or not, as home will say, or NULL (early.h)
 * @tried:	Arguments and environment of its last execve whose program was not there
 */
struct thread {
	struct guest *guest;
	struct thread *next, *hash_next, *tid_next;
	unsigned int index;
	uint32_t tid;
	pid_t outer;
	enum thread_state state;
	struct call call;
	int answered;
	stop_action at_stop;
	enum suspend_state suspend;
	uint64_t mask_addr;
	uint64_t saved[3];
	enum exit_trace trace;
	uint64_t waiting;
	uint64_t takes;
	struct returns *returns;
	uint32_t newborn;
	struct ownfilter *filters, *filter_new;
	bool strict;
	struct attach *attach;
	struct ahead *ahead;
	struct again *again;
	struct mapped mapped;
	uint64_t clones;
	int copied_fd, copied_to;
	struct said copied;
	int ended_fd;
	struct said ended;
	struct procfile *procfile;
	int reading;
	unsigned int sequential;
	bool sought;
	bool defaulted;
	bool exiting;
	struct born *born;
	struct early *early;
	uint64_t tried[2];
};

/**
 * struct guest - A process
 * @session:	Session
 * @next:	Next guest of the session
 * @prev:	What points to it
 * @pid_next:	Next in the table by number
 * @threads:	Its threads, the first one is the leader
 * @pid:	Number at home
 * @outer:	Number as the remote sees it
 * @state:	enum guest_state
 * @frozen:	Home process is stopped
 * @doomed:	Home was told of a signal that is its end: its calls do not return any more
 * @body:	What the sandbox made, for a guest that came as an image; body.pidfd is -1 for a forked one
 * @listener:	Where its calls come from (shared with the processes that it forked)
 * @image:	Under construction; NULL from START on
 * @signals:	Signals on their way into it, oldest first
 * @signals_nr:	Their number
 * @home_timers: See timers.c
 * @attaches:	Segments of shared memory that it has attached, see shm.h
 * @kept:	Signals that signalfds of it or its ancestors are for (keeps.h)
 * @watched:	It has the filter for that
 * @title:	What home has of the strings of its arguments, see proctitle.h
 * @title_at:	Where they are
 * @title_len:	Their length; 0: nothing is told of them
 * @actions:	What it does with some signals
 * @limits:	Its limits, as prlimit tells them, when its program started
 * @limits_said: When that was
 * @cpu_limit_s: RLIMIT_CPU's hard limit when it was last looked at, seconds
 * @usage:	What the last USAGE told: user time, system time, resident bytes
 * @known:	What is known of descriptors: a bit for each (known.h)
 * @credit:	See writes.c
 * @written:	The descriptor of its last write that went home
 * @asked:	It asked for credit
 * @asked_era:	session->write_era then
 * @fdmap:	Which descriptors it has
 * @places:	Where it is in its files
 * @place_next:	The next of them to be used
 * @closes:	Counts the calls that may have closed some of them
 * @loud:	Its descriptors are another process' too: nothing can be known of them
 */
struct guest {
	struct session *session;
	struct guest *next, **prev, *pid_next;
	struct thread *threads;
	uint32_t pid;
	pid_t outer;
	enum guest_state state;
	bool frozen;
	bool doomed;
	struct guest_body body;
	struct listener *listener;
	struct image *image;
	struct queued *signals;
	unsigned int signals_nr;
	struct home_timer *home_timers;
	struct attach *attaches;
	uint64_t kept;
	bool watched;
	uint8_t *title;
	uint64_t title_at;
	uint32_t title_len;
	struct action actions[ACTIONS_NR];
	uint8_t limits[256];
	struct said limits_said;
	uint64_t cpu_limit_s;
	uint64_t usage[3];
	uint64_t known[KNOWN_NR][KNOWN_FDS / 64];
	struct credit credit[CREDITS];
	int written;
	bool asked;
	uint64_t asked_era;
	struct fdmap fdmap;
	struct place places[PLACES];
	unsigned int place_next;
	uint64_t closes;
	bool loud;
};

#define GUEST_BUCKETS 4096u

/**
 * struct guest_table - All guests and threads of a session
 * @guests:	Guests, the dying ones too
 * @guests_nr:	Their number
 * @by_pid:	Guests by number, the dying ones too
 * @by_tid:	Threads by inner number, likewise
 * @by_outer:	Threads by outer number
 * @thread:	Threads by index
 * @index_nr:	Room in it; it grows, so that a free index is found soon
 * @index_next:	Where to look for a free index first
 * @threads_nr:	Threads there are
 * @threads_max: How many there may be before forks fail
 * @calling_nr:	How many of them are in a call
 */
struct guest_table {
	struct guest *guests;
	unsigned int guests_nr;
	struct guest *by_pid[GUEST_BUCKETS];
	struct thread *by_tid[GUEST_BUCKETS];
	struct thread *by_outer[GUEST_BUCKETS];
	struct thread **thread;
	unsigned int index_nr, index_next;
	unsigned int threads_nr, threads_max, calling_nr;
};

/* No guests yet, and no guests any more */
void guests_init(struct guest_table *table);
void guests_fini(struct guest_table *table);
/* Are there as many threads as a session may have? */
bool guests_full(const struct guest_table *table);

/* A new guest in @session without threads; NULL when there are too many, or no memory */
struct guest *guest_new(struct session *session, uint32_t pid);
/* A new thread of @guest in state @state; NULL likewise */
struct thread *thread_new(struct guest *guest, uint32_t tid, pid_t outer, enum thread_state state);
/* The thread has died: forget it, and its guest when it was the last; true in that case */
bool thread_gone(struct thread *thread);
/* Forget a guest and its threads, without looking at the processes */
void guest_forget(struct guest *guest);

/* Look up; NULL when there is none. A dying guest has no inner numbers. */
struct guest *guest_by_pid(const struct session *session, uint32_t pid);
struct thread *thread_by_tid(const struct session *session, uint32_t tid);
struct thread *thread_by_outer(const struct session *session, pid_t outer);
struct guest *guest_dying(const struct session *session, uint32_t pid);

/* Change a thread's state; a transition that the table does not have is a bug of ours and ends the remote */
void thread_move(struct thread *thread, enum thread_state to);

/* Kill a guest; it is DYING until its threads' deaths have been seen */
void guest_kill(struct guest *guest);
/* The thread for which home is making an execve, or NULL */
const struct thread *guest_execs(const struct guest *guest);
/* Wait for the deaths of a dying guest's threads, and forget it */
void guest_reap(struct guest *guest);

#endif
