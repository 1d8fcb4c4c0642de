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

#include "channel.h"
#include "childwatch.h"
#include "deputy/usage.h"
#include "executor.h"
#include "aspin.h"
#include "node.h"
#include "sysplan.h"
#include "tracee.h"
#include "wire.h"

#define ARENA_SLOTS 8	 /* threads that one arena serves */
#define TASK_ARENAS_MAX 4096 /* of one process */
#define SPIN_US 50	 /* how long a finished call is awaited before the deputy turns to other work */
#define PIECE_MAX (256u << 10) /* bytes of content in one message */
#define DEAD_MAX 256	 /* dead tasks whose times are kept */
#define STRAYS_MAX 4096 /* newborns at a moment */
#define SPIN_BYTES_PER_US 2048u /* and how much longer for a call that moves data: a slow memory's speed */
#define POSTED_MAX 8	 /* posted calls that wait for company */
#define TASK_BUCKETS 4096 /* hash buckets of threads by id */
#define CALL_BUCKETS 4096 /* threads by the number of the call that they make */

struct deputy;
struct thread;
struct task;

/* What is done when a batch has been made; @ret is what its last call returned */
typedef void (*call_finisher)(struct deputy *d, struct thread *thread, int64_t ret);
/* What makes the call that was placed */
typedef void (*call_goer)(struct deputy *d, struct thread *thread);

/* What the deputy wants to see of a migrated process; with its death the home process, which has no user code, ends */
#define HOME_OPTIONS                                                                                                   \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
	 PTRACE_O_TRACECLONE)

/* Where the programs go that the family executes later (omrun --children) */
enum children { CHILDREN_FOLLOW, CHILDREN_HOME, CHILDREN_BEST };

enum thread_state { TH_NATIVE, TH_BORN, TH_IDLE, TH_BUSY, TH_HELD, TH_NR };

/**
 * struct home_arena - An arena at home
 * @arena:	The arena
 * @users:	Processes that have it mapped
 */
struct home_arena {
	struct arena arena;
	unsigned int users;
};

/**
 * struct call - The call that a home thread is making for its guest
 * @id:		The remote's number for it, 0 = none
 * @nr:		System call number
 * @arg:	Arguments as the guest gave them
 * @home_arg:	Arguments of the call at home
 * @plan:	Where its arguments lie in the slot
 * @planned:	@plan is in use
 * @finish:	What happens when its batch is done, or NULL: the answer is as its row says
 * @code:	Kernel restart code that replaces -EINTR after an interruption, 0 = none
 * @bytes:	Data that it is about
 * @submitted:	io_submit: what it returned
 * @flags:	WIRE_RESULT_* flags of the answer
 * @whole:	@finish deals with an interruption itself
 * @asks:	The number under which a posted write asks for credit, 0 = it does not
 * @row_finish:	@finish of a call that is as its row says, or NULL
 * @trimmed:	What goes on when objects that nobody maps have ended (trim.c), NULL: it does not wait for that
 * @asked:	The worker has been asked for this one
 */
struct call {
	uint64_t id;
	uint32_t nr;
	uint64_t arg[6];
	uint64_t home_arg[6];
	struct sysplan plan;
	bool planned;
	call_finisher finish;
	int64_t code;
	uint32_t bytes;
	int64_t submitted;
	uint32_t flags;
	bool whole;
	uint64_t asks;
	call_finisher row_finish;
	call_goer trimmed;
	bool asked;
};

/**
 * struct posted - A call that the guest has the result of
 * @nr:		Number
 * @arg:	Arguments
 */
struct posted {
	uint32_t nr;
	uint64_t arg[6];
};

