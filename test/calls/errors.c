/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every system call with arguments that are wrong: which error comes first is the kernel's choice, and must stay so.
 * Left out are calls that do something to the machine or to this process whatever their arguments are, those that
 * create something by number, and those that a guest does not get.
 */
#include "show.h"

/* Not a descriptor, not a pid, not mapped, not aligned */
#define WRONG	   0x7fff0009l
/* ustat takes it for a device: nothing is mounted from 1:44, whereas 0:50 may come and go */
#define SCRATCH_FD 300
/* Where the name is: some calls take the pointer for a number, which must be the same in every run */
#define NAME_ADDR 0x20000000l

static const short left_out[] = {
	SYS_exit,
	SYS_exit_group,
	SYS_rt_sigreturn,
	SYS_fork,
	SYS_vfork,
	SYS_clone,
	SYS_clone3,
	SYS_execve,
	SYS_execveat,
	SYS_pause,
	SYS_ptrace,
	SYS_kill,
	SYS_tkill,
	SYS_tgkill,
	SYS_rt_sigqueueinfo,
	SYS_rt_tgsigqueueinfo,
	SYS_close,
	SYS_setuid,
	SYS_setgid,
	SYS_setreuid,
	SYS_setregid,
	SYS_setresuid,
	SYS_setresgid,
	SYS_setfsuid,
	SYS_setfsgid,
	SYS_setsid,
	SYS_prctl,
	SYS_personality,
	SYS_umask,
	SYS_alarm,
	SYS_acct,
	SYS_sethostname,
	SYS_setdomainname,
	SYS_reboot,
	SYS_vhangup,
	SYS_sync,
	SYS_syncfs,
	SYS_seccomp,
	SYS_syslog,
	SYS_iopl,
	SYS_ioperm,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
	SYS_kexec_file_load,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	SYS_memfd_secret,
	SYS_msgget,
	SYS_semget,
	SYS_shmget,
	SYS_ftruncate,
	SYS_truncate,
	SYS_mlockall,
	SYS_munlockall,
	SYS_set_tid_address,
	335,
	336,
	SYS_brk,
	/* A guest does not get this one */
	440 /* process_madvise */,
	SYS_unshare,
	SYS_get_robust_list /* of others */,
	/* Of two errors at once another one comes first: sizes are cut, limits are the worker's, unknown commands refused */
	SYS_sched_getaffinity,
	SYS_mlock,
	SYS_ioctl,
};

static bool is_left_out(int nr)
{
	for (size_t i = 0; i < NELEM(left_out); i++) {
		if (left_out[i] == nr)
			return true;
	}
	return false;
}

static void all(const char *what, long a, long b, long c, long d, long e, long f)
{
	TITLE(what);
	for (int nr = 0; nr <= 450; nr++) {
		long r;

		if (is_left_out(nr))
			continue;
		errno = 0;
		r = syscall(nr, a, b, c, d, e, f);
		printf("%d: %s\n", nr, r == -1 ? show_errno(errno) : "ok");
		/* Whatever was opened must not be there for the next call */
		if (r > 2 && r < 100 && r != SCRATCH_FD)
			close(r);
	}
}

int main(void)
{
	char *name = mmap((void *)NAME_ADDR, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	int fd;

	if (name != (void *)NAME_ADDR)
		return 98;
	strcpy(name, "missing");
	make_file("scratch", 100, 1);
	fd = MUST(open("scratch", O_RDWR));
	MUST(dup2(fd, SCRATCH_FD));
	close(fd);
	all("all -1", -1, -1, -1, -1, -1, -1);
	all("all wrong", WRONG, WRONG, WRONG, WRONG, WRONG, WRONG);
	all("a descriptor, the rest wrong", SCRATCH_FD, WRONG, WRONG, WRONG, WRONG, WRONG);
	all("the working directory, the rest wrong", AT_FDCWD, WRONG, WRONG, WRONG, WRONG, WRONG);
	all("the working directory, a name, the rest wrong", AT_FDCWD, NAME_ADDR, WRONG, WRONG, WRONG, WRONG);
	all("a name, the rest wrong", NAME_ADDR, WRONG, WRONG, WRONG, WRONG, WRONG);
	/* Some of them have made things that are hard to look at */
	SHOW(rmdir("missing"));
	SHOW(fchmod(SCRATCH_FD, 0600));
	SHOW(lseek(SCRATCH_FD, 0, SEEK_END));
	SHOW(ftruncate(SCRATCH_FD, 0));
	return 0;
}
