// SPDX-License-Identifier: GPL-2.0-or-later
/* Sandboxes as a whole: forks and numbers in them, and that nothing is left of them, however they end. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/unit/bodies.h"
#include "test/unit/unit.h"
#include "tracee.h"

/* False in a container whose /proc/sys is read-only */
static bool numbers_can_be_chosen(void)
{
	return sandbox_next_pid(sb, 2) != -EOPNOTSUPP;
}

/* Let the body fork with flags that the tracer puts right; the child's number as the remote sees it */
static pid_t fork_traced(const struct guest_body *body, pid_t wanted)
{
	struct user_regs_struct regs;
	unsigned long child;
	int status;

	ck_assert_int_eq(ptrace(PTRACE_SETOPTIONS, body->pid, 0, SANDBOX_TRACE_OPTIONS | PTRACE_O_TRACESECCOMP), 0);
	body_begin(body);
	body_add(body, SYS_fork, 0, 0, 0, 0, 0);
	body_run(body);
	ck_assert_int_eq(tracee_wait(body->pid, &status), 0);
	ck_assert_int_eq(status >> 8, SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
	ck_assert_int_eq(sandbox_next_pid(sb, wanted), 0);
	ck_assert_int_eq(tracee_regs_get(body->pid, &regs), 0);
	regs.orig_rax = SYS_clone;
	regs.rdi = SIGCHLD | 0x8000; /* CLONE_PARENT */
	regs.rsi = regs.rdx = regs.r10 = regs.r8 = 0;
	ck_assert_int_eq(tracee_regs_set(body->pid, &regs), 0);
	ck_assert_int_eq(ptrace(PTRACE_CONT, body->pid, 0, 0), 0);
	ck_assert_int_eq(tracee_wait(body->pid, &status), 0);
	ck_assert_int_eq(status >> 8, SIGTRAP | PTRACE_EVENT_FORK << 8);
	ck_assert_int_eq(ptrace(PTRACE_GETEVENTMSG, body->pid, 0, &child), 0);
	ck_assert_int_eq(tracee_wait((pid_t)child, &status), 0);
	return (pid_t)child;
}

START_TEST(sandbox_forks_belong_to_the_tracer)
{
	static const int calls[] = { SYS_clone, SYS_clone3, SYS_fork, SYS_vfork };
	struct guest_body body;

	if (!bodies_start(0))
		return;
	body = body_spawn(WANTED_PID);
	/* Nobody has asked for them: they are refused */
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		ck_assert_int_eq(body_make(&body, calls[i], SIGCHLD, 0, 0), -ENOSYS);
	body_end(&body);
	sandbox_stop(sb);
}
END_TEST

START_TEST(sandbox_next_fork_has_the_number)
{
	struct guest_body body;
	pid_t child;
	int status;

	if (!bodies_start(0))
		return;
	body = body_spawn(WANTED_PID);
	/* Twice: the first child is reaped by init, and its number free again */
	for (int round = 0; round < 2 && numbers_can_be_chosen(); round++) {
		child = fork_traced(&body, 31000);
		ck_assert_msg(strstr(body_status(child, "NSpid"), "\t31000"), "%s", body_status(child, "NSpid"));
		ck_assert_int_eq(kill(child, SIGKILL), 0);
		ck_assert_int_eq(waitpid(child, &status, __WALL), child);
		ck_assert_int_eq(kill(child, 0), -1);
		ck_assert_int_eq(ptrace(PTRACE_CONT, body.pid, 0, 0), 0);
		body_finish(&body);
		ck_assert_int_eq(body_ret(&body, 0), 31000);
	}
	body_end(&body);
	sandbox_stop(sb);
}
END_TEST

START_TEST(sandbox_numbers_that_cannot_be_had)
{
	struct guest_body body, other;

	if (!bodies_start(0))
		return;
	body = body_spawn(WANTED_PID);
	ck_assert_int_eq(sandbox_spawn(sb, WANTED_PID, ARENA_ADDR, SLOTS, &other), -EEXIST);
	ck_assert_int_eq(sandbox_spawn(sb, 1, ARENA_ADDR, SLOTS, &other), -EINVAL);
	ck_assert_int_eq(sandbox_spawn(sb, 1 << 30, ARENA_ADDR, SLOTS, &other), -ERANGE);
	ck_assert(!numbers_can_be_chosen() || sandbox_next_pid(sb, 1 << 30) == -ERANGE);
	ck_assert_int_eq(sandbox_spawn(sb, 300, ARENA_ADDR + 1, SLOTS, &other), -EINVAL);
	ck_assert_int_eq(sandbox_spawn(sb, 300, 0, SLOTS, &other), -EINVAL);
	ck_assert_int_eq(sandbox_spawn(sb, 300, 0x7fffffff0000, SLOTS, &other), -EINVAL);
	ck_assert_int_eq(sandbox_spawn(sb, 300, ARENA_ADDR, ARENA_SLOTS_MAX + 1, &other), -EINVAL);
	other = body_spawn(300);
	body_end(&other);
	body_end(&body);
	body = body_spawn(WANTED_PID); /* free again at once */
	body_end(&body);
	sandbox_stop(sb);
}
END_TEST

/* Descriptors of this process */
static int own_fds(void)
{
	return proc_entries(getpid(), "fd");
}

/* How many processes have init as their parent */
static int bodies_nr(void)
{
	char path[64], text[256] = "";
	int nr = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)sandbox_init_pid(sb), (int)sandbox_init_pid(sb));
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	for (const char *at = text; *at; at++)
		nr += *at == ' ';
	return nr;
}