/**
 * struct thread - A thread at home
 * @tid:	Its id, the same on both sides
 * @task:	Its process
 * @next:	Next in the hash chain
 * @sibling:	Next thread of the process
 * @caller_next: Next in the chain of callers
 * @caller:	The number by which it is there, 0 = it is not
 * @state:	See the diagram above
 * @arena:	The arena that its slot is in
 * @slot:	Its slot, or -1
 * @call:	The call it makes
 * @posted:	Calls that were posted, oldest first
 * @posted_nr:	Their number
 * @growth:	Arena that it is mapping, or NULL
 * @newborn_arena: Where the child that it is making will have its slot
 * @newborn_slot: That slot, or -1
 * @acting:	Signal whose default action is being made to happen, 0 = none
 * @passed:	Signals blocked at home until the call has finished (verdict PASS)
 * @inflight:	Signals sent to the guest and not yet taken by it: blocked at home
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
	unsigned int posted_nr;
	struct growth *growth;
	struct arena *newborn_arena;
	int newborn_slot;
	int acting;
	uint64_t passed;
	uint64_t inflight;
	struct arguments *arguments;
	bool acted, waits, exits;
	int64_t held_code;
};

/**
 * struct usage - What a task has used on the worker
 * @utime_us:	User time, microseconds
 * @stime_us:	System time, microseconds
 * @rss_bytes:	Resident memory now
 * @peak_bytes:	The most of it that was told
 */
struct usage {
	uint64_t utime_us, stime_us, rss_bytes, peak_bytes;
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
	struct held *held;
	struct attachment *attachments;
	bool ids_known, ids_ours;
	int late_error, late_fd;
	dev_t err_dev;
	ino_t err_ino;
};

/**
 * struct stats - What the deputy counts
 * @calls:	Forwarded calls
 * @spun:	Of these, finished within SPIN_US
 * @bytes_in:	Bytes that came with calls
 * @bytes_out:	Bytes that went with results
 * @images:	Images shipped
 * @contents:	Bytes of mapped files sent
 */
struct stats {
	uint64_t calls, spun, bytes_in, bytes_out, images, contents;
};

/**
 * struct dead - A task that has died and may still be waited for
 * @pid:	Its id, 0 = none
 * @usage:	What it and its children have used on the worker
 */
struct dead {
	pid_t pid;
	struct usage usage;
};

/**
 * struct stock - What was sent ahead of somebody's reads, see stock.c
 * @tid:	Who reads, 0 = nobody
 * @fd:		From where
 * @used_ns:	When he did last
 * @bytes:	How much he has read in a row
 * @data:	Room for WIRE_STOCK_MAX bytes, or NULL
 * @len:	How much of what comes next the worker has, and is there
 * @pos:	How much of that was read
 */
struct stock {
	pid_t tid;
	int fd;
	uint64_t used_ns, bytes;
	uint8_t *data;
	size_t len, pos;
};

struct absent;
struct deputy_options;
struct object;
struct pages;
struct segment;
struct attachment;
struct outbox_item;
struct growth;
struct aio_event;
struct sent;
struct arguments;
struct held;
struct dirs;

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
 * @fresh:	Room for a read whose data are compared with that, or NULL
 * @strays:	Newborns that stopped before their parents told of them
 * @stray_nr:	Their number
 * @dead:	The tasks that died last
 * @dead_next:	Where the next one goes
 * @objects:	Mapped files
 * @live_nr:	How many of them can change
 * @shared_nr:	How many of these guests may write to
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
 * @listings_off: It is told of none any more
 * @linger:	Active waiting for the next call
 * @answered:	A call was answered since the loop has slept
 * @poster:	The thread that has posted calls, or NULL
 * @merged:	How many of them are in front of a call that it makes
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
	uint8_t *fresh;
	pid_t strays[STRAYS_MAX];
	unsigned int stray_nr;
	struct dead dead[DEAD_MAX];
	unsigned int dead_next;
	struct object *objects;
	unsigned int live_nr, shared_nr;
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
	bool listings_off;
	struct aspin linger;
	bool answered;
	struct thread *poster;
	unsigned int merged;
	struct held *held, **held_end;
	size_t held_bytes;
	bool draining;
	uv_timer_t held_timer;
	uv_prepare_t prepare;
	char lost[128];
	dev_t told_dev;
	ino_t told_ino;
};

