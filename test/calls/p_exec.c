/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LIMIT: 120
 *
 * execve, execveat, fexecve, scripts, posix_spawn: what stays and what goes, errors, the limits of arguments.
 */
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/personality.h>

#include "show.h"

extern char **environ;
static char *self;

static void reap(const char *what, pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, 0));
	printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* Run @fn in a child */
static void in_child(const char *what, void (*fn)(void))
{
	pid_t pid = MUST(fork());

	if (!pid) {
		fn();
		printf("  %s\n", show_errno(errno));
		_exit(99);
	}
	reap(what, pid);
}

/* What the image finds: `p_exec new WHAT ...` */
static int new_image(int argc, char **argv)
{
	char name[20] = "", cwd[4096];
	struct sigaction sa;
	sigset_t set;

	if (!strcmp(argv[2], "count")) {
		size_t bytes = 0;
		int n = 0;

		for (int i = 3; i < argc; i++)
			bytes += strlen(argv[i]) + 1;
		for (; environ[n]; n++)
			bytes += strlen(environ[n]) + 1;
		printf("  %d arguments %d variables %zu bytes\n", argc - 3, n, bytes);
		return 10;
	}
	if (!strcmp(argv[2], "keep")) {
		sigprocmask(SIG_BLOCK, NULL, &set);
		printf("  blocked %d", sigismember(&set, SIGUSR1));
		sigpending(&set);
		printf(" pending %d", sigismember(&set, SIGUSR1));
		sigaction(SIGHUP, NULL, &sa);
		printf(" ignored %d", sa.sa_handler == SIG_IGN);
		sigaction(SIGTERM, NULL, &sa);
		printf(" handled %d", sa.sa_handler != SIG_DFL);
		prctl(PR_GET_NAME, name);
		printf(" name %s umask %o pid %d\n", name, umask(0), getpid() == atoi(argv[3]));
		printf("  cwd %s fd 20 %d fd 21 %d offset %ld nice %d alarm %d\n",
		       strrchr(getcwd(cwd, sizeof(cwd)), '/'), fcntl(20, F_GETFD), fcntl(21, F_GETFD),
		       (long)lseek(20, 0, SEEK_CUR), getpriority(PRIO_PROCESS, 0), alarm(0) > 0);
		return 11;
	}
	printf("  %s:", argv[2]);
	for (int i = 3; i < argc; i++)
		printf(" [%s]", argv[i]);
	printf(" A=%s\n", getenv("A") ? getenv("A") : "-");
	return 12;
}

static void on_signal(int sig UNUSED)
{
}

static void keep(void)
{
	char pid[16];
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	handle(SIGHUP, SIG_IGN, 0);
	handle(SIGTERM, on_signal, 0);
	prctl(PR_SET_NAME, "gone");
	umask(027);
	MUST(mkdir("sub", 0755));
	MUST(chdir("sub"));
	fd = MUST(open("../p", O_CREAT | O_RDWR, 0600));
	MUST(write(fd, "12345", 5));
	dup2(fd, 20);
	dup3(fd, 21, O_CLOEXEC);
	setpriority(PRIO_PROCESS, 0, 4);
	alarm(100);
	snprintf(pid, sizeof(pid), "%d", getpid());
	execl(self, "other name", "new", "keep", pid, NULL);
}

static void with_environment(void)
{
	char *argv[] = {self, "new", "env", "one", "", "three 3", NULL}, *env[] = {"A=from exec", "B=2", NULL};

	execve(self, argv, env);
}

static void without(void)
{
	char *argv[] = {self, "new", "bare", NULL}, *none[] = {NULL};

	execve(self, argv, none);
}

static void null_environment(void)
{
	char *argv[] = {self, "new", "null", NULL};

	SYS(execve, self, argv, NULL);
}

static void by_path(void)
{
	setenv("PATH", "/nonexistent:/bin:/usr/bin", 1);
	execlp("true", "true", NULL);
}

static void by_fd(void)
{
	char *argv[] = {"by fd", "new", "fd", NULL};
	int fd = open(self, O_RDONLY);

	fexecve(fd, argv, environ);
}

