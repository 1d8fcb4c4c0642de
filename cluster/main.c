// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: Theory of operation
 *
 * omd, the node daemon: one process, one thread, one event loop, four parts.
 *
 *   listener ──► intake ──► remotes ──► om-remote, one process per arrival
 *   accepts      handshake  starts, watches, ends them
 *   always       and HELLO
 *
 * Beside them is the cache of file contents, which remotes use (cache.h). The fourth part is this file: it brings them up in an order in which whatever is wrong is found before anybody is let in,
 * and takes them down in the other order. omd never looks at what a guest does; a remote that crashes is a line in the
 * log.
 *
 * omd needs no privilege. As root its guests can be kept apart by more means, see remote/sandbox.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cluster/cache.h"
#include "cluster/intake.h"
#include "cluster/listener.h"
#include "cluster/notify.h"
#include "cluster/options.h"
#include "cluster/remotes.h"
#include "log.h"

/* Descriptors that omd asks for: every connection that may wait, and what it needs itself */
#define NOFILE_OWN    512
#define NOFILE_WANTED (INTAKE_HALFOPEN_MAX + NOFILE_OWN)

/**
 * struct omd - The daemon
 * @options:	Command line
 * @loop:	Event loop
 * @listener:	Accepts
 * @intake:	Finds out what connections are for
 * @remotes:	Carry guests
 * @cache:	Contents for them
 * @registration: The name in the runtime directory
 * @stop:	SIGTERM and SIGINT
 * @reload:	SIGHUP
 * @stopping:	One of @stop has come
 */
struct omd {
	struct omd_options options;
	uv_loop_t loop;
	struct listener listener;
	struct intake intake;
	struct remotes remotes;
	struct cache cache;
	struct nodefile registration;
	uv_signal_t stop[2];
	uv_signal_t reload;
	bool stopping;
};

/**
 * on_accepted() - The listener has a connection
 * @ctx:	The daemon
 * @fd:		The connection
 */
static void on_accepted(void *ctx, int fd)
{
	struct omd *omd = ctx;

	intake_take(&omd->intake, fd);
}

/**
 * on_spare() - The listener has no descriptor left
 * @ctx:	The daemon
 */
static bool on_spare(void *ctx)
{
	struct omd *omd = ctx;

	return intake_spare(&omd->intake);
}

static const struct listener_ops listener_ops = { .accepted = on_accepted, .spare = on_spare };

/**
 * on_remotes_ended() - The last remote has gone: let the loop run out
 * @ctx:	The daemon
 */
static void on_remotes_ended(void *ctx)
{
	struct omd *omd = ctx;

	remotes_close(&omd->remotes);
	cache_close(&omd->cache);
	uv_close((uv_handle_t *)&omd->stop[0], NULL);
	uv_close((uv_handle_t *)&omd->stop[1], NULL);
	uv_close((uv_handle_t *)&omd->reload, NULL);
}

/**
 * on_stop() - SIGTERM or SIGINT: let nobody in, end all guests, then end
 * @handle:	Signal handle
 * @signum:	Which
 */
static void on_stop(uv_signal_t *handle, int signum)
{
	struct omd *omd = handle->data;

	if (omd->stopping)
		return;
	omd->stopping = true;
	notify_state("STOPPING=1");
	log_info("ending (%s), %u guests end too", strsignal(signum), omd->remotes.guests);
	nodefile_unregister(&omd->registration);
	listener_close(&omd->listener);
	intake_close(&omd->intake);
	remotes_end(&omd->remotes, on_remotes_ended, omd);
}

/**
 * on_reload() - SIGHUP: the key may be another one now
 * @handle:	Signal handle
 * @signum:	SIGHUP
 *
 * A key that cannot be read leaves the node with the one it has. Sessions that exist go on.
 */
static void on_reload(uv_signal_t *handle, int signum)
{
	struct omd *omd = handle->data;
	uint8_t key[KEY_LEN];
	char why[PATH_MAX + 128];

	(void)signum;
	if (omd->stopping)
		return;
	if (key_load(omd->options.key, key, why, sizeof(why)) < 0) {
		log_error("%s; the old key stays", why);
		return;
	}
	intake_key_set(&omd->intake, key);
	sodium_memzero(key, sizeof(key));
	log_info("the key was read again");
}

/**
 * fill_standard_streams() - See to it that descriptors 0 to 2 are something
 *
 * Otherwise a connection could become standard error, and the log go to a stranger.
 */
static void fill_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/**
 * raise_nofile() - Ask for as many descriptors as there may be connections
 * @before:	The limit as it was, which remotes get
 *
 * Return: how many there may be.
 */
