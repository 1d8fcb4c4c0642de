/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: Theory of operation
 *
 * The messages of a session are the rows of wire.def. From them this header makes one number (WIRE_CALL) and one struct
 * (struct wire_call) each, and wire.c one encoder and one decoder each. On the wire a message is its number (u16), its
 * fields, little endian and packed in the order of the row, and, when the row ends in TAIL(max), 0..max further bytes.
 *
 * wire_decode() is the one place where the other side's bytes become a message. It refuses whatever the row does not
 * allow: the number, the sender, the phase of the session, the length. What it lets through still has field values
 * chosen by a peer that may be hostile: those are checked by who uses them.
 */
#ifndef OM_WIRE_H
#define OM_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Hard maximum of a message: number, fields and tail */
#define WIRE_MESSAGE_MAX (1536u << 10)
/* Hard maximum of the fixed part: number and fields */
#define WIRE_FIXED_MAX 1024u
/* Longest tail of PAGES and OBJECT_DATA, and of CALL, RESULT and ECHO */
#define WIRE_PAGES_MAX	 1048576u
#define WIRE_TRIM_MAX	 8192u /* objects in TRIM */
#define WIRE_DATA_MAX	 1441792u
#define WIRE_FETCH_MAX	 262144u /* longest piece that is fetched */
#define WIRE_FETCHES_MAX 256u	 /* FETCHes without an answer */
#define WIRE_TICKET_LEN	 32u

/* Who sends a message */
enum wire_sender {
	WIRE_HOME = 1,	 /* the deputy, omctl: who connects */
	WIRE_WORKER = 2, /* omd, the remote: who is connected to */
	WIRE_ANY = 3,
};

/* Phases of a session, a bit each */
enum wire_phase {
	PH_OPEN = 1,  /* until ACCEPT */
	PH_RUN = 2,   /* an arrival was accepted */
	PH_ECHO = 4,  /* a measurement was accepted */
	PH_PAGES = 8, /* a session's second connection was accepted */
	PH_ANY = PH_OPEN | PH_RUN | PH_ECHO | PH_PAGES,
};

/* HELLO: what the connection is for */
enum wire_purpose {
	WIRE_PURPOSE_ARRIVAL = 1, /* a task wants to run here */
	WIRE_PURPOSE_ECHO = 2,	  /* measure the channel */
	WIRE_PURPOSE_STATUS = 3,  /* ask how the node is */
};

/* REFUSE: why not (its struct is struct wire_refuse) */
enum wire_refuse_code {
	WIRE_REFUSE_INTERNAL = 1, /* the node failed by itself; the tail says how */
	WIRE_REFUSE_VERSION = 2,  /* no common version */
	WIRE_REFUSE_PURPOSE = 3,  /* does not know this purpose */
	WIRE_REFUSE_CPU = 4,	  /* its CPU lacks features that the image uses */
	WIRE_REFUSE_BUSY = 5,	  /* has all the guests it can take */
	WIRE_REFUSE_BLOCKED = 6,  /* takes no guests */
	WIRE_REFUSE_MEMORY = 7,	  /* has not the memory */
	WIRE_REFUSE_SANDBOX = 8,  /* its system forbids what a safe guest needs */
	WIRE_REFUSE_TICKET = 9,	  /* no session has that ticket */
};

/* WANT: is the content of an object to be sent? */
enum wire_wanted {
	WIRE_WANTED_NOT = 0,   /* the worker has it, or cannot keep it */
	WIRE_WANTED_ALL = 1,   /* yes */
	WIRE_WANTED_PAGES = 2, /* no: it will be fetched as it is touched */
};

#define WIRE_RESULT_REGULAR   1u	 /* RESULT: the descriptor is a regular file */
#define WIRE_RESULT_AHEAD     2u	 /* RESULT: struct wire_ahead or wire_room and its length, u32, end the tail */
#define WIRE_RESULT_STOCK     4u	 /* RESULT: struct wire_stocked instead of its data, which are in STOCK */
#define WIRE_CALL_MORE	      1u	 /* CALL: first part of a larger transfer */
#define WIRE_CALL_AHEAD	      2u	 /* CALL: such a RESULT is welcome */
#define WIRE_CALL_POSTED      4u	 /* CALL that the guest has the result of: there is no RESULT */
#define WIRE_CALL_STREAMED    8u	 /* CALL of a write that has no tail: arg[2] bytes follow in DATA */
#define WIRE_CALL_HERE	      16u	 /* CALL of a read: what is around it is welcome, not what comes next */
#define WIRE_VMA_STACK	      (1u << 31) /* struct wire_vma: the main thread's stack; other bits as Linux' MAP_* */
#define WIRE_TRIMMED_PRIVATE  (1ull << 63) /* TRIMMED, in a number: still mapped, but no more shared and writable */
#define WIRE_OBJECT_LIVE      1u	   /* OBJECT: mapped shared; its content changes on both sides */
#define WIRE_OBJECT_ANONYMOUS 0u	   /* object number of memory without a file */

