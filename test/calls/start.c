/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program finds when it starts: arguments, environment, auxiliary vector, descriptors, /proc/self. */
#include <dirent.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include "show.h"

extern char **environ;

static void vector(void)
{
	static const struct {
		const char *name;
		unsigned long type;
	} row[] = {
		{"AT_PAGESZ", AT_PAGESZ},
		{"AT_CLKTCK", AT_CLKTCK},
		{"AT_UID", AT_UID},
		{"AT_EUID", AT_EUID},
		{"AT_GID", AT_GID},
		{"AT_EGID", AT_EGID},
		{"AT_SECURE", AT_SECURE},
		{"AT_FLAGS", AT_FLAGS},
		{"AT_PHENT", AT_PHENT},
		{"AT_PHNUM", AT_PHNUM},
		{"AT_HWCAP", AT_HWCAP},
		{"AT_HWCAP2", AT_HWCAP2},
		{"AT_MINSIGSTKSZ", AT_MINSIGSTKSZ},
	};

	TITLE("auxiliary vector");
	for (size_t i = 0; i < NELEM(row); i++)
		printf("%s %#lx\n", row[i].name, getauxval(row[i].type));
	SHOW_STR((char *)getauxval(AT_PLATFORM));
	SHOW_TRUE(strstr((char *)getauxval(AT_EXECFN), "start") != NULL);
	SHOW_TRUE(getauxval(AT_ENTRY) && getauxval(AT_PHDR) && getauxval(AT_RANDOM) && getauxval(AT_BASE));
	SHOW_TRUE(memcmp((char *)getauxval(AT_RANDOM), "\0\0\0\0\0\0\0\0", 8) != 0);
}

static void show_link(const char *path)
{
	char buf[4096];
	ssize_t n = readlink(path, buf, sizeof(buf) - 1);

	buf[n > 0 ? n : 0] = 0;
	/* The directory is that of this test; its name differs between runs of all tests, not between these two */
	printf("%s -> %s\n", path, strrchr(buf, '/') ? strrchr(buf, '/') : buf);
}

static void show_head(const char *path, size_t max)
{
	char buf[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, max);

	printf("%s: ", path);
	if (n < 0)
		printf("%s\n", show_errno(errno));
	else
		show_bytes("", buf, n);
	close(fd);
}

static void own(void)
{
	static const char *const field[] = {
		"Name:",   "Umask:",  "Uid:",	 "Gid:",    "Groups:", "Threads:",    "SigPnd:",
		"ShdPnd:", "SigBlk:", "SigIgn:", "CapEff:", "CapBnd:", "NoNewPrivs:", "Seccomp:"};
	char line[1000], path[300];
	struct dirent *d;
	int names[64] = {0};
	FILE *f;
	DIR *dir;

	TITLE("/proc/self");
	show_link("/proc/self/exe");
	show_link("/proc/self/cwd");
	show_link("/proc/self/root");
	show_link("/proc/self/fd/0");
	show_head("/proc/self/comm", 100);
	show_head("/proc/self/oom_score_adj", 100);
	show_head("/proc/self/personality", 100);
	show_head("/proc/self/loginuid", 100);
	f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof(line), f)) {
		for (size_t i = 0; i < NELEM(field); i++) {
			if (!strncmp(line, field[i], strlen(field[i])))
				fputs(line, stdout);
		}
	}
	if (f)
		fclose(f);
	TITLE("/proc/self/fd");
	dir = opendir("/proc/self/fd");
	while (dir && (d = readdir(dir))) {
		if (atoi(d->d_name) < 64 && d->d_name[0] != '.')
			names[atoi(d->d_name)] = 1;
	}
	for (int i = 0; i < 64; i++) {
		if (names[i])
			printf("descriptor %d\n", i);
	}
	closedir(dir);
	snprintf(path, sizeof(path), "/proc/%d/comm", getpid());
	SHOW(access(path, F_OK));
	SHOW_TRUE(access("/proc/1/comm", F_OK) == 0);
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", gettid());
	SHOW(access(path, F_OK));
	SHOW(access("/proc/self/maps", R_OK));
	SHOW(access("/proc/self/mem", R_OK));
}

static int on_object(struct dl_phdr_info *info, size_t size UNUSED, void *data UNUSED)
{
	const char *name = strrchr(info->dlpi_name, '/');

	printf("  object %s with %d headers\n", name ? name : info->dlpi_name, info->dlpi_phnum);
	return 0;
}

/* What others see of the arguments is what the program has made of them: its own file and a child's of the same name */
static void title(char *name)
{
	char path[64], text[4096], last = name[strlen(name) - 1];
	ssize_t n = 0;
	int fd;

	TITLE("title");
	name[strlen(name) - 1] = '#';
	snprintf(path, sizeof(path), "/proc/%d/cmdline", getpid());
	for (int i = 0; i < 2; i++) {
		pid_t pid = i ? MUST(fork()) : 0;

		if (i && pid) {
			waitpid(pid, NULL, 0);
			continue;
		}
		fd = MUST(open(path, O_RDONLY));
		n = MUST(read(fd, text, sizeof(text) - 1));
		text[n] = '\0';
		SHOW_STR(strrchr(text, '/'));
		close(fd);
		fflush(stdout);
		if (i)
			_exit(0);
	}
	name[strlen(name) - 1] = last;
}

int main(int argc, char **argv)
{
	TITLE("arguments and environment");
	SHOW_NUM(argc);
	for (int i = 1; i < argc; i++)
		printf("  %s\n", argv[i]);
	SHOW_TRUE(argv[argc] == NULL);
	/* What the harness says of itself differs, and it says so by these names */
	for (int i = 0; environ[i]; i++) {
		if (strncmp(environ[i], "RUN=", 4))
			printf("  %.*s\n", (int)strcspn(environ[i], "="), environ[i]);
	}
	SHOW_STR(strrchr(program_invocation_name, '/'));
	vector();
	own();
	TITLE("objects");
	dl_iterate_phdr(on_object, NULL);
	TITLE("signals");
	for (int sig = 1; sig < 65; sig++) {
		struct sigaction sa;

		if (!sigaction(sig, NULL, &sa) && sa.sa_handler != SIG_DFL)
			printf("  %d is not at its default\n", sig);
	}
	sigset_t set;
	sigprocmask(SIG_BLOCK, NULL, &set);
	SHOW(sigismember(&set, SIGINT));
	SHOW_NUM(getpid() == gettid());
	fflush(stdout);
	title(argv[0]);
	return 7;
}
