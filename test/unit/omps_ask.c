// SPDX-License-Identifier: GPL-2.0-or-later
/* How omps gets on with deputies that are dead, deaf, slow or hostile, and what it finds out about their tasks. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test/unit/unit.h"
#include "tools/omps.h"

#define NOBODYS_UID 64321 /* has no deputies on this machine but ours */

static char dir[64];
static struct omps_view view;

/* Each test has an empty runtime directory; as root it is somebody else's, so that no real deputies are seen */
static void setup(void)
{
	char path[96];

	strcpy(dir, "/tmp/om-omps.XXXXXX");
	if (!geteuid())
		ck_assert_int_eq(seteuid(NOBODYS_UID), 0);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	setenv("XDG_RUNTIME_DIR", dir, 1);
	snprintf(path, sizeof(path), "%s/openmosix", dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr)); /* what it complains about is not for the tester */
}

/* For nftw(): remove what it has found */
static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static void teardown(void)
{
	if (!getuid())
		ck_assert_int_eq(seteuid(0), 0);
	omps_view_free(&view);
	ck_assert_int_eq(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* A file of the runtime directory */
static const char *path_of(const char *name)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/openmosix/%s", dir, name);
	return path;
}

/* A socket that is listened on */
static int listener(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path_of(name));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(fd, 4), 0);
	return fd;
}

/* A deputy that answers everybody with @text @times, and then hangs up or does not; its pid, to be killed */
static pid_t deputy_fork(const char *name, const char *text, unsigned int times, bool hang_up)
{
	int ready[2], fd;
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid) {
		close(ready[1]);
		ck_assert_int_eq(read(ready[0], &byte, 1), 1);
		close(ready[0]);
		return pid;
	}
	fd = listener(name);
	if (write(ready[1], "", 1) != 1)
		_exit(1);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int client = accept(fd, NULL, NULL);

		for (unsigned int i = 0; i < times && send(client, text, strlen(text), MSG_NOSIGNAL) > 0; i++)
			;
		if (hang_up) {
			shutdown(client, SHUT_WR);
			close(client);
		}
	}
}

