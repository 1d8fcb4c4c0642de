/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc says of oneself and of children: mappings, sizes, states, signals. */
#include "show.h"

/* The whole file as text */
static const char *text_of(const char *path)
{
	static char text[1 << 18];
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return show_errno(errno);
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	text[len] = '\0';
	close(fd);
	return text;
}

/* The line that begins with @key, behind it */
static const char *line_of(const char *path, const char *key)
{
	static char line[256];
	const char *at = text_of(path);

	for (; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		if (!strncmp(at, key, strlen(key))) {
			snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n") - (int)strlen(key), at + strlen(key));
			return line;
		}
	}
	return "no such line";
}

static void memory(void)
{
	char *p = pages(1 << 20), key[32];
	long before, after;
	int fd = MUST(open("mapped file", O_CREAT | O_RDWR, 0600));

	TITLE("memory");
	MUST(ftruncate(fd, 8192));
	snprintf(key, sizeof(key), "%lx-", (long)mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 4096));
	SHOW_TRUE(strstr(line_of("/proc/self/maps", key), " r--p 00001000 "));
	SHOW_TRUE(strstr(line_of("/proc/self/maps", key), "/mapped file"));
	SHOW_TRUE(strstr(text_of("/proc/self/maps"), "[stack]") && strstr(text_of("/proc/self/maps"), "[vdso]"));
	SHOW_TRUE(!strstr(text_of("/proc/thread-self/maps"), "openmosix"));
	SHOW(mprotect(p + 4096, 4096, PROT_NONE));
	snprintf(key, sizeof(key), "%lx-%lx", (long)p + 4096, (long)p + 8192);
	SHOW_STR(strncmp(line_of("/proc/self/smaps", key), " ---p", 5) ? "?" : "---p");
	before = strtol(line_of("/proc/self/status", "VmRSS:"), NULL, 10);
	munmap(p, 1 << 20);
	p = pages(20 << 20);
	memset(p, 1, 20 << 20);
	after = strtol(line_of("/proc/self/status", "VmRSS:"), NULL, 10);
	SHOW_TRUE(after - before > 18 << 10 && after - before < 22 << 10);
	SHOW_STR(line_of("/proc/self/status", "VmLck:"));
	SHOW(mlock(p, 8192));
	SHOW_STR(line_of("/proc/self/status", "VmLck:"));
	SHOW(munlock(p, 8192));
	SHOW_TRUE(atol(text_of("/proc/self/statm")) > 5000);
	SHOW_OK(open("/proc/self/maps", O_RDWR));
	fd = MUST(open("/proc/self/maps", O_RDONLY));
	SHOW_HEX(fcntl(fd, F_GETFL));
	SHOW(write(fd, "x", 1));
	SHOW_TRUE(open("/dev/null", O_RDONLY) == fd + 1);
	close(fd + 1);
	close(fd);
	SHOW_OK(open("/proc/self/nothing", O_RDONLY));
	close(fd);
}

static void nothing(int sig UNUSED)
{
}

static void own_status(void)
{
	sigset_t set;

	TITLE("status");
	handle(SIGUSR1, nothing, 0);
	handle(SIGUSR2, SIG_IGN, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	SHOW_STR(line_of("/proc/self/status", "State:"));
	SHOW_STR(line_of("/proc/self/status", "TracerPid:"));
	SHOW_STR(line_of("/proc/self/status", "SigBlk:"));
	SHOW_STR(line_of("/proc/self/status", "SigIgn:"));
	SHOW_STR(line_of("/proc/self/status", "SigCgt:"));
	SHOW_STR(line_of("/proc/self/status", "ShdPnd:"));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* The state of @pid, when it is @wanted at last */
static char state_await(pid_t pid, char wanted)
{
	char path[64], state = '?';

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int i = 0; i < 2000 && state != wanted; i++) {
		const char *end = strrchr(text_of(path), ')');

		state = end ? end[2] : '?';
		if (state != wanted)
			usleep(5000);
	}
	return state;
}

static void states(void)
{
	static const char wanted[] = "SSSSR";
	sigset_t none;
	int p[2];

	TITLE("states");
	MUST(pipe(p));
	sigemptyset(&none);
	for (int i = 0; i < 5; i++) {
		pid_t pid = MUST(fork());
		char c;

		if (!pid && i == 0)
			pause();
		if (!pid && i == 1)
			sleep(100);
		if (!pid && i == 2)
			SHOW(read(p[0], &c, 1));
		if (!pid && i == 3)
			sigwaitinfo(&none, NULL);
		while (!pid)
			;
		printf("child %d: %c\n", i, state_await(pid, wanted[i]));
		if (i == 4) {
			usleep(50000);
			printf("still: %c\n", state_await(pid, 'R'));
			kill(pid, SIGSTOP);
			printf("stopped: %c\n", state_await(pid, 'T'));
		}
		kill(pid, SIGKILL);
		printf("dead: %c\n", state_await(pid, 'Z'));
		waitpid(pid, NULL, 0);
	}
}

int main(void)
{
	memory();
	own_status();
	states();
	return 0;
}
