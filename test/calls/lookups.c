// SPDX-License-Identifier: GPL-2.0-or-later
/* Looking for what is not there, again and again, by every call that does; then it is there, or the way to it is another. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "show.h"

static char dir[PATH_MAX];

/* Absolute path of @name in the test's directory */
static const char *at(const char *name)
{
	static char path[4][PATH_MAX + 300];
	static unsigned int next;
	char *out = path[next++ % 4];

	snprintf(out, sizeof(path[0]), "%s/%s", dir, name);
	return out;
}

/* Result and errno of one look */
static void say(const char *what, long ret)
{
	printf(" %s %s", what, ret < 0 ? strerrorname_np(errno) : "ok");
	if (!strncmp(what, "open", 4) && ret >= 0)
		close((int)ret);
}

/* Look for it in all ways */
static void look(const char *name)
{
	const char *path = at(name);
	struct stat st;
	struct statx stx;
	char link[100];

	printf("%s:", name);
	say("open", syscall(SYS_open, path, O_RDONLY));
	say("open-bad", syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | 040000000000));
	say("openat", syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC));
	say("openat-dir", syscall(SYS_openat, -1, path, O_RDONLY | O_DIRECTORY));
	say("access", syscall(SYS_access, path, F_OK));
	say("access-x", syscall(SYS_access, path, X_OK));
	say("access-bad", syscall(SYS_access, path, 077));
	say("faccessat", syscall(SYS_faccessat, 99, path, R_OK));
	say("faccessat2", syscall(SYS_faccessat2, AT_FDCWD, path, R_OK, AT_EACCESS));
	say("faccessat2-bad", syscall(SYS_faccessat2, AT_FDCWD, path, R_OK, 1));
	say("stat", syscall(SYS_stat, path, &st));
	say("stat-null", syscall(SYS_stat, path, NULL));
	say("lstat", syscall(SYS_lstat, path, &st));
	say("newfstatat", syscall(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW));
	say("newfstatat-bad", syscall(SYS_newfstatat, AT_FDCWD, path, &st, 1));
	say("statx", syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &stx));
	say("statx-bad", syscall(SYS_statx, AT_FDCWD, path, 0, 0x80000000u, &stx));
	say("readlink", syscall(SYS_readlink, path, link, sizeof(link)));
	say("readlink-0", syscall(SYS_readlink, path, link, 0));
	say("readlinkat", syscall(SYS_readlinkat, AT_FDCWD, path, link, sizeof(link)));
	say("open-path", syscall(SYS_openat, AT_FDCWD, path, O_PATH | O_NOFOLLOW));
	say("creat-dir", syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_DIRECTORY));
	printf("\n");
}

/* All that there is or is not */
static void look_around(void)
{
	static const char *const names[] = {
		"none",
		"none/below",
		"file",
		"file/below",
		"link",
		"link/inside",
		"dangling",
		"sub",
		"sub/inside",
		"sub/none",
		"sub/../file",
		"sub/./none",
		"sub//none",
		"none/",
		"sub/",
		"loop",
		"loop/x",
		".",
		"sub/.hidden",
		"tolink",
		"Sub",
		".hid/none",
		".hid/none/x",
		"sub/deep/../none",
		"...",
		"sub/deep/../../none",
		"sub/deep/../../sub/none",
		"sub/deep/../../none/x",
		"link/../none",
		"file/../none",
		"none/../file",
		"none/../none",
		"sub/deep/..",
		"sub/deep/.",
		"sub/deep/../",
		"sub/deep/none/.",
		"sub/deep/none/..",
		"sub/deep/../inside/.",
		"sub/deep//..///none",
		"sub/deep/../deep/../none/../none",
		"./sub/./none",
		"dangling/../none",
		"sub/inside/../none",
		"sub/deep/../../../../../../../../../../none",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		look(names[i]);
}

/* Where a link leads to, in a buffer of any size */
static void read_link(const char *name)
{
	for (size_t size = 1; size < 40; size += 13) {
		char to[64] = "";
		ssize_t n = syscall(SYS_readlink, at(name), to, size);

		printf("%s in %zu: ", name, size);
		if (n < 0)
			printf("%s\n", strerrorname_np(errno));
		else
			printf("%zd %.*s\n", n, (int)n, to);
	}
	printf("%s nowhere: %ld", name, syscall(SYS_readlink, at(name), NULL, 10));
	printf(" %s\n", strerrorname_np(errno));
}

/* As execvp does, with arguments that are good, or not so */
static void exec_look(const char *name)
{
	char *argv[] = { "nothing", NULL };
	char **bad = (char **)(uintptr_t)8;

	printf("exec %s:", name);
	for (int i = 0; i < 3; i++)
		say("good", syscall(SYS_execve, at(name), argv, environ));
	say("bad", syscall(SYS_execve, at(name), bad, environ));
	say("bad-env", syscall(SYS_execve, at(name), argv, bad));
	say("good", syscall(SYS_execve, at(name), argv, environ));
	printf("\n");
}

/* Links that lead here and there, and are changed */
static void links(void)
{
	static const char *const names[] = { "up", "far", "one/none", "one/x/none", "l40", "l41", "deep-up/inside" };
	char chain[16], to[16], target[PATH_MAX];
	struct stat st;

	printf("links\n");
	MUST(symlink("sub/../sub", "up"));
	MUST(symlink("sub/deep/..", "deep-up"));
	snprintf(target, sizeof(target), "%s", at("sub/none"));
	MUST(symlink(target, "far"));
	MUST(symlink("sub", "one"));
	MUST(symlink("sub", "l1"));
	for (int i = 2; i <= 41; i++) {
		snprintf(chain, sizeof(chain), "l%d", i);
		snprintf(to, sizeof(to), "l%d", i - 1);
		MUST(symlink(to, chain));
	}
	MUST(mkdir("sticky", 0777));
	MUST(chmod("sticky", 01777));
	MUST(symlink("../sub", "sticky/link"));
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			look(names[i]);
			exec_look(names[i]);
		}
		look("l40/none");
		look("l41/none");
		look("sticky/link/none");
		look("far");
		read_link("one");
		read_link("far");
		read_link("l41");
		read_link("sub");
		read_link("none");
		printf("one goes elsewhere\n");
		MUST(unlink("one"));
		MUST(symlink(round ? "sub" : ".hid", "one"));
		look("one/none");
		look("one/inside");
		read_link("one");
		MUST(symlink("sub", "new-one"));
		MUST(rename("new-one", "one"));
		look("one/none");
		look("one/inside");
		read_link("one");
	}
	MUST(lstat("up", &st));
	printf("followed: noted %d\n", st.st_atim.tv_sec > st.st_mtim.tv_sec || st.st_atim.tv_nsec > st.st_mtim.tv_nsec);
	if (!geteuid()) {
		MUST(lchown("sticky/link", 12345, 12345));
		look("sticky/link/none");
		look("sticky/link");
	}
}

