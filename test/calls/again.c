// SPDX-License-Identifier: GPL-2.0-or-later
/* The attributes of a file, asked for twice in a row, and again after each thing that changes them. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "show.h"

/* What can be compared of it */
static void say(const char *what, const char *path)
{
	struct stat st, again;
	int first = stat(path, &st), second = stat(path, &again);

	if (first || second) {
		printf("%s: %d %d %s\n", what, first, second, strerrorname_np(errno));
		return;
	}
	printf("%s: size %lld mode %o links %d, %s", what, (long long)again.st_size, again.st_mode, (int)again.st_nlink,
	       memcmp(&st, &again, sizeof(st)) ? "differs" : "same");
	printf(", lstat %d", lstat(path, &again));
	printf(" nofollow %d", fstatat(AT_FDCWD, path, &again, AT_SYMLINK_NOFOLLOW));
	printf(" bad %d", fstatat(AT_FDCWD, path, (struct stat *)8, 0));
	printf(" bad %d\n", fstatat(AT_FDCWD, path, (struct stat *)8, 0));
}

static void *grow(void *arg)
{
	MUST((int)write(*(int *)arg, "thread", 6));
	return NULL;
}

int main(void)
{
	char path[] = "f", buf[100];
	struct stat st, before;
	pthread_t thread;
	int fd;

	say("none", path);
	fd = MUST(open(path, O_RDWR | O_CREAT, 0600));
	say("empty", path);
	for (int i = 0; i < 40; i++) {
		MUST((int)write(fd, buf, 10));
		MUST(stat(path, &st));
		if (st.st_size != 10 * (i + 1))
			printf("after %d writes %lld bytes\n", i + 1, (long long)st.st_size);
	}
	say("written", path);
	MUST(fchmod(fd, 0640));
	say("fchmod", path);
	MUST(link(path, "g"));
	say("link", path);
	path[0] = 'g';
	say("other name, same place in memory", path);
	MUST(unlink("f"));
	say("unlink", path);
	MUST(pthread_create(&thread, NULL, grow, &fd));
	MUST(pthread_join(thread, NULL));
	say("thread", path);
	if (!fork()) {
		MUST(ftruncate(fd, 7));
		_exit(0);
	}
	MUST(wait(NULL));
	say("child", path);
	/* A read changes the time of access of a file that was written after the last one */
	close(fd);
	fd = MUST(open(path, O_RDONLY));
	MUST(stat(path, &before));
	MUST(stat(path, &before));
	MUST((int)read(fd, buf, 5));
	MUST(stat(path, &st));
	MUST((int)read(fd, buf, 5));
	MUST(stat(path, &st));
	SHOW_TRUE(st.st_atim.tv_sec >= before.st_mtim.tv_sec);
	close(fd);
	MUST(mkdir("d", 0700));
	MUST(rename("g", "d/g"));
	say("moved away", path);
	MUST(chdir("d"));
	say("moved too", path);
	MUST(chdir(".."));
	say("and back", path);
	/* Who waits for a file sees it */
	if (!fork()) {
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
		close(MUST(open("late", O_WRONLY | O_CREAT, 0600)));
		_exit(0);
	}
	while (stat("late", &st))
		;
	while (stat("late", &st))
		;
	MUST(wait(NULL));
	say("late", "late");
	return 0;
}