START_TEST(sandbox_foreseen_body_is_the_one)
{
	struct guest_body body;

	if (!bodies_start(0))
		return;
	sandbox_foresee(sb, WANTED_PID, ARENA_ADDR, SLOTS);
	ck_assert_int_eq(bodies_nr(), 1);
	body = body_spawn(WANTED_PID);
	ck_assert_int_eq(bodies_nr(), 1);
	body_check_maps(&body);
	ck_assert_int_eq(body_make(&body, SYS_getpid, 0, 0, 0), WANTED_PID);
	body_end(&body);
	/* Another arena than was foreseen */
	sandbox_foresee(sb, WANTED_PID, ARENA_ADDR + 0x10000000, SLOTS);
	body = body_spawn(WANTED_PID);
	ck_assert_int_eq(bodies_nr(), 1);
	body_end(&body);
	/* Another number: the one that was foreseen stays, and is found later */
	sandbox_foresee(sb, WANTED_PID, ARENA_ADDR, SLOTS);
	body = body_spawn(WANTED_PID + 1);
	ck_assert_int_eq(bodies_nr(), 2);
	body_end(&body);
	body = body_spawn(WANTED_PID);
	ck_assert_int_eq(bodies_nr(), 1);
	body_end(&body);
	sandbox_stop(sb);
}
END_TEST