static void by_cloexec_fd(void)
{
	char *argv[] = {"by fd", "new", "close-on-exec fd", NULL};
	int fd = open(self, O_RDONLY | O_CLOEXEC);

	SYS(execveat, fd, "", argv, environ, AT_EMPTY_PATH);
}

static void by_dir(void)
{
	char *argv[] = {"by directory", "new", "dir", NULL}, path[4096];
	int dir;

	strcpy(path, self);
	*strrchr(path, '/') = 0;
	dir = open(path, O_PATH);
	SYS(execveat, dir, strrchr(self, '/') + 1, argv, environ, 0);
}

static void by_memfd(void)
{
	char *argv[] = {"from memory", "new", "memfd", NULL}, *data = malloc(1 << 20);
	int in = open(self, O_RDONLY), fd = SYS(memfd_create, "program", 1);
	ssize_t n;

	while ((n = read(in, data, 1 << 20)) > 0)
		write(fd, data, n);
	SYS(execveat, fd, "", argv, environ, AT_EMPTY_PATH);
}

static void write_script(const char *name, const char *text, int mode)
{
	int fd = MUST(open(name, O_CREAT | O_WRONLY | O_TRUNC, 0755));

	write(fd, text, strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static void script(void)
{
	execl("./script", "script", "x", "y z", NULL);
}
static void script_of_script(void)
{
	execl("./script2", "script2", NULL);
}
static void script_fd(void)
{
	char *argv[] = {"s", "arg", NULL};
	fexecve(open("./script", O_RDONLY), argv, environ);
}
static void bad_script(void)
{
	execl("./bad", "bad", NULL);
}
static void missing(void)
{
	execl("./missing", "missing", NULL);
}
static void directory(void)
{
	execl(".", ".", NULL);
}
static void not_executable(void)
{
	execl("./plain", "plain", NULL);
}
static void no_format(void)
{
	char *argv[] = {"garbage", NULL};
	SYS(execve, "./garbage", argv, environ);
}
static void empty(void)
{
	char *argv[] = {"empty", NULL};
	SYS(execve, "./empty", argv, environ);
}
static void truncated(void)
{
	char *argv[] = {"truncated", NULL};
	SYS(execve, "./truncated", argv, environ);
}
static void bad_path(void)
{
	SYS(execve, BAD, environ, environ);
}
static void bad_argv(void)
{
	SYS(execve, self, BAD, environ);
}
static void bad_member(void)
{
	char *argv[] = {self, BAD, NULL};
	SYS(execve, self, argv, environ);
}
static void bad_env(void)
{
	char *argv[] = {self, NULL};
	SYS(execve, self, argv, BAD);
}
static void empty_path(void)
{
	char *argv[] = {self, NULL};
	SYS(execve, "", argv, environ);
}
static void loop(void)
{
	char *argv[] = {"l", NULL};
	SYS(execve, "./loop1", argv, environ);
}
static void busy(void)
{
	open("./busy", O_WRONLY);
	execl("./busy", "busy", NULL);
}
static void no_right(void)
{
	chmod("./plain", 0644);
	if (getuid() == 0)
		setresuid(1000, 1000, 1000);
	execl("./secret/program", "x", NULL);
}
static void bad_flags(void)
{
	char *argv[] = {self, NULL};
	SYS(execveat, AT_FDCWD, self, argv, environ, 1 << 20);
}
static void nofollow(void)
{
	char *argv[] = {self, NULL};
	SYS(execveat, AT_FDCWD, "./link", argv, environ, AT_SYMLINK_NOFOLLOW);
}

static void limits(size_t count, size_t len, size_t envs)
{
	char **argv = calloc(count + 4, sizeof(*argv)), **env = calloc(envs + 1, sizeof(*env)), *arg = malloc(len + 1);
	pid_t pid;

	memset(arg, 'a', len);
	arg[len] = 0;
	argv[0] = self;
	argv[1] = "new";
	argv[2] = "count";
	for (size_t i = 0; i < count; i++)
		argv[3 + i] = arg;
	for (size_t i = 0; i < envs; i++)
		env[i] = arg;
	/* Before there are two that print */
	printf("%zu arguments of %zu, %zu variables\n", count, len, envs);
	pid = MUST(fork());
	if (!pid) {
		execve(self, argv, env);
		printf("  %s\n", show_errno(errno));
		_exit(98);
	}
	reap("  limits", pid);
	free(argv);
	free(env);
	free(arg);
}

static void spawning(void)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	char *argv[] = {self, "new", "spawned", NULL}, *bad[] = {"x", NULL};
	sigset_t set;
	pid_t pid;

	TITLE("posix_spawn");
	/* The child writes at the same time: nothing is printed before its end */
	MUST(-posix_spawn(&pid, self, NULL, NULL, argv, environ));
	reap("spawned", pid);
	SHOW_STR(show_errno(posix_spawn(&pid, "/nonexistent", NULL, NULL, bad, environ)));
	SHOW_STR(show_errno(posix_spawn(&pid, "./plain", NULL, NULL, bad, environ)));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "spawn-output", O_CREAT | O_WRONLY | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	posix_spawn_file_actions_addclose(&actions, 0);
	posix_spawnattr_init(&attr);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	posix_spawnattr_setsigmask(&attr, &set);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_RESETIDS);
	SHOW_NUM(posix_spawn(&pid, self, &actions, &attr, argv, environ));
	reap("with actions", pid);
	show_file("spawn-output");
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
	SHOW_NUM(posix_spawnp(&pid, "true", NULL, &attr, bad, environ));
	reap("in a session", pid);
	fflush(stdout);
	SHOW_NUM(system("exit 6") >> 8);
	FILE *f = popen("echo from a pipe; exit 3", "r");
	char line[100] = "";
	SHOW_STR(fgets(line, sizeof(line), f));
	SHOW_NUM(pclose(f) >> 8);
	for (int i = 0; i < 50; i++) {
		MUST(-!!posix_spawn(&pid, "/bin/true", NULL, NULL, bad, environ));
		MUST(waitpid(pid, NULL, 0));
	}
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 2 && !strcmp(argv[1], "new"))
		return new_image(argc, argv);
	SHOW_NUM(self[0] == '/');
	TITLE("exec");
	in_child("keep", keep);
	in_child("environment", with_environment);
	in_child("no environment", without);
	in_child("NULL environment", null_environment);
	in_child("by path", by_path);
	in_child("by descriptor", by_fd);
	in_child("by close-on-exec descriptor", by_cloexec_fd);
	in_child("by directory", by_dir);
	in_child("by memory", by_memfd);
	TITLE("scripts");
	write_script("script", "#!/bin/sh -u\necho \"  script: $0 $# $1\"\nexit 31\n", 0755);
	write_script("script2", "#!./script extra\n", 0755);
	write_script("bad", "#!/nonexistent/interpreter\n", 0755);
	write_script("garbage", "no program at all\n", 0755);
	write_script("empty", "", 0755);
	write_script("plain", "plain text\n", 0644);
	write_script("truncated", "\177ELF\2\1\1", 0755);
	write_script("busy", "#!/bin/true\n", 0755);
	MUST(mkdir("secret", 0700));
	write_script("secret/program", "#!/bin/true\n", 0700);
	chmod("secret", 0);
	MUST(symlink("loop2", "loop1"));
	MUST(symlink("loop1", "loop2"));
	MUST(symlink(self, "link"));
	in_child("script", script);
	in_child("script of a script", script_of_script);
	in_child("script by descriptor", script_fd);
	TITLE("errors");
	in_child("interpreter missing", bad_script);
	in_child("missing", missing);
	in_child("directory", directory);
	in_child("not executable", not_executable);
	in_child("no format", no_format);
	in_child("empty", empty);
	in_child("truncated", truncated);
	in_child("bad path", bad_path);
	in_child("bad argv", bad_argv);
	in_child("bad member", bad_member);
	in_child("bad environment", bad_env);
	in_child("empty path", empty_path);
	in_child("loop of symbolic links", loop);
	in_child("busy", busy);
	in_child("no right", no_right);
	in_child("bad flags", bad_flags);
	in_child("link not followed", nofollow);
	chmod("secret", 0700);
	unlink("link");
	TITLE("limits");
	limits(0, 0, 0);
	limits(1000, 100, 100);
	limits(1, 131071, 0);
	limits(1, 131072, 0);
	limits(7, 131071, 0);
	limits(17, 131071, 0);
	limits(40000, 1, 0);
	limits(0, 100, 5000);
	spawning();
	return 0;
}
