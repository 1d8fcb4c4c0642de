/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two channels that are connected by byte strings instead of a socket, in virtual time: pieces as small as one byte,
 * sockets that take nothing, errors at a chosen call, bytes that somebody on the way changes.
 */
#ifndef OM_TEST_SIM_H
#define OM_TEST_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/channel_io.h"

#define SIM_LOG_MAX 64

struct sim;

/**
 * struct sim_end - One end
 * @ch:		Its channel; first
 * @sim:	The pair
 * @other:	The other end
 * @in:		Bytes on their way to this end
 * @in_len:	Their number
 * @in_cap:	Size of @in
 * @in_eof:	The other end has closed, behind @in
 * @read_max:	Bytes of one read
 * @room:	Bytes on their way to the other end at which writing blocks
 * @fail_at:	The so many-th read or write fails; 0 for none
 * @fail_error:	With this
 * @calls:	Reads and writes
 * @reads:	Reads that gave bytes
 * @writes:	Writes that took bytes
 * @want_write: As told
 * @woken:	io->wake() was called
 * @timer_us:	When io->timer() runs out, 0 for never
 * @gone:	Its machine has no power: nothing is delivered, no timer runs
 * @stopped:	io->stop() or io->detach()
 * @freed:	io->free()
 * @inside:	A call of the test into the channel is under way, in which closed() must not be called
 * @type:	Types of the messages that came
 * @messages:	Their number
 * @last:	The last of them
 * @tail:	Its tail
 * @tail_len:	Its length
 * @drained:	Number of drained() calls
 * @closed:	Number of closed() calls
 * @error:	Of the last
 * @why:	Of the last
 * @on_message:	Called for each message
 * @on_closed:	Called by closed()
 * @on_drained:	Called by drained()
 */
struct sim_end {
	struct channel ch;
	struct sim *sim;
	struct sim_end *other;
	uint8_t *in;
	size_t in_len, in_cap;
	bool in_eof;
	size_t read_max;
	size_t room;
	unsigned int fail_at;
	int fail_error;
	unsigned int calls, reads, writes;
	bool want_write, woken;
	uint64_t timer_us;
	bool gone;
	bool stopped, freed;
	bool inside;
	enum wire_type type[SIM_LOG_MAX];
	unsigned int messages;
	union wire_any last;
	uint8_t *tail;
	size_t tail_len;
	unsigned int drained, closed;
	int error;
	char why[CHANNEL_WHY_MAX];
	void (*on_message)(struct sim_end *end);
	void (*on_closed)(struct sim_end *end);
	void (*on_drained)(struct sim_end *end);
};

/**
 * struct sim - Two ends
 * @now_us:	Virtual time
 * @home:	One end
 * @worker:	The other
 * @keys_home:	Keys of home
 * @keys_worker: Keys of the worker
 */
struct sim {
	uint64_t now_us;
	struct sim_end home, worker;
	struct session_keys keys_home, keys_worker;
};

/* A connected pair, both in all phases; @count: records that both have sent already */
struct sim *sim_new(uint32_t cipher, uint64_t count);
void sim_free(struct sim *sim);
/* Open one end alone with @keys, to be fed by hand */
void sim_open(struct sim *sim, struct sim_end *end, const struct session_keys *keys, enum wire_sender self);
/* Deliver everything until nothing moves */
void sim_run(struct sim *sim);
/* Let time pass, with the timers that run out */
void sim_pass(struct sim *sim, unsigned int ms);
/* Bytes from nowhere to an end */
void sim_inject(struct sim_end *end, const void *bytes, size_t len);
/* The records of a message, as the other side of @end would send them next; @len bytes of any content. Appended. */
size_t sim_forge(struct record_cipher *rc, const uint8_t *message, size_t len, uint8_t *out);
/* Send, noting that closed() must not be called meanwhile */
int sim_send(struct sim_end *end, enum wire_type type, const void *msg, const void *tail, size_t tail_len);
/* Bytes that can be told apart */
void sim_pattern(uint8_t *buf, size_t len, unsigned int seed);

#endif
