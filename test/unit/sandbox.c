// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sandboxes with real bodies: what a body has and has not, that its calls arrive and are answered, that nothing is left.
 * Runs as whoever runs the tests; the degraded kind is always tried too. Skipped where this user may not trace (valgrind).
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "procmaps.h"
#include "remote/filter.h"
#include "remote/notify.h"
#include "remote/sandbox.h"
#include "test/unit/unit.h"
#include "tracee.h"

#define WANTED_PID 23456
#define ARENA_ADDR 0x200000000000ull
#define SLOTS	   2u

static struct sandbox *sb;

/* Start a sandbox of the given kind; false when this system does not allow it to this user */
static bool start(unsigned int flags)
{
	char why[256] = "";
	int err = sandbox_start(&sb, flags, why, sizeof(why));

	if (err == -EPERM || err == -ENOSYS) {
		printf("sandbox: not tested: %s\n", why);
		return false;
	}
	ck_assert_msg(!err, "%d: %s", err, why);
	return true;
}

static struct guest_body spawn(pid_t pid)
{
	struct guest_body body;
	int err = sandbox_spawn(sb, pid, ARENA_ADDR, SLOTS, &body);

	ck_assert_msg(!err, "spawn: %s", strerror(-err));
	return body;
}

/* Kill a body, see it die, forget it */
static void end(struct guest_body *body)
{
	int status;

	ck_assert_int_eq(kill(body->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(body->pid, &status, __WALL), body->pid);
	ck_assert(WIFSIGNALED(status));
	sandbox_body_release(body);
}

static void begin(const struct guest_body *body)
{
	executor_begin(&body->arena, 0, SLOT_ONE_SHOT);
}

static void add(const struct guest_body *body, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	ck_assert_int_ge(executor_add(&body->arena, 0, nr, a0, a1, a2, a3, a4, 0), 0);
}

/* Send the body on with the batch that has been added */
static void run(const struct guest_body *body)
{
	executor_post(&body->arena, 0);
	ck_assert_int_eq(ptrace(PTRACE_CONT, body->pid, 0, 0), 0);
}

static void finish(const struct guest_body *body)
{
	int status;

	ck_assert_int_eq(tracee_wait(body->pid, &status), 0);
	ck_assert_int_eq(status >> 8, SIGTRAP);
	ck_assert(executor_done(&body->arena, 0));
}

static int64_t ret(const struct guest_body *body, unsigned int call)
{
	return executor_ret(&body->arena, 0, call);
}

/* Make one call that does not notify */
static int64_t make(const struct guest_body *body, long nr, uint64_t a0, uint64_t a1, uint64_t a2)
{
	begin(body);
	add(body, nr, a0, a1, a2, 0, 0);
	run(body);
	finish(body);
	return ret(body, 0);
}

/* Wait for the body's next notification, which must be of call @nr */
static struct seccomp_notif notified(const struct guest_body *body, int nr)
{
	struct pollfd p = {.fd = body->listener, .events = POLLIN};
	struct seccomp_notif notif;

	ck_assert_int_eq(poll(&p, 1, 5000), 1);
	ck_assert_int_eq(notify_receive(body->listener, &notif), 0);
	ck_assert_int_eq(notif.data.nr, nr);
	return notif;
}

/* Value of a line of /proc/PID/status */
static const char *status_line(pid_t pid, const char *name)
{
	static char line[256];
	char path[64];
	size_t len = strlen(name);
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, len) != 0 || line[len] != ':')
			continue;
		fclose(f);
		line[strcspn(line, "\n")] = '\0';
		return line + len + 1 + strspn(line + len + 1, "\t ");
	}
	fclose(f);
	return "";
}

