/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process writes in many small pieces while its parent waits, who then finds all of it, and changes how the next ones are
 * written: by the same open, by another, by the writer's limits, by its death.
 */
#include <sys/resource.h>

#include "show.h"

#define PIECES 30
#define PIECE  100

static int to_child[2], to_parent[2], fd;
static pid_t child;
static char mark = 'a';

/* Write many pieces, all of the same letter; how many were written, and how it ended */
static void burst(void)
{
	char piece[PIECE];
	int nr = 0;

	memset(piece, mark++, sizeof(piece));
	errno = 0;
	while (nr < PIECES && write(fd, piece, sizeof(piece)) == PIECE)
		nr++;
	printf("  wrote %d %s\n", nr, errno ? strerrorname_np(errno) : "");
	fflush(stdout);
}

/* The child: a burst each time it is told to, and the end when it is told that */
static void writer(void)
{
	char what;

	while (read(to_child[0], &what, 1) == 1 && what != 'e') {
		if (what == 's')
			lseek(fd, 0, SEEK_SET);
		burst();
		if (what == 'x')
			execl("/bin/true", "true", (char *)NULL);
		if (what != 'q' && write(to_parent[1], "d", 1) != 1)
			_exit(2);
	}
	_exit(0);
}

/* What is in the file: runs of letters */
static void tell(const char *path)
{
	int again = open(path, O_RDONLY);
	char data[8192];
	struct stat st;
	ssize_t n;
	int run = 0;

	MUST(fstat(again, &st));
	printf("  size %ld:", (long)st.st_size);
	while ((n = read(again, data, sizeof(data))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			run++;
			if (i + 1 == n || data[i + 1] != data[i]) {
				printf(" %d%c", run, data[i] ? data[i] : '0');
				run = 0;
			}
		}
	}
	printf("\n");
	fflush(stdout);
	close(again);
}

/* Have the child write, and look what has come of it */
static void turn(const char *title, char what)
{
	char done;

	printf("%s\n", title);
	fflush(stdout);
	MUST(write(to_child[1], &what, 1));
	MUST(read(to_parent[0], &done, 1));
	tell("file");
}

static void begin(int flags)
{
	fd = MUST(open("file", O_RDWR | O_CREAT | O_TRUNC | flags, 0600));
	child = MUST(fork());
	if (!child)
		writer();
}

static void end(const char *title, char what)
{
	int status;

	printf("%s\n", title);
	fflush(stdout);
	MUST(write(to_child[1], &what, 1));
	MUST(waitpid(child, &status, 0));
	printf("  status %#x\n", status);
	tell("file");
	close(fd);
}

/* The parent changes the open that both have */
static void same_open(void)
{
	begin(0);
	turn("plain", 'w');
	turn("again", 'w');
	MUST(lseek(fd, 150, SEEK_SET));
	turn("the parent has moved it", 'w');
	MUST(fcntl(fd, F_SETFL, O_APPEND));
	turn("it appends from now on", 's');
	MUST(fcntl(fd, F_SETFL, 0));
	MUST(ftruncate(fd, 10));
	turn("cut off", 'w');
	MUST(ftruncate(fd, 0));
	turn("from the beginning", 's');
	MUST(write(fd, "parent", 6));
	turn("behind the parent's", 'w');
	end("the end", 'e');
}

/* The parent looks through memory, which must not be behind */
static void mapped(int kind, const char *title)
{
	const char *map;
	char done;

	begin(0);
	turn(title, 'w');
	map = mmap(NULL, 4096, PROT_READ, kind, fd, 0);
	printf("  mapped: %c %c\n", map[0], map[2999]);
	fflush(stdout);
	MUST(write(to_child[1], "s", 1));
	MUST(read(to_parent[0], &done, 1));
	if (kind == MAP_SHARED)
		printf("  mapped: %c %c\n", map[0], map[2999]);
	MUST(munmap((void *)map, 4096));
	turn("unmapped", 's');
	turn("again", 's');
	end("the end", 'e');
}

static void limited(void)
{
	struct rlimit limit = { 5050, RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	begin(0);
	turn("no limit", 'w');
	MUST(prlimit(child, RLIMIT_FSIZE, &limit, NULL));
	turn("a limit", 'w');
	limit.rlim_cur = RLIM_INFINITY;
	MUST(prlimit(child, RLIMIT_FSIZE, &limit, NULL));
	turn("no more", 'w');
	end("the end", 'e');
	signal(SIGXFSZ, SIG_DFL);
}

static void ends(void)
{
	begin(0);
	turn("plain", 'w');
	turn("again", 'w');
	end("and another program", 'x');
	begin(O_APPEND);
	turn("plain", 'w');
	MUST(unlink("file"));
	MUST(symlink("/proc/self/fd/0", "file"));
	MUST(dup2(fd, 0));
	turn("without a name", 'w');
	turn("again", 'w');
	end("the end", 'e');
	MUST(unlink("file"));
}

static void killed(void)
{
	int status;

	begin(0);
	turn("plain", 'w');
	turn("and killed", 'w');
	kill(child, SIGKILL);
	MUST(waitpid(child, &status, 0));
	printf("  status %#x\n", status);
	tell("file");
	close(fd);
}

int main(void)
{
	MUST(pipe(to_child));
	MUST(pipe(to_parent));
	same_open();
	mapped(MAP_SHARED, "mapped shared");
	mapped(MAP_PRIVATE, "mapped for itself");
	limited();
	killed();
	ends();
	return 0;
}