int main(void)
{
	char longest[300];

	MUST(getcwd(dir, sizeof(dir)) ? 0 : -1);
	MUST(mkdir("sub", 0700));
	close(MUST(open("file", O_WRONLY | O_CREAT, 0600)));
	close(MUST(open("sub/inside", O_WRONLY | O_CREAT, 0600)));
	MUST(mkdir("sub/deep", 0700));
	MUST(mkdir(".hid", 0700));
	MUST(symlink("sub", "link"));
	MUST(symlink("gone", "dangling"));
	MUST(symlink("loop", "loop"));
	MUST(symlink("link", "tolink"));
	look_around();
	look_around();
	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	look(longest);
	longest[255] = '\0';
	look(longest);

	printf("what was not there, by the task and by its child\n");
	for (int i = 0; i < 3; i++) {
		look("new");
		close(MUST(open("new", O_WRONLY | O_CREAT, 0600)));
		look("new");
		MUST(unlink("new"));
		look("new");
		if (!fork()) {
			mkdir("new", 0700);
			_exit(0);
		}
		MUST(wait(NULL));
		look("new");
		look("new/below");
		look("new/below");
		MUST(symlink("../file", "new/below"));
		look("new/below");
		MUST(unlink("new/below"));
		MUST(rmdir("new"));
	}
	links();
	printf("another way around\n");
	for (int i = 0; i < 3; i++) {
		look("sub/deep/../none");
		MUST(chmod("sub/deep", 0));
		look("sub/deep/../none");
		look("sub/deep/../../none");
		MUST(chmod("sub/deep", 0700));
		look("sub/deep/../none");
		look("sub/deep/../none");
		MUST(rename("sub/deep", "deep"));
		look("sub/deep/../none");
		MUST(symlink("../deep", "sub/deep"));
		look("sub/deep/../none");
		look("sub/deep/../sub");
		MUST(unlink("sub/deep"));
		look("sub/deep/../none");
		MUST(rename("deep", "sub/deep"));
		look(".hid/new");
		close(MUST(open(".hid/new", O_WRONLY | O_CREAT, 0600)));
		look(".hid/new");
		MUST(unlink(".hid/new"));
	}
	printf("another way\n");
	look("sub/inside");
	MUST(rename("sub", "moved"));
	look("sub/inside");
	look("sub/inside");
	look("moved/none");
	MUST(symlink("moved", "sub"));
	look("sub/inside");
	look("sub");
	MUST(unlink("sub"));
	MUST(rename("moved", "sub"));
	look("sub/none");
	look("sub/none");
	MUST(chmod("sub", 0));
	look("sub/none");
	look("sub/inside");
	MUST(chmod("sub", 0700));
	look("sub/none");
	look("sub/none");
	if (!geteuid()) {
		MUST(chmod(".", 0700));
		MUST(setresuid(-1, 12345, -1));
		look("none");
		MUST(setresuid(-1, 0, -1));
		MUST(chmod(".", 0755));
	}
	look("none");
	if (!chroot(".")) {
		look("none");
		snprintf(dir, sizeof(dir), "/");
		look("file");
		look("none");
		look("none");
	}
	return 0;
}