/* Number of entries of a directory below /proc/PID, its own two aside; -1 when it cannot be read */
static int entries(pid_t pid, const char *what)
{
	char path[64];
	int nr = -2;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	dir = opendir(path);
	if (!dir)
		return -1;
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

/* Only arena and vDSO are mapped, and they are where @body says */
static void check_maps(const struct guest_body *body)
{
	struct procmap *maps;
	int nr = procmaps_read(body->pid, &maps);
	uint64_t arena_end = body->arena.addr + arena_size(body->arena.slots);
	unsigned int special = 0;

	ck_assert_int_gt(nr, 0);
	for (int i = 0; i < nr; i++) {
		if (!strcmp(maps[i].path, "[vsyscall]"))
			continue;
		if (maps[i].start >= body->arena.addr && maps[i].end <= arena_end)
			continue;
		ck_assert_msg(special < body->vdso.nr && maps[i].start == body->vdso.range[special].start &&
				      maps[i].end == body->vdso.range[special].end,
			      "%jx-%jx %s", (uintmax_t)maps[i].start, (uintmax_t)maps[i].end, maps[i].path);
		special++;
	}
	ck_assert_uint_eq(special, body->vdso.nr);
	free(maps);
}

/* What every body lacks, whatever the sandbox */
static void check_bare(const struct guest_body *body)
{
	static const char *const caps[] = {"CapInh", "CapPrm", "CapEff", "CapAmb"};

	check_maps(body);
	for (size_t i = 0; i < 65536; i++)
		ck_assert_uint_eq(arena_data(&body->arena, 0)[i], 0);
	for (size_t i = 0; i < sizeof(caps) / sizeof(*caps); i++)
		ck_assert_str_eq(status_line(body->pid, caps[i]), "0000000000000000");
	ck_assert_str_eq(status_line(body->pid, "NoNewPrivs"), "1");
	ck_assert_str_eq(status_line(body->pid, "Seccomp"), "2");
	ck_assert_str_eq(status_line(body->pid, "SigBlk"), "0000000000000000");
	ck_assert_str_eq(status_line(body->pid, "SigIgn"), "0000000000000000");
	ck_assert_str_eq(status_line(body->pid, "SigCgt"), "0000000000000000");
	ck_assert_str_eq(status_line(body->pid, "Threads"), "1");
	ck_assert_int_eq(entries(body->pid, "fd"), 0);
}

START_TEST(sandbox_body_is_bare)
{
	char own[64], nobody[] = "65534\t65534\t65534\t65534";
	struct guest_body body;
	unsigned int id = geteuid();
	const char *ids;

	if (!start(0))
		return;
	body = spawn(WANTED_PID);
	ck_assert_int_eq(body.inner, WANTED_PID);
	check_bare(&body);
	ck_assert_str_eq(status_line(body.pid, "CapBnd"), "0000000000000000");
	ck_assert_int_eq(entries(body.pid, "root"), 0);
	snprintf(own, sizeof(own), "%u\t%u\t%u\t%u", id, id, id, id);
	ids = status_line(body.pid, "Uid"); /* root in a container with no other id keeps the one there is */
	ck_assert_msg(!strcmp(ids, own) || (!id && !strcmp(ids, nobody)), "%s", ids);
	ck_assert_int_eq(make(&body, SYS_getpid, 0, 0, 0), WANTED_PID);
	ck_assert_int_eq(make(&body, SYS_gettid, 0, 0, 0), WANTED_PID);
	end(&body);
	sandbox_stop(sb);
}
END_TEST

START_TEST(sandbox_degraded_body_is_bare)
{
	struct guest_body body;

	if (!start(SANDBOX_NO_NAMESPACES))
		return;
	ck_assert(sandbox_degraded(sb));
	ck_assert_int_eq(sandbox_configure(sb, 1, 1), -EPERM);
	ck_assert_int_eq(sandbox_next_pid(sb, WANTED_PID), -EOPNOTSUPP);
	body = spawn(WANTED_PID);
	ck_assert_int_eq(body.inner, body.pid);
	check_bare(&body);
	begin(&body);
	add(&body, SYS_getpid, 0, 0, 0, 0, 0);
	run(&body);
	ck_assert_int_eq(notify_answer(body.listener, notified(&body, SYS_getpid).id, WANTED_PID), 0);
	finish(&body);
	ck_assert_int_eq(ret(&body, 0), WANTED_PID);
	ck_assert_int_eq(make(&body, SYS_futex, ARENA_ADDR, FUTEX_LOCK_PI_PRIVATE, 0), -ENOSYS);
	ck_assert_int_eq(make(&body, SYS_futex, ARENA_ADDR, FUTEX_WAKE_PRIVATE, 0), 0);
	/* The file system is closed to it even for the calls that the filter would let through */
	begin(&body);
	strcpy((char *)arena_data(&body.arena, 0), "/");
	add(&body, SYS_openat, (uint64_t)-100, arena_data_addr(&body.arena, 0), 0, 0, 0);
	run(&body);
	ck_assert_int_eq(notify_continue(body.listener, notified(&body, SYS_openat).id), 0);
	finish(&body);
	ck_assert_int_eq(ret(&body, 0), -EACCES);
	end(&body);
	sandbox_stop(sb);
}
END_TEST

START_TEST(sandbox_calls_arrive)
{
	struct seccomp_notif notif;
	struct guest_body body;

	if (!start(0))
		return;
	body = spawn(WANTED_PID);
	begin(&body);
	add(&body, SYS_write, 1, body.arena.addr, 5, 0, 0);
	add(&body, SYS_read, 77, 0, 0, 0, 0);
	add(&body, 100000, 1, 2, 3, 0, 0); /* no such call */
	run(&body);
	notif = notified(&body, SYS_write);
	ck_assert_uint_eq(notif.pid, (unsigned int)body.pid);
	ck_assert_uint_eq(notif.data.args[1], body.arena.addr);
	ck_assert_int_eq(notify_answer(body.listener, notif.id, 5), 0);
	ck_assert_int_eq(notify_answer(body.listener, notified(&body, SYS_read).id, -EIO), 0);
	ck_assert_int_eq(notify_answer(body.listener, notified(&body, 100000).id, -ENOSYS), 0);
	finish(&body);
	ck_assert_int_eq(ret(&body, 0), 5);
	ck_assert_int_eq(ret(&body, 1), -EIO);
	ck_assert_int_eq(ret(&body, 2), -ENOSYS);
	ck_assert_int_eq(make(&body, SYS_io_uring_setup, 0, 0, 0), -ENOSYS);
	ck_assert_int_eq(make(&body, SYS_close, FILTER_OWN_FD | 77, 0, 0), -EBADF);
	end(&body);
	sandbox_stop(sb);
}
END_TEST

START_TEST(sandbox_maps_files_under_any_descriptor)
{
	struct guest_body body;
	struct rlimit limit;
	uint64_t at = 0x30000000;
	int fd, memfd;

	if (!start(0))
		return;
	body = spawn(WANTED_PID);
	ck_assert_int_eq(prlimit(body.pid, RLIMIT_NOFILE, NULL, &limit), 0);
	ck_assert_uint_eq(limit.rlim_cur, limit.rlim_max);
	fd = (int)limit.rlim_cur - 1;
	memfd = memfd_create("object", MFD_CLOEXEC);
	ck_assert_int_eq(write(memfd, "content", 7), 7);
	begin(&body);
	add(&body, SYS_mmap, at, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, (uint64_t)fd);
	add(&body, SYS_mmap, at + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, (uint64_t)-1);
	run(&body);
	struct seccomp_notif notif = notified(&body, SYS_mmap);
	ck_assert_int_eq(notify_addfd(body.listener, notif.id, memfd, fd), 0);
	ck_assert_int_eq(notify_continue(body.listener, notif.id), 0);
	finish(&body);
	ck_assert_uint_eq((uint64_t)ret(&body, 0), at);
	ck_assert_uint_eq((uint64_t)ret(&body, 1), at + 4096);
	char text[8] = "";
	ck_assert_int_eq(tracee_read(body.pid, at, text, 7), 0);
	ck_assert_str_eq(text, "content");
	close(memfd);
	end(&body);
	sandbox_stop(sb);
}
END_TEST

START_TEST(sandbox_forks_belong_to_the_tracer)
{
	static const int calls[] = {SYS_clone, SYS_clone3, SYS_fork, SYS_vfork};
	struct guest_body body;

	if (!start(0))
		return;
	body = spawn(WANTED_PID);
	/* Nobody has asked for them: they are refused */
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		ck_assert_int_eq(make(&body, calls[i], SIGCHLD, 0, 0), -ENOSYS);
	end(&body);
	sandbox_stop(sb);
}
END_TEST

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
	begin(body);
	add(body, SYS_fork, 0, 0, 0, 0, 0);
	run(body);
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

START_TEST(sandbox_next_fork_has_the_number)
{
	struct guest_body body;
	pid_t child;
	int status;

	if (!start(0))
		return;
	body = spawn(WANTED_PID);
	/* Twice: the first child is reaped by init, and its number free again */
	for (int round = 0; round < 2 && numbers_can_be_chosen(); round++) {
		child = fork_traced(&body, 31000);
		ck_assert_msg(strstr(status_line(child, "NSpid"), "\t31000"), "%s", status_line(child, "NSpid"));
		ck_assert_int_eq(kill(child, SIGKILL), 0);
		ck_assert_int_eq(waitpid(child, &status, __WALL), child);
		ck_assert_int_eq(kill(child, 0), -1);
		ck_assert_int_eq(ptrace(PTRACE_CONT, body.pid, 0, 0), 0);
		finish(&body);
		ck_assert_int_eq(ret(&body, 0), 31000);
	}
	end(&body);
	sandbox_stop(sb);
}
END_TEST

START_TEST(sandbox_numbers_that_cannot_be_had)
{
	struct guest_body body, other;

	if (!start(0))
		return;
	body = spawn(WANTED_PID);
	ck_assert_int_eq(sandbox_spawn(sb, WANTED_PID, ARENA_ADDR, SLOTS, &other), -EEXIST);
	ck_assert_int_eq(sandbox_spawn(sb, 1, ARENA_ADDR, SLOTS, &other), -EINVAL);
	ck_assert_int_eq(sandbox_spawn(sb, 1 << 30, ARENA_ADDR, SLOTS, &other), -ERANGE);
	ck_assert(!numbers_can_be_chosen() || sandbox_next_pid(sb, 1 << 30) == -ERANGE);
	ck_assert_int_eq(sandbox_spawn(sb, 300, ARENA_ADDR + 1, SLOTS, &other), -EINVAL);
	ck_assert_int_eq(sandbox_spawn(sb, 300, 0, SLOTS, &other), -EINVAL);
	ck_assert_int_eq(sandbox_spawn(sb, 300, 0x7fffffff0000, SLOTS, &other), -EINVAL);
	ck_assert_int_eq(sandbox_spawn(sb, 300, ARENA_ADDR, ARENA_SLOTS_MAX + 1, &other), -EINVAL);
	other = spawn(300);
	end(&other);
	end(&body);
	body = spawn(WANTED_PID); /* free again at once */
	end(&body);
	sandbox_stop(sb);
}
END_TEST

/* A body whose arena has to be where init's @occupied is */
static void check_detour(const void *occupied)
{
	uint64_t addr = (uint64_t)occupied & ~4095ull;
	struct guest_body body;
	int err = sandbox_spawn(sb, WANTED_PID, addr, SLOTS, &body);

	ck_assert_msg(!err, "spawn at %jx: %s", (uintmax_t)addr, strerror(-err));
	ck_assert_uint_eq(body.arena.addr, addr);
	check_maps(&body);
	ck_assert_int_eq(make(&body, SYS_getpid, 0, 0, 0), WANTED_PID);
	end(&body);
}

START_TEST(sandbox_arena_where_init_is)
{
	struct vdso_map vdso;
	int on_stack = 0;

	if (!start(0))
		return;
	ck_assert_int_eq(vdso_find(getpid(), &vdso), 0);
	check_detour((void *)check_detour);
	check_detour((void *)strlen);
	check_detour(&on_stack);
	if (vdso.nr)
		check_detour((void *)vdso_start(&vdso));
	sandbox_stop(sb);
}
END_TEST

/* A clock as the body reads it, in nanoseconds */
static int64_t body_clock(const struct guest_body *body, clockid_t clock)
{
	struct timespec t;

	ck_assert_int_eq(make(body, SYS_clock_gettime, (uint64_t)clock, arena_data_addr(&body->arena, 0), 0), 0);
	memcpy(&t, arena_data(&body->arena, 0), sizeof(t));
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int64_t own_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* The body's CLOCK_MONOTONIC by its vDSO: call the function there with a return address at which there is int3 */
static int64_t vdso_clock(const struct guest_body *body, uint64_t function)
{
	uint64_t trap = body->arena.addr + ARENA_CODE_SIZE - 8, data = arena_data_addr(&body->arena, 0);
	struct user_regs_struct saved, regs;
	struct timespec t;
	int status;

	ck_assert_int_eq(ptrace(PTRACE_POKETEXT, body->pid, trap, 0xccl), 0);
	ck_assert_int_eq(tracee_regs_get(body->pid, &saved), 0);
	regs = saved;
	regs.rip = function;
	regs.rdi = CLOCK_MONOTONIC;
	regs.rsi = data;
	regs.rsp = data + 65536 - 8;
	memcpy(arena_data(&body->arena, 0) + 65536 - 8, &trap, sizeof(trap));
	ck_assert_int_eq(tracee_regs_set(body->pid, &regs), 0);
	ck_assert_int_eq(ptrace(PTRACE_CONT, body->pid, 0, 0), 0);
	ck_assert_int_eq(tracee_wait(body->pid, &status), 0);
	ck_assert_int_eq(status >> 8, SIGTRAP);
	ck_assert_int_eq(tracee_regs_get(body->pid, &regs), 0);
	ck_assert_uint_eq(regs.rip, trap + 1);
	ck_assert_int_eq((int)regs.rax, 0);
	ck_assert_int_eq(tracee_regs_set(body->pid, &saved), 0);
	memcpy(&t, arena_data(&body->arena, 0), sizeof(t));
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Where clock_gettime is from the vDSO's ELF header on; 0 when there is none */
static uint64_t vdso_clock_offset(void)
{
	void *vdso = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
	void *function = vdso ? dlsym(vdso, "__vdso_clock_gettime") : NULL;

	return function ? (uint64_t)function - getauxval(AT_SYSINFO_EHDR) : 0;
}

/* Move the body's vDSO to @target in @calls calls, and see that it is there and works */
static void check_move(struct guest_body *body, uint64_t target, unsigned int calls, int64_t shift)
{
	uint64_t offset = vdso_clock_offset();

	begin(body);
	ck_assert_int_eq(vdso_move_calls(&body->arena, 0, &body->vdso, target), (int)calls);
	run(body);
	finish(body);
	for (unsigned int i = 0; i < calls; i++)
		ck_assert_int_gt(ret(body, i), 0);
	ck_assert_uint_eq(vdso_ehdr(&body->vdso), target);
	check_maps(body);
	if (offset)
		ck_assert_int_lt(llabs(vdso_clock(body, target + offset) - own_clock(CLOCK_MONOTONIC) - shift),
				 100000000);
}

START_TEST(sandbox_vdso_moves)
{
	int64_t shift = 86400ll * 1000000000;
	struct guest_body body;
	unsigned int nr;

	if (!start(0))
		return;
	if (sandbox_configure(sb, shift, 0))
		shift = 0;
	body = spawn(WANTED_PID);
	nr = body.vdso.nr;
	if (nr) {
		check_move(&body, 0x7ff000000000, nr, shift);
		check_move(&body, 0x10000000, nr, shift);
		check_move(&body, 0x10001000, 2 * nr, shift); /* overlaps itself: goes by another place */
		check_move(&body, 0x10001000, 0, shift);
		begin(&body);
		ck_assert_int_eq(vdso_move_calls(&body.arena, 0, &body.vdso, ARENA_ADDR + 4096), -EEXIST);
		ck_assert_int_eq(vdso_move_calls(&body.arena, 0, &body.vdso, 4096), -EINVAL);
		ck_assert_int_eq(vdso_move_calls(&body.arena, 0, &body.vdso, 0x7ffffffff000), -EINVAL);
		ck_assert_int_eq(vdso_move_calls(&body.arena, 0, &body.vdso, 0x10000001), -EINVAL);
	}
	end(&body);
	sandbox_stop(sb);
}
END_TEST

START_TEST(sandbox_clocks_are_shifted)
{
	const int64_t day = 86400ll * 1000000000, mono = 3 * day + 250000000, boot = 5 * day - 250000000;
	struct guest_body body;
	int err;

	if (!start(0))
		return;
	ck_assert_int_eq(sandbox_configure(sb, 0, 0), 0);
	err = sandbox_configure(sb, mono, boot);
	if (err == -EINVAL || err == -EOPNOTSUPP)
		goto out_stop;
	ck_assert_msg(!err, "%s", strerror(-err));
	body = spawn(WANTED_PID);
	ck_assert_int_lt(llabs(body_clock(&body, CLOCK_MONOTONIC) - own_clock(CLOCK_MONOTONIC) - mono), 100000000);
	ck_assert_int_lt(llabs(body_clock(&body, CLOCK_BOOTTIME) - own_clock(CLOCK_BOOTTIME) - boot), 100000000);
	end(&body);
out_stop:
	sandbox_stop(sb);
	ck_assert(start(0));
	ck_assert_int_eq(sandbox_configure(sb, -own_clock(CLOCK_MONOTONIC) - day, 0), -ERANGE);
	sandbox_stop(sb);
}
END_TEST

/* Another ABI, and a call behind the remote's back, end the body */
START_TEST(sandbox_other_abi_kills)
{
	struct user_regs_struct regs;
	struct guest_body body;
	int status;

	if (!start(0))
		return;
	body = spawn(WANTED_PID);
	begin(&body);
	add(&body, 0x40000000 | SYS_getpid, 0, 0, 0, 0, 0); /* x32 */
	run(&body);
	ck_assert_int_eq(tracee_wait(body.pid, &status), -ESRCH);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSYS);
	sandbox_body_release(&body);

	body = spawn(WANTED_PID);
	ck_assert_int_eq(ptrace(PTRACE_POKETEXT, body.pid, body.arena.addr + 2048, 0xcc80cdl), 0); /* int $0x80; int3 */
	ck_assert_int_eq(tracee_regs_get(body.pid, &regs), 0);
	regs.rip = body.arena.addr + 2048;
	regs.rax = 20; /* getpid */
	ck_assert_int_eq(tracee_regs_set(body.pid, &regs), 0);
	ck_assert_int_eq(ptrace(PTRACE_CONT, body.pid, 0, 0), 0);
	ck_assert_int_eq(tracee_wait(body.pid, &status), -ESRCH);
	ck_assert_int_eq(WTERMSIG(status), SIGSYS);
	sandbox_body_release(&body);
	sandbox_stop(sb);
}
END_TEST

/* Descriptors of this process */
static int own_fds(void)
{
	return entries(getpid(), "fd");
}

static void check_many(unsigned int flags)
{
	int64_t begun, spent = 0;
	int fds = own_fds();

	if (!start(flags))
		return;
	for (int i = 0; i < 50; i++) {
		struct guest_body body;

		begun = own_clock(CLOCK_MONOTONIC);
		body = spawn(1000 + i);
		spent += own_clock(CLOCK_MONOTONIC) - begun;
		end(&body);
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

	if (!start(0))
		return;
	for (int i = 0; i < 5; i++)
		body[i] = spawn(2000 + i);
	executor_begin(&body[0].arena, 0, SLOT_ONE_SHOT);
	add(&body[0], SYS_read, 0, 0, 0, 0, 0);
	run(&body[0]); /* one of them waits in a call */
	notified(&body[0], SYS_read);
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
	struct pollfd p = {.events = POLLIN};
	struct guest_body body = {0};
	int tube[2], status;
	pid_t pid, pids[2];

	ck_assert_int_eq(pipe(tube), 0);
	pid = fork();
	if (!pid) {
		close(tube[0]);
		pids[0] = pids[1] = 0;
		if (start(0)) {
			body = spawn(WANTED_PID);
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
	tcase_add_test(tc, sandbox_body_is_bare);
	tcase_add_test(tc, sandbox_degraded_body_is_bare);
	tcase_add_test(tc, sandbox_calls_arrive);
	tcase_add_test(tc, sandbox_maps_files_under_any_descriptor);
	tcase_add_test(tc, sandbox_forks_belong_to_the_tracer);
	tcase_add_test(tc, sandbox_next_fork_has_the_number);
	tcase_add_test(tc, sandbox_numbers_that_cannot_be_had);
	tcase_add_test(tc, sandbox_arena_where_init_is);
	tcase_add_test(tc, sandbox_vdso_moves);
	tcase_add_test(tc, sandbox_clocks_are_shifted);
	tcase_add_test(tc, sandbox_other_abi_kills);
	tcase_add_test(tc, sandbox_many_leave_nothing);
	tcase_add_test(tc, sandbox_stop_ends_all);
	tcase_add_test(tc, sandbox_dies_with_the_remote);
}
