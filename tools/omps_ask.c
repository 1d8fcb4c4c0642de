// SPDX-License-Identifier: GPL-2.0-or-later
/* Ask deputies for their reports: all at once, and no longer than OMPS_PATIENCE_MS for all together. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "tools/omps.h"
#include "tools/omps_sockets.h"

#define READ_SIZE 16384u

/**
 * now_ms() - Milliseconds on a clock that only goes forward
 */
static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/**
 * answer_end() - There is no more to come
 * @asked:	The deputy
 * @error:	0 or why
 */
static void answer_end(struct omps_asked *asked, int error)
{
	close(asked->fd);
	asked->fd = -1;
	asked->error = error;
}

/**
 * answer_read() - Read what has come
 * @asked:	The deputy
 * @budget:	Bytes that may still come, from all together
 */
static void answer_read(struct omps_asked *asked, size_t *budget)
{
	size_t want = *budget < READ_SIZE ? *budget : READ_SIZE;
	char *more;
	ssize_t n;

	if (!want || asked->len > REPORT_BYTES_MAX) {
		answer_end(asked, -EMSGSIZE);
		return;
	}
	more = realloc(asked->text, asked->len + want);
	if (!more) {
		answer_end(asked, -ENOMEM);
		return;
	}
	asked->text = more;
	n = recv(asked->fd, more + asked->len, want, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		/* Reset: it has not read our request; whether that matters is told by what it has said */
		answer_end(asked, n < 0 && errno != ECONNRESET ? -errno : 0);
		return;
	}
	asked->len += (size_t)n;
	*budget -= (size_t)n;
}

/**
 * answers_await() - Wait for the answers
 * @list:	The deputies
 *
 * Return: 0 or -ENOMEM.
 */
static int answers_await(const struct omps_asked_list *list)
{
	struct pollfd *pfd = calloc(list->nr + 1, sizeof(*pfd));
	int64_t end_ms = now_ms() + OMPS_PATIENCE_MS, left_ms;
	size_t budget = OMPS_BYTES_MAX, open_nr = list->nr;

	if (!pfd)
		return -ENOMEM;
	while (open_nr && (left_ms = end_ms - now_ms()) > 0) {
		for (size_t i = 0; i < list->nr; i++)
			pfd[i] = (struct pollfd){ .fd = list->asked[i].fd, .events = POLLIN };
		if (poll(pfd, list->nr, (int)left_ms) < 0)
			continue; /* a signal, or no memory for now */
		open_nr = 0;
		for (size_t i = 0; i < list->nr; i++) {
			if (pfd[i].fd >= 0 && pfd[i].revents)
				answer_read(&list->asked[i], &budget);
			open_nr += list->asked[i].fd >= 0;
		}
	}
	for (size_t i = 0; i < list->nr; i++) {
		if (list->asked[i].fd >= 0)
			answer_end(&list->asked[i], -ETIMEDOUT);
	}
	free(pfd);
	return 0;
}

/**
 * user_name() - Name of a user, or his number
 * @uid:	The user
 * @out:	His name
 * @cap:	Size of @out
 */
static void user_name(uid_t uid, char *out, size_t cap)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		snprintf(out, cap, "%s", pw->pw_name);
	else
		snprintf(out, cap, "%u", (unsigned int)uid);
}

/**
 * complain() - Log why a deputy is left out
 * @asked:	The deputy
 * @error:	Negative errno
 */
static void complain(const struct omps_asked *asked, int error)
{
	static const struct {
		int error;
		const char *why;
	} row[] = {
		{ -ETIMEDOUT, "does not answer" },
		{ -ENODATA, "gives only a part of an answer" },
		{ -EPROTO, "gives an answer that is not understood" },
		{ -EMSGSIZE, "gives an answer that is too long" },
	};
	const char *why = strerror(-error);

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (row[i].error == error)
			why = row[i].why;
	}
	log_error("deputy %d: %s", (int)asked->pid, why);
}

/**
 * answer_use() - Take the report out of an answer
 * @asked:	The deputy
 * @view:	Where it goes
 */
static void answer_use(const struct omps_asked *asked, struct omps_view *view)
{
	struct omps_deputy *deputy = &view->deputy[view->deputy_nr];
	const struct report *report = &deputy->report;
	int error = asked->error;

	if (!asked->len && !error && access(asked->path, F_OK) < 0)
		return; /* its family has just ended */
	if (!error)
		error = report_parse(asked->text, asked->len, &deputy->report);
	if (error) {
		complain(asked, error);
		view->failed = true;
		return;
	}
	deputy->pid = asked->pid;
	deputy->uid = asked->uid;
	user_name(deputy->uid, deputy->user, sizeof(deputy->user));
	if (report->deputy.tasks > report->task_nr) {
		log_error("deputy %d: tells of %zu of its %" PRIu64 " tasks", (int)deputy->pid, report->task_nr,
			  report->deputy.tasks);
		view->failed = true;
	}
	view->deputy_nr++;
}

/**
 * files_allow() - Have as many open files as we may
 */
static void files_allow(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int omps_ask(bool all, struct omps_view *view)
{
	struct omps_asked_list list;
	int ret;

	files_allow();
	ret = omps_sockets_open(all, &list);
	if (ret)
		goto out;
	ret = answers_await(&list);
	if (ret)
		goto out;
	view->failed = list.failed;
	view->deputy = calloc(list.nr + 1, sizeof(*view->deputy));
	if (!view->deputy) {
		ret = -ENOMEM;
		goto out;
	}
	for (size_t i = 0; i < list.nr; i++)
		answer_use(&list.asked[i], view);
out:
	omps_asked_free(&list);
	return ret;
}