/* task.c: the family's tables */
struct task *task_add(struct deputy *d, pid_t pid);
struct thread *thread_add(struct deputy *d, struct task *task, pid_t tid);
struct thread *thread_find(struct deputy *d, pid_t tid);
struct task *task_find(struct deputy *d, pid_t pid);
struct thread *caller_find(struct deputy *d, uint64_t call); /* who makes it; NULL when it has been answered */
void caller_set(struct deputy *d, struct thread *thread, uint64_t call);
void thread_remove(struct deputy *d, struct thread *thread);
void task_remove(struct deputy *d, struct task *task);
int task_fd_copy(struct task *task, int fd); /* a copy of its descriptor, or negative errno */
void thread_state_set(struct thread *thread, enum thread_state state);

/* trace.c: stops of home threads */
void trace_drain(struct deputy *d);
int thread_resume(struct thread *thread, int signo);

void trace_dispatch(struct deputy *d, struct thread *thread, int status);

/* home.c: a process becomes an executor */
int home_enter(struct task *task, struct thread *thread, uint64_t arena_addr, uint64_t vdso);
void home_forget(struct task *task); /* its address space is gone, or is no longer ours */
int home_mask_set(pid_t tid, uint64_t mask); /* signal mask of a stopped thread */
int home_mask_update(const struct thread *thread); /* to what it has to be, stopped as it is */
int home_mask_get(pid_t tid, uint64_t *mask);

/* slots.c: room for threads in the arenas of a process */
int slots_adopt(struct task *task, const struct arena *arena); /* one more arena; 0 or -ENOMEM */
int slots_inherit(struct task *child, const struct task *parent, const struct arena *arena); /* @child has that one */
int slots_take(struct task *task, struct arena **arena); /* a slot, or -ENOSPC: slots_grow() */
/* Begin the idle thread's batch with what makes the child that it is about to fork get @arena, and no other */
void slots_pass_on(struct thread *thread, const struct arena *arena);
void slots_release(struct arena *arena, int slot);
/* Map one more arena with the help of the idle @thread, then call @then with 0 or negative errno */
void slots_grow(struct deputy *d, struct thread *thread, void (*then)(struct deputy *, struct thread *, int64_t err));
/* Registers with which a thread of @task enters the parasite */
void slots_enter_regs(const struct task *task, const struct arena *arena, int slot, struct user_regs_struct *regs);

/* privileged.c: programs that tracing would take rights from */
#define PRIVILEGED_WHY "a traced program would lose its special rights"
bool privileged_exec(const struct thread *thread); /* is the thread's placed execve about one? */
/* Make the posted batch, whose last call is that execve, untraced. 1: done, the task is not ours any more; 0: it failed */
int privileged_exec_make(struct deputy *d, struct thread *thread);

/* execve.c: a guest asks for a new program */
int exec_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len); /* a call_handler */

/* arguments.c: those of an execve that are too many for its slot */
int arguments_add(struct deputy *d, const struct wire_arguments *msg, const uint8_t *piece, size_t len);
/* Map memory for them in the process, then call @then with what mmap has returned */
void arguments_map(struct deputy *d, struct thread *thread, call_finisher then);
int arguments_place(struct thread *thread); /* lay the thread's call out there; 0 or negative errno */
void arguments_unmap(struct deputy *d, struct thread *thread, call_finisher then);
void *arguments_pointer(const struct thread *thread, uint64_t home_addr, size_t len); /* as call_pointer() */
void arguments_free(struct thread *thread);

/* exec.c: a process has a new program */
void exec_done(struct deputy *d, struct thread *thread);