START_TEST(sandbox_foreseen_body_is_in_nobodys_way)
{
	int fds = own_fds();
	struct guest_body body;

	if (!bodies_start(0))
		return;
	/* Its number is wanted for a fork */
	sandbox_foresee(sb, WANTED_PID, ARENA_ADDR, SLOTS);
	if (numbers_can_be_chosen()) {
		ck_assert_int_eq(sandbox_next_pid(sb, WANTED_PID), 0);
		ck_assert_int_eq(bodies_nr(), 0);
	}
	/* Another one is foreseen */
	sandbox_foresee(sb, WANTED_PID, ARENA_ADDR, SLOTS);
	sandbox_foresee(sb, WANTED_PID + 1, ARENA_ADDR, SLOTS);
	ck_assert_int_eq(bodies_nr(), 1);
	/* Nobody comes for a while */
	sandbox_foreseen_age(sb);
	ck_assert_int_eq(bodies_nr(), 1);
	sandbox_foreseen_age(sb);
	ck_assert_int_eq(bodies_nr(), 0);
	/* The number is taken */
	sandbox_foresee(sb, WANTED_PID, ARENA_ADDR, SLOTS);
	body = body_spawn(WANTED_PID);
	sandbox_foresee(sb, WANTED_PID, ARENA_ADDR, SLOTS);
	ck_assert_int_eq(bodies_nr(), 1);
	body_end(&body);
	/* Nobody ever comes: it is given up */
	for (int i = 0; i < 20; i++)
		sandbox_foresee(sb, WANTED_PID, ARENA_ADDR, SLOTS);
	ck_assert_int_eq(bodies_nr(), 0);
	body = body_spawn(WANTED_PID);
	body_end(&body);
	sandbox_stop(sb);
	ck_assert_int_eq(own_fds(), fds);
	ck_assert_int_eq(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	/* It ends with the sandbox */
	ck_assert(bodies_start(0));
	sandbox_foresee(sb, WANTED_PID, ARENA_ADDR, SLOTS);
	sandbox_stop(sb);
	ck_assert_int_eq(own_fds(), fds);
	ck_assert_int_eq(waitpid(-1, NULL, __WALL | WNOHANG), -1);
}
END_TEST

static void check_many(unsigned int flags)
{
	int64_t begun, spent = 0;
	int fds = own_fds();

	if (!bodies_start(flags))
		return;
	for (int i = 0; i < 50; i++) {
		struct guest_body body;

		begun = bodies_clock_ns(CLOCK_MONOTONIC);
		body = body_spawn(1000 + i);
		spent += bodies_clock_ns(CLOCK_MONOTONIC) - begun;
		body_end(&body);
	}
	printf("sandbox: %jd us per spawn%s\n", (intmax_t)(spent / 50000), flags ? " without namespaces" : "");
	sandbox_stop(sb);
	ck_assert_int_eq(own_fds(), fds);
	ck_assert_int_eq(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

START_TEST(sandbox_many_leave_nothing)
{
	check_many(0);
	check_many(SANDBOX_NO_NAMESPACES);
}
END_TEST

START_TEST(sandbox_stop_ends_all)
{
	struct guest_body body[5];

	if (!bodies_start(0))
		return;
	for (int i = 0; i < 5; i++)
		body[i] = body_spawn(2000 + i);
	executor_begin(&body[0].arena, 0, SLOT_ONE_SHOT);
	body_add(&body[0], SYS_read, 0, 0, 0, 0, 0);
	body_run(&body[0]); /* one of them waits in a call */
	body_notified(&body[0], SYS_read);
	sandbox_stop(sb);
	ck_assert_int_eq(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(kill(body[i].pid, 0), -1);
		sandbox_body_release(&body[i]);
	}
}
END_TEST

/* The remote dies without a word: nothing of the sandbox outlives it */
START_TEST(sandbox_dies_with_the_remote)
{
	struct pollfd p = { .events = POLLIN };
	struct guest_body body;
	int tube[2], status;
	pid_t pid, pids[2];

	ck_assert_int_eq(pipe(tube), 0);
	pid = fork();
	if (!pid) {
		close(tube[0]);
		pids[0] = pids[1] = 0;
		if (bodies_start(0)) {
			body = body_spawn(WANTED_PID);
			pids[0] = body.pid;
			pids[1] = sandbox_init_pid(sb);
		}
		if (write(tube[1], pids, sizeof(pids)) != sizeof(pids))
			_exit(1);
		raise(SIGKILL);
	}
	close(tube[1]);
	ck_assert_int_eq(read(tube[0], pids, sizeof(pids)), sizeof(pids));
	for (int i = 0; i < 2 && pids[i]; i++) {
		p.fd = (int)syscall(SYS_pidfd_open, pids[i], 0);
		ck_assert(p.fd >= 0 || errno == ESRCH);
		ck_assert(p.fd < 0 || poll(&p, 1, 5000) == 1);
		if (p.fd >= 0)
			close(p.fd);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	close(tube[0]);
}
END_TEST

UNIT(sandbox)
{
	tcase_add_test(tc, sandbox_forks_belong_to_the_tracer);
	tcase_add_test(tc, sandbox_next_fork_has_the_number);
	tcase_add_test(tc, sandbox_numbers_that_cannot_be_had);
	tcase_add_test(tc, sandbox_foreseen_body_is_the_one);
	tcase_add_test(tc, sandbox_foreseen_body_is_in_nobodys_way);
	tcase_add_test(tc, sandbox_many_leave_nothing);
	tcase_add_test(tc, sandbox_stop_ends_all);
	tcase_add_test(tc, sandbox_dies_with_the_remote);
}