/*
 * Names in lower case, which the preprocessor cannot make: WIRE_ID_X is the struct of row X and its member in union
 * wire_any. A row without such a line does not compile.
 */
#define WIRE_ID_PING	     wire_ping, ping
#define WIRE_ID_PONG	     wire_pong, pong
#define WIRE_ID_HELLO	     wire_hello, hello
#define WIRE_ID_ACCEPT	     wire_accept, accept
#define WIRE_ID_REFUSE	     wire_refuse, refuse
#define WIRE_ID_BODY	     wire_body, body
#define WIRE_ID_LIMITS	     wire_limits, limits
#define WIRE_ID_XSTATE	     wire_xstate, xstate
#define WIRE_ID_PAGES	     wire_pages, pages
#define WIRE_ID_OBJECT	     wire_object, object
#define WIRE_ID_OBJECT_DATA  wire_object_data, object_data
#define WIRE_ID_START	     wire_start, start
#define WIRE_ID_STARTED	     wire_started, started
#define WIRE_ID_CALL	     wire_call, call
#define WIRE_ID_RESULT	     wire_result, result
#define WIRE_ID_INTERRUPT    wire_interrupt, interrupt
#define WIRE_ID_SIGNAL	     wire_signal, signal
#define WIRE_ID_DEFAULT	     wire_default, default_
#define WIRE_ID_PASS	     wire_pass, pass
#define WIRE_ID_STOP	     wire_stop, stop
#define WIRE_ID_CONT	     wire_cont, cont
#define WIRE_ID_DROP	     wire_drop, drop
#define WIRE_ID_GONE	     wire_gone, gone
#define WIRE_ID_USAGE	     wire_usage, usage
#define WIRE_ID_ECHO	     wire_echo, echo
#define WIRE_ID_TAKEN	     wire_taken, taken
#define WIRE_ID_WRITE_BACK   wire_write_back, write_back
#define WIRE_ID_STATUS	     wire_status, status
#define WIRE_ID_FORGET	     wire_forget, forget
#define WIRE_ID_OFFER	     wire_offer, offer
#define WIRE_ID_WANT	     wire_want, want
#define WIRE_ID_KEEP	     wire_keep, keep
#define WIRE_ID_ARGUMENTS    wire_arguments, arguments
#define WIRE_ID_TITLE	     wire_title, title
#define WIRE_ID_OBJECT_ZERO  wire_object_zero, object_zero
#define WIRE_ID_TRIM	     wire_trim, trim
#define WIRE_ID_TRIMMED	     wire_trimmed, trimmed
#define WIRE_ID_STOCK	     wire_stock, stock
#define WIRE_ID_SEEN	     wire_seen, seen
#define WIRE_ID_LISTING	     wire_listing, listing
#define WIRE_ID_JOIN	     wire_join, join
#define WIRE_ID_FETCH	     wire_fetch, fetch
#define WIRE_ID_FETCHED	     wire_fetched, fetched
#define WIRE_ID_OBJECT_STALE wire_object_stale, object_stale
#define WIRE_ID_STALE	     wire_stale, stale
#define WIRE_ID_DATA	     wire_data, data
#define WIRE_ID_RETRACT	     wire_retract, retract
#define WIRE_ID_TAKES	     wire_takes, takes

#define WIRE_ID_1(tag, member) tag
#define WIRE_ID_2(tag, member) member
#define WIRE_ID_X(pick, ...)   pick(__VA_ARGS__)
#define WIRE_TAG(NAME)	       WIRE_ID_X(WIRE_ID_1, WIRE_ID_##NAME)
#define WIRE_MEMBER(NAME)      WIRE_ID_X(WIRE_ID_2, WIRE_ID_##NAME)

/* <termios.h> has a macro of a row's name */
#pragma push_macro("ECHO")
#undef ECHO

enum wire_type {
	WIRE_NONE,
#define MSG(name, sender, phase, fields) WIRE_##name,
#include "wire.def"
#undef MSG
	WIRE_TYPES, /* one more than the last */
};

#define U8(n)	    uint8_t n;
#define U32(n)	    uint32_t n;
#define I32(n)	    int32_t n;
#define U64(n)	    uint64_t n;
#define I64(n)	    int64_t n;
#define FIX(n, len) uint8_t n[len];
#define ARGS(n, nr) uint64_t n[nr];
#define TAIL(max)
#define MSG(name, sender, phase, fields)                                                                               \
	struct WIRE_TAG(name) {                                                                                        \
		fields                                                                                                 \
	};
#include "wire.def"
#undef MSG
#undef U8
#undef U32
#undef I32
#undef U64
#undef I64
#undef FIX
#undef ARGS
#undef TAIL

/**
 * union wire_any - Any message, decoded: member `call` for WIRE_CALL and so on; `default_` for WIRE_DEFAULT
 */
