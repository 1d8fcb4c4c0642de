// SPDX-License-Identifier: GPL-2.0-or-later
/* Bodies: what they have and have not, that their calls arrive and are answered. Runs as whoever runs the tests. */
#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "remote/filter.h"
#include "remote/notify.h"
#include "test/unit/bodies.h"
#include "test/unit/unit.h"
#include "tracee.h"

/* What every body lacks, whatever the sandbox */
static void check_bare(const struct guest_body *body)
{
	static const char *const caps[] = { "CapInh", "CapPrm", "CapEff", "CapAmb" };

	body_check_maps(body);
	for (size_t i = 0; i < 65536; i++)
		ck_assert_uint_eq(arena_data(&body->arena, 0)[i], 0);
	for (size_t i = 0; i < sizeof(caps) / sizeof(*caps); i++)
		ck_assert_str_eq(body_status(body->pid, caps[i]), "0000000000000000");
	ck_assert_str_eq(body_status(body->pid, "NoNewPrivs"), "1");
	ck_assert_str_eq(body_status(body->pid, "Seccomp"), "2");
	ck_assert_str_eq(body_status(body->pid, "SigBlk"), "0000000000000000");
	ck_assert_str_eq(body_status(body->pid, "SigIgn"), "0000000000000000");
	ck_assert_str_eq(body_status(body->pid, "SigCgt"), "0000000000000000");
	ck_assert_str_eq(body_status(body->pid, "Threads"), "1");
	ck_assert_int_eq(proc_entries(body->pid, "fd"), 0);
}

/* A body as the user of this process gets it */
static void check_body(void)
{
	char own[64], nobody[] = "65534\t65534\t65534\t65534";
	struct guest_body body;
	unsigned int id = geteuid();
	const char *ids;

	if (!bodies_start(0))
		return;
	body = body_spawn(WANTED_PID);
	ck_assert_int_eq(body.inner, WANTED_PID);
	check_bare(&body);
	ck_assert_str_eq(body_status(body.pid, "CapBnd"), "0000000000000000");
	ck_assert_int_eq(proc_entries(body.pid, "root"), 0);
	snprintf(own, sizeof(own), "%u\t%u\t%u\t%u", id, id, id, id);
	ids = body_status(body.pid, "Uid"); /* root in a container with no other id keeps the one there is */
	ck_assert_msg(!strcmp(ids, own) || (!id && !strcmp(ids, nobody)), "%s", ids);
	ck_assert_int_eq(body_make(&body, SYS_getpid, 0, 0, 0), WANTED_PID);
	ck_assert_int_eq(body_make(&body, SYS_gettid, 0, 0, 0), WANTED_PID);
	body_end(&body);
	sandbox_stop(sb);
}

START_TEST(body_is_bare)
{
	check_body();
}
END_TEST

