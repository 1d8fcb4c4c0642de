/* SPDX-License-Identifier: GPL-2.0-or-later */
/* User and group ids, groups, capabilities, process groups and sessions: who we are, and becoming somebody else. */
#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>

#include "show.h"

static void show_ids(void)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;

	SYS(getresuid, &r, &e, &s);
	SYS(getresgid, &gr, &ge, &gs);
	printf("  uids %d %d %d gids %d %d %d, fs %ld %ld\n", r, e, s, gr, ge, gs, SYS(setfsuid, -1),
	       SYS(setfsgid, -1));
}

static void processes(void)
{
	TITLE("process ids");
	SHOW_TRUE(SYS(getpid) > 0);
	SHOW_TRUE(SYS(getppid) > 0);
	SHOW_TRUE(SYS(gettid) == SYS(getpid));
	SHOW_TRUE(SYS(getpgrp) == SYS(getpgid, 0));
	SHOW_TRUE(SYS(getpgid, getpid()) == getpgrp());
	SHOW_TRUE(SYS(getsid, 0) > 0);
	SHOW_TRUE(SYS(getsid, getppid()) > 0);
	SHOW(SYS(getpgid, -1));
	SHOW(SYS(getpgid, 0x7ffffff0));
	SHOW(SYS(getsid, 0x7ffffff0));
	SHOW(SYS(setpgid, 0, -1));
	SHOW(SYS(setpgid, -1, 0));
	SHOW(SYS(setpgid, 1, 0));
	SHOW(SYS(setpgid, 0, 1));
	SHOW(SYS(setpgid, 0, 0));
	SHOW_TRUE(getpgrp() == getpid());
	SHOW(SYS(setsid));
}

static void groups(void)
{
	gid_t list[100], many[4] = {5, 1, 70000, 1};
	int n;

	TITLE("groups");
	n = SHOW(SYS(getgroups, 0, NULL));
	SHOW(SYS(getgroups, 100, list));
	for (int i = 0; i < n && i < 100; i++)
		printf("  %d\n", list[i]);
	SHOW(SYS(getgroups, -1, list));
	SHOW(SYS(getgroups, 0, BAD));
	if (!SHOW(SYS(setgroups, 4, many))) {
		n = SHOW(SYS(getgroups, 100, list));
		for (int i = 0; i < n; i++)
			printf("  %d\n", list[i]);
		SHOW(SYS(getgroups, 3, list));
		SHOW(SYS(getgroups, 100, edge(15)));
	}
	SHOW(SYS(setgroups, 65537, many));
	SHOW(SYS(setgroups, 2, BAD));
	SHOW(SYS(setgroups, 0, NULL));
}

static void capabilities(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {0};

	TITLE("capabilities");
	SHOW(SYS(capget, &head, data));
	printf("  effective %x %x permitted %x %x inheritable %x %x\n", data[0].effective, data[1].effective,
	       data[0].permitted, data[1].permitted, data[0].inheritable, data[1].inheritable);
	head.pid = 1;
	SHOW(SYS(capget, &head, data));
	head.pid = 0x7ffffff0;
	SHOW(SYS(capget, &head, data));
	head.pid = -1;
	SHOW(SYS(capget, &head, data));
	head = (struct __user_cap_header_struct){0, 0};
	SHOW(SYS(capget, &head, data));
	SHOW_HEX(head.version);
	SHOW(SYS(capget, &head, NULL));
	head.version = 0;
	SHOW(SYS(capget, &head, NULL));
	SHOW(SYS(capget, BAD, data));
	SHOW(SYS(capget, &head, BAD));
	SHOW(SYS(capset, BAD, data));
	memset(data, 0xff, sizeof(data));
	SHOW(SYS(capset, &head, data));
	SHOW(SYS(capget, &head, data));
	data[0].effective &= ~(1u << CAP_CHOWN);
	SHOW(SYS(capset, &head, data));
	make_file("owned", 1, 1);
	SHOW(chown("owned", 12, -1));
	SHOW(SYS(capget, &head, data));
	printf("  effective %x %x\n", data[0].effective, data[1].effective);
}

/* Each step prints what it did to all six ids; root ends as somebody, which is for good */
static void becoming(void)
{
	TITLE("becoming somebody");
	show_ids();
	SHOW(SYS(setfsuid, 1000));
	show_ids();
	SHOW(SYS(setfsuid, geteuid()));
	SHOW(SYS(setgid, -1));
	SHOW(SYS(setuid, -1));
	SHOW(SYS(setresgid, 10, 11, 12));
	show_ids();
	SHOW(SYS(setregid, 11, 10));
	show_ids();
	SHOW(SYS(setgid, 12));
	show_ids();
	SHOW(SYS(setresuid, 20, 21, 22));
	show_ids();
	make_file("made", 5, 5);
	struct stat st;
	if (!stat("made", &st))
		printf("  made by %d %d\n", st.st_uid, st.st_gid);
	SHOW(SYS(setreuid, 22, 20));
	show_ids();
	SHOW(SYS(setresuid, -1, 22, -1));
	show_ids();
	SHOW(SYS(setuid, 20));
	show_ids();
	SHOW(SYS(setuid, 0));
	SHOW(SYS(setresuid, 0, 0, 0));
	SHOW(SYS(setgid, 0));
	SHOW(SYS(getresuid, BAD, BAD, BAD));
	SHOW(SYS(getresgid, BAD, BAD, BAD));
	SHOW(SYS(getuid));
	SHOW(SYS(geteuid));
	SHOW(SYS(getgid));
	SHOW(SYS(getegid));
	SHOW(open("/etc/shadow", O_RDONLY));
	SHOW(kill(1, 0));
}

int main(void)
{
	umask(0);
	SHOW(chmod(".", 0777));
	processes();
	groups();
	capabilities();
	becoming();
	return 0;
}