static void deputy_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Ask all; milliseconds that it took */
static long ask(void)
{
	struct timespec from, to;

	omps_view_free(&view);
	clock_gettime(CLOCK_MONOTONIC, &from);
	ck_assert_int_eq(omps_ask(false, &view), 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
}

START_TEST(omps_ask_nobody)
{
	ask();
	ck_assert_uint_eq(view.deputy_nr, 0);
	ck_assert(!view.failed);
	setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
	ask();
	ck_assert(!view.failed);
	unsetenv("XDG_RUNTIME_DIR");
	ask();
	ck_assert(!view.failed);
}
END_TEST

START_TEST(omps_ask_two)
{
	pid_t one = deputy_fork("deputy-1.sock", "deputy pid=1 node=a\ntask pid=1\nend\n", 1, true);
	pid_t two = deputy_fork("deputy-2.sock", "deputy pid=1 node=a\nend\n", 1, true);

	ck_assert_int_lt(ask(), OMPS_PATIENCE_MS);
	ck_assert(!view.failed);
	ck_assert_uint_eq(view.deputy_nr, 2);
	/* Whatever they say, and their sockets are called */
	ck_assert(view.deputy[0].pid + view.deputy[1].pid == one + two);
	ck_assert_uint_eq(view.deputy[0].uid, geteuid());
	deputy_kill(one);
	deputy_kill(two);
}
END_TEST

/* Not one of these keeps the good one from being shown, or takes long */
START_TEST(omps_ask_the_bad)
{
	static char much[4096];
	pid_t pid[6];

	memset(much, 'x', sizeof(much) - 1);
	pid[0] = deputy_fork("deputy-1.sock", "deputy pid=1 node=a\nend\n", 1, true);
	pid[1] = deputy_fork("deputy-2.sock", "", 0, false);
	pid[2] = deputy_fork("deputy-3.sock", "deputy pid=1 node=a\n", 1, true);
	pid[3] = deputy_fork("deputy-4.sock", "HTTP/1.1 200 OK\r\n", 1, true);
	pid[4] = deputy_fork("deputy-5.sock", much, ~0u, true);
	pid[5] = deputy_fork("deputy-6.sock", "", 0, true);
	ck_assert_int_lt(ask(), 5L * OMPS_PATIENCE_MS); /* with room for slow machines */
	ck_assert(view.failed);
	ck_assert_uint_eq(view.deputy_nr, 1);
	ck_assert_int_eq(view.deputy[0].pid, pid[0]);
	for (int i = 0; i < 6; i++)
		deputy_kill(pid[i]);
}
END_TEST

START_TEST(omps_ask_the_dead)
{
	close(listener("deputy-1.sock"));
	ck_assert_int_eq(access(path_of("deputy-1.sock"), F_OK), 0);
	ask();
	ck_assert(!view.failed);
	ck_assert_uint_eq(view.deputy_nr, 0);
	ck_assert_int_eq(access(path_of("deputy-1.sock"), F_OK), -1);
}
END_TEST

/* Names that are not those of sockets of deputies are left alone */
START_TEST(omps_ask_other_names)
{
	static const char *const name[] = { "deputy-.sock",   "deputy-1.sock.new", "deputy-1",
					    "deputy--1.sock", ".deputy-1.sock",	   "nodes",
					    "deputy-1a.sock", "xdeputy-1.sock" };

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		close(listener(name[i]));
	ask();
	ck_assert(!view.failed);
	ck_assert_uint_eq(view.deputy_nr, 0);
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		ck_assert_int_eq(access(path_of(name[i]), F_OK), 0);
}
END_TEST

/* Nor are things that are no sockets, or are elsewhere */
START_TEST(omps_ask_no_sockets)
{
	char elsewhere[96];

	snprintf(elsewhere, sizeof(elsewhere), "%s/socket", dir);
	close(listener("socket"));
	ck_assert_int_eq(rename(path_of("socket"), elsewhere), 0);
	ck_assert_int_eq(symlink(elsewhere, path_of("deputy-1.sock")), 0);
	ck_assert_int_eq(mkfifo(path_of("deputy-2.sock"), 0600), 0);
	ck_assert_int_eq(mkdir(path_of("deputy-3.sock"), 0700), 0);
	ask();
	ck_assert(view.failed);
	ck_assert_uint_eq(view.deputy_nr, 0);
	ck_assert_int_eq(access(path_of("deputy-1.sock"), F_OK), 0);
	ck_assert_int_eq(access(elsewhere, F_OK), 0);
	ck_assert_int_eq(access(path_of("deputy-2.sock"), F_OK), 0);
	ck_assert_int_eq(access(path_of("deputy-3.sock"), F_OK), 0);
}
END_TEST

START_TEST(omps_ask_in_an_open_directory)
{
	pid_t pid = deputy_fork("deputy-1.sock", "deputy pid=1\nend\n", 1, true);

	ck_assert_int_eq(chmod(path_of(""), 0755), 0);
	ask();
	ck_assert(view.failed);
	ck_assert_uint_eq(view.deputy_nr, 0);
	deputy_kill(pid);
}
END_TEST

/* A process of another user in our directory is nobody that we believe */
START_TEST(omps_ask_a_stranger)
{
	pid_t pid;

	if (getuid())
		return; /* there is nobody else that we could be */
	pid = deputy_fork("deputy-1.sock", "deputy pid=1\nend\n", 1, true);
	deputy_kill(pid);
	unlink(path_of("deputy-1.sock"));
	ck_assert_int_eq(seteuid(0), 0);
	pid = deputy_fork("deputy-1.sock", "deputy pid=1\nend\n", 1, true);
	ck_assert_int_eq(chmod(path_of("deputy-1.sock"), 0666), 0);
	ck_assert_int_eq(seteuid(NOBODYS_UID), 0);
	ask();
	ck_assert(view.failed);
	ck_assert_uint_eq(view.deputy_nr, 0);
	ck_assert_int_eq(seteuid(0), 0);
	deputy_kill(pid);
	ck_assert_int_eq(seteuid(NOBODYS_UID), 0);
}
END_TEST

/* A child that waits to be killed */
static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

/* Only what the deputy traces is shown as its task, below its parent */
START_TEST(omps_ask_about_tasks)
{
	pid_t pid[2] = { sleeper(), sleeper() };
	struct report_task task[] = {
		{ .pid = (uint64_t)pid[1] }, { .pid = (uint64_t)pid[0] }, { .pid = (uint64_t)getppid() }, { .pid = 1 }
	};

	if (!getuid())
		ck_assert_int_eq(seteuid(0), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(ptrace(PTRACE_SEIZE, pid[i], 0, 0), 0);
	view.deputy = calloc(1, sizeof(*view.deputy));
	view.deputy_nr = 1;
	view.deputy->pid = getpid();
	view.deputy->report.task = malloc(sizeof(task));
	memcpy(view.deputy->report.task, task, sizeof(task));
	view.deputy->report.task_nr = 4;
	ck_assert_int_eq(omps_tasks_find(&view), 0);
	ck_assert_uint_eq(view.task_nr, 2);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(view.task[i].told->pid, pid[i]);
		ck_assert_int_eq(view.task[i].ppid, getpid());
		ck_assert_uint_gt(view.task[i].home_rss_bytes, 0);
		ck_assert_uint_gt(strlen(view.task[i].command), 0);
		ck_assert_ptr_null(view.task[i].parent);
		deputy_kill(pid[i]);
	}
}
END_TEST

UNIT(omps_ask)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, omps_ask_nobody);
	tcase_add_test(tc, omps_ask_two);
	tcase_add_test(tc, omps_ask_the_bad);
	tcase_add_test(tc, omps_ask_the_dead);
	tcase_add_test(tc, omps_ask_other_names);
	tcase_add_test(tc, omps_ask_no_sockets);
	tcase_add_test(tc, omps_ask_in_an_open_directory);
	tcase_add_test(tc, omps_ask_a_stranger);
	tcase_add_test(tc, omps_ask_about_tasks);
}