/* Root tries what others get: a process that an ordinary user has started may be looked at, one that changes ids not */
START_TEST(body_is_bare_for_ordinary_users)
{
	int status;
	pid_t pid;

	if (geteuid())
		return;
	pid = fork();
	if (!pid) {
		if (setresgid(4242, 4242, 4242) || setresuid(4242, 4242, 4242) || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
			_exit(0); /* a container without this id */
		check_body();
		fflush(stdout);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(body_is_bare_without_namespaces)
{
	struct guest_body body;

	if (!bodies_start(SANDBOX_NO_NAMESPACES))
		return;
	ck_assert(sandbox_degraded(sb));
	ck_assert_int_eq(sandbox_configure(sb, 1, 1), -EPERM);
	ck_assert_int_eq(sandbox_next_pid(sb, WANTED_PID), -EOPNOTSUPP);
	body = body_spawn(WANTED_PID);
	ck_assert_int_eq(body.inner, body.pid);
	check_bare(&body);
	body_begin(&body);
	body_add(&body, SYS_getpid, 0, 0, 0, 0, 0);
	body_run(&body);
	ck_assert_int_eq(notify_answer(body.listener, body_notified(&body, SYS_getpid).id, WANTED_PID), 0);
	body_finish(&body);
	ck_assert_int_eq(body_ret(&body, 0), WANTED_PID);
	ck_assert_int_eq(body_make(&body, SYS_set_tid_address, 0, FILTER_PASS, 0), body.pid);
	ck_assert_int_eq(body_make(&body, SYS_process_vm_readv, (uint64_t)getpid(), 0, 0), -ENOSYS);
	ck_assert_int_eq(body_make(&body, SYS_futex, ARENA_ADDR, FUTEX_LOCK_PI_PRIVATE, 0), -ENOSYS);
	ck_assert_int_eq(body_make(&body, SYS_futex, ARENA_ADDR, FUTEX_WAKE_PRIVATE, 0), 0);
	/* The file system is closed to it even for the calls that the filter would let through */
	body_begin(&body);
	strcpy((char *)arena_data(&body.arena, 0), "/");
	body_add(&body, SYS_openat, (uint64_t)-100, arena_data_addr(&body.arena, 0), 0, 0, 0);
	body_run(&body);
	ck_assert_int_eq(notify_continue(body.listener, body_notified(&body, SYS_openat).id), 0);
	body_finish(&body);
	ck_assert_int_eq(body_ret(&body, 0), -EACCES);
	body_end(&body);
	sandbox_stop(sb);
}
END_TEST

START_TEST(body_calls_arrive)
{
	struct seccomp_notif notif;
	struct guest_body body;

	if (!bodies_start(0))
		return;
	body = body_spawn(WANTED_PID);
	body_begin(&body);
	body_add(&body, SYS_write, 1, body.arena.addr, 5, 0, 0);
	body_add(&body, SYS_read, 77, 0, 0, 0, 0);
	body_add(&body, 100000, 1, 2, 3, 0, 0); /* no such call */
	body_run(&body);
	notif = body_notified(&body, SYS_write);
	ck_assert_uint_eq(notif.pid, (unsigned int)body.pid);
	ck_assert_uint_eq(notif.data.args[1], body.arena.addr);
	ck_assert_int_eq(notify_answer(body.listener, notif.id, 5), 0);
	ck_assert_int_eq(notify_answer(body.listener, body_notified(&body, SYS_read).id, -EIO), 0);
	ck_assert_int_eq(notify_answer(body.listener, body_notified(&body, 100000).id, -ENOSYS), 0);
	body_finish(&body);
	ck_assert_int_eq(body_ret(&body, 0), 5);
	ck_assert_int_eq(body_ret(&body, 1), -EIO);
	ck_assert_int_eq(body_ret(&body, 2), -ENOSYS);
	ck_assert_int_eq(body_make(&body, SYS_io_uring_setup, 0, 0, 0), -ENOSYS);
	ck_assert_int_eq(body_make(&body, SYS_close, FILTER_OWN_FD | 77, 0, 0), -EBADF);
	body_end(&body);
	sandbox_stop(sb);
}
END_TEST

START_TEST(body_maps_files_under_any_descriptor)
{
	struct guest_body body;
	struct rlimit limit;
	uint64_t at = 0x30000000;
	int fd, memfd;

	if (!bodies_start(0))
		return;
	body = body_spawn(WANTED_PID);
	ck_assert_int_eq(prlimit(body.pid, RLIMIT_NOFILE, NULL, &limit), 0);
	ck_assert_uint_eq(limit.rlim_cur, limit.rlim_max);
	fd = (int)limit.rlim_cur - 1;
	memfd = memfd_create("object", MFD_CLOEXEC);
	ck_assert_int_eq(write(memfd, "content", 7), 7);
	body_begin(&body);
	body_add(&body, SYS_mmap, at, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, (uint64_t)fd);
	body_add(&body, SYS_mmap, at + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, (uint64_t)-1);
	body_run(&body);
	struct seccomp_notif notif = body_notified(&body, SYS_mmap);
	ck_assert_int_eq(notify_addfd(body.listener, notif.id, memfd, fd), 0);
	ck_assert_int_eq(notify_continue(body.listener, notif.id), 0);
	body_finish(&body);
	ck_assert_uint_eq((uint64_t)body_ret(&body, 0), at);
	ck_assert_uint_eq((uint64_t)body_ret(&body, 1), at + 4096);
	char text[8] = "";
	ck_assert_int_eq(tracee_read(body.pid, at, text, 7), 0);
	ck_assert_str_eq(text, "content");
	close(memfd);
	body_end(&body);
	sandbox_stop(sb);
}
END_TEST

/* Another ABI is none that this kernel has */
START_TEST(body_has_no_other_abis)
{
	struct user_regs_struct regs;
	struct guest_body body;
	int status;

	if (!bodies_start(0))
		return;
	body = body_spawn(WANTED_PID);
	body_begin(&body);
	body_add(&body, 0x40000000 | SYS_getpid, 0, 0, 0, 0, 0); /* x32 */
	body_run(&body);
	ck_assert_int_eq(body_ret(&body, 0), -ENOSYS);
	body_end(&body);

	body = body_spawn(WANTED_PID);
	ck_assert_int_eq(ptrace(PTRACE_POKETEXT, body.pid, body.arena.addr + 2048, 0xcc80cdL), 0); /* int $0x80; int3 */
	ck_assert_int_eq(tracee_regs_get(body.pid, &regs), 0);
	regs.rip = body.arena.addr + 2048;
	regs.rax = 20; /* getpid */
	ck_assert_int_eq(tracee_regs_set(body.pid, &regs), 0);
	ck_assert_int_eq(ptrace(PTRACE_CONT, body.pid, 0, 0), 0);
	ck_assert_int_eq(tracee_wait(body.pid, &status), 0);
	ck_assert_int_eq(WSTOPSIG(status), SIGTRAP);
	ck_assert_int_eq(tracee_regs_get(body.pid, &regs), 0);
	ck_assert_int_eq((int)regs.rax, -ENOSYS);
	body_end(&body);
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
	body_check_maps(&body);
	ck_assert_int_eq(body_make(&body, SYS_getpid, 0, 0, 0), WANTED_PID);
	body_end(&body);
}

START_TEST(body_arena_where_init_is)
{
	struct vdso_map vdso;
	int on_stack = 0;

	if (!bodies_start(0))
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

UNIT(body)
{
	tcase_add_test(tc, body_is_bare);
	tcase_add_test(tc, body_is_bare_for_ordinary_users);
	tcase_add_test(tc, body_is_bare_without_namespaces);
	tcase_add_test(tc, body_calls_arrive);
	tcase_add_test(tc, body_maps_files_under_any_descriptor);
	tcase_add_test(tc, body_has_no_other_abis);
	tcase_add_test(tc, body_arena_where_init_is);
}
