// SPDX-License-Identifier: GPL-2.0-or-later
/* The om-remote processes of this node; see cluster/remotes.h for the theory of operation. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/cache.h"
#include "cluster/remotes.h"
#include "log.h"

/* How long remotes may take to end when they are asked to */
#define PATIENCE_MS 2000
/* Lowest descriptor that is none of a remote's own */
#define REMOTE_FD_FREE (HANDOVER_CACHE_FD + 1)
/* A remote and its guests are this much more welcome victims of the OOM killer than omd (of 1000) */
#define OOM_SCORE_ADJ "500"

static const char *const places[] = { "om-remote", "../libexec/openmosix/om-remote" };

/**
 * find_program() - Find om-remote from where our own binary is
 * @out:	Its path
 * @why:	Explanation of an error
 * @why_len:	Size of @why
 *
 * Return: 0 or negative errno.
 */
static int find_program(char out[static PATH_MAX], char *why, size_t why_len)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *dir;

	if (len < 0) {
		int error = errno;

		snprintf(why, why_len, "/proc/self/exe: %s", strerror(error));
		return -error;
	}
	self[len] = '\0';
	dir = dirname(self);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int need = snprintf(out, PATH_MAX, "%s/%s", dir, places[i]);

		if (need < PATH_MAX && access(out, X_OK) == 0)
			return 0;
	}
	snprintf(why, why_len, "om-remote: neither in %s nor in %s/../libexec/openmosix", dir, dir);
	return -ENOENT;
}

/**
 * stream_to_null() - Open /dev/null as a standard stream
 * @fd:		The stream
 * @flags:	How to open it
 */
static void stream_to_null(int fd, int flags)
{
	int null = open("/dev/null", flags);

	if (null >= 0 && null != fd) {
		dup2(null, fd);
		close(null);
	}
}

/**
 * say_child_error() - One line from the child, which must not use stdio buffers of the parent
 * @what:	What failed
 */
static void say_child_error(const char *what)
{
	dprintf(STDERR_FILENO, "omd: %s: %s\n", what, strerror(errno));
}

/**
 * child_signals() - Give the child the signals that a program expects at its start
 *
 * libuv's handlers write into a pipe that the parent reads, so they must be gone before signals are let through.
 */
static void child_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/**
 * become_remote() - The child's part: arrange descriptors and surroundings, then exec
 * @remotes:	All remotes
 * @link_fd:	Where connections are handed over
 * @omd:	Pid of omd
 */
static void __attribute__((noreturn)) become_remote(const struct remotes *remotes, int link_fd, pid_t omd)
{
	char *argv[] = { "om-remote", NULL };
	int score, cache_fd = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != omd)
		_exit(EXIT_FAILED);
	setsid();
	/* All out of the way first: any may have another's number */
	link_fd = fcntl(link_fd, F_DUPFD, REMOTE_FD_FREE);
	if (remotes->cache && remotes->cache->remote_fd >= 0)
		cache_fd = fcntl(remotes->cache->remote_fd, F_DUPFD, REMOTE_FD_FREE);
	if (link_fd < 0 || dup2(link_fd, HANDOVER_LINK_FD) < 0) {
		say_child_error("om-remote: descriptors");
		_exit(EXIT_FAILED);
	}
	stream_to_null(STDIN_FILENO, O_RDONLY);
	stream_to_null(STDOUT_FILENO, O_WRONLY);
	if (cache_fd < 0 || dup2(cache_fd, HANDOVER_CACHE_FD) < 0)
		close(HANDOVER_CACHE_FD);
	close_range(REMOTE_FD_FREE, UINT_MAX, 0);
	score = open("/proc/self/oom_score_adj", O_WRONLY);
	if (score >= 0) {
		/* Where this is refused, omd is no worse off than any other process */
		if (write(score, OOM_SCORE_ADJ, sizeof(OOM_SCORE_ADJ) - 1) < 0)
			say_child_error("oom_score_adj");
		close(score);
	}
	setrlimit(RLIMIT_NOFILE, &remotes->nofile);
	if (chdir("/") < 0)
		say_child_error("/");
	child_signals();
	execv(remotes->path, argv);
	say_child_error(remotes->path);
	_exit(EXIT_FAILED);
}

