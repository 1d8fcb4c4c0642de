// SPDX-License-Identifier: GPL-2.0-or-later
/* omctl ping: measure round trips over the encrypted channel. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "tools/omctl.h"

#define COUNT_DEFAULT  10
#define COUNT_MAX      1000000
#define SIZE_DEFAULT   64
#define SIZE_MAX_BYTES WIRE_DATA_MAX

/**
 * struct ping_session - A measurement
 * @session:	The session, first
 * @count:	Round trips to make
 * @size:	Bytes there and back
 * @json:	Print for programs
 * @done:	Round trips made
 * @sent_us:	When the last one began
 * @took_us:	How long each took
 * @payload:	What is sent, @size bytes
 */
struct ping_session {
	struct omctl_session session;
	uint64_t count, size;
	bool json;
	uint64_t done;
	uint64_t sent_us;
	uint64_t *took_us;
	uint8_t *payload;
};

/**
 * send_ping() - Begin a round trip
 * @self:	The measurement
 */
static void send_ping(struct ping_session *self)
{
	const struct wire_echo echo = { .reply_size = (uint32_t)self->size };
	const struct iovec tail = { .iov_base = self->payload, .iov_len = self->size };

	self->sent_us = omctl_now_us();
	/* A session that has ended is told through the channel's closed callback */
	channel_send(self->session.ch, WIRE_ECHO, &echo, &tail, 1);
}

/**
 * compare() - Order of two times, for qsort
 * @a:		One
 * @b:		The other
 */
static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/**
 * print_result() - Print what was measured
 * @self:	The measurement
 */
static void print_result(const struct ping_session *self)
{
	const struct omctl_session *session = &self->session;
	const char *cipher = channel_cipher(session->ch);
	uint64_t *took_us = self->took_us;
	double min, median, mean, max;
	uint64_t sum = 0, middle_us;

	qsort(took_us, self->count, sizeof(took_us[0]), compare);
	middle_us = took_us[self->count / 2];
	for (uint64_t i = 0; i < self->count; i++)
		sum += took_us[i];
	min = (double)took_us[0] / 1000;
	median = (double)middle_us / 1000;
	mean = (double)sum / (double)self->count / 1000;
	max = (double)took_us[self->count - 1] / 1000;
	if (self->json)
		printf("{\"cipher\":\"%s\",\"setup_ms\":%.3f,\"count\":%" PRIu64 ",\"size\":%" PRIu64
		       ",\"min_ms\":%.3f,\"median_ms\":%.3f,\"mean_ms\":%.3f,\"max_ms\":%.3f}\n",
		       cipher, (double)session->setup_us / 1000, self->count, self->size, min, median, mean, max);
	else
		printf("%s: %s, set up in %.3f ms\n"
		       "%" PRIu64 " round trips of %" PRIu64 " bytes: min %.3f, median %.3f, mean %.3f, max %.3f ms\n",
		       session->node, cipher, (double)session->setup_us / 1000, self->count, self->size, min, median,
		       mean, max);
}

/**
 * on_message() - The node says something
 * @session:	The session
 * @type:	What
 * @msg:	The message
 */
static void on_message(struct omctl_session *session, enum wire_type type, const union wire_any *msg)
{
	struct ping_session *self = (struct ping_session *)session;

	(void)msg;
	if (type == WIRE_ACCEPT) {
		channel_phase_set(session->ch, PH_ECHO);
		send_ping(self);
		return;
	}
	self->took_us[self->done++] = omctl_now_us() - self->sent_us;
	if (self->done < self->count) {
		send_ping(self);
		return;
	}
	print_result(self);
	omctl_session_end(session, 0);
}

/**
 * parse() - Parse the arguments
 * @argc:	Their number
 * @argv:	The arguments
 * @self:	Where to
 *
 * Return: whether they make sense.
 */
static bool parse(int argc, char **argv, struct ping_session *self)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "size", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	bool ok = true;
	int opt;

	opterr = 0;
	while (ok && (opt = getopt_long(argc, argv, "c:s:", options, NULL)) != -1) {
		if (opt == 'c')
			ok = omctl_number(optarg, 1, COUNT_MAX, &self->count);
		else if (opt == 's')
			ok = omctl_number(optarg, 0, SIZE_MAX_BYTES, &self->size);
		else if (opt == 'j')
			self->json = true;
		else
			ok = false;
	}
	if (!ok || optind != argc - 1)
		return false;
	self->session.node = argv[optind];
	return true;
}

int omctl_ping(int argc, char **argv)
{
	struct ping_session self = {
		.session = { .message = on_message },
		.count = COUNT_DEFAULT,
		.size = SIZE_DEFAULT,
	};
	int status;

	if (!parse(argc, argv, &self))
		return omctl_misused("ping");
	self.took_us = calloc(self.count, sizeof(self.took_us[0]));
	self.payload = calloc(1, self.size + 1);
	if (!self.took_us || !self.payload) {
		log_error("ping: out of memory");
		status = EXIT_FAILED;
		goto free_memory;
	}
	status = omctl_session_open(&self.session, WIRE_PURPOSE_ECHO);
	if (status == 0)
		status = omctl_session_run(&self.session);
free_memory:
	free(self.took_us);
	free(self.payload);
	return status;
}