/* sent.c: signals that a new program would have to get */
enum sent_kind { SENT_SENT, SENT_KEPT, SENT_PENDING };
/* Note a signal that has stopped the thread @from, or that is pending in its guest; 0 or -ENOMEM */
int sent_add(const struct thread *from, const siginfo_t *info, enum sent_kind kind);
/* The thread is stopped by it: send it to the guest, or keep it, and block it here; it interrupted call @held, or none (0) */
void sent_send(struct deputy *d, struct thread *thread, const siginfo_t *info, uint64_t held);
/* The guest has it; @from = 0: from whichever thread. The home thread that it came from, or NULL */
struct thread *sent_taken(struct deputy *d, struct task *task, pid_t from, int signo);
void sent_return(struct deputy *d, struct task *task); /* there is no new program */
/* There is one, of the thread that was @execing; on the worker (@away), or at home, still stopped */
void sent_hand_on(struct deputy *d, struct task *task, pid_t execing, bool away);
void sent_clear(struct task *task);
/* To the guest, where nobody waits for its TAKEN */
void signal_pass_on(struct deputy *d, const struct task *task, const siginfo_t *info);

/* ship.c: the image of a process goes to the worker */
int ship_image(struct deputy *d, struct task *task, struct thread *thread);

/* outbox.c: bulk and what must follow it */
int deputy_send(struct deputy *d, enum wire_type type, const void *msg, size_t msg_len, const void *tail, size_t tail_len);
/* Bytes from @from to @to of a file, whose end is that of the outbox */
#define OUTBOX_ZEROS 1u /* zeros may replace something */
#define OUTBOX_HASH  2u /* object_sent() with the hash when all has been sent */
#define OUTBOX_SIZE  4u /* say first how large the file is now */
int outbox_file(struct deputy *d, struct object *file, uint64_t from, uint64_t to, unsigned int flags);
/* What follows waits until the worker has answered TRIM */
int outbox_trim(struct deputy *d);
int outbox_memory(struct deputy *d, pid_t pid, uint64_t start, uint64_t end, unsigned int flags);
int outbox_segment(struct deputy *d, uint64_t object, pid_t pid, uint64_t start, uint64_t end);
void outbox_pump(struct deputy *d);
void outbox_clear(struct deputy *d);

/* title.c: what ps shows of it has changed; 0 or -EPROTO */
int title_told(struct deputy *d, const struct wire_title *msg, const uint8_t *text, size_t len);

/* call.c: forwarded calls */
void call_begin(struct deputy *d, const struct wire_call *msg, const uint8_t *tail, size_t tail_len);
/* Post the batch that was put into the thread's slot; @finish (or NULL: by the table) is called with the last result */
void call_post(struct deputy *d, struct thread *thread, call_finisher finish);
/* The same without waiting at all for its end, which is seen as a stop if it was begun with SLOT_ONE_SHOT */
void call_post_unawaited(struct thread *thread, call_finisher finish);
/* The thread is about to get a call: see its first stop, or its return from the last one, if they are still to come */
void call_settle(struct deputy *d, pid_t tid);
/* Wait actively for its end; when it does not come, have the thread trap */
void call_await(struct deputy *d, struct thread *thread, unsigned int us);
/* A batch at whose end the thread would trap is about to end: wait actively for that */
void call_back(struct deputy *d, struct thread *thread);
void call_finish(struct deputy *d, struct thread *thread); /* its batch is done */
void call_row_finish(struct deputy *d, struct thread *thread, int64_t ret); /* answer as the row says */
void call_answer(struct deputy *d, struct thread *thread, int64_t ret, const struct iovec *tail, int tail_nr);
/* It was interrupted: the kernel's own code goes to the worker's, with what is written even then */
void call_interrupted_answer(struct deputy *d, struct thread *thread);
/* The same as call_answer(), behind everything that the answer refers to */
void call_answer_ordered(struct deputy *d, struct thread *thread, int64_t ret, const void *tail, size_t tail_len);
/* Lay the call out from byte @skip of the slot's data on, arguments in call.home_arg; 0 or negative errno */
int call_place(struct thread *thread, const uint8_t *tail, size_t tail_len, size_t skip);
/* Lay it out and post it as its row says; @finish as for call_post() */
int call_row_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len, call_finisher finish);
/* Can posted calls be made in the same batch? */
bool call_merges(const struct wire_call *msg);
/* Where the deputy sees what a pointer of call.home_arg points to, @len bytes; NULL when it is not in the slot's data */
void *call_pointer(const struct thread *thread, uint64_t home_addr, size_t len);

