// SPDX-License-Identifier: GPL-2.0-or-later
/* The deputy's socket and what it tells there, with a family that is made by hand. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/monitor.h"
#include "deputy/usage.h"
#include "report.h"
#include "test/unit/unit.h"

static char dir[] = "/tmp/om-monitor.XXXXXX";
static struct deputy *d;
static struct monitor *monitor;
static pid_t self;

/* Each test has a deputy with a loop, a node and no family, and a runtime directory of its own */
static void setup(void)
{
	strcpy(dir, "/tmp/om-monitor.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	setenv("XDG_RUNTIME_DIR", dir, 1);
	self = getpid();
	d = calloc(1, sizeof(*d));
	strcpy(d->node, "alpha");
	ck_assert_int_eq(uv_loop_init(&d->loop), 0);
	monitor = monitor_open(d);
	ck_assert_ptr_nonnull(monitor);
}

/* Nothing of the monitor may keep the loop alive, or remain in the directory */
static void teardown(void)
{
	char path[64];

	monitor_close(monitor);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&d->loop), 0);
	free(d);
	snprintf(path, sizeof(path), "%s/openmosix", dir);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}

/* Path of the deputy's socket */
static const char *socket_path(void)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/openmosix/" REPORT_SOCKET_PREFIX "%d" REPORT_SOCKET_SUFFIX, dir, (int)self);
	return path;
}

/* Connect to it */
static int client(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, socket_path());
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* Run the loop until there is something to read at @fd, or for @ms */
static bool readable(int fd, int ms)
{
	struct pollfd pfd = { fd, POLLIN, 0 };

	for (; ms >= 0; ms -= 5) {
		uv_run(&d->loop, UV_RUN_NOWAIT);
		if (poll(&pfd, 1, 5) > 0)
			return true;
	}
	return false;
}

/* All that comes from @fd up to its end, which must come; closes it */
static char *receive(int fd, size_t *len)
{
	char *text = malloc(REPORT_BYTES_MAX + 1);
	ssize_t n = 1;

	for (*len = 0; n > 0; *len += (size_t)n) {
		ck_assert(readable(fd, 2 * (int)MONITOR_CLIENT_MS));
		n = recv(fd, text + *len, REPORT_BYTES_MAX - *len, 0);
		if (n < 0)
			break;
	}
	close(fd);
	return text;
}

/* Ask for a report, and parse it */
static void ask(struct report *out)
{
	int fd = client();
	size_t len;
	char *text;

	ck_assert_int_eq(send(fd, REPORT_REQUEST, strlen(REPORT_REQUEST), 0), strlen(REPORT_REQUEST));
	text = receive(fd, &len);
	ck_assert_int_eq(report_parse(text, len, out), 0);
	free(text);
}

/* Does the deputy hang up on who sends this? */
static bool hangs_up_on(const char *request)
{
	int fd = client();
	char byte;
	bool up;

	ck_assert_int_eq(send(fd, request, strlen(request), 0), strlen(request));
	up = readable(fd, MONITOR_CLIENT_MS / 2) && recv(fd, &byte, 1, 0) <= 0;
	close(fd);
	return up;
}

/* Put a task with @nr threads in a state into the family */
static void family_add(struct task *task, pid_t pid, struct thread *thread, int nr, enum thread_state state)
{
	*task = (struct task){ .pid = pid, .migrated = true, .started = true, .next = d->tasks };
	for (int i = 0; i < nr; i++) {
		thread[i] = (struct thread){
			.tid = pid + nr - 1 - i, .task = task, .state = state, .sibling = task->threads
		};
		thread[i].call.id = state == TH_BUSY ? 1 : 0;
		thread[i].call.nr = thread[i].tid == pid ? SYS_read : SYS_write;
		task->threads = &thread[i];
	}
	d->tasks = task;
}

