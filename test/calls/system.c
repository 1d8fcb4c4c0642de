/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uname, sysinfo, hostnames, prctl, personality, arch_prctl, random, and the calls that only root's own system gets. */
#include <asm/prctl.h>
#include <linux/prctl.h>
#include <linux/reboot.h>
#include <linux/seccomp.h>
#include <sys/personality.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "show.h"

static void names(void)
{
	struct utsname u, *last = edge(sizeof(u));
	struct sysinfo si;
	char host[65], line[300] = "";
	int fd;

	TITLE("uname");
	SHOW(SYS(uname, &u));
	SHOW_STR(u.sysname);
	SHOW_STR(u.nodename);
	SHOW_STR(u.release);
	SHOW_STR(u.version);
	SHOW_STR(u.machine);
	SHOW(SYS(uname, last));
	SHOW(SYS(uname, (char *)last + 1));
	SHOW(SYS(uname, BAD));
	SHOW(gethostname(host, sizeof(host)));
	SHOW_TRUE(!strcmp(host, u.nodename));
	fd = open("/proc/sys/kernel/hostname", O_RDONLY);
	MUST(read(fd, line, sizeof(line)));
	SHOW_TRUE(!strncmp(line, host, strlen(host)));
	SHOW(SYS(sethostname, "x", -1));
	SHOW(SYS(sethostname, "x", 65));
	SHOW(SYS(sethostname, BAD, 5));
	SHOW(SYS(setdomainname, "x", -1));
	SHOW(SYS(setdomainname, BAD, 5));
	TITLE("sysinfo");
	SHOW(SYS(sysinfo, &si));
	SHOW_NUM(si.totalram);
	SHOW_NUM(si.totalswap);
	SHOW_NUM(si.mem_unit);
	SHOW_TRUE(si.procs > 1 && si.uptime > 1);
	SHOW(SYS(sysinfo, BAD));
}

static void processes(void)
{
	char name[17] = "", line[64] = "";
	unsigned long v = 0;
	int i = -1, fd;

	TITLE("prctl");
	SHOW(SYS(prctl, PR_GET_NAME, name));
	SHOW_STR(name);
	SHOW(SYS(prctl, PR_SET_NAME, "a name that is too long"));
	SHOW(SYS(prctl, PR_GET_NAME, name));
	SHOW_STR(name);
	fd = open("/proc/self/comm", O_RDWR);
	MUST(read(fd, line, sizeof(line)));
	SHOW_STR(line);
	SHOW(write(fd, "other", 5));
	close(fd);
	SHOW(SYS(prctl, PR_GET_NAME, name));
	SHOW_STR(name);
	SHOW(SYS(prctl, PR_SET_NAME, BAD));
	SHOW(SYS(prctl, PR_GET_NAME, BAD));
	SHOW(SYS(prctl, PR_GET_PDEATHSIG, &i));
	SHOW_NUM(i);
	SHOW(SYS(prctl, PR_SET_PDEATHSIG, SIGUSR1));
	SHOW(SYS(prctl, PR_GET_PDEATHSIG, &i));
	SHOW_NUM(i);
	SHOW(SYS(prctl, PR_SET_PDEATHSIG, 99));
	SHOW(SYS(prctl, PR_SET_PDEATHSIG, 0));
	SHOW(SYS(prctl, PR_GET_DUMPABLE));
	SHOW(SYS(prctl, PR_SET_DUMPABLE, 0));
	SHOW(SYS(prctl, PR_GET_DUMPABLE));
	SHOW(SYS(prctl, PR_SET_DUMPABLE, 1));
	SHOW(SYS(prctl, PR_SET_DUMPABLE, 2));
	SHOW(SYS(prctl, PR_GET_KEEPCAPS));
	SHOW(SYS(prctl, PR_SET_KEEPCAPS, 1));
	SHOW(SYS(prctl, PR_GET_KEEPCAPS));
	SHOW(SYS(prctl, PR_GET_TIMERSLACK));
	SHOW(SYS(prctl, PR_SET_TIMERSLACK, 12345));
	SHOW(SYS(prctl, PR_GET_TIMERSLACK));
	fd = MUST(open("/proc/self/timerslack_ns", O_RDONLY));
	SHOW(read(fd, line, sizeof(line)));
	show_bytes("line", line, 6);
	close(fd);
	SHOW(SYS(prctl, PR_SET_TIMERSLACK, 0));
	SHOW(SYS(prctl, PR_GET_TIMERSLACK));
	SHOW(SYS(prctl, PR_GET_TIMING));
	SHOW(SYS(prctl, PR_GET_CHILD_SUBREAPER, &i));
	SHOW_NUM(i);
	SHOW(SYS(prctl, PR_SET_CHILD_SUBREAPER, 1));
	SHOW(SYS(prctl, PR_GET_CHILD_SUBREAPER, &i));
	SHOW_NUM(i);
	SHOW(SYS(prctl, PR_GET_TID_ADDRESS, &v) == -1 || v != 0);
	SHOW(SYS(prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0));
	SHOW(SYS(prctl, PR_CAPBSET_READ, 0));
	SHOW(SYS(prctl, PR_CAPBSET_READ, 99));
	SHOW(SYS(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0));
	SHOW(SYS(prctl, PR_GET_SECUREBITS));
	SHOW(SYS(prctl, PR_MCE_KILL_GET, 0, 0, 0, 0));
	SHOW(SYS(prctl, PR_GET_TSC, &i));
	SHOW_NUM(i);
	SHOW(SYS(prctl, PR_SET_MM, PR_SET_MM_ARG_START, 0, 0, 0));
	SHOW(SYS(prctl, PR_GET_UNALIGN, &i));
	SHOW(SYS(prctl, 9999, 0));
	SHOW(SYS(prctl, -1, 0));
}