/* posted.c: calls whose results the guest has already, and the order that they ask for */
void posted_init(struct deputy *d);
bool posted_is_small(const struct wire_call *msg); /* may it be posted, and wait for company? */
void posted_call(struct deputy *d, const struct wire_call *msg, const uint8_t *tail, size_t tail_len); /* CALL has come */
void posted_default(struct deputy *d, const struct wire_default *msg);	/* DEFAULT has come: behind what was posted */
void posted_interrupt(struct deputy *d, uint64_t call); /* INTERRUPT has come, perhaps for a call that is held */
void posted_merge(struct deputy *d, struct thread *thread); /* into the batch that was begun in the thread's slot */
void posted_forget(struct deputy *d, const struct thread *thread); /* its posted calls are made, or never will be */
void posted_drain(struct deputy *d); /* make the calls that were held and need not wait any more */
void posted_retry(uv_timer_t *timer);
void posted_clear(struct deputy *d); /* nobody waits for the calls that are held */

/* linger.c: before the loop sleeps, look for the call that may follow the one that was answered */
void linger_prepare(struct deputy *d);

/* ahead.c: how the call is finished if with its answer goes what the guest will ask next; NULL: there is nothing to say */
call_finisher ahead_finisher(const struct wire_call *msg);

size_t ahead_read(int fd, off_t pos, void *buf, size_t cap); /* what is in memory of the file that @fd is open on */