/**
 * spawn() - Start the program
 * @remotes:	All remotes
 * @link_fd:	Where connections are handed over
 *
 * Signals are blocked around the fork, so that none reaches libuv's handlers in the child.
 *
 * Return: pid, or negative errno.
 */
static pid_t spawn(const struct remotes *remotes, int link_fd)
{
	sigset_t all, before;
	pid_t omd = getpid();
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		become_remote(remotes, link_fd, omd);
	if (pid < 0)
		pid = -errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/**
 * ready_start() - Start one that waits for an arrival
 * @remotes:	All remotes
 *
 * Return: 0 or negative errno.
 */
static int ready_start(struct remotes *remotes)
{
	struct remote_entry *entry = calloc(1, sizeof(*entry));
	int link_fd[2], ret;

	if (!entry)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, link_fd) < 0) {
		ret = -errno;
		goto free_entry;
	}
	ret = spawn(remotes, link_fd[1]);
	close(link_fd[1]);
	if (ret < 0) {
		close(link_fd[0]);
		goto free_entry;
	}
	entry->pid = ret;
	entry->ready = true;
	entry->join_fd = link_fd[0];
	snprintf(entry->label, sizeof(entry->label), "ready");
	entry->next = remotes->first;
	remotes->first = entry;
	remotes->ready++;
	return 0;
free_entry:
	free(entry);
	return ret;
}

/**
 * ready_find() - One that waits, preferably for long, or NULL
 * @remotes:	All remotes
 */
static struct remote_entry *ready_find(const struct remotes *remotes)
{
	struct remote_entry *found = NULL;

	for (struct remote_entry *entry = remotes->first; entry; entry = entry->next) {
		if (entry->ready && entry->join_fd >= 0)
			found = entry;
	}
	return found;
}

void remotes_prepare(struct remotes *remotes)
{
	while (!remotes->ended && remotes->ready < remotes->ready_max && !ready_start(remotes))
		;
}

/**
 * ready_take() - Hand an arrival to one that waits, or to one that is started for it
 * @remotes:	All remotes
 * @arrival:	The arrival
 * @out:	Who has it
 *
 * Return: 0 or negative errno.
 */
static int ready_take(struct remotes *remotes, struct arrival *arrival, struct remote_entry **out)
{
	struct remote_entry *entry;
	int ret;

	while ((entry = ready_find(remotes))) {
		*out = entry;
		if (!handover_send(entry->join_fd, &arrival->block, arrival->socket_fd))
			return 0;
		/* It has died, which we are about to be told */
		close(entry->join_fd);
		entry->join_fd = -1;
	}
	ret = ready_start(remotes);
	if (ret < 0)
		return ret;
	*out = ready_find(remotes);
	return handover_send((*out)->join_fd, &arrival->block, arrival->socket_fd);
}

int remotes_start(struct remotes *remotes, struct arrival *arrival)
{
	struct remote_entry *entry;
	int ret;

	if (remotes->count >= REMOTES_MAX || remotes->ended)
		return -EAGAIN;
	randombytes_buf(arrival->block.ticket, sizeof(arrival->block.ticket));
	ret = ready_take(remotes, arrival, &entry);
	if (ret < 0)
		return ret;
	entry->ready = false;
	entry->guest = arrival->guest;
	memcpy(entry->ticket, arrival->block.ticket, sizeof(entry->ticket));
	snprintf(entry->label, sizeof(entry->label), "%s", arrival->label);
	remotes->ready--;
	remotes->count++;
	remotes->guests += entry->guest;
	remotes_prepare(remotes);
	return 0;
}

struct remote_entry *remotes_find(struct remotes *remotes, const uint8_t ticket[static WIRE_TICKET_LEN])
{
	struct remote_entry *entry = remotes->first;

	while (entry && (entry->ready || entry->join_fd < 0 || sodium_memcmp(entry->ticket, ticket, WIRE_TICKET_LEN)))
		entry = entry->next;
	return entry;
}

int remotes_join(struct remote_entry *entry, struct handover *block, int socket_fd)
{
	int err = handover_send(entry->join_fd, block, socket_fd);

	/* A ticket is good for one connection, whether or not it is taken */
	close(entry->join_fd);
	entry->join_fd = -1;
	return err;
}