START_TEST(monitor_tells_of_tasks)
{
	struct thread thread[6];
	static struct task task[3];
	struct report out;

	family_add(&task[0], 1000, &thread[0], 3, TH_BUSY);
	family_add(&task[1], 2000, &thread[3], 2, TH_BUSY);
	family_add(&task[2], 3000, &thread[5], 1, TH_IDLE);
	thread[3].state = TH_IDLE;
	task[0].usage = (struct usage){ 11, 12, 13, 14 };
	task[0].tally = (struct tally){ .calls = 14, .migrations = 15 };
	strcpy(task[0].why, "it is shy");
	ask(&out);
	ck_assert_uint_eq(out.deputy.pid, getpid());
	ck_assert_str_eq(out.deputy.node, "alpha");
	ck_assert_uint_eq(out.deputy.tasks, 3);
	ck_assert_uint_eq(out.task_nr, 3);
	ck_assert_uint_eq(out.task[0].pid, 3000);
	ck_assert_str_eq(out.task[0].state, REPORT_RUNNING);
	ck_assert_str_eq(out.task[1].state, REPORT_RUNNING); /* one of its threads is */
	ck_assert_str_eq(out.task[1].call, "");
	ck_assert_uint_eq(out.task[2].pid, 1000);
	ck_assert_str_eq(out.task[2].node, "alpha");
	ck_assert_str_eq(out.task[2].state, REPORT_WAITING);
	ck_assert_str_eq(out.task[2].call, "read"); /* the main thread's */
	ck_assert_uint_eq(out.task[2].threads, 3);
	ck_assert_uint_eq(out.task[2].utime_us, 11);
	ck_assert_uint_eq(out.task[2].stime_us, 12);
	ck_assert_uint_eq(out.task[2].rss_bytes, 13);
	ck_assert_uint_eq(out.task[2].calls, 14);
	ck_assert_uint_eq(out.task[2].calls_per_s, 0);
	ck_assert_uint_eq(out.task[2].migrations, 15);
	ck_assert_str_eq(out.task[2].why, "it is shy");
	report_free(&out);
}
END_TEST

START_TEST(monitor_states)
{
	static const struct {
		bool migrated, started, stopped, ending;
		const char *state, *node, *why;
	} row[] = {
		{ false, false, false, false, REPORT_HOME, "home", "" },
		{ true, false, false, false, REPORT_STARTING, "alpha", "" },
		{ true, true, false, false, REPORT_RUNNING, "alpha", "" },
		{ true, true, true, false, REPORT_STOPPED, "alpha", "" },
		{ true, true, true, true, REPORT_ENDING, "alpha", "lost" },
	};
	struct thread thread;
	struct report out;
	static struct task task;

	strcpy(d->lost, "lost");
	family_add(&task, 1000, &thread, 1, TH_IDLE);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		task.migrated = row[i].migrated;
		task.started = row[i].started;
		task.stopped = row[i].stopped;
		task.ending = row[i].ending;
		ask(&out);
		ck_assert_str_eq(out.task[0].state, row[i].state);
		ck_assert_str_eq(out.task[0].node, row[i].node);
		ck_assert_str_eq(out.task[0].why, row[i].why);
		report_free(&out);
	}
}
END_TEST

START_TEST(monitor_huge_family)
{
	const unsigned int nr = REPORT_TASKS_MAX + 10;
	struct thread *thread = calloc(nr, sizeof(*thread));
	struct task *task = calloc(nr, sizeof(*task));
	struct report out;

	for (unsigned int i = 0; i < nr; i++) {
		family_add(&task[i], (pid_t)(1000 + i), &thread[i], 1, TH_BUSY);
		memset(task[i].why, ' ', sizeof(task[i].why) - 1);
	}
	ask(&out);
	ck_assert_uint_eq(out.deputy.tasks, nr);
	ck_assert_uint_gt(out.task_nr, 1000);
	ck_assert_uint_le(out.task_nr, REPORT_TASKS_MAX);
	report_free(&out);
	free(task);
	free(thread);
}
END_TEST