static unsigned int raise_nofile(struct rlimit *before)
{
	struct rlimit raised;

	getrlimit(RLIMIT_NOFILE, before);
	raised = *before;
	if (raised.rlim_cur < NOFILE_WANTED)
		raised.rlim_cur = raised.rlim_max < NOFILE_WANTED ? raised.rlim_max : NOFILE_WANTED;
	if (setrlimit(RLIMIT_NOFILE, &raised) < 0)
		raised = *before;
	return raised.rlim_cur < NOFILE_WANTED ? (unsigned int)raised.rlim_cur : NOFILE_WANTED;
}

/**
 * watch_signals() - Start the signal handles
 * @omd:	The daemon
 */
static void watch_signals(struct omd *omd)
{
	static const int stop_signals[] = { SIGTERM, SIGINT };

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		uv_signal_init(&omd->loop, &omd->stop[i]);
		omd->stop[i].data = omd;
		uv_signal_start(&omd->stop[i], on_stop, stop_signals[i]);
	}
	uv_signal_init(&omd->loop, &omd->reload);
	omd->reload.data = omd;
	uv_signal_start(&omd->reload, on_reload, SIGHUP);
}

/**
 * announce() - Make the name known on this machine, and say that we are there
 * @omd:	The daemon
 *
 * A node that cannot be found by its name is still found by its address, so that is only a warning.
 */
static void announce(struct omd *omd)
{
	char addr[NODE_TEXT_MAX], why[PATH_MAX + 128];

	listener_address(&omd->listener, addr);
	if (nodefile_register(&omd->registration, omd->options.name, addr, why, sizeof(why)) < 0)
		log_warn("%s; this node has no name here, only an address", why);
	notify_state("READY=1");
	log_info("ready: %s at %s%s", omd->options.name, addr, omd->options.listen.host[0] ? "" : " and all addresses");
}

/**
 * start_cache() - Have contents kept; without a cache everything works, too
 * @omd:	The daemon, options filled
 */
static void start_cache(struct omd *omd)
{
	uint64_t bytes = omd->options.cache_set ? omd->options.cache_bytes : cache_default();
	int err = cache_init(&omd->cache, &omd->loop, bytes);

	if (err)
		log_warn("no cache of file contents: %s", uv_strerror(err));
	omd->remotes.cache = &omd->cache;
}

/**
 * start() - Bring the parts up
 * @omd:	The daemon, options filled
 *
 * Return: 0, or the status to exit with, logged.
 */
static int start(struct omd *omd)
{
	uint8_t key[KEY_LEN];
	char why[PATH_MAX + 128], where[NODE_TEXT_MAX];
	struct rlimit nofile;
	unsigned int nofile_max = raise_nofile(&nofile);
	unsigned int conns_max = nofile_max > 2 * NOFILE_OWN ? nofile_max - NOFILE_OWN : nofile_max / 2 + 1;

	if (key_load(omd->options.key, key, why, sizeof(why)) < 0 ||
	    remotes_init(&omd->remotes, &omd->loop, &nofile, why, sizeof(why)) < 0) {
		log_error("%s", why);
		return EXIT_FAILED;
	}
	intake_init(&omd->intake, &omd->loop, omd->options.name, key, conns_max, &omd->remotes);
	sodium_memzero(key, sizeof(key));
	if (listener_open(&omd->listener, &omd->loop, &omd->options.listen, &listener_ops, omd, why, sizeof(why)) < 0) {
		if (omd->options.listen.host[0])
			node_format(&omd->options.listen, where);
		else
			snprintf(where, sizeof(where), "port %u", omd->options.listen.port);
		if (node_is_named(where, &omd->options.listen, why))
			log_error("%s", why);
		else
			log_error("%s: %s", where, why);
		return EXIT_FAILED;
	}
	start_cache(omd);
	watch_signals(omd);
	omd->remotes.ready_max = omd->options.ready;
	remotes_prepare(&omd->remotes);
	announce(omd);
	return 0;
}

int main(int argc, char **argv)
{
	static struct omd omd;
	int status;

	fill_standard_streams();
	log_init("omd");
	/* A daemon's log tells what it does, unless told otherwise */
	if (!getenv("OPENMOSIX_LOG"))
		log_level_set(LOG_LEVEL_INFO);
	status = omd_options_parse(argc, argv, &omd.options);
	if (status >= 0)
		return status;
	status = uv_loop_init(&omd.loop);
	if (status < 0)
		die(EXIT_FAILED, "event loop: %s", uv_strerror(status));
	status = start(&omd);
	if (status != 0)
		return status;
	uv_run(&omd.loop, UV_RUN_DEFAULT);
	uv_loop_close(&omd.loop);
	return 0;
}