static void privileges(void)
{
	TITLE("no_new_privs and seccomp");
	SHOW(SYS(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	SHOW(SYS(prctl, PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
	SHOW(SYS(prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
	SHOW(SYS(prctl, PR_GET_SECCOMP));
	SHOW(SYS(seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &(uint32_t){SECCOMP_RET_ERRNO}));
	SHOW(SYS(seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &(uint32_t){0x12345678}));
	SHOW(SYS(seccomp, 99, 0, NULL));
	SHOW(SYS(seccomp, SECCOMP_SET_MODE_FILTER, 0, BAD));
	SHOW(SYS(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	SHOW(SYS(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

static void machine(void)
{
	unsigned long base = 0;
	char ldt[64];

	TITLE("personality and processor");
	SHOW(SYS(personality, 0xffffffff));
	SHOW(SYS(personality, ADDR_NO_RANDOMIZE));
	SHOW(SYS(personality, 0xffffffff));
	SHOW(SYS(personality, 0));
	SHOW(SYS(arch_prctl, ARCH_GET_FS, &base));
	SHOW_TRUE(base != 0);
	SHOW(SYS(arch_prctl, ARCH_GET_GS, &base));
	SHOW_NUM(base);
	SHOW(SYS(arch_prctl, ARCH_SET_GS, 0x12345000));
	SHOW(SYS(arch_prctl, ARCH_GET_GS, &base));
	SHOW_HEX(base);
	SHOW(SYS(arch_prctl, ARCH_SET_GS, 0));
	SHOW(SYS(arch_prctl, ARCH_SET_GS, -1));
	SHOW(SYS(arch_prctl, ARCH_GET_FS, BAD));
	SHOW(SYS(arch_prctl, 0x9999, 0));
	SHOW(SYS(modify_ldt, 0, ldt, sizeof(ldt)));
	SHOW(SYS(modify_ldt, 99, ldt, sizeof(ldt)));
	SHOW(SYS(set_thread_area, ldt));
	SHOW(SYS(get_thread_area, ldt));
}

static void randomness(void)
{
	char *a = edge(5000), b[256];

	TITLE("getrandom");
	SHOW(SYS(getrandom, a, 5000, 0));
	SHOW(SYS(getrandom, a, 5001, 0) > 0);
	SHOW(SYS(getrandom, b, 256, 1));
	SHOW(SYS(getrandom, b, 0, 0));
	SHOW(SYS(getrandom, b, 10, 2));
	SHOW(SYS(getrandom, b, 10, 4));
	SHOW(SYS(getrandom, b, 10, 99));
	SHOW(SYS(getrandom, BAD, 10, 0));
	SHOW_TRUE(memcmp(a, a + 2500, 2500) != 0);
	int fd = MUST(open("/dev/urandom", O_RDONLY));
	SHOW(read(fd, a, 5000));
	close(fd);
}

/* All with arguments that keep them from doing harm even where they are allowed */
static void privileged(void)
{
	TITLE("for the system's owner");
	SHOW(SYS(reboot, 0, 0, 0, NULL));
	SHOW(SYS(swapon, "missing", 0));
	SHOW(SYS(swapoff, "missing"));
	SHOW(SYS(swapon, BAD, 0));
	SHOW(SYS(mount, BAD, BAD, BAD, 0, NULL));
	SHOW(SYS(mount, "none", "missing", "tmpfs", 0, NULL));
	SHOW(SYS(umount2, "missing", 0));
	SHOW(SYS(umount2, ".", 0));
	SHOW(SYS(umount2, BAD, 0));
	SHOW(SYS(umount2, ".", 1 << 20));
	SHOW(SYS(acct, "missing"));
	SHOW(SYS(syslog, 99, NULL, 0));
	SHOW(SYS(syslog, 10, NULL, 0) >= 0);
	SHOW(SYS(syslog, 3, BAD, -1));
	SHOW(SYS(quotactl, 0x800002 << 8, "missing", 0, NULL));
	SHOW(SYS(vhangup));
	SHOW(SYS(setns, BADFD, 0));
	SHOW(SYS(setns, 1, 0));
	SHOW(SYS(unshare, 1 << 30 | 1));
	SHOW(SYS(unshare, 0));
	SHOW(SYS(open_tree, AT_FDCWD, "missing", 0));
	SHOW(SYS(move_mount, BADFD, "", BADFD, "", 4));
	SHOW(SYS(fsopen, "nosuchfs", 0));
	SHOW(SYS(fsmount, BADFD, 0, 0));
	SHOW(SYS(fsconfig, BADFD, 0, NULL, NULL, 0));
	SHOW(SYS(fspick, AT_FDCWD, "missing", 0));
	SHOW(SYS(mount_setattr, AT_FDCWD, "missing", 0, BAD, 32));
	SHOW(SYS(delete_module, "nosuchmodule", O_NONBLOCK));
	SHOW(SYS(init_module, BAD, 0, BAD));
	SHOW(SYS(finit_module, BADFD, "", 0));
}

static void gone(void)
{
	TITLE("calls that are gone, or never were");
	SHOW(SYS(uselib, "x"));
	SHOW(SYS(_sysctl, NULL));
	SHOW(SYS(create_module, "x", 1));
	SHOW(SYS(get_kernel_syms, NULL));
	SHOW(SYS(query_module, NULL, 0, NULL, 0, NULL));
	SHOW(SYS(nfsservctl, 0, NULL, NULL));
	SHOW(SYS(getpmsg, 0));
	SHOW(SYS(putpmsg, 0));
	SHOW(SYS(afs_syscall, 0));
	SHOW(SYS(tuxcall, 0));
	SHOW(SYS(security, 0));
	SHOW(SYS(epoll_ctl_old, 0));
	SHOW(SYS(epoll_wait_old, 0));
	SHOW(SYS(vserver, 0));
	SHOW(SYS(lookup_dcookie, 0, NULL, 0));
	SHOW(SYS(remap_file_pages, 0, 0, 0, 0, 0));
	SHOW(syscall(400));
	SHOW(syscall(600));
	SHOW(syscall(100000));
	SHOW(syscall(-1));
	SHOW(syscall(-5));
	SHOW(syscall(0x40000000 | 39));
}

int main(void)
{
	names();
	processes();
	privileges();
	machine();
	randomness();
	privileged();
	gone();
	return 0;
}
