// SPDX-License-Identifier: GPL-2.0-or-later
/* omctl status: ask a node how it is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "tools/omctl.h"

#define MIB	     (1024.0 * 1024)
#define GIB	     (1024 * MIB)
#define THIS_MACHINE "127.0.0.1"

/**
 * struct status_session - What the answer is for
 * @session:	The session, first
 * @json:	Print it for programs
 */
struct status_session {
	struct omctl_session session;
	bool json;
};

/**
 * print_milli() - Print a number given in thousandths
 * @milli:	The number
 */
static void print_milli(uint32_t milli)
{
	printf("%" PRIu32 ".%02" PRIu32, milli / 1000, milli % 1000 / 10);
}

/**
 * print_json() - Print a status for programs
 * @status:	The status
 */
static void print_json(const struct wire_status *status)
{
	const uint32_t load[] = { status->load_1_milli, status->load_5_milli, status->load_15_milli };

	fputs("{\"node\":", stdout);
	omctl_print_field(status->node, sizeof(status->node), true);
	fputs(",\"version\":", stdout);
	omctl_print_field(status->version, sizeof(status->version), true);
	printf(",\"guests\":%" PRIu32 ",\"guests_max\":%" PRIu32 ",\"cpus\":%" PRIu32 ",\"load\":[", status->guests,
	       status->guests_max, status->cpus);
	for (int i = 0; i < 3; i++) {
		fputs(i ? "," : "", stdout);
		print_milli(load[i]);
	}
	printf("],\"memory_total_bytes\":%" PRIu64 ",\"memory_available_bytes\":%" PRIu64 ",\"uptime_s\":%" PRIu64,
	       status->memory_total_bytes, status->memory_available_bytes, status->uptime_s);
	printf(",\"cache\":{\"contents\":%" PRIu32 ",\"bytes\":%" PRIu64 ",\"bytes_max\":%" PRIu64 ",\"hits\":%" PRIu64
	       ",\"misses\":%" PRIu64 "}}\n",
	       status->cache_contents, status->cache_bytes, status->cache_bytes_max, status->cache_hits,
	       status->cache_misses);
}

/**
 * print_cache() - Print how full the cache is, and what use
 * @status:	The status
 */
static void print_cache(const struct wire_status *status)
{
	if (!status->cache_bytes_max) {
		puts("cache     none");
		return;
	}
	printf("cache     %" PRIu32 " contents, %.1f MiB of at most %.1f MiB; %" PRIu64 " hits, %" PRIu64 " misses\n",
	       status->cache_contents, (double)status->cache_bytes / MIB, (double)status->cache_bytes_max / MIB,
	       status->cache_hits, status->cache_misses);
}

/**
 * print_text() - Print a status for people
 * @status:	The status
 */
static void print_text(const struct wire_status *status)
{
	fputs("node      ", stdout);
	omctl_print_field(status->node, sizeof(status->node), false);
	fputs("\nversion   ", stdout);
	omctl_print_field(status->version, sizeof(status->version), false);
	printf("\nguests    %" PRIu32 " of at most %" PRIu32 "\nload      ", status->guests, status->guests_max);
	print_milli(status->load_1_milli);
	putchar(' ');
	print_milli(status->load_5_milli);
	putchar(' ');
	print_milli(status->load_15_milli);
	printf(" on %" PRIu32 " CPUs\n", status->cpus);
	printf("memory    %.1f GiB available of %.1f GiB\n", (double)status->memory_available_bytes / GIB,
	       (double)status->memory_total_bytes / GIB);
	print_cache(status);
	printf("up        %" PRIu64 " days %02" PRIu64 ":%02" PRIu64 "\n", status->uptime_s / 86400,
	       status->uptime_s / 3600 % 24, status->uptime_s / 60 % 60);
}

/**
 * on_message() - The node says something
 * @session:	The session
 * @type:	What
 * @msg:	The message
 */
static void on_message(struct omctl_session *session, enum wire_type type, const union wire_any *msg)
{
	const struct status_session *self = (const struct status_session *)session;

	if (type != WIRE_STATUS) {
		log_error("%s: answers %s", session->node, wire_name(type));
		omctl_session_end(session, EXIT_FAILED);
		return;
	}
	(self->json ? print_json : print_text)(&msg->status);
	omctl_session_end(session, 0);
}

int omctl_status(int argc, char **argv)
{
	struct status_session self = { .session = { .node = THIS_MACHINE, .message = on_message } };
	int arg = 1, ret;

	if (arg < argc && strcmp(argv[arg], "--json") == 0) {
		self.json = true;
		arg++;
	}
	if (arg < argc && argv[arg][0] != '-')
		self.session.node = argv[arg++];
	if (arg < argc)
		return omctl_misused("status");
	ret = omctl_session_open(&self.session, WIRE_PURPOSE_STATUS);
	return ret ? ret : omctl_session_run(&self.session);
}