/**
 * log_end() - Log how a remote ended
 * @entry:	The remote
 * @status:	Status as of waitpid()
 * @expected:	It was asked to end
 */
static void log_end(const struct remote_entry *entry, int status, bool expected)
{
	if (WIFSIGNALED(status) && !expected)
		log_warn("om-remote %d (%s): killed by signal %d (%s)", entry->pid, entry->label, WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else if (WIFEXITED(status) && WEXITSTATUS(status) != 0 && !expected)
		log_warn("om-remote %d (%s): ended with status %d", entry->pid, entry->label, WEXITSTATUS(status));
	else
		log_at(entry->guest ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "om-remote %d (%s): ended", entry->pid,
		       entry->label);
}

/**
 * forget() - Take a remote that was reaped off the list
 * @remotes:	All remotes
 * @pid:	The process
 * @status:	How it ended
 *
 * An orphan that came to omd as its subreaper is in no list.
 */
static void forget(struct remotes *remotes, pid_t pid, int status)
{
	for (struct remote_entry **at = &remotes->first; *at; at = &(*at)->next) {
		struct remote_entry *entry = *at;

		if (entry->pid != pid)
			continue;
		*at = entry->next;
		if (entry->ready)
			remotes->ready--;
		else
			remotes->count--;
		remotes->guests -= entry->guest;
		log_end(entry, status, remotes->ended != NULL);
		if (entry->join_fd >= 0)
			close(entry->join_fd);
		free(entry);
		return;
	}
}

/**
 * announce_end() - Tell the owner when the last one has gone
 * @remotes:	All remotes
 */
static void announce_end(struct remotes *remotes)
{
	if (remotes->first || !remotes->ended)
		return;
	uv_timer_stop(&remotes->patience);
	remotes->ended(remotes->ctx);
}

/**
 * on_child() - SIGCHLD: reap all that have ended
 * @handle:	Signal handle
 * @signum:	SIGCHLD
 */
static void on_child(uv_signal_t *handle, int signum)
{
	struct remotes *remotes = handle->data;
	siginfo_t info;
	int status;

	(void)signum;
	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
			break;
		/* Whatever a remote left in its group goes now, while the number is still its own */
		kill(-info.si_pid, SIGKILL);
		if (waitpid(info.si_pid, &status, 0) == info.si_pid)
			forget(remotes, info.si_pid, status);
	}
	if (remotes->ended)
		announce_end(remotes);
}

int remotes_init(struct remotes *remotes, uv_loop_t *loop, const struct rlimit *nofile, char *why, size_t why_len)
{
	int ret;

	*remotes = (struct remotes){ .nofile = *nofile };
	ret = find_program(remotes->path, why, why_len);
	if (ret < 0)
		return ret;
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	uv_timer_init(loop, &remotes->patience);
	uv_signal_init(loop, &remotes->child);
	remotes->patience.data = remotes->child.data = remotes;
	return uv_signal_start(&remotes->child, on_child, SIGCHLD);
}

/**
 * on_impatient() - Remotes have not ended when they were asked to
 * @timer:	The timer
 *
 * With their whole group, for one may wait for a page that only the death of its pager ends (remote/paged.h).
 */
static void on_impatient(uv_timer_t *timer)
{
	const struct remotes *remotes = timer->data;

	for (const struct remote_entry *entry = remotes->first; entry; entry = entry->next) {
		kill(entry->pid, SIGKILL);
		kill(-entry->pid, SIGKILL);
	}
}

void remotes_end(struct remotes *remotes, void (*ended)(void *ctx), void *ctx)
{
	remotes->ended = ended;
	remotes->ctx = ctx;
	for (const struct remote_entry *entry = remotes->first; entry; entry = entry->next)
		kill(entry->pid, SIGTERM);
	uv_timer_start(&remotes->patience, on_impatient, PATIENCE_MS, 0);
	announce_end(remotes);
}

void remotes_close(struct remotes *remotes)
{
	uv_close((uv_handle_t *)&remotes->patience, NULL);
	uv_close((uv_handle_t *)&remotes->child, NULL);
}