union wire_any {
#define MSG(name, sender, phase, fields) struct WIRE_TAG(name) WIRE_MEMBER(name);
#include "wire.def"
#undef MSG
};
#pragma pop_macro("ECHO")

/**
 * struct wire_ahead - More in the RESULT of an open or read; data follow
 * @stat:	What fstat would say (the kernel's struct stat)
 * @flags:	What fcntl(F_GETFL) would say
 * @whole:	1: the data that follow are all that is left for a reader; 0: only the next of it
 * @traits:	WIRE_AHEAD_* bits
 * @kind:	What the answer to mmap would say of it
 * @object:	The object that a private mapping of the file would be of; 0: ask
 * @promise:	Not 0: all that, and that the path leads there, holds until a RETRACT whose era is not the upper half of this;
 *		the path, with a zero at its end, comes before the data
 */
struct wire_ahead {
	uint8_t stat[144];
	uint32_t flags;
	uint32_t whole;
	uint32_t traits;
	uint32_t kind;
	uint64_t object;
	uint64_t promise;
};
/* Flags of an open that can be promised: O_CLOEXEC, O_NOCTTY, O_LARGEFILE */
#define WIRE_POSTED_OPEN_FLAGS (02000000 | 0400 | 0100000)
#define WIRE_PROMISE_BLOCK     32768u /* with a read of a promised file come the data of the block in which it begins */
#define WIRE_AHEAD_DATA_MAX    65536u /* bytes of data behind it */
#define WIRE_AHEAD_ACCESSED    1u     /* a read may change what fstat would say */
#define WIRE_AHEAD_SEEKABLE    2u     /* lseek to any place up to WIRE_SEEK_MAX succeeds */
#define WIRE_AHEAD_NAMED       4u /* only stat's answer for the path, and that access with the mode @kind succeeds */
#define WIRE_SEEK_MAX	       INT32_MAX

#define WIRE_LISTING_MAX      65536u /* bytes of a LISTING's tail */
#define WIRE_LISTING_PATH_MAX 255u   /* bytes of a path in LISTING and STALE */

/**
 * struct wire_room - More in the RESULT of a write or pwrite64
 * @dev:	Device and inode of the file
 * @ino:	.
 * @credit:	Bytes that are sure to be taken by the next writes
 */
struct wire_room {
	uint64_t dev, ino, credit;
};

#define WIRE_STOCKS_MAX 4u	 /* numbers of STOCK: less than that */
#define WIRE_STOCK_MAX	1048576u /* bytes of one */

/**
 * struct wire_stocked - Where the data of a RESULT are
 * @stock:	Number of the STOCK
 * @offset:	Offset in it
 */
struct wire_stocked {
	uint32_t stock;
	uint32_t offset;
};

/**
 * struct wire_vma - A mapping of an image (BODY's tail is an array of them, WIRE_VMA_SIZE bytes each)
 * @start:	First address, page aligned
 * @end:	Address after the last, page aligned, > @start
 * @prot:	PROT_* bits
 * @flags:	Linux' MAP_* bits | WIRE_VMA_STACK
 * @object:	Number of the object that is mapped, or WIRE_OBJECT_ANONYMOUS
 * @offset:	Offset in the object
 */
struct wire_vma {
	uint64_t start, end;
	uint32_t prot, flags;
	uint64_t object, offset;
};
#define WIRE_VMA_SIZE 40u

void wire_vma_encode(const struct wire_vma *vma, uint8_t out[static WIRE_VMA_SIZE]);
/* 0, or -EPROTO when the addresses are not those of a mapping of user memory */
int wire_vma_decode(const uint8_t in[static WIRE_VMA_SIZE], struct wire_vma *out);

/* Bytes of the fixed part (number and fields) of a message; 0 for an unknown type */
size_t wire_size(enum wire_type type);
/* Longest tail of a message */
size_t wire_tail_max(enum wire_type type);
/* "CALL"; "?" for an unknown type */
const char *wire_name(enum wire_type type);
/* "its CPU lacks features that the image uses"; for any number */
const char *wire_refuse_text(uint32_t code);

/* Encode number and fields from @msg (struct wire_NAME); the length, or -ENOMSG (unknown type), -ENOSPC */
int wire_encode(enum wire_type type, const void *msg, uint8_t *out, size_t cap);

/*
 * Decode a message that side @from sent in @phase. @tail points into @in. 0 or
 * -ENOMSG (unknown number), -EPERM (not a message of that sender), -EPROTO (not in this phase), -EBADMSG (wrong length).
 * *@type is set to the number even on failure (it may be unknown then; WIRE_NONE when there is none).
 */
int wire_decode(const uint8_t *in, size_t len, enum wire_sender from, unsigned int phase, union wire_any *out,
		enum wire_type *type, const uint8_t **tail, size_t *tail_len);

#endif
