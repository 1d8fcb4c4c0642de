/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A deputy in a test's hands: an om-remote of its own at the other end of a socket, to which the test says what it
 * wants, and small images made by hand. Whatever fails here fails the test.
 */
#ifndef OM_TEST_RIG_H
#define OM_TEST_RIG_H

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#include "channel.h"

#define RIG_PID	  23456u
#define RIG_CODE  0x400000ull	    /* the page that the program is in */
#define RIG_STACK 0x7ffe00000000ull /* 32 pages */
#define RIG_ARENA 0x6f0000000000ull
#define RIG_PAGE  4096u

struct rig_message;

/**
 * struct rig - A session with an om-remote
 * @loop:	Event loop
 * @channel:	Connection; NULL when the other side has closed it
 * @join:	Where a second connection can be handed over
 * @pages:	That; NULL when there is none
 * @timer:	Ends waiting
 * @remote:	Process
 * @queue:	Messages that have come, oldest first
 * @queued:	Their number
 * @type:	The last message that was waited for
 * @msg:	It
 * @tail:	Its tail
 * @tail_len:	Its length
 * @vmas:	Mappings of the next BODY
 * @vma_nr:	Their number
 * @body:	The next BODY
 */
struct rig {
	uv_loop_t loop;
	struct channel *channel;
	int join;
	struct channel *pages;
	uv_timer_t timer;
	pid_t remote;
	struct rig_message *queue[16];
	unsigned int queued;
	enum wire_type type;
	union wire_any msg;
	uint8_t tail[4096];
	size_t tail_len;
	struct wire_vma vmas[8];
	unsigned int vma_nr;
	struct wire_body body;
};

/* False when this system does not let this user have guests. @hello NULL: an ordinary one */
bool rig_start(struct rig *rig, const struct wire_hello *hello);
/* The HELLO of an ordinary arrival, from a machine like this one */
struct wire_hello rig_hello(void);
/* Close the connection; the remote has to end with status 0, and nothing may be left */
void rig_end(struct rig *rig);

/* Open the second connection, and wait until it is accepted */
void rig_join(struct rig *rig);
/* Answer a FETCH */
void rig_fetched(struct rig *rig, uint64_t fetch, int error, const void *tail, size_t tail_len);

void rig_send(struct rig *rig, enum wire_type type, const void *msg, const void *tail, size_t tail_len);
/* Wait for a message of @type (WIRE_NONE: any), skipping USAGE and TAKEN; false when the other side ends the session instead */
bool rig_wait(struct rig *rig, enum wire_type type);
/* The other side must end the session */
void rig_wait_end(struct rig *rig);
/* It must not: it still makes a guest */
void rig_check_alive(struct rig *rig);

/* BODY as in @rig->body and @rig->vmas; rig_start() sets them to a program's code and stack */
void rig_body(struct rig *rig);
/* BODY, PAGES with the program that begins at @code, START; then STARTED must say @error */
void rig_program(struct rig *rig, const void *code, int error);
/* Wait for CALL @nr */
struct wire_call rig_call(struct rig *rig, uint32_t nr);
void rig_result(struct rig *rig, uint64_t call, int64_t ret, const void *tail, size_t tail_len);
void rig_drop(struct rig *rig);

/* Programs, in assembler; none is longer than RIG_PAGE / 2 */
extern const uint8_t rig_exits[];  /* exit_group(getppid()) */
extern const uint8_t rig_spins[];  /* for ever */
extern const uint8_t rig_writes[]; /* write(1, "text", 4), then exit_group(result) */
extern const uint8_t rig_faults[]; /* reads address 8 */
extern const uint8_t rig_maps[];   /* mmap(0, 4096, PROT_READ, MAP_PRIVATE, 5, 0), exit_group(first byte) */
extern const uint8_t rig_holds[];  /* the same mmap, getppid() */
extern const uint8_t rig_sleeps[]; /* pause() for ever, on the worker */
extern const uint8_t rig_reads[];  /* read(0, stack, 3), then exit_group(its second byte) */
extern const uint8_t rig_forks[];  /* fork(), then exit_group(result) */

#endif