START_TEST(monitor_socket_is_private)
{
	struct stat st;

	ck_assert_int_eq(stat(socket_path(), &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_int_eq(st.st_mode & 07777, 0600);
}
END_TEST

/* As another user, who has been let to the socket: 0 when there is no answer */
static int stranger(void)
{
	char path[64], byte;
	int fd;

	snprintf(path, sizeof(path), "%s/openmosix", dir);
	if (chmod(dir, 0711) || chmod(path, 0711) || chmod(socket_path(), 0777) || setresuid(4242, 4242, 4242))
		return 2;
	fd = client();
	send(fd, REPORT_REQUEST, strlen(REPORT_REQUEST), MSG_NOSIGNAL);
	return recv(fd, &byte, 1, 0) > 0;
}

START_TEST(monitor_refuses_strangers)
{
	int status;
	pid_t pid;

	if (geteuid())
		return; /* there is nobody else that we could be */
	pid = fork();
	if (!pid)
		_exit(stranger());
	while (!waitpid(pid, &status, WNOHANG))
		uv_run(&d->loop, UV_RUN_NOWAIT);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(monitor_other_requests)
{
	ck_assert(hangs_up_on("stat us\n"));
	ck_assert(hangs_up_on("\n"));
	ck_assert(hangs_up_on("status please\n"));
	ck_assert(hangs_up_on("GET / HTTP/1.1\r\n"));
}
END_TEST

START_TEST(monitor_request_in_pieces)
{
	struct report out;
	int fd = client();
	size_t len;
	char *text;

	for (const char *at = REPORT_REQUEST; *at; at++) {
		ck_assert(!readable(fd, 10));
		ck_assert_int_eq(send(fd, at, 1, 0), 1);
	}
	text = receive(fd, &len);
	ck_assert_int_eq(report_parse(text, len, &out), 0);
	report_free(&out);
	free(text);
}
END_TEST

/* Clients that say nothing take all places, until their time is over; then who waited has his turn */
START_TEST(monitor_silent_clients)
{
	int fd[MONITOR_CLIENTS_MAX];
	struct report out;

	for (int i = 0; i < MONITOR_CLIENTS_MAX; i++)
		fd[i] = client();
	ck_assert(!readable(fd[0], 10));
	ask(&out);
	report_free(&out);
	for (int i = 0; i < MONITOR_CLIENTS_MAX; i++) {
		char byte;

		ck_assert(readable(fd[i], 100));
		ck_assert_int_eq(recv(fd[i], &byte, 1, 0), 0);
		close(fd[i]);
	}
}
END_TEST

/* A client that does not take its report: others get theirs, and its own is dropped */
START_TEST(monitor_client_that_does_not_read)
{
	const unsigned int nr = REPORT_TASKS_MAX;
	struct thread *thread = calloc(nr, sizeof(*thread));
	struct task *task = calloc(nr, sizeof(*task));
	struct report out;
	int fd = client();
	size_t len;
	char *text;

	for (unsigned int i = 0; i < nr; i++)
		family_add(&task[i], (pid_t)(1000 + i), &thread[i], 1, TH_BUSY);
	ck_assert_int_eq(send(fd, REPORT_REQUEST, strlen(REPORT_REQUEST), 0), strlen(REPORT_REQUEST));
	for (int i = 0; i < 3; i++) {
		ask(&out);
		report_free(&out);
	}
	for (unsigned int ms = 0; ms < MONITOR_CLIENT_MS + 200; ms += 5) {
		uv_run(&d->loop, UV_RUN_NOWAIT);
		poll(NULL, 0, 5);
	}
	text = receive(fd, &len);
	ck_assert_int_eq(report_parse(text, len, &out), -ENODATA);
	free(text);
	free(task);
	free(thread);
}
END_TEST

START_TEST(monitor_takes_over_from_the_dead)
{
	struct report out;
	char dead[128];

	/* What a killed deputy with our pid has left: both its names */
	snprintf(dead, sizeof(dead), "%s/openmosix/." REPORT_SOCKET_PREFIX "%d" REPORT_SOCKET_SUFFIX, dir,
		 (int)getpid());
	ck_assert_int_eq(rename(socket_path(), dead), 0);
	ck_assert_int_eq(link(dead, socket_path()), 0);
	monitor = (monitor_close(monitor), uv_run(&d->loop, UV_RUN_DEFAULT), monitor_open(d));
	ck_assert_ptr_nonnull(monitor);
	ask(&out);
	report_free(&out);
}
END_TEST

START_TEST(monitor_without_a_directory)
{
	char path[64];

	monitor_close(monitor);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	snprintf(path, sizeof(path), "%s/openmosix", dir);
	ck_assert_int_eq(chmod(path, 0755), 0);
	monitor = monitor_open(d);
	ck_assert_ptr_null(monitor);
	ck_assert_int_eq(errno, EPERM);
}
END_TEST

START_TEST(monitor_in_a_deep_directory)
{
	char deep[512];
	size_t len;

	monitor_close(monitor);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	/* Longer than a socket's address */
	len = (size_t)snprintf(deep, sizeof(deep), "%s/", dir);
	memset(deep + len, 'x', 200);
	deep[len + 200] = '\0';
	ck_assert_int_eq(mkdir(deep, 0700), 0);
	setenv("XDG_RUNTIME_DIR", deep, 1);
	monitor = monitor_open(d);
	ck_assert_ptr_nonnull(monitor);
	monitor_close(monitor);
	monitor = NULL;
	strcat(deep, "/openmosix");
	ck_assert_int_eq(rmdir(deep), 0);
	*strrchr(deep, '/') = '\0';
	ck_assert_int_eq(rmdir(deep), 0);
}
END_TEST

START_TEST(monitor_rate)
{
	struct rate rate = { 0 };
	uint64_t now_ms = 5000;

	ck_assert_uint_eq(rate_per_s(&rate, now_ms), 0);
	for (; now_ms < 5200; now_ms += 10)
		rate_count(&rate, now_ms);
	ck_assert_uint_eq(rate_per_s(&rate, now_ms), 100); /* what is young is not divided by a whole window */
	for (; now_ms < 30000; now_ms += 10) {
		rate_count(&rate, now_ms);
		if (now_ms > 6000) {
			ck_assert_uint_ge(rate_per_s(&rate, now_ms), 99);
			ck_assert_uint_le(rate_per_s(&rate, now_ms), 101);
		}
	}
	/* It falls while nothing happens, and is 0 two windows later */
	ck_assert_uint_lt(rate_per_s(&rate, now_ms + RATE_WINDOW_MS), 100);
	ck_assert_uint_eq(rate_per_s(&rate, now_ms + 2 * RATE_WINDOW_MS), 0);
	rate_count(&rate, now_ms + 1000000);
	ck_assert_uint_eq(rate_per_s(&rate, now_ms + 1000000), 1);
}
END_TEST

/* What the bodies of a task have used adds up */
START_TEST(monitor_usage_of_bodies)
{
	struct wire_usage told = { .pid = (uint32_t)getpid(), .utime_us = 100, .stime_us = 10, .rss_bytes = 4096 };
	struct task entry = { .pid = self }, *task = &entry;
	struct thread thread = { .tid = self, .task = task };

	d->threads[(unsigned int)self % TASK_BUCKETS] = &thread;
	usage_moved(task);
	usage_told(d, &told);
	ck_assert_uint_eq(task->usage.utime_us, 100);
	usage_moved(task);
	ck_assert_uint_eq(task->usage.utime_us, 100);
	ck_assert_uint_eq(task->usage.rss_bytes, 0);
	told.utime_us = 5;
	usage_told(d, &told);
	ck_assert_uint_eq(task->usage.utime_us, 105);
	ck_assert_uint_eq(task->usage.stime_us, 20);
	ck_assert_uint_eq(task->usage.rss_bytes, 4096);
	ck_assert_uint_eq(task->tally.migrations, 2);
	usage_call(d, (uint32_t)getpid());
	usage_call(d, 1);
	ck_assert_uint_eq(task->tally.calls, 1);
	told.pid = 1;
	usage_told(d, &told); /* nobody's */
}
END_TEST

UNIT(monitor)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, monitor_tells_of_tasks);
	tcase_add_test(tc, monitor_states);
	tcase_add_test(tc, monitor_huge_family);
	tcase_add_test(tc, monitor_socket_is_private);
	tcase_add_test(tc, monitor_refuses_strangers);
	tcase_add_test(tc, monitor_other_requests);
	tcase_add_test(tc, monitor_request_in_pieces);
	tcase_add_test(tc, monitor_silent_clients);
	tcase_add_test(tc, monitor_client_that_does_not_read);
	tcase_add_test(tc, monitor_takes_over_from_the_dead);
	tcase_add_test(tc, monitor_without_a_directory);
	tcase_add_test(tc, monitor_in_a_deep_directory);
	tcase_add_test(tc, monitor_rate);
	tcase_add_test(tc, monitor_usage_of_bodies);
}