/* stock.c: how a large read is finished: perhaps with what was sent before, and what comes next is sent; NULL: it is none */
call_finisher stock_finisher(const struct wire_call *msg);
/* Make the call's read here; false: it has to be made as any */
bool stock_read(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
void stock_clear(struct deputy *d);

/* writes.c: writes that are posted */
call_finisher write_finisher(const struct wire_call *msg); /* if its caller asks how many more may be */
/* Post one; false: it cannot be such a one */
bool write_post(struct deputy *d, struct thread *thread, const struct wire_call *msg, const uint8_t *tail, size_t tail_len);
/* The thread's call has come, and a posted write may have failed: true: the call has been answered. Or change its finish */
bool write_late(struct deputy *d, struct thread *thread, call_finisher *finish);

/*
 * handlers.c: calls that need more than their row. A handler has put a batch into the slot and posted it, or has
 * answered; negative errno: the worker broke the protocol.
 */
typedef int (*call_handler)(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
call_handler handler_find(const struct wire_call *msg);

/* fork.c: new threads and processes */
int fork_begin(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len); /* a call_handler */
int fork_unshare(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len); /* likewise */
int fork_setns(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);   /* likewise */
void fork_event(struct deputy *d, struct thread *thread, int signo);
void clone_done(struct deputy *d, struct thread *thread, int64_t ret); /* there was no child, or it has been answered */
void newborn_enter(struct thread *newborn); /* it is in its first stop: send it to its slot */
/* If the thread is still BORN, wait for its first stop; false when there is no such thread */
bool newborn_settle(struct deputy *d, pid_t tid);
/* Newborns that no parent will tell of: end them */
void fork_strays(struct deputy *d);

/* shm.c: System V shared memory; call_handlers for shmat and shmdt */
int shm_attach(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int shm_detach(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int shm_inherit(struct task *child, const struct task *parent); /* by a fork */
void shm_forget(struct deputy *d, struct task *task);		/* its address space is gone */
/* WRITE_BACK of an object that is no file */
int shm_write_back(struct deputy *d, const struct wire_write_back *msg, const uint8_t *data, size_t len);
void shm_free(struct deputy *d);

/* times.c: processor time that was used on the worker; call_handlers */
int times_wait4(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int times_waitid(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int times_getrusage(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int times_times(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
void times_task_died(struct deputy *d, const struct task *task);
void times_child_died(struct deputy *d, pid_t parent); /* who may be waiting for it */

/* aio.c: io_submit and its events; call_handlers */
int aio_submit(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int aio_getevents(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
int aio_destroy(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
void aio_forget(struct task *task);

/* signal.c: signals between the two halves */
void signal_stop(struct deputy *d, struct thread *thread, int signo);
void signal_interrupt(struct deputy *d, uint64_t call); /* the remote wants it back */
void signal_taken(struct deputy *d, const struct wire_taken *msg);
void signal_pass(struct deputy *d, const struct wire_pass *msg);
int signal_signalfd(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len); /* call_handlers */
int signal_action(struct deputy *d, struct thread *thread, const uint8_t *tail, size_t tail_len);
void signal_default(struct deputy *d, const struct wire_default *msg);

/* The kernel's internal results of an interrupted call (include/linux/errno.h) */
#define ERESTARTSYS	      512
#define ERESTARTNOINTR	      513
#define ERESTARTNOHAND	      514
#define ERESTART_RESTARTBLOCK 516

/* cancel.c: home threads in and out of their calls */
bool call_interrupted(const struct thread *thread, const struct user_regs_struct *regs);
void call_abort(struct thread *thread, struct user_regs_struct *regs); /* at a stop in which call_interrupted() */
void call_again(const struct thread *thread, struct user_regs_struct *regs);
int cancel_call(struct deputy *d, struct thread *thread);
bool cancel_wanted(const struct thread *thread); /* and not yet done: at its next stop */
int cancel_at_stop(struct thread *thread);	 /* do it */

/* lost.c: the end without the worker */
void lost_end(struct deputy *d, const char *why); /* of the session, and so of all that runs there */
void lost_task_end(struct deputy *d, struct task *task); /* for the reason that was said last */
void task_end(struct deputy *d, struct task *task, const char *why);
void task_end_post(struct deputy *d, struct thread *thread); /* in an ending task, its main thread is idle */
void lost_reason(struct deputy *d, const char *why); /* words that may be the worker's, for a terminal */
void lost_signal(struct thread *thread, int signo); /* has stopped a thread that nobody runs code for any more */
void task_note_stderr(struct task *task);

/* stats.c */
void stats_write(const struct deputy *d);

/* launch.c: for the tools */
/**
 * struct deputy_options - What a tool asks of its deputy
 * @prog:	The tool's name
 * @node:	The node's name as the user gave it
 * @addr:	Its address
 * @key:	The cluster key
 * @command:	Name of the program, for the node's administrator
 * @children:	Where the programs go that it executes later
 * @stays:	Why the program stays at home; NULL: it goes to the node
 */
struct deputy_options {
	const char *prog;
	const char *node;
	struct node_addr addr;
	uint8_t key[32];
	const char *command;
	enum children children;
	const char *stays;
};
int deputy_launch(const struct deputy_options *opt, char *why, size_t why_len);

/* Leave the tool's terminal, files and limits behind; *@talk may get another number. Returns a copy of its stderr, or -1 */
int deputy_detach(int *talk);

/* deputy.c: the deputy's life, from the talk with its tool to the end of the family; returns its exit status */
int deputy_run(const struct deputy_options *opt, pid_t target, int talk);
void deputy_end_if_done(struct deputy *d); /* nobody is left to look after */

#endif
